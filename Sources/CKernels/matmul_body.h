// Matrix products with packed weights: the path without oneDNN, and the one whose rows never depend on each other.
//
// A block of rows by one panel (16 outputs) is held in registers while K runs. Blocks of rows are sized so that
// their inputs stay in the second cache while all panels stream past.

#define PANEL_VECTORS (STAPES_PANEL * 4 / VECTOR_BYTES)
// A sum waits some cycles for the one before: where a panel is a vector or two, inputs take turns in several sums, as
// many for one row as for a block of them, so that a row's bits stay its own.
#if VECTOR_BYTES == 64
#define BLOCK_ROWS 6
#define CHAINS 4
#elif VECTOR_BYTES == 32
#define BLOCK_ROWS 3
#define CHAINS 2
#else
#define BLOCK_ROWS 2
#define CHAINS 1
#endif

/// The most rows of a block of products, here or in attention.
#if VECTOR_BYTES == 64
#define MOST_ROWS 12
#elif VECTOR_BYTES == 32
#define MOST_ROWS 6
#else
#define MOST_ROWS 2
#endif

/// sums[r] += a[r] * panel, input `i` alone.
INLINE void multiply_input(
    const float *a, int64_t a_stride, const void *panel, stapes_type type, int64_t i, const int rows, const int chain,
    const int chains, vf sums[MOST_ROWS * CHAINS][PANEL_VECTORS]
) {
  vf w[PANEL_VECTORS];
#pragma clang loop unroll(full)
  for (int v = 0; v < PANEL_VECTORS; v++) w[v] = load_as(panel, type, i * STAPES_PANEL + v * LANES);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    vf x = vf_splat(a[r * a_stride + i]);
#pragma clang loop unroll(full)
    for (int v = 0; v < PANEL_VECTORS; v++) sums[r * chains + chain][v] += x * w[v];
  }
}

/// out[r] = a[r] * panel over `k` inputs in `chains` (1, 2 or 4) sums. `rows` and `chains` are constants wherever this
/// is inlined.
INLINE void multiply_block(
    const float *a, int64_t a_stride, const void *panel, stapes_type type, int64_t k, const int rows,
    const int chains, vf out[MOST_ROWS][PANEL_VECTORS]
) {
  vf sums[MOST_ROWS * CHAINS][PANEL_VECTORS] = {{{0}}};
  int64_t i = 0;
  const int64_t input_bytes = STAPES_PANEL * bytes_of(type);
  for (; i + chains <= k; i += chains) {
    if (rows <= 2 && type != STAPES_FLOAT32) fetch_ahead((const char *)panel + i * input_bytes, chains * input_bytes);
#pragma clang loop unroll(full)
    for (int chain = 0; chain < chains; chain++)
      multiply_input(a, a_stride, panel, type, i + chain, rows, chain, chains, sums);
  }
#pragma clang loop unroll(full)
  for (int chain = 0; chain < chains - 1; chain++)
    if (i + chain < k) multiply_input(a, a_stride, panel, type, i + chain, rows, chain, chains, sums);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < PANEL_VECTORS; v++) {
      vf *s = &sums[r * chains][0] + v;
      out[r][v] = chains == 4   ? (s[0] + s[PANEL_VECTORS]) + (s[2 * PANEL_VECTORS] + s[3 * PANEL_VECTORS])
                  : chains == 2 ? s[0] + s[PANEL_VECTORS]
                                : s[0];
    }
}

/// erf to 1.5e-7 (Abramowitz and Stegun 7.1.26).
INLINE vf vf_erf(vf x) {
  vi negative = x < 0.0f;
  vf z = vf_select(negative, -x, x);
  vf t = 1.0f / (1.0f + 0.3275911f * z);
  vf p = vf_splat(1.061405429f);
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  vf y = 1.0f - p * t * vf_exp(-z * z);
  return vf_select(negative, -y, y);
}

