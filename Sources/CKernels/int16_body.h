// Matrix products of many rows in integers of twelve bits, where the processor multiplies pairs of 16-bit integers
// (VNNI): twice what it multiplies in float32, and no more is lost than in bfloat16.
//
// Each output has a scale of its own, and so has each row of the input, which is rounded on the way in. 512 products of
// twelve bits each fit the 32 bits of a sum, so that sums are exact; those of longer rows go on in float32. What a row
// gives depends on nothing but the row.

#include "int16_products.h"

#define INT16_ROWS 12
#define INT16_LIMIT 2047
#define INT16_BLOCK 512
/// Outputs of a panel.
#define INT16_PANEL STAPES_INT16_PANEL
#define INT16_VECTORS (INT16_PANEL / 16)

/// Rounds a row and stores it, up to a multiple of two. Returns its scale: not a number if the row holds one or an
/// infinity.
INLINE float round_row(const float *x, int64_t count, int16_t *y) {
  int64_t whole = count - count % 16;
  __m512 best = _mm512_setzero_ps(), finite = _mm512_setzero_ps();
  for (int64_t i = 0; i < whole; i += 16) {
    __m512 v = _mm512_loadu_ps(x + i);
    best = _mm512_max_ps(best, _mm512_abs_ps(v));
    finite = _mm512_add_ps(finite, _mm512_sub_ps(v, v));
  }
  float maximum = _mm512_reduce_max_ps(best), check = _mm512_reduce_add_ps(finite);
  for (int64_t i = whole; i < count; i++) {
    float magnitude = fabsf(x[i]);
    maximum = magnitude > maximum ? magnitude : maximum;
    check += x[i] - x[i];
  }
  float inverse = check == 0 && maximum > 0 ? INT16_LIMIT / maximum : 0;
  if (!(inverse < INFINITY)) inverse = 0;  // a row of the smallest numbers is nothing
  for (int64_t i = 0; i < whole; i += 16) {
    __m512i n = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + i), _mm512_set1_ps(inverse)));
    _mm256_storeu_si256((__m256i *)(y + i), _mm512_cvtsepi32_epi16(n));
  }
  for (int64_t i = whole; i < count; i++) y[i] = check == 0 ? (int16_t)nearbyintf(x[i] * inverse) : 0;
  if (count % 2) y[count] = 0;
  return maximum / INT16_LIMIT + check;
}

