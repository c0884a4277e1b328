// Matrix products with weights in int8, for the few rows of a decode step: a quarter of float32's bytes.
//
// Each output has a scale of its own, and so has each row of the input, which every thread rounds for itself on the way
// in: to sixteen bits, because a few large activations would leave eight too few for the rest, and because reading the
// weights takes longer than multiplying them twice. Products of integers are summed exactly, in any order and at every
// level alike; what a row gives depends on nothing but the row.
//
// The instruction that multiplies bytes (VNNI) wants one side unsigned: an input is stored with 2^15 added, as a row of
// high bytes and a row of low ones, and each output has a correction, -128 times the sum of its weights.

/// A row of the input is two of bytes.
#define BLOCK_BYTE_ROWS (2 * MOST_ROWS)
#define QUAD_BYTES (STAPES_PANEL * 4)

/// Rounds a row to integers of at most `limit`, adds `bias` and stores the bytes, up to a multiple of four: with `low`
/// the high and the low ones, without it the only ones. Returns the row's scale: not a number if the row holds one or
/// an infinity.
INLINE float quantise_row(
    const float *x, int64_t count, const int limit, const int bias, uint8_t *high, uint8_t *low
) {
#pragma clang fp contract(off)
  typedef uint8_t vb __attribute__((vector_size(VECTOR_BYTES / 4)));
  int64_t whole = count - count % LANES;
  vf best = vf_splat(0), finite = vf_splat(0);
  for (int64_t i = 0; i < whole; i += LANES) {
    vf v = vf_load(x + i);
    best = vf_max(vf_max(v, -v), best);
    finite += v - v;
  }
  float maximum = vf_maximum(best), check = vf_sum(finite);
  for (int64_t i = whole; i < count; i++) {
    float magnitude = fabsf(x[i]);
    maximum = magnitude > maximum ? magnitude : maximum;
    check += x[i] - x[i];
  }
  float inverse = check == 0 && maximum > 0 ? (float)limit / maximum : 0;
  if (!(inverse < INFINITY)) inverse = 0;  // a row of the smallest numbers is nothing
  const int shift = low ? 8 : 0;
  for (int64_t i = 0; i < whole; i += LANES) {
    // Adding 1.5 * 2^23 rounds to the nearest integer, ties to even, and leaves it in the low bits.
    vi n = (vi)(vf_load(x + i) * inverse + 12582912.0f) - (0x4b400000 - bias);
    vb bytes = __builtin_convertvector((n >> shift) & 255, vb);
    memcpy(high + i, &bytes, sizeof bytes);
    if (!low) continue;
    bytes = __builtin_convertvector(n & 255, vb);
    memcpy(low + i, &bytes, sizeof bytes);
  }
  for (int64_t i = whole; i < count; i++) {
    float value = check == 0 ? x[i] * inverse : 0;
    int32_t n = (int32_t)nearbyintf(value) + bias;
    high[i] = (uint8_t)(n >> shift);
    if (low) low[i] = (uint8_t)n;
  }
  for (int64_t i = count; i % 4; i++) {
    high[i] = (uint8_t)(bias >> shift);
    if (low) low[i] = 0;
  }
  return maximum / (float)limit + check;
}

#if defined(INT8_VNNI)
INLINE void multiply_bytes(
    const uint8_t *a, int64_t a_stride, const int8_t *panel, int64_t quads, const int rows,
    int32_t sums[BLOCK_BYTE_ROWS][STAPES_PANEL]
) {
  // A sum waits some cycles for the one before: few rows take several quads at a time.
  const int parts = rows <= 2 ? 4 : rows <= 4 ? 2 : 1;
  __m512i totals[BLOCK_BYTE_ROWS][4];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int p = 0; p < parts; p++) totals[r][p] = _mm512_setzero_si512();
  int64_t q = 0;
  for (; q + parts <= quads; q += parts)
