// Attention over cached pages: the decoder's self-attention and its cross-attention alike.
//
// An item is one head of one group of tokens that read the same sequence. A tile of keys or values is read once for
// all tokens of the group. The order of every sum depends on the token's own length alone, so a token's result has
// the same bits in any group and any batch.

#define HEAD_VECTORS (STAPES_HEAD_WIDTH * 4 / VECTOR_BYTES)
#define TILE_VECTORS (STAPES_TILE * 4 / VECTOR_BYTES)
#define TILE_VALUES (STAPES_TILE * STAPES_HEAD_WIDTH)

/// scores[16] = query . keys of one tile, as `load_two` gives them. Even and odd dimensions are summed apart, which halves
/// the wait for sums.
INLINE void tile_scores(const float *query, const void *keys, stapes_type type, float *scores) {
  vf even[TILE_VECTORS] = {{0}}, odd[TILE_VECTORS] = {{0}};
  const int64_t bytes = STAPES_TILE * bytes_of(type);
  for (int d = 0; d < STAPES_HEAD_WIDTH; d += 2) {
    if (type != STAPES_FLOAT32) fetch_ahead((const char *)keys + d * bytes, 2 * bytes);
    vf q0 = vf_splat(query[d]), q1 = vf_splat(query[d + 1]);
    vf k[2 * TILE_VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < 2 * TILE_VECTORS; v += 2) load_two(keys, type, d * STAPES_TILE + v * LANES, k + v);
#pragma clang loop unroll(full)
    for (int v = 0; v < TILE_VECTORS; v++) {
      even[v] += q0 * k[v];
      odd[v] += q1 * k[TILE_VECTORS + v];
    }
  }
#pragma clang loop unroll(full)
  for (int v = 0; v < TILE_VECTORS; v++) vf_store(scores + v * LANES, even[v] + odd[v]);
}

/// sums[64] += weights . values of the first `count` positions of one tile.
INLINE void tile_values(const float *weights, const void *values, stapes_type type, int64_t count, float *sums) {
  vf s[HEAD_VECTORS];
  const int64_t bytes = STAPES_HEAD_WIDTH * bytes_of(type);
#pragma clang loop unroll(full)
  for (int v = 0; v < HEAD_VECTORS; v++) s[v] = vf_load(sums + v * LANES);
  for (int64_t i = 0; i < count; i++) {
    if (type != STAPES_FLOAT32) fetch_ahead((const char *)values + i * bytes, bytes);
    vf w = vf_splat(weights[i]);
#pragma clang loop unroll(full)
    for (int v = 0; v < HEAD_VECTORS; v += 2) {
      vf x[2];
      load_two(values, type, i * STAPES_HEAD_WIDTH + v * LANES, x);
      s[v] += w * x[0];
      s[v + 1] += w * x[1];
    }
  }
#pragma clang loop unroll(full)
  for (int v = 0; v < HEAD_VECTORS; v++) vf_store(sums + v * LANES, s[v]);
}

/// A tile of float8 in float32, in 256ths: so that several tokens widen it once.
INLINE void widen_tile(const void *tile, float *wide) {
  for (int i = 0; i < TILE_VALUES; i += 2 * LANES) {
    vf two[2];
    load_two(tile, STAPES_FLOAT8, i, two);
    vf_store(wide + i, two[0]);
    vf_store(wide + i + LANES, two[1]);
  }
}

/// Turns the first `length` scores into weights exp(score - maximum) and returns their sum. The rest of the last
/// tile, which may hold anything, becomes 0.
INLINE float scores_to_weights(float *scores, int64_t length) {
  int64_t padded = (length + STAPES_TILE - 1) / STAPES_TILE * STAPES_TILE;
  for (int64_t i = length; i < padded; i++) scores[i] = -INFINITY;
  vf best = vf_load(scores);
  for (int64_t i = LANES; i < padded; i += LANES) best = vf_max(best, vf_load(scores + i));
  float maximum = vf_maximum(best);
  vf total = vf_splat(0);
  for (int64_t i = 0; i < padded; i += LANES) {
    vf w = vf_exp(vf_load(scores + i) - maximum);
    vf_store(scores + i, w);
    total += w;
  }
  return vf_sum(total);
}