/// parts[12, 32] (+)= rows * panel over `pairs` pairs of inputs.
INLINE void multiply_pairs(
    const int16_t *a, int64_t a_stride, const int16_t *panel, int64_t pairs, const bool first,
    float parts[INT16_ROWS][INT16_PANEL]
) {
  __m512i sums[INT16_ROWS][INT16_VECTORS];
#pragma clang loop unroll(full)
  for (int r = 0; r < INT16_ROWS; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < INT16_VECTORS; v++) sums[r][v] = _mm512_setzero_si512();
  for (int64_t p = 0; p < pairs; p++) {
    __m512i w[INT16_VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < INT16_VECTORS; v++) w[v] = _mm512_load_si512(panel + (p * INT16_PANEL + 16 * v) * 2);
#pragma clang loop unroll(full)
    for (int r = 0; r < INT16_ROWS; r++) {
      int32_t pair;
      memcpy(&pair, a + r * a_stride + 2 * p, sizeof pair);
      __m512i x = _mm512_set1_epi32(pair);
#pragma clang loop unroll(full)
      for (int v = 0; v < INT16_VECTORS; v++) sums[r][v] = multiply_int16_pairs(sums[r][v], x, w[v]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < INT16_ROWS; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < INT16_VECTORS; v++) {
      __m512 sum = _mm512_cvtepi32_ps(sums[r][v]);
      _mm512_storeu_ps(parts[r] + 16 * v, first ? sum : _mm512_add_ps(_mm512_loadu_ps(parts[r] + 16 * v), sum));
    }
}

/// Up to twelve rows by one panel.
INLINE void int16_block(
    const stapes_matmul_int16_arguments *m, const int16_t *a, int64_t a_stride, const float *scales, int64_t row,
    int64_t rows, int64_t panel
) {
  float parts[INT16_ROWS][INT16_PANEL];
  const int16_t *weight = m->weight + panel * a_stride * INT16_PANEL;
  for (int64_t i = 0; i < a_stride; i += INT16_BLOCK) {
    int64_t inputs = a_stride - i < INT16_BLOCK ? a_stride - i : INT16_BLOCK;
    if (i == 0) {
      multiply_pairs(a, a_stride, weight, inputs / 2, true, parts);
    } else {
      multiply_pairs(a + i, a_stride, weight + i * INT16_PANEL, inputs / 2, false, parts);
    }
  }
  int64_t column = panel * INT16_PANEL;
  for (int64_t r = 0; r < rows; r++) {
    float *c = m->c + (row + r) * m->c_stride + column;
    for (int v = 0; v < INT16_VECTORS && column + 16 * v < m->n; v++) {
      int64_t left = m->n - column - 16 * v;
      __mmask16 inside = left >= 16 ? 0xffff : (__mmask16)((1u << left) - 1);
      vf y = vf_load(parts[r] + 16 * v) * (vf_load(m->scales + column + 16 * v) * scales[r]);
      if (m->bias) y += (vf)_mm512_maskz_loadu_ps(inside, m->bias + column + 16 * v);
      if (m->gelu) y = vf_gelu(y);
      if (m->accumulate) y += (vf)_mm512_maskz_loadu_ps(inside, c + 16 * v);
      _mm512_mask_storeu_ps(c + 16 * v, inside, (__m512)y);
    }
  }
}

void stapes_matmul_int16(const void *arguments, int thread, int threads) {
  const stapes_matmul_int16_arguments *m = arguments;
  int64_t panels = (m->n + INT16_PANEL - 1) / INT16_PANEL, stride = (m->k + 1) / 2 * 2, first, last;
  share((m->m + INT16_ROWS - 1) / INT16_ROWS, thread, threads, &first, &last);
  first *= INT16_ROWS;
  last = last * INT16_ROWS < m->m ? last * INT16_ROWS : m->m;
  if (first >= last) return;
  // As many rows at a time as leave the second cache some room for weights.
  int64_t chunk = 262144 / (2 * stride) / INT16_ROWS * INT16_ROWS;
  if (chunk < INT16_ROWS) chunk = INT16_ROWS;
  float *scales = stapes_scratch((size_t)chunk * sizeof(float) + (size_t)(chunk * stride) * sizeof(int16_t));
  int16_t *rounded = (int16_t *)(scales + chunk);
  for (int64_t row = first; row < last; row += chunk) {
    int64_t rows = last - row < chunk ? last - row : chunk;
    for (int64_t r = 0; r < rows; r++)
      scales[r] = round_row(m->a + (row + r) * m->a_stride, m->k, rounded + r * stride);
    // The last block is whole: what it has too many is multiplied and dropped.
    for (int64_t r = rows; r % INT16_ROWS; r++) memset(rounded + r * stride, 0, (size_t)stride * sizeof *rounded);
    for (int64_t panel = 0; panel < panels; panel++)
      for (int64_t r = 0; r < rows; r += INT16_ROWS)
        int16_block(
            m, rounded + r * stride, stride, scales + r, row + r, rows - r < INT16_ROWS ? rows - r : INT16_ROWS,
            panel);
  }
}

void stapes_pack_int16(const void *arguments, int thread, int threads) {
  const stapes_pack_int16_arguments *p = arguments;
  int64_t panels = (p->n + INT16_PANEL - 1) / INT16_PANEL, stride = (p->k + 1) / 2 * 2, begin, end;
  share(panels, thread, threads, &begin, &end);
  float *values = stapes_scratch((size_t)p->k * sizeof(float) + (size_t)stride * sizeof(int16_t));
  int16_t *rounded = (int16_t *)(values + p->k);
  for (int64_t panel = begin; panel < end; panel++) {
    int16_t *packed = p->packed + panel * stride * INT16_PANEL;
    for (int64_t lane = 0; lane < INT16_PANEL; lane++) {
      int64_t row = panel * INT16_PANEL + lane;
      p->scales[row] = 0;
      memset(rounded, 0, (size_t)stride * sizeof *rounded);
      if (row < p->n) {
        row_to_float(p->weight, p->weight_type, row * p->k, p->k, values);
        p->scales[row] = round_row(values, p->k, rounded);
      }
      for (int64_t i = 0; i < stride; i += 2)
        memcpy(packed + (i / 2 * INT16_PANEL + lane) * 2, rounded + i, 2 * sizeof *rounded);
    }
  }
}
