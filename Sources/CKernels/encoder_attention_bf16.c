// The encoder's attention for processors that multiply bfloat16 (avx512_bf16): 48 queries against 64 keys at a time,
// with an online softmax. Sums, maxima and totals are float32; what is multiplied is bfloat16, the weights of the
// softmax too, which are rounded once.
//
// Everything stands transposed: a vector holds 16 queries, keys and values are broadcast. Maxima and totals of the
// softmax then are lanes and never summed across a vector, and two rows of scores, interleaved, already are what the
// product with the values wants. A query's sum runs over the keys in one order, so its bits depend on nothing beside.
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "include/stapes_kernels.h"

#include "scratch.h"

#define INLINE static inline __attribute__((always_inline))
#define VECTORS 3
#define QUERY_BLOCK (16 * VECTORS)
#define KEY_BLOCK 64
/// Rows of a register block: keys in the first product, dimensions in the second.
#define ROWS 8
#define PAIRS (STAPES_HEAD_WIDTH / 2)
#define GROUPS (STAPES_HEAD_WIDTH / ROWS)
/// Below every score, and finite, so that no difference is NaN.
#define LOWEST -1e30f

extern const stapes_kernels stapes_kernels_avx512;

// In each array, a pair of neighbours that are multiplied together lies in 32 bits.
typedef struct {
  uint16_t *keys;     // [padded, 64]
  uint16_t *values;   // [8, padded / 2, 8 dimensions, 2 positions]
  uint16_t *queries;  // [32, 48, 2]
  uint16_t *weights;  // [32 pairs of keys, 48, 2]
  float *scores;      // [64, 48]
  float *sums;        // [64 dimensions, 48]
  int64_t padded;     // frames rounded up to whole register blocks
} workspace;

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx2,fma,f16c,bmi2"))), apply_to = function)

INLINE __m512bh broadcast_pair(const uint16_t *p) {
  int pair;
  memcpy(&pair, p, sizeof pair);
  return (__m512bh)_mm512_set1_epi32(pair);
}
INLINE __m512bh load_pairs(const uint16_t *p) { return (__m512bh)_mm512_load_si512(p); }

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

/// Interleaves two rows of 32 values: [a0 b0 a1 b1 ...].
INLINE void interleave(__m512i a, __m512i b, __m512i *low, __m512i *high) {
  static const uint16_t order[64] __attribute__((aligned(64))) = {
      0,  32, 1,  33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39, 8,  40, 9,  41, 10, 42,
      11, 43, 12, 44, 13, 45, 14, 46, 15, 47, 16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53,
      22, 54, 23, 55, 24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63};
  *low = _mm512_permutex2var_epi16(a, _mm512_load_si512(order), b);
  *high = _mm512_permutex2var_epi16(a, _mm512_load_si512(order + 32), b);
}

/// The keys and values of a head, once for all its queries. What is past the end is zero.
static void pack_head(const stapes_encoder_attention_arguments *a, int64_t head, workspace *w) {
  const uint16_t *key = (const uint16_t *)a->key + head * STAPES_HEAD_WIDTH;
  const uint16_t *value = (const uint16_t *)a->value + head * STAPES_HEAD_WIDTH;
  for (int64_t f = 0; f < w->padded; f++) {
    uint16_t *to = w->keys + f * STAPES_HEAD_WIDTH;
    if (f < a->frames) {
      memcpy(to, key + f * a->stride, STAPES_HEAD_WIDTH * sizeof *to);
    } else {
      memset(to, 0, STAPES_HEAD_WIDTH * sizeof *to);
    }
  }
  for (int64_t f = 0; f < w->padded; f += 2) {
    for (int half = 0; half < 2; half++) {
      const uint16_t *from = value + f * a->stride + half * 32;
      __m512i first = f < a->frames ? _mm512_loadu_si512(from) : _mm512_setzero_si512();
      __m512i second = f + 1 < a->frames ? _mm512_loadu_si512(from + a->stride) : _mm512_setzero_si512();
      __m512i pairs[2];
      interleave(first, second, &pairs[0], &pairs[1]);
      for (int quarter = 0; quarter < 4; quarter++) {
        __m256i eight = quarter % 2 ? _mm512_extracti64x4_epi64(pairs[quarter / 2], 1)
                                    : _mm512_castsi512_si256(pairs[quarter / 2]);
        uint16_t *to = w->values + ((half * 4 + quarter) * (w->padded / 2) + f / 2) * (2 * ROWS);
        _mm256_store_si256((__m256i *)to, eight);
      }
    }
  }
}

