// The encoder's attention in integers, for processors that multiply pairs of 16 bits (avx512_vnni): 64 products fit the
// 32 bits of a sum. Queries have a scale each, keys and values one a head.
#if defined(__x86_64__)
#include <math.h>

#include "encoder_attention_workspace.h"

extern const stapes_kernels stapes_kernels_avx512;

#pragma clang attribute push(TARGET("avx512vnni"), apply_to = function)
#include "encoder_attention_packing.h"
#include "int16_products.h"

/// The largest integers: 64 * 4095 * 4095 and 64 * 16352 * 2047 are below 2^31, the latter by a thousandth, since
/// rounding may leave a weight a little above 1.
#define KEY_LIMIT 4095
#define WEIGHT_LIMIT 16352
#define VALUE_LIMIT 2047

typedef __m512i pair_vector;
typedef __m512i sum_vector;
INLINE sum_vector no_sum(void) { return _mm512_setzero_si512(); }
INLINE __m512 float_of(sum_vector sum) { return _mm512_cvtepi32_ps(sum); }
INLINE sum_vector add_products(sum_vector sum, pair_vector x, pair_vector y) {
  return multiply_int16_pairs(sum, x, y);
}
INLINE pair_vector broadcast_pair(const uint16_t *p) {
  int pair;
  memcpy(&pair, p, sizeof pair);
  return _mm512_set1_epi32(pair);
}
INLINE pair_vector load_pairs(const uint16_t *p) { return _mm512_load_si512(p); }

INLINE __m512i pairs_of(__m512i first, __m512i second) {
  return _mm512_or_si512(_mm512_and_si512(first, _mm512_set1_epi32(0xffff)), _mm512_slli_epi32(second, 16));
}
/// What is not a number becomes 0: the scale of its row or head says what it was.
INLINE __m512i rounded(__m512 x, float inverse) {
  __m512 scaled = _mm512_mul_ps(x, _mm512_set1_ps(inverse));
  return _mm512_maskz_cvtps_epi32(_mm512_cmp_ps_mask(scaled, scaled, _CMP_ORD_Q), scaled);
}
INLINE __m512i weight_pairs(__m512 first, __m512 second) {
  // One that is no number makes the total none, and the output with it, whatever integer it becomes.
  const __m512 limit = _mm512_set1_ps(WEIGHT_LIMIT);
  return pairs_of(_mm512_cvtps_epi32(_mm512_mul_ps(first, limit)), _mm512_cvtps_epi32(_mm512_mul_ps(second, limit)));
}

/// The largest magnitude of a head's rows: not a number if they hold one or an infinity.
static float head_maximum(const float *rows, int64_t stride, int64_t frames) {
  __m512 best = _mm512_setzero_ps(), finite = _mm512_setzero_ps();
  for (int64_t f = 0; f < frames; f++)
    for (int d = 0; d < STAPES_HEAD_WIDTH; d += 16) {
      __m512 x = _mm512_loadu_ps(rows + f * stride + d);
      best = _mm512_max_ps(best, _mm512_abs_ps(x));
      finite = _mm512_add_ps(finite, _mm512_sub_ps(x, x));
    }
  return _mm512_reduce_max_ps(best) + _mm512_reduce_add_ps(finite);
}

/// What makes integers of at most `limit` of numbers of at most `maximum`; 0 where there is no such factor.
INLINE float inverse_of(float maximum, float limit) {
  float inverse = maximum > 0 && maximum < INFINITY ? limit / maximum : 0;
  return inverse < INFINITY ? inverse : 0;
}