INLINE vf vf_gelu(vf x) { return 0.5f * x * (1.0f + vf_erf(x * 0.70710678118654752f)); }

/// Finishes one row of one panel: bias, GELU, accumulation, conversion. `valid` of the 16 outputs exist.
static void finish_row(const stapes_matmul_arguments *m, int64_t row, int64_t column, int64_t valid, float *sums) {
  float bias[STAPES_PANEL] = {0}, old[STAPES_PANEL] = {0};
  int64_t at = row * m->c_stride + column;
  if (m->bias) memcpy(bias, m->bias + column, (size_t)valid * sizeof(float));
  if (m->accumulate) row_to_float(m->c, m->c_type, at, valid, old);
  for (int v = 0; v < STAPES_PANEL; v += LANES) {
    vf y = vf_load(sums + v) + vf_load(bias + v);
    if (m->gelu) y = vf_gelu(y);
    vf_store(sums + v, y + vf_load(old + v));
  }
  if (m->c_type == STAPES_FLOAT32) {
    memcpy((float *)m->c + at, sums, (size_t)valid * sizeof(float));
  } else {
    uint16_t rounded[STAPES_PANEL];
    for (int v = 0; v < STAPES_PANEL; v += LANES) store_as(rounded, m->c_type, v, vf_load(sums + v));
    memcpy((uint16_t *)m->c + at, rounded, (size_t)valid * sizeof(uint16_t));
  }
}

INLINE void panel_rows(
    const stapes_matmul_arguments *m, const float *a, int64_t a_stride, const void *panel, int64_t row,
    int64_t column, const int rows
) {
  vf sums[MOST_ROWS][PANEL_VECTORS];
  switch (m->weight_type) {
    case STAPES_FLOAT32:
      multiply_block(a, a_stride, panel, STAPES_FLOAT32, m->k, rows, CHAINS, sums);
      break;
    case STAPES_BFLOAT16:
      multiply_block(a, a_stride, panel, STAPES_BFLOAT16, m->k, rows, CHAINS, sums);
      break;
    case STAPES_FLOAT16:
      multiply_block(a, a_stride, panel, STAPES_FLOAT16, m->k, rows, CHAINS, sums);
      break;
    case STAPES_FLOAT8:
      __builtin_unreachable();
  }
  float out[BLOCK_ROWS][STAPES_PANEL];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < PANEL_VECTORS; v++) vf_store(out[r] + v * LANES, sums[r][v]);
  int64_t valid = m->n - column < STAPES_PANEL ? m->n - column : STAPES_PANEL;
  for (int r = 0; r < rows; r++) finish_row(m, row + r, column, valid, out[r]);
}

static void panel_block(
    const stapes_matmul_arguments *m, const float *a, int64_t a_stride, const void *panel, int64_t row,
    int64_t column, int64_t rows
) {
  while (rows >= BLOCK_ROWS) {
    panel_rows(m, a, a_stride, panel, row, column, BLOCK_ROWS);
    a += BLOCK_ROWS * a_stride;
    row += BLOCK_ROWS;
    rows -= BLOCK_ROWS;
  }
#if BLOCK_ROWS > 4
  while (rows >= 4) {
    panel_rows(m, a, a_stride, panel, row, column, 4);
    a += 4 * a_stride;
    row += 4;
    rows -= 4;
  }
#endif
#if BLOCK_ROWS > 2
  while (rows >= 2) {
    panel_rows(m, a, a_stride, panel, row, column, 2);
    a += 2 * a_stride;
    row += 2;
    rows -= 2;
  }
#endif
  while (rows >= 1) {
    panel_rows(m, a, a_stride, panel, row, column, 1);
    a += a_stride;
    row += 1;
    rows -= 1;
  }
}