INLINE __mmask16 lanes_inside(int64_t queries, int v) {
  int64_t left = queries - 16 * v;
  return left >= 16 ? 0xffff : left <= 0 ? 0 : (__mmask16)((1u << left) - 1);
}
INLINE __m512i row_offsets(int64_t stride) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_mullo_epi32(lanes, _mm512_set1_epi32((int)stride));
}

INLINE void pack_queries(const uint16_t *query, int64_t stride, int64_t queries, workspace *w) {
  __m512i offsets = row_offsets(stride);
  for (int v = 0; v < VECTORS; v++) {
    __mmask16 inside = lanes_inside(queries, v);
    for (int p = 0; p < PAIRS; p++) {
      __m512i pairs = _mm512_mask_i32gather_epi32(
          _mm512_setzero_si512(), inside, offsets, (const int *)(query + 16 * v * stride + 2 * p), 2);
      _mm512_store_si512(w->queries + (p * QUERY_BLOCK + 16 * v) * 2, pairs);
    }
  }
}

/// scores[8 keys, 48] = keys * queries; `maxima` goes up to the largest.
INLINE void score_keys(const uint16_t *keys, const uint16_t *queries, float *scores, __m512 maxima[VECTORS]) {
  __m512 sums[ROWS][VECTORS];
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) sums[r][v] = _mm512_setzero_ps();
#pragma clang loop unroll_count(2)
  for (int p = 0; p < PAIRS; p++) {
    __m512bh q[VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) q[v] = load_pairs(queries + (p * QUERY_BLOCK + 16 * v) * 2);
#pragma clang loop unroll(full)
    for (int r = 0; r < ROWS; r++) {
      __m512bh k = broadcast_pair(keys + r * STAPES_HEAD_WIDTH + 2 * p);
#pragma clang loop unroll(full)
      for (int v = 0; v < VECTORS; v++) sums[r][v] = _mm512_dpbf16_ps(sums[r][v], k, q[v]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) {
      _mm512_store_ps(scores + r * QUERY_BLOCK + 16 * v, sums[r][v]);
      maxima[v] = _mm512_max_ps(maxima[v], sums[r][v]);
    }
}

/// sums[8 dimensions, 48] = sums * scale + values * weights, over `pairs` pairs of keys.
INLINE void add_values(
    const uint16_t *values, const uint16_t *weights, int64_t pairs, const __m512 scale[VECTORS], float *to
) {
  __m512 sums[ROWS][VECTORS];
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++)
      sums[r][v] = _mm512_mul_ps(_mm512_load_ps(to + r * QUERY_BLOCK + 16 * v), scale[v]);
#pragma clang loop unroll_count(2)
  for (int64_t p = 0; p < pairs; p++) {
    __m512bh weight[VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) weight[v] = load_pairs(weights + (p * QUERY_BLOCK + 16 * v) * 2);
#pragma clang loop unroll(full)
    for (int r = 0; r < ROWS; r++) {
      __m512bh value = broadcast_pair(values + (p * ROWS + r) * 2);
#pragma clang loop unroll(full)
      for (int v = 0; v < VECTORS; v++) sums[r][v] = _mm512_dpbf16_ps(sums[r][v], value, weight[v]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) _mm512_store_ps(to + r * QUERY_BLOCK + 16 * v, sums[r][v]);
}

/// Scores to weights of the softmax, 2^(c * score - shift), for an even number of keys.
INLINE void weigh(workspace *w, int64_t keys, __m512 c, const __m512 shift[VECTORS], __m512 totals[VECTORS]) {
  static const uint16_t order[32] __attribute__((aligned(64))) = {
      0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
      8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  __m512i interleaved = _mm512_load_si512(order);
  for (int64_t k = 0; k < keys; k += 2) {
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) {
      const float *scores = w->scores + k * QUERY_BLOCK + 16 * v;
      __m512 first = exp2_vector(_mm512_fmsub_ps(_mm512_load_ps(scores), c, shift[v]));
      __m512 second = exp2_vector(_mm512_fmsub_ps(_mm512_load_ps(scores + QUERY_BLOCK), c, shift[v]));
      totals[v] = _mm512_add_ps(totals[v], _mm512_add_ps(first, second));
      __m512i rounded = (__m512i)_mm512_cvtne2ps_pbh(second, first);
      uint16_t *weights = w->weights + (k * QUERY_BLOCK / 2 + 16 * v) * 2;
      _mm512_store_si512(weights, _mm512_permutexvar_epi16(interleaved, rounded));
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
  const uint16_t *query = (const uint16_t *)a->query + first * a->stride + head * STAPES_HEAD_WIDTH;
  pack_queries(query, a->stride, queries, w);
  memset(w->sums, 0, sizeof(float) * STAPES_HEAD_WIDTH * QUERY_BLOCK);
  // exp(scale * x) = 2^(c * x)
  __m512 c = _mm512_set1_ps(a->scale * 1.44269504088896341f), maxima[VECTORS], totals[VECTORS];
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
      shift[v] = _mm512_mul_ps(maxima[v], c);
      scale[v] = exp2_vector(_mm512_fmsub_ps(old[v], c, shift[v]));
      totals[v] = _mm512_mul_ps(totals[v], scale[v]);
    }
    weigh(w, keys, c, shift, totals);
    for (int g = 0; g < GROUPS; g++)
      add_values(
          w->values + (g * w->padded + key) * ROWS, w->weights, keys / 2, scale, w->sums + g * ROWS * QUERY_BLOCK);
  }

  uint16_t *output = (uint16_t *)a->output + first * a->output_stride + head * STAPES_HEAD_WIDTH;
  __m512i offsets = row_offsets(a->output_stride);
  for (int v = 0; v < VECTORS; v++) {
    __m512 part = _mm512_div_ps(_mm512_set1_ps(1), totals[v]);
    __mmask16 mask = lanes_inside(queries, v);
    for (int p = 0; p < PAIRS; p++) {
      const float *sums = w->sums + 2 * p * QUERY_BLOCK + 16 * v;
      __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_mul_ps(_mm512_load_ps(sums), part)));
      __m512i high = _mm512_cvtepu16_epi32(
          (__m256i)_mm512_cvtneps_pbh(_mm512_mul_ps(_mm512_load_ps(sums + QUERY_BLOCK), part)));
      __m512i pairs = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
      _mm512_mask_i32scatter_epi32(output + 16 * v * a->output_stride + 2 * p, mask, offsets, pairs, 2);
    }
  }
}