/// 32 dimensions of a row.
INLINE __m512i round_half(const float *row, float inverse) {
  __m256i low = _mm512_cvtsepi32_epi16(rounded(_mm512_loadu_ps(row), inverse));
  __m256i high = _mm512_cvtsepi32_epi16(rounded(_mm512_loadu_ps(row + 16), inverse));
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/// The keys and values of a head, once for all its queries. What is past the end is zero.
static void pack_head(const stapes_encoder_attention_arguments *a, int64_t head, workspace *w) {
  const float *key = (const float *)a->key + head * STAPES_HEAD_WIDTH;
  const float *value = (const float *)a->value + head * STAPES_HEAD_WIDTH;
  float key_maximum = head_maximum(key, a->stride, a->frames);
  float value_maximum = head_maximum(value, a->stride, a->frames);
  float key_inverse = inverse_of(key_maximum, KEY_LIMIT), value_inverse = inverse_of(value_maximum, VALUE_LIMIT);
  w->key_scale = key_maximum / KEY_LIMIT;
  w->value_scale = value_maximum / ((float)VALUE_LIMIT * WEIGHT_LIMIT);
  __m512i zero = _mm512_setzero_si512();
  for (int64_t f = 0; f < w->padded; f++)
    for (int half = 0; half < 2; half++)
      _mm512_storeu_si512(
          w->keys + f * STAPES_HEAD_WIDTH + half * 32,
          f < a->frames ? round_half(key + f * a->stride + half * 32, key_inverse) : zero);
  for (int64_t f = 0; f < w->padded; f += 2)
    for (int half = 0; half < 2; half++) {
      const float *from = value + f * a->stride + half * 32;
      __m512i first = f < a->frames ? round_half(from, value_inverse) : zero;
      __m512i second = f + 1 < a->frames ? round_half(from + a->stride, value_inverse) : zero;
      store_value_pairs(w, f, half, first, second);
    }
}

INLINE void pack_queries(
    const stapes_encoder_attention_arguments *a, int64_t head, int64_t first, int64_t queries, workspace *w
) {
  const float *query = (const float *)a->query + first * a->stride + head * STAPES_HEAD_WIDTH;
  __m512i offsets = row_offsets(a->stride);
  for (int v = 0; v < VECTORS; v++) {
    __mmask16 inside = lanes_inside(queries, v);
    __m512 columns[STAPES_HEAD_WIDTH], best = _mm512_setzero_ps(), finite = _mm512_setzero_ps();
    for (int d = 0; d < STAPES_HEAD_WIDTH; d++) {
      columns[d] =
          _mm512_mask_i32gather_ps(_mm512_setzero_ps(), inside, offsets, query + 16 * v * a->stride + d, 4);
      best = _mm512_max_ps(best, _mm512_abs_ps(columns[d]));
      finite = _mm512_add_ps(finite, _mm512_sub_ps(columns[d], columns[d]));
    }
    // Not a number where the query holds one or an infinity.
    __m512 scale = _mm512_add_ps(_mm512_div_ps(best, _mm512_set1_ps(KEY_LIMIT)), finite);
    // A query of nothing has nothing to be multiplied with.
    __mmask16 some = _mm512_cmp_ps_mask(best, _mm512_set1_ps(1e-30f), _CMP_GT_OQ) &
                     _mm512_cmp_ps_mask(finite, finite, _CMP_ORD_Q);
    __m512 inverse = _mm512_maskz_div_ps(some, _mm512_set1_ps(KEY_LIMIT), best);
    for (int p = 0; p < PAIRS; p++)
      _mm512_store_si512(
          w->queries + (p * QUERY_BLOCK + 16 * v) * 2,
          pairs_of(_mm512_cvtps_epi32(_mm512_mul_ps(columns[2 * p], inverse)),
                   _mm512_cvtps_epi32(_mm512_mul_ps(columns[2 * p + 1], inverse))));
    // Never so small that what pads the keys, which scores LOWEST, weighs anything. What is not a number stays.
    __m512 coefficient = _mm512_mul_ps(scale, _mm512_set1_ps(a->scale * LOG2_E * w->key_scale));
    _mm512_store_ps(w->coefficients + 16 * v, _mm512_max_ps(_mm512_set1_ps(1e-20f), coefficient));
  }
}

/// Vector `v` of a block's queries: its sums times `part`.
INLINE void write_output(
    const stapes_encoder_attention_arguments *a, int64_t head, int64_t first, __mmask16 inside, int v, __m512 part,
    const workspace *w
) {
  float *output = (float *)a->output + (first + 16 * v) * a->output_stride + head * STAPES_HEAD_WIDTH;
  __m512i offsets = row_offsets(a->output_stride);
  for (int d = 0; d < STAPES_HEAD_WIDTH; d++)
    _mm512_mask_i32scatter_ps(
        output + d, inside, offsets, _mm512_mul_ps(_mm512_load_ps(w->sums + d * QUERY_BLOCK + 16 * v), part), 4);
}

#include "encoder_attention_pairs.h"

void stapes_encoder_attention_int16(const void *arguments, int thread, int threads) {
  const stapes_encoder_attention_arguments *a = arguments;
  if (a->type == STAPES_FLOAT32) {
    attend(a, thread, threads);
  } else {
    stapes_kernels_avx512.encoder_attention(arguments, thread, threads);
  }
}

#pragma clang attribute pop
#endif
