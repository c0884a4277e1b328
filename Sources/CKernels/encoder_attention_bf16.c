// The encoder's attention in bfloat16, for processors that multiply it (avx512_bf16). The weights of the softmax are
// rounded once; sums are float32.
#if defined(__x86_64__)
#include "encoder_attention_workspace.h"

extern const stapes_kernels stapes_kernels_avx512;

#pragma clang attribute push(TARGET("avx512bf16"), apply_to = function)
#include "encoder_attention_packing.h"

typedef __m512bh pair_vector;
typedef __m512 sum_vector;
INLINE sum_vector no_sum(void) { return _mm512_setzero_ps(); }
INLINE __m512 float_of(sum_vector sum) { return sum; }
INLINE sum_vector add_products(sum_vector sum, pair_vector x, pair_vector y) { return _mm512_dpbf16_ps(sum, x, y); }
INLINE pair_vector broadcast_pair(const uint16_t *p) {
  int pair;
  memcpy(&pair, p, sizeof pair);
  return (__m512bh)_mm512_set1_epi32(pair);
}
INLINE pair_vector load_pairs(const uint16_t *p) { return (__m512bh)_mm512_load_si512(p); }

INLINE __m512i weight_pairs(__m512 first, __m512 second) {
  static const uint16_t order[32] __attribute__((aligned(64))) = {
      0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
      8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return _mm512_permutexvar_epi16(_mm512_load_si512(order), (__m512i)_mm512_cvtne2ps_pbh(second, first));
}

/// The keys and values of a head, once for all its queries. What is past the end is zero.
static void pack_head(const stapes_encoder_attention_arguments *a, int64_t head, workspace *w) {
  const uint16_t *key = (const uint16_t *)a->key + head * STAPES_HEAD_WIDTH;
  const uint16_t *value = (const uint16_t *)a->value + head * STAPES_HEAD_WIDTH;
  w->key_scale = 1;
  w->value_scale = 1;
  for (int64_t f = 0; f < w->padded; f++) {
    uint16_t *to = w->keys + f * STAPES_HEAD_WIDTH;
    if (f < a->frames) {
      memcpy(to, key + f * a->stride, STAPES_HEAD_WIDTH * sizeof *to);
    } else {
      memset(to, 0, STAPES_HEAD_WIDTH * sizeof *to);
    }
  }
  for (int64_t f = 0; f < w->padded; f += 2)
    for (int half = 0; half < 2; half++) {
      const uint16_t *from = value + f * a->stride + half * 32;
      __m512i first = f < a->frames ? _mm512_loadu_si512(from) : _mm512_setzero_si512();
      __m512i second = f + 1 < a->frames ? _mm512_loadu_si512(from + a->stride) : _mm512_setzero_si512();
      store_value_pairs(w, f, half, first, second);
    }
}

INLINE void pack_queries(
    const stapes_encoder_attention_arguments *a, int64_t head, int64_t first, int64_t queries, workspace *w
) {
  const uint16_t *query = (const uint16_t *)a->query + first * a->stride + head * STAPES_HEAD_WIDTH;
  __m512i offsets = row_offsets(a->stride);
  for (int v = 0; v < VECTORS; v++) {
    __mmask16 inside = lanes_inside(queries, v);
    for (int p = 0; p < PAIRS; p++) {
      __m512i pairs = _mm512_mask_i32gather_epi32(
          _mm512_setzero_si512(), inside, offsets, (const int *)(query + 16 * v * a->stride + 2 * p), 2);
      _mm512_store_si512(w->queries + (p * QUERY_BLOCK + 16 * v) * 2, pairs);
    }
    _mm512_store_ps(w->coefficients + 16 * v, _mm512_set1_ps(a->scale * LOG2_E));
  }
}

/// Vector `v` of a block's queries: its sums times `part`.
INLINE void write_output(
    const stapes_encoder_attention_arguments *a, int64_t head, int64_t first, __mmask16 inside, int v, __m512 part,
    const workspace *w
) {
  uint16_t *output =
      (uint16_t *)a->output + (first + 16 * v) * a->output_stride + head * STAPES_HEAD_WIDTH;
  __m512i offsets = row_offsets(a->output_stride);
  for (int p = 0; p < PAIRS; p++) {
    const float *sums = w->sums + 2 * p * QUERY_BLOCK + 16 * v;
    __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(_mm512_mul_ps(_mm512_load_ps(sums), part)));
    __m512i high = _mm512_cvtepu16_epi32(
        (__m256i)_mm512_cvtneps_pbh(_mm512_mul_ps(_mm512_load_ps(sums + QUERY_BLOCK), part)));
    __m512i pairs = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
    _mm512_mask_i32scatter_epi32(output + 2 * p, inside, offsets, pairs, 2);
  }
}

#include "encoder_attention_pairs.h"

void stapes_encoder_attention_bf16(const void *arguments, int thread, int threads) {
  const stapes_encoder_attention_arguments *a = arguments;
  if (a->type == STAPES_BFLOAT16) {
    attend(a, thread, threads);
  } else {
    stapes_kernels_avx512.encoder_attention(arguments, thread, threads);
  }
}

#pragma clang attribute pop
#endif