void stapes_encoder_attention_bf16(const void *arguments, int thread, int threads) {
  const stapes_encoder_attention_arguments *a = arguments;
  if (a->type != STAPES_BFLOAT16) {
    stapes_kernels_avx512.encoder_attention(arguments, thread, threads);
    return;
  }
  workspace w;
  w.padded = (a->frames + ROWS - 1) / ROWS * ROWS;
  int64_t head_values = w.padded * STAPES_HEAD_WIDTH;
  char *memory = stapes_scratch(
      (size_t)(2 * head_values + 2 * STAPES_HEAD_WIDTH * QUERY_BLOCK) * sizeof(uint16_t) +
      (size_t)(KEY_BLOCK + STAPES_HEAD_WIDTH) * QUERY_BLOCK * sizeof(float));
  w.keys = (uint16_t *)memory;
  w.values = w.keys + head_values;
  w.queries = w.values + head_values;
  w.weights = w.queries + STAPES_HEAD_WIDTH * QUERY_BLOCK;
  w.scores = (float *)(w.weights + KEY_BLOCK * QUERY_BLOCK);
  w.sums = w.scores + KEY_BLOCK * QUERY_BLOCK;

  int64_t blocks = (a->frames + QUERY_BLOCK - 1) / QUERY_BLOCK, count = a->heads * blocks, packed = -1;
  for (int64_t item = count * thread / threads; item < count * (thread + 1) / threads; item++) {
    int64_t head = item / blocks, first = item % blocks * QUERY_BLOCK;
    if (head != packed) pack_head(a, head, &w);
    packed = head;
    int64_t queries = a->frames - first < QUERY_BLOCK ? a->frames - first : QUERY_BLOCK;
    attend_queries(a, head, first, queries, &w);
  }
}

#pragma clang attribute pop
#endif
