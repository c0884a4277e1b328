// The encoder's attention, blocked with an online softmax: 48 queries against 128 keys at a time, so that scores
// stay in the first caches. Keys and values of a head are packed into panels once and serve all its queries.

#define QUERY_BLOCK 48
#define KEY_BLOCK 128

#include "encoder_window.h"

typedef struct {
  float *keys;      // [frames / 16, 64, 16]
  float *values;    // [4, frames rounded up, 16]
  float *queries;   // [48, 64]
  float *scores;    // [48, 128]
  float *sums;      // [48, 64]
  float *maxima;    // [48]
  float *totals;    // [48]
  int64_t padded;   // frames rounded up to whole tiles
} encoder_workspace;

INLINE float element(const void *p, stapes_type type, int64_t at) {
  return type == STAPES_BFLOAT16 ? float_from_bf16(((const uint16_t *)p)[at]) : ((const float *)p)[at];
}

static void pack_head(const stapes_encoder_attention_arguments *a, int64_t head, encoder_workspace *w) {
  for (int64_t f = 0; f < w->padded; f++) {
    float *keys = w->keys + f / STAPES_TILE * STAPES_TILE * STAPES_HEAD_WIDTH + f % STAPES_TILE;
    int64_t at = f * a->stride + head * STAPES_HEAD_WIDTH;
    for (int d = 0; d < STAPES_HEAD_WIDTH; d++) {
      bool inside = f < a->frames;
      keys[d * STAPES_TILE] = inside ? element(a->key, a->type, at + d) : 0;
      w->values[(d / STAPES_PANEL * w->padded + f) * STAPES_PANEL + d % STAPES_PANEL] =
          inside ? element(a->value, a->type, at + d) : 0;
    }
  }
}

/// c[rows, 16] (+)= a[rows, k] * panel[k, 16].
INLINE void block_product(
    const float *a, int64_t a_stride, const float *panel, int64_t k, float *c, int64_t c_stride, int64_t rows,
    const bool accumulate
) {
  for (int64_t row = 0; row < rows; row += MOST_ROWS) {
    // The block is padded to whole register blocks: rows past the end are computed and never read.
    vf sums[MOST_ROWS][PANEL_VECTORS];
    multiply_block(a + row * a_stride, a_stride, panel, STAPES_FLOAT32, k, MOST_ROWS, 1, sums);
#pragma clang loop unroll(full)
    for (int r = 0; r < MOST_ROWS; r++)
#pragma clang loop unroll(full)
      for (int v = 0; v < PANEL_VECTORS; v++) {
        float *out = c + (row + r) * c_stride + v * LANES;
        vf_store(out, accumulate ? vf_load(out) + sums[r][v] : sums[r][v]);
      }
  }
}

/// Folds one block of scores into the running maximum and total of each query, and scales what was summed so far.
INLINE void fold_scores(encoder_workspace *w, int64_t queries, int64_t keys) {
  int64_t padded = (keys + LANES - 1) / LANES * LANES;
  for (int64_t q = 0; q < queries; q++) {
    float *scores = w->scores + q * KEY_BLOCK;
    for (int64_t i = keys; i < padded; i++) scores[i] = -INFINITY;
    vf best = vf_load(scores);
    for (int64_t i = LANES; i < padded; i += LANES) best = vf_max(best, vf_load(scores + i));
    float maximum = vf_maximum(best);
    if (maximum < w->maxima[q]) maximum = w->maxima[q];
    vf total = vf_splat(0);
    for (int64_t i = 0; i < padded; i += LANES) {
      vf e = vf_exp(vf_load(scores + i) - maximum);
      vf_store(scores + i, e);
      total += e;
    }
    float scale = expf(w->maxima[q] - maximum);
    w->totals[q] = w->totals[q] * scale + vf_sum(total);
    w->maxima[q] = maximum;
    float *sums = w->sums + q * STAPES_HEAD_WIDTH;
    for (int d = 0; d < STAPES_HEAD_WIDTH; d += LANES) vf_store(sums + d, vf_load(sums + d) * scale);
  }
}