#pragma clang loop unroll(full)
    for (int p = 0; p < parts; p++) {
      __m512i w = _mm512_loadu_si512(panel + (q + p) * QUAD_BYTES);
      if (rows <= 4) fetch_ahead(panel + (q + p) * QUAD_BYTES, QUAD_BYTES);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
        int32_t quad;
        memcpy(&quad, a + r * a_stride + (q + p) * 4, sizeof quad);
        totals[r][p] = _mm512_dpbusd_epi32(totals[r][p], _mm512_set1_epi32(quad), w);
      }
    }
  for (; q < quads; q++) {
    __m512i w = _mm512_loadu_si512(panel + q * QUAD_BYTES);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      int32_t quad;
      memcpy(&quad, a + r * a_stride + q * 4, sizeof quad);
      totals[r][0] = _mm512_dpbusd_epi32(totals[r][0], _mm512_set1_epi32(quad), w);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    __m512i total = totals[r][0];
#pragma clang loop unroll(full)
    for (int p = 1; p < parts; p++) total = _mm512_add_epi32(total, totals[r][p]);
    _mm512_storeu_si512(sums[r], total);
  }
}
#elif VECTOR_BYTES >= 32
INLINE void multiply_bytes(
    const uint8_t *a, int64_t a_stride, const int8_t *panel, int64_t quads, const int rows,
    int32_t sums[BLOCK_BYTE_ROWS][STAPES_PANEL]
) {
  for (int r = 0; r < rows; r++) {
    __m256i totals[4] = {{0}};
    for (int64_t q = 0; q < quads; q++) {
      int32_t quad;
      memcpy(&quad, a + r * a_stride + q * 4, sizeof quad);
      __m256i x = _mm256_cvtepu8_epi16(_mm_set1_epi32(quad));
#pragma clang loop unroll(full)
      for (int v = 0; v < 4; v++) {
        __m128i w = _mm_loadu_si128((const __m128i *)(panel + q * QUAD_BYTES + v * 16));
        totals[v] = _mm256_add_epi32(totals[v], _mm256_madd_epi16(x, _mm256_cvtepi8_epi16(w)));
      }
    }
    for (int v = 0; v < 4; v++) {
      int32_t halves[8];
      _mm256_storeu_si256((__m256i *)halves, totals[v]);
      for (int i = 0; i < 4; i++) sums[r][v * 4 + i] = halves[2 * i] + halves[2 * i + 1];
    }
  }
}
#else
INLINE void multiply_bytes(
    const uint8_t *a, int64_t a_stride, const int8_t *panel, int64_t quads, const int rows,
    int32_t sums[BLOCK_BYTE_ROWS][STAPES_PANEL]
) {
  for (int r = 0; r < rows; r++) {
    int32_t totals[STAPES_PANEL] = {0};
    for (int64_t q = 0; q < quads; q++)
      for (int lane = 0; lane < STAPES_PANEL; lane++)
        for (int i = 0; i < 4; i++)
          totals[lane] += (int32_t)a[r * a_stride + q * 4 + i] * panel[q * QUAD_BYTES + lane * 4 + i];
    memcpy(sums[r], totals, sizeof totals);
  }
}
#endif

/// Rows of inputs, each as its high bytes and then its low ones, with their scales.
typedef struct {
  const uint8_t *bytes;
  const float *scales;
  int64_t stride;
} byte_rows;

INLINE void int8_panel_rows(
    const stapes_matmul_int8_arguments *m, byte_rows a, int64_t at, int64_t row, int64_t panel, const int rows
) {
  int64_t column = panel * STAPES_PANEL, quads = a.stride / 4;
  int32_t sums[BLOCK_BYTE_ROWS][STAPES_PANEL];
  multiply_bytes(
      a.bytes + 2 * at * a.stride, a.stride, m->weight + panel * a.stride * STAPES_PANEL, quads, 2 * rows, sums);
  int64_t valid = m->n - column < STAPES_PANEL ? m->n - column : STAPES_PANEL;
  bool plain = valid == STAPES_PANEL && m->c_type == STAPES_FLOAT32;
  for (int r = 0; r < rows; r++) {
    float out[STAPES_PANEL];
    for (int v = 0; v < STAPES_PANEL; v += LANES) {
      vi high, low, correction;
      memcpy(&high, sums[2 * r] + v, sizeof high);
      memcpy(&low, sums[2 * r + 1] + v, sizeof low);
      memcpy(&correction, m->corrections + column + v, sizeof correction);
      // 256 times a float is exact, so that the sum is rounded once, whether the level fuses it or not.
      vf sum = __builtin_convertvector(high + correction, vf) * 256.0f + __builtin_convertvector(low, vf);
      vf y = sum * (vf_load(m->scales + column + v) * a.scales[at + r]);
      if (!plain) {
        vf_store(out + v, y);
        continue;
      }
      float *c = (float *)m->c + (row + r) * m->c_stride + column + v;
      if (m->bias) y += vf_load(m->bias + column + v);
      if (m->gelu) y = vf_gelu(y);
      vf_store(c, m->accumulate ? vf_load(c) + y : y);
    }
    if (plain) continue;
    stapes_matmul_arguments ending = {
        .bias = m->bias, .c = m->c, .c_stride = m->c_stride, .c_type = m->c_type, .gelu = m->gelu,
        .accumulate = m->accumulate,
    };
    finish_row(&ending, row + r, column, valid, out);
  }
}

