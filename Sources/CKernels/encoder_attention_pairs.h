// The encoder's attention where pairs of 16 bits are multiplied: 48 queries against 64 keys at a time, with an online
// softmax. The including file says what a pair is: how rows are packed, how pairs are multiplied, and what a sum of
// their products is as a float32. Maxima, totals and the sums over blocks of keys are float32.
//
// Everything stands transposed: a vector holds 16 queries, keys and values are broadcast. Maxima and totals of the
// softmax then are lanes and never summed across a vector, and two rows of scores, interleaved, already are what the
// product with the values wants. A query's sum runs over the keys in one order, so its bits depend on nothing beside.

/// 2^t for t <= 0 or so, to 3e-6 of it; far below it gives 0.
INLINE __m512 exp2_vector(__m512 t) {
  __m512 r = _mm512_reduce_ps(t, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  __m512 p = _mm512_set1_ps(1.353416605e-2f);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.201146419e-2f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.414427548e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.930038349e-1f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.000002593f));
  return _mm512_scalef_ps(p, t);
}

/// scores[8 keys, 48] = keys * queries; `maxima` goes up to the largest.
INLINE void score_keys(const uint16_t *keys, const uint16_t *queries, float *scores, __m512 maxima[VECTORS]) {
  sum_vector sums[ROWS][VECTORS];
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) sums[r][v] = no_sum();
#pragma clang loop unroll_count(2)
  for (int p = 0; p < PAIRS; p++) {
    pair_vector q[VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) q[v] = load_pairs(queries + (p * QUERY_BLOCK + 16 * v) * 2);
#pragma clang loop unroll(full)
    for (int r = 0; r < ROWS; r++) {
      pair_vector k = broadcast_pair(keys + r * STAPES_HEAD_WIDTH + 2 * p);
#pragma clang loop unroll(full)
      for (int v = 0; v < VECTORS; v++) sums[r][v] = add_products(sums[r][v], k, q[v]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) {
      __m512 score = float_of(sums[r][v]);
      _mm512_store_ps(scores + r * QUERY_BLOCK + 16 * v, score);
      maxima[v] = _mm512_max_ps(maxima[v], score);
    }
}

/// sums[8 dimensions, 48] = sums * scale + values * weights, over `pairs` pairs of keys.
INLINE void add_values(
    const uint16_t *values, const uint16_t *weights, int64_t pairs, const __m512 scale[VECTORS], float *to
) {
  sum_vector sums[ROWS][VECTORS];
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++)
      sums[r][v] = no_sum();
#pragma clang loop unroll_count(2)
  for (int64_t p = 0; p < pairs; p++) {
    pair_vector weight[VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) weight[v] = load_pairs(weights + (p * QUERY_BLOCK + 16 * v) * 2);
#pragma clang loop unroll(full)
    for (int r = 0; r < ROWS; r++) {
      pair_vector value = broadcast_pair(values + (p * ROWS + r) * 2);
#pragma clang loop unroll(full)
      for (int v = 0; v < VECTORS; v++) sums[r][v] = add_products(sums[r][v], value, weight[v]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) {
      float *at = to + r * QUERY_BLOCK + 16 * v;
      _mm512_store_ps(at, _mm512_fmadd_ps(_mm512_load_ps(at), scale[v], float_of(sums[r][v])));
    }
}

/// Scores to weights of the softmax, 2^(c * score - shift), for an even number of keys.
INLINE void weigh(workspace *w, int64_t keys, const __m512 shift[VECTORS], __m512 totals[VECTORS]) {
  for (int64_t k = 0; k < keys; k += 2) {
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) {
      const float *scores = w->scores + k * QUERY_BLOCK + 16 * v;
      __m512 c = _mm512_load_ps(w->coefficients + 16 * v);
      __m512 first = exp2_vector(_mm512_fmsub_ps(_mm512_load_ps(scores), c, shift[v]));
      __m512 second = exp2_vector(_mm512_fmsub_ps(_mm512_load_ps(scores + QUERY_BLOCK), c, shift[v]));
      totals[v] = _mm512_add_ps(totals[v], _mm512_add_ps(first, second));
      _mm512_store_si512(w->weights + (k * QUERY_BLOCK / 2 + 16 * v) * 2, weight_pairs(first, second));
    }
  }
}

/// Takes keys past the end out again, which were zeros and scored 0.
static void drop_keys(float *scores, int64_t inside, int64_t keys, const __m512 old[VECTORS], __m512 maxima[VECTORS]) {
  for (int v = 0; v < VECTORS; v++) {
    maxima[v] = old[v];
    for (int64_t k = 0; k < keys; k++) {
      float *at = scores + k * QUERY_BLOCK + 16 * v;
      if (k < inside) {
        maxima[v] = _mm512_max_ps(maxima[v], _mm512_load_ps(at));
      } else {
        _mm512_store_ps(at, _mm512_set1_ps(LOWEST));
      }
    }
  }
}

static void attend_queries(
    const stapes_encoder_attention_arguments *a, int64_t head, int64_t first, int64_t queries, workspace *w
) {
  pack_queries(a, head, first, queries, w);
  memset(w->sums, 0, sizeof(float) * STAPES_HEAD_WIDTH * QUERY_BLOCK);
  __m512 maxima[VECTORS], totals[VECTORS];
  for (int v = 0; v < VECTORS; v++) {
    maxima[v] = _mm512_set1_ps(LOWEST);
    totals[v] = _mm512_setzero_ps();
  }
  for (int64_t key = 0; key < a->frames; key += KEY_BLOCK) {
    int64_t inside = a->frames - key < KEY_BLOCK ? a->frames - key : KEY_BLOCK;
    int64_t keys = (inside + ROWS - 1) / ROWS * ROWS;
    __m512 scale[VECTORS], shift[VECTORS], old[VECTORS];
    for (int v = 0; v < VECTORS; v++) old[v] = maxima[v];
    for (int64_t k = 0; k < keys; k += ROWS)
      score_keys(w->keys + (key + k) * STAPES_HEAD_WIDTH, w->queries, w->scores + k * QUERY_BLOCK, maxima);
    if (inside < keys) drop_keys(w->scores, inside, keys, old, maxima);
    for (int v = 0; v < VECTORS; v++) {
      __m512 c = _mm512_load_ps(w->coefficients + 16 * v);
      shift[v] = _mm512_mul_ps(maxima[v], c);
      scale[v] = exp2_vector(_mm512_fmsub_ps(old[v], c, shift[v]));
      totals[v] = _mm512_mul_ps(totals[v], scale[v]);
    }
    weigh(w, keys, shift, totals);
    for (int g = 0; g < GROUPS; g++)
      add_values(
          w->values + (g * w->padded + key) * ROWS, w->weights, keys / 2, scale, w->sums + g * ROWS * QUERY_BLOCK);
  }
  for (int v = 0; v < VECTORS; v++)
    write_output(a, head, first, lanes_inside(queries, v), v, _mm512_div_ps(_mm512_set1_ps(w->value_scale), totals[v]), w);
}

/// Attention of a thread's share of the blocks of queries of all heads of all windows.
static void attend(const stapes_encoder_attention_arguments *a, int thread, int threads) {
  workspace w;
  w.padded = (a->frames + ROWS - 1) / ROWS * ROWS;
  int64_t head_values = w.padded * STAPES_HEAD_WIDTH;
  char *memory = stapes_scratch(
      (size_t)(2 * head_values + (STAPES_HEAD_WIDTH + KEY_BLOCK) * QUERY_BLOCK) * sizeof(uint16_t) +
      (size_t)(KEY_BLOCK + STAPES_HEAD_WIDTH + 1) * QUERY_BLOCK * sizeof(float));
  w.keys = (uint16_t *)memory;
  w.values = w.keys + head_values;
  w.queries = w.values + head_values;
  w.weights = w.queries + STAPES_HEAD_WIDTH * QUERY_BLOCK;
  w.scores = (float *)(w.weights + KEY_BLOCK * QUERY_BLOCK);
  w.sums = w.scores + KEY_BLOCK * QUERY_BLOCK;
  w.coefficients = w.sums + STAPES_HEAD_WIDTH * QUERY_BLOCK;

  int64_t blocks = (a->frames + QUERY_BLOCK - 1) / QUERY_BLOCK, count = a->windows * a->heads * blocks, packed = -1;
  for (int64_t item = count * thread / threads; item < count * (thread + 1) / threads; item++) {
    // A head of a window.
    int64_t part = item / blocks, head = part % a->heads, first = item % blocks * QUERY_BLOCK;
    stapes_encoder_attention_arguments window = stapes_encoder_window(a, part / a->heads);
    if (part != packed) pack_head(&window, head, &w);
    packed = part;
    int64_t queries = a->frames - first < QUERY_BLOCK ? a->frames - first : QUERY_BLOCK;
    attend_queries(&window, head, first, queries, &w);
  }
}