static void attend_queries(
    const stapes_encoder_attention_arguments *a, int64_t head, int64_t first, int64_t queries, encoder_workspace *w
) {
  for (int64_t q = 0; q < queries; q++) {
    int64_t at = (first + q) * a->stride + head * STAPES_HEAD_WIDTH;
    for (int d = 0; d < STAPES_HEAD_WIDTH; d++)
      w->queries[q * STAPES_HEAD_WIDTH + d] = element(a->query, a->type, at + d) * a->scale;
    w->maxima[q] = -INFINITY;
    w->totals[q] = 0;
  }
  memset(w->sums, 0, sizeof(float) * QUERY_BLOCK * STAPES_HEAD_WIDTH);

  for (int64_t key = 0; key < a->frames; key += KEY_BLOCK) {
    int64_t keys = a->frames - key < KEY_BLOCK ? a->frames - key : KEY_BLOCK;
    for (int64_t tile = 0; tile * STAPES_TILE < keys; tile++)
      block_product(
          w->queries, STAPES_HEAD_WIDTH, w->keys + (key + tile * STAPES_TILE) * STAPES_HEAD_WIDTH, STAPES_HEAD_WIDTH,
          w->scores + tile * STAPES_TILE, KEY_BLOCK, queries, false);
    fold_scores(w, queries, keys);
    for (int part = 0; part < STAPES_HEAD_WIDTH / STAPES_PANEL; part++)
      block_product(
          w->scores, KEY_BLOCK, w->values + (part * w->padded + key) * STAPES_PANEL, keys,
          w->sums + part * STAPES_PANEL, STAPES_HEAD_WIDTH, queries, true);
  }

  for (int64_t q = 0; q < queries; q++) {
    float scale = 1.0f / w->totals[q];
    int64_t at = (first + q) * a->output_stride + head * STAPES_HEAD_WIDTH;
    for (int d = 0; d < STAPES_HEAD_WIDTH; d += LANES) {
      store_as(a->output, a->type, at + d, vf_load(w->sums + q * STAPES_HEAD_WIDTH + d) * scale);
    }
  }
}

static void LEVEL(encoder_attention)(const void *arguments, int thread, int threads) {
  const stapes_encoder_attention_arguments *a = arguments;
  encoder_workspace w;
  w.padded = (a->frames + STAPES_TILE - 1) / STAPES_TILE * STAPES_TILE;
  int64_t head_values = w.padded * STAPES_HEAD_WIDTH;
  float *memory = stapes_scratch(
      sizeof(float) * (size_t)(2 * head_values + QUERY_BLOCK * (2 * STAPES_HEAD_WIDTH + KEY_BLOCK + 2)));
  w.keys = memory;
  w.values = w.keys + head_values;
  w.queries = w.values + head_values;
  w.scores = w.queries + QUERY_BLOCK * STAPES_HEAD_WIDTH;
  w.sums = w.scores + QUERY_BLOCK * KEY_BLOCK;
  w.maxima = w.sums + QUERY_BLOCK * STAPES_HEAD_WIDTH;
  w.totals = w.maxima + QUERY_BLOCK;
  // Rows past a short last block are multiplied too (and dropped): they must at least be numbers.
  memset(w.queries, 0, sizeof(float) * QUERY_BLOCK * (2 * STAPES_HEAD_WIDTH + KEY_BLOCK + 2));

  int64_t blocks = (a->frames + QUERY_BLOCK - 1) / QUERY_BLOCK, begin, end, packed = -1;
  share(a->windows * a->heads * blocks, thread, threads, &begin, &end);
  for (int64_t item = begin; item < end; item++) {
    // A head of a window.
    int64_t part = item / blocks, head = part % a->heads, first = item % blocks * QUERY_BLOCK;
    stapes_encoder_attention_arguments window = stapes_encoder_window(a, part / a->heads);
    if (part != packed) pack_head(&window, head, &w);
    packed = part;
    int64_t queries = a->frames - first < QUERY_BLOCK ? a->frames - first : QUERY_BLOCK;
    attend_queries(&window, head, first, queries, &w);
  }
}