static void int8_panel(
    const stapes_matmul_int8_arguments *m, byte_rows a, int64_t row, int64_t panel, int64_t rows
) {
  int64_t at = 0;
  for (; at + MOST_ROWS <= rows; at += MOST_ROWS) int8_panel_rows(m, a, at, row + at, panel, MOST_ROWS);
#if MOST_ROWS > 4
  for (; at + 4 <= rows; at += 4) int8_panel_rows(m, a, at, row + at, panel, 4);
#endif
#if MOST_ROWS > 2
  for (; at + 2 <= rows; at += 2) int8_panel_rows(m, a, at, row + at, panel, 2);
#endif
  for (; at < rows; at++) int8_panel_rows(m, a, at, row + at, panel, 1);
}

#if VECTOR_BYTES == 64 && !defined(INT8_VNNI)
void stapes_matmul_int8_avx512vnni(const void *arguments, int thread, int threads);
#endif

#if defined(INT8_VNNI)
void stapes_matmul_int8_avx512vnni(const void *arguments, int thread, int threads) {
#else
static void LEVEL(matmul_int8)(const void *arguments, int thread, int threads) {
#if VECTOR_BYTES == 64
  if (__builtin_cpu_supports("avx512vnni")) {
    stapes_matmul_int8_avx512vnni(arguments, thread, threads);
    return;
  }
#endif
#endif
  const stapes_matmul_int8_arguments *m = arguments;
  int64_t panels = (m->n + STAPES_PANEL - 1) / STAPES_PANEL, begin, end;
  share(panels, thread, threads, &begin, &end);
  if (begin == end) return;
  int64_t stride = (m->k + 3) / 4 * 4;
  // As many rows at a time as leave room in the second cache.
  int64_t chunk = 131072 / stride / MOST_ROWS * MOST_ROWS;
  if (chunk < MOST_ROWS) chunk = MOST_ROWS;
  if (chunk > m->m) chunk = m->m;
  float *converted = stapes_scratch((size_t)(m->k + chunk) * sizeof(float) + (size_t)(2 * chunk * stride));
  float *scales = converted + m->k;
  uint8_t *bytes = (uint8_t *)(scales + chunk);
  for (int64_t row = 0; row < m->m; row += chunk) {
    int64_t rows = m->m - row < chunk ? m->m - row : chunk;
    for (int64_t r = 0; r < rows; r++) {
      int64_t from = (row + r) * m->a_stride;
      const float *x = (const float *)m->a + from;
      if (m->a_type != STAPES_FLOAT32) {
        row_to_float(m->a, m->a_type, from, m->k, converted);
        x = converted;
      }
      uint8_t *high = bytes + 2 * r * stride;
      scales[r] = quantise_row(x, m->k, 127 * 256, 1 << 15, high, high + stride);
    }
    byte_rows a = {bytes, scales, stride};
    for (int64_t panel = begin; panel < end; panel++) int8_panel(m, a, row, panel, rows);
  }
}

#if !defined(INT8_VNNI)
static void LEVEL(pack_int8)(const void *arguments, int thread, int threads) {
  const stapes_pack_int8_arguments *p = arguments;
  int64_t panels = (p->n + STAPES_PANEL - 1) / STAPES_PANEL, stride = (p->k + 3) / 4 * 4, begin, end;
  share(panels, thread, threads, &begin, &end);
  float *weights = stapes_scratch((size_t)p->k * sizeof(float) + (size_t)stride);
  uint8_t *bytes = (uint8_t *)(weights + p->k);
  for (int64_t panel = begin; panel < end; panel++) {
    int8_t *packed = p->packed + panel * stride * STAPES_PANEL;
    for (int64_t lane = 0; lane < STAPES_PANEL; lane++) {
      int64_t row = panel * STAPES_PANEL + lane;
      p->scales[row] = 0;
      if (row < p->n) {
        row_to_float(p->weight, p->weight_type, row * p->k, p->k, weights);
        p->scales[row] = quantise_row(weights, p->k, 127, 128, bytes, 0);
      } else {
        memset(bytes, 128, (size_t)stride);
      }
      int32_t sum = 0;
      for (int64_t i = 0; i < stride; i++) {
        int8_t w = (int8_t)(bytes[i] - 128);
        packed[i / 4 * QUAD_BYTES + lane * 4 + i % 4] = w;
        sum += w;
      }
      p->corrections[row] = -128 * sum;
    }
  }
}
#endif