static void LEVEL(matmul)(const void *arguments, int thread, int threads) {
  const stapes_matmul_arguments *m = arguments;
  int64_t panels = (m->n + STAPES_PANEL - 1) / STAPES_PANEL;
  int64_t first_row = 0, last_row = m->m, first_panel = 0, last_panel = panels;
  int64_t blocks = (m->m + BLOCK_ROWS - 1) / BLOCK_ROWS;
  // Many rows: each thread takes rows and reads all weights. Few rows: each takes weights, which are then read once.
  if (blocks >= 4 * threads) {
    share(blocks, thread, threads, &first_row, &last_row);
    first_row *= BLOCK_ROWS;
    last_row = last_row * BLOCK_ROWS < m->m ? last_row * BLOCK_ROWS : m->m;
  } else {
    share(panels, thread, threads, &first_panel, &last_panel);
  }
  int64_t chunk = 65536 / m->k / BLOCK_ROWS * BLOCK_ROWS;
  if (chunk < BLOCK_ROWS) chunk = BLOCK_ROWS;
  int64_t panel_bytes = m->k * STAPES_PANEL * bytes_of(m->weight_type);

  for (int64_t row = first_row; row < last_row; row += chunk) {
    int64_t rows = last_row - row < chunk ? last_row - row : chunk;
    const float *a;
    int64_t a_stride;
    if (m->a_type != STAPES_FLOAT32) {
      float *converted = stapes_scratch((size_t)(rows * m->k) * sizeof(float));
      for (int64_t r = 0; r < rows; r++)
        row_to_float(m->a, m->a_type, (row + r) * m->a_stride, m->k, converted + r * m->k);
      a = converted;
      a_stride = m->k;
    } else {
      a = (const float *)m->a + row * m->a_stride;
      a_stride = m->a_stride;
    }
    for (int64_t panel = first_panel; panel < last_panel; panel++)
      panel_block(
          m, a, a_stride, (const char *)m->weight + panel * panel_bytes, row, panel * STAPES_PANEL, rows);
  }
}

static void LEVEL(pack)(const void *arguments, int thread, int threads) {
  const stapes_pack_arguments *p = arguments;
  int64_t panels = (p->n + STAPES_PANEL - 1) / STAPES_PANEL, begin, end;
  share(panels, thread, threads, &begin, &end);
  bool moves = p->weight_type == p->packed_type && p->packed_type != STAPES_FLOAT32;
  int64_t stride = STAPES_PANEL;
  float *row = stapes_scratch((size_t)p->k * sizeof(float));
  for (int64_t panel = begin; panel < end; panel++) {
    char *packed = (char *)p->packed + panel * p->k * STAPES_PANEL * bytes_of(p->packed_type);
    if (p->n - panel * STAPES_PANEL < STAPES_PANEL)
      memset(packed, 0, (size_t)(p->k * STAPES_PANEL * bytes_of(p->packed_type)));
    for (int64_t lane = 0; lane < STAPES_PANEL && panel * STAPES_PANEL + lane < p->n; lane++) {
      int64_t from = (panel * STAPES_PANEL + lane) * p->k;
      uint16_t *halves = (uint16_t *)packed + lane;
      if (moves) {
        const char *source = (const char *)p->weight + 2 * from;
        for (int64_t i = 0; i < p->k; i++) memcpy(halves + i * stride, source + 2 * i, 2);
        continue;
      }
      row_to_float(p->weight, p->weight_type, from, p->k, row);
      switch (p->packed_type) {
        case STAPES_FLOAT32:
          for (int64_t i = 0; i < p->k; i++) ((float *)packed)[i * stride + lane] = row[i];
          break;
        case STAPES_BFLOAT16:
          for (int64_t i = 0; i < p->k; i++) halves[i * stride] = bf16_from_float(row[i]);
          break;
        case STAPES_FLOAT16:
          for (int64_t i = 0; i < p->k; i++) halves[i * stride] = f16_from_float(row[i]);
          break;
        case STAPES_FLOAT8:
          __builtin_unreachable();
      }
    }
  }
}