INLINE void attend_group(const stapes_paged_attention_arguments *a, int64_t group, int64_t head, stapes_type type) {
  int64_t first = a->group_firsts[group], count = a->group_counts[group];
  if (count <= 0) return;
  const int32_t *pages = a->page_table + a->group_rows[group] * a->page_table_stride;
  int64_t scores_stride = (a->longest + STAPES_TILE - 1) / STAPES_TILE * STAPES_TILE;
  float *queries = stapes_scratch(
      sizeof(float) * (size_t)(STAPES_GROUP * (2 * STAPES_HEAD_WIDTH + scores_stride)));
  float *sums = queries + STAPES_GROUP * STAPES_HEAD_WIDTH;
  float *scores = sums + STAPES_GROUP * STAPES_HEAD_WIDTH;

  int64_t longest = 0;
  for (int64_t t = 0; t < count; t++) {
    int64_t at = (first + t) * a->query_stride + head * STAPES_HEAD_WIDTH;
    for (int d = 0; d < STAPES_HEAD_WIDTH; d += LANES) {
      vf_store(queries + t * STAPES_HEAD_WIDTH + d, load_as(a->query, a->type, at + d) * (a->scale * unit_of(type)));
      vf_store(sums + t * STAPES_HEAD_WIDTH + d, vf_splat(0));
    }
    if (a->lengths[first + t] > longest) longest = a->lengths[first + t];
  }

  int64_t tiles = (longest + STAPES_TILE - 1) / STAPES_TILE;
  int64_t size = bytes_of(type);
  const bool widens = type == STAPES_FLOAT8 && count > 1;
  float wide[TILE_VALUES];
  for (int64_t tile = 0; tile < tiles; tile++) {
    int64_t at = pages[tile / a->cache.tiles_per_page] * a->cache.page_stride + head * a->cache.head_stride +
                 tile % a->cache.tiles_per_page * TILE_VALUES;
    const void *keys = (const char *)a->cache.keys + at * size;
    if (widens) widen_tile(keys, wide);
    for (int64_t t = 0; t < count; t++) {
      if (tile * STAPES_TILE >= a->lengths[first + t]) continue;
      const float *query = queries + t * STAPES_HEAD_WIDTH;
      float *to = scores + t * scores_stride + tile * STAPES_TILE;
      if (widens)
        tile_scores(query, wide, STAPES_FLOAT32, to);
      else
        tile_scores(query, keys, type, to);
    }
  }
  float totals[STAPES_GROUP];
  for (int64_t t = 0; t < count; t++) totals[t] = scores_to_weights(scores + t * scores_stride, a->lengths[first + t]);
  for (int64_t tile = 0; tile < tiles; tile++) {
    int64_t at = pages[tile / a->cache.tiles_per_page] * a->cache.page_stride + head * a->cache.head_stride +
                 tile % a->cache.tiles_per_page * TILE_VALUES;
    const void *values = (const char *)a->cache.values + at * size;
    if (widens) widen_tile(values, wide);
    for (int64_t t = 0; t < count; t++) {
      int64_t left = a->lengths[first + t] - tile * STAPES_TILE;
      if (left > STAPES_TILE) left = STAPES_TILE;
      const float *weights = scores + t * scores_stride + tile * STAPES_TILE;
      float *to = sums + t * STAPES_HEAD_WIDTH;
      if (widens)
        tile_values(weights, wide, STAPES_FLOAT32, left, to);
      else
        tile_values(weights, values, type, left, to);
    }
  }

  for (int64_t t = 0; t < count; t++) {
    float scale = unit_of(type) / totals[t];
    int64_t at = (first + t) * a->output_stride + head * STAPES_HEAD_WIDTH;
    for (int d = 0; d < STAPES_HEAD_WIDTH; d += LANES) {
      store_as(a->output, a->type, at + d, vf_load(sums + t * STAPES_HEAD_WIDTH + d) * scale);
    }
  }
}

static void LEVEL(paged_attention)(const void *arguments, int thread, int threads) {
  const stapes_paged_attention_arguments *a = arguments;
  int64_t begin, end, heads = a->cache.heads;
  share(a->groups * heads, thread, threads, &begin, &end);
  for (int64_t item = begin; item < end; item++) {
    switch (a->cache.type) {
      case STAPES_FLOAT32:
        attend_group(a, item / heads, item % heads, STAPES_FLOAT32);
        break;
      case STAPES_BFLOAT16:
        attend_group(a, item / heads, item % heads, STAPES_BFLOAT16);
        break;
      case STAPES_FLOAT16:
        attend_group(a, item / heads, item % heads, STAPES_FLOAT16);
        break;
      case STAPES_FLOAT8:
        attend_group(a, item / heads, item % heads, STAPES_FLOAT8);
        break;
    }
  }
}
