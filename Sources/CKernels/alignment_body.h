// What word times are made of: the attention of some heads, and how likely the words were.

static void LEVEL(cross_scores)(const void *arguments, int thread, int threads) {
  const stapes_cross_scores_arguments *a = arguments;
  int64_t begin, end;
  share(a->count * a->tokens, thread, threads, &begin, &end);
  int64_t size = bytes_of(a->cache.type);
  for (int64_t item = begin; item < end; item++) {
    int64_t head = a->heads[item / a->tokens], token = item % a->tokens;
    float query[STAPES_HEAD_WIDTH], scores[STAPES_TILE];
    for (int d = 0; d < STAPES_HEAD_WIDTH; d += LANES)
      vf_store(query + d,
               load_as(a->query, a->type, token * a->query_stride + head * STAPES_HEAD_WIDTH + d) *
                   (a->scale * unit_of(a->cache.type)));
    const char *keys =
        (const char *)a->cache.keys + (a->page * a->cache.page_stride + head * a->cache.head_stride) * size;
    float *out = a->scores + item * a->positions;
    for (int64_t first = 0; first < a->positions; first += STAPES_TILE) {
      tile_scores(query, keys + first * STAPES_HEAD_WIDTH * size, a->cache.type, scores);
      int64_t left = a->positions - first < STAPES_TILE ? a->positions - first : STAPES_TILE;
      memcpy(out + first, scores, (size_t)left * sizeof(float));
    }
  }
}

static void LEVEL(token_probability)(const void *arguments, int thread, int threads) {
  const stapes_token_probability_arguments *a = arguments;
  int64_t begin, end;
  share(a->rows, thread, threads, &begin, &end);
  for (int64_t row = begin; row < end; row++) {
    const float *logits = a->logits + row * a->logits_stride;
    float best = maximum_of(logits, 0, a->limit);
    float total = exponential_sum(logits, 0, a->limit, best);
    int32_t token = a->tokens[row];
    a->probabilities[row] = token < a->limit ? expf(logits[token] - best) / total : 0;
  }
}
