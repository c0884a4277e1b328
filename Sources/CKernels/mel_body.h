// Log-mel of LANES frames at a time: lane l of every vector belongs to frame `first + l`, so each step below is the
// scalar algorithm of one frame. The steps: tile -> 16-point DFTs -> 25-point DFTs -> power -> filters -> log10.
#include "mel_plan.h"

// The tile is the block's samples transposed: tile[r * TILE_STRIDE + c] is sample r of hop c. A frame spans 2.5 hops,
// so sample n of LANES neighbouring frames is one unaligned vector at row n mod 160, column n / 160.
#define TILE_HOPS (LANES + 2)
#define TILE_STRIDE (LANES + 4)

/// log10 of positive normal numbers, within 1e-7 of it near 1 and within one unit in the last place elsewhere:
/// x = 2^e * m with m in [0.71, 1.42), and ln m = 2 (s + s^3/3 + ... + s^9/9), s = (m - 1)/(m + 1), |s| < 0.172.
INLINE vf vf_log10(vf x) {
  vi bits = (vi)x;
  vi exponent = (bits - 0x3f3504f3) >> 23;
  vf m = (vf)((vu)bits - ((vu)exponent << 23));
  vf e = __builtin_convertvector(exponent, vf);
  vf s = (m - 1.0f) / (m + 1.0f);
  vf q = s * s;
  vf p = q * (0.86858896f / 9) + (0.86858896f / 7);  // 2 / ln 10 = 0.86858896...
  p = p * q + (0.86858896f / 5);
  p = p * q + (0.86858896f / 3);
  p = p * q + 0.86858896f;
  // log10 of 2 in two parts; the first has few enough bits that its product with e is exact.
  return e * 0.30102539f + (e * 4.6050390e-6f + p * s);
}

/// The 16-point DFT of real samples, outputs 0...8 (the rest mirror them). Outputs i = 1...7 go to [i * LONG];
/// outputs 0 and 8 are real and share row 0 as its real and imaginary part.
INLINE void LEVEL(dft16)(const float *tile, const uint16_t *offset, const float *window, vf *re, vf *im) {
  const float half = 0.70710678118654752f;     // cos(pi / 4)
  const float c1 = 0.92387953251128674f;       // cos(pi / 8)
  const float s1 = 0.38268343236508977f;       // sin(pi / 8)
  vf sum[4], difference[4], yre[4], yim[4];    // 4-point DFTs of every fourth sample: outputs 0, 2 and 1
  for (int b = 0; b < 4; b++) {
    vf x0 = vf_load(tile + offset[b]) * window[b];
    vf x1 = vf_load(tile + offset[b + 4]) * window[b + 4];
    vf x2 = vf_load(tile + offset[b + 8]) * window[b + 8];
    vf x3 = vf_load(tile + offset[b + 12]) * window[b + 12];
    vf even = x0 + x2, odd = x1 + x3;
    sum[b] = even + odd;
    difference[b] = even - odd;
    yre[b] = x0 - x2;
    yim[b] = x3 - x1;
  }
  // Outputs 0, 4, 8.
  vf even = sum[0] + sum[2], odd = sum[1] + sum[3];
  re[0] = even + odd;
  im[0] = even - odd;
  re[4 * LONG] = sum[0] - sum[2];
  im[4 * LONG] = sum[3] - sum[1];
  // Outputs 2, 6: the differences turned by multiples of 1/8.
  vf u = (difference[1] - difference[3]) * half, v = (difference[1] + difference[3]) * half;
  re[2 * LONG] = difference[0] + u;
  im[2 * LONG] = -difference[2] - v;
  re[6 * LONG] = difference[0] - u;
  im[6 * LONG] = difference[2] - v;
  // Outputs 1, 5, 9, 13: turned by multiples of 1/16, then a 4-point DFT. 9 and 13 are the mirrors of 7 and 3.
  vf z1re = yre[1] * c1 + yim[1] * s1, z1im = yim[1] * c1 - yre[1] * s1;
  vf z2re = (yre[2] + yim[2]) * half, z2im = (yim[2] - yre[2]) * half;
  vf z3re = yre[3] * s1 + yim[3] * c1, z3im = yim[3] * s1 - yre[3] * c1;
  vf are = yre[0] + z2re, aim = yim[0] + z2im, bre = yre[0] - z2re, bim = yim[0] - z2im;
  vf cre = z1re + z3re, cim = z1im + z3im, dre = z1re - z3re, dim = z1im - z3im;
  re[1 * LONG] = are + cre;
  im[1 * LONG] = aim + cim;
  re[7 * LONG] = are - cre;
  im[7 * LONG] = cim - aim;
  re[5 * LONG] = bre + dim;
  im[5 * LONG] = bim - dre;
  re[3 * LONG] = bre - dim;
  im[3 * LONG] = -bim - dre;
}

/// The complex 5-point DFT of x[0], x[stride], ... in place in `yre`, `yim` [5].
INLINE void LEVEL(dft5)(const vf *xre, const vf *xim, int stride, vf *yre, vf *yim) {
  const float c1 = 0.30901699437494742f, c2 = -0.80901699437494742f;  // cos(2 pi / 5), cos(4 pi / 5)
  const float s1 = 0.95105651629515357f, s2 = 0.58778525229247313f;   // sin(2 pi / 5), sin(4 pi / 5)
  vf x0re = xre[0], x0im = xim[0];
  vf t1re = xre[stride] + xre[4 * stride], t1im = xim[stride] + xim[4 * stride];
  vf t2re = xre[2 * stride] + xre[3 * stride], t2im = xim[2 * stride] + xim[3 * stride];
  vf t3re = xre[stride] - xre[4 * stride], t3im = xim[stride] - xim[4 * stride];
  vf t4re = xre[2 * stride] - xre[3 * stride], t4im = xim[2 * stride] - xim[3 * stride];
  vf are = x0re + t1re * c1 + t2re * c2, aim = x0im + t1im * c1 + t2im * c2;
  vf bre = x0re + t1re * c2 + t2re * c1, bim = x0im + t1im * c2 + t2im * c1;
  vf dre = t3re * s1 + t4re * s2, dim = t3im * s1 + t4im * s2;
  vf ere = t3re * s2 - t4re * s1, eim = t3im * s2 - t4im * s1;
  yre[0] = x0re + (t1re + t2re), yim[0] = x0im + (t1im + t2im);
  yre[1] = are + dim, yim[1] = aim - dre;
  yre[4] = are - dim, yim[4] = aim + dre;
  yre[2] = bre + eim, yim[2] = bim - ere;
  yre[3] = bre - eim, yim[3] = bim + ere;
}

/// The complex 25-point DFT as 5 by 5, in place.
INLINE void LEVEL(dft25)(const stapes_mel_plan *plan, vf *re, vf *im) {
  vf tre[LONG], tim[LONG];  // [p, q]: output q of the inner transform over points p, p + 5, ...
  for (int p = 0; p < 5; p++) {
    LEVEL(dft5)(re + p, im + p, 5, tre + 5 * p, tim + 5 * p);
    for (int q = 1; q < 5 && p > 0; q++) {
      float wre = plan->twiddle_re[p][q], wim = plan->twiddle_im[p][q];
      vf xre = tre[5 * p + q], xim = tim[5 * p + q];
      tre[5 * p + q] = xre * wre - xim * wim;
      tim[5 * p + q] = xre * wim + xim * wre;
    }
  }
  for (int q = 0; q < 5; q++) {
    vf yre[5], yim[5];
    LEVEL(dft5)(tre + q, tim + q, 5, yre, yim);
    for (int m = 0; m < 5; m++) re[q + 5 * m] = yre[m], im[q + 5 * m] = yim[m];
  }
}

/// Power of the windowed frames in the tile -> power [201].
static void LEVEL(mel_power)(const stapes_mel_plan *plan, const float *tile, const uint16_t *offsets, vf *power) {
  vf re[SPECTRUM_ROWS * LONG], im[SPECTRUM_ROWS * LONG];
  for (int b = 0; b < LONG; b++)
    LEVEL(dft16)(tile, offsets + b * SHORT, plan->window + b * SHORT, re + b, im + b);
  for (int i = 0; i < SPECTRUM_ROWS; i++) {
    vf *rowre = re + i * LONG, *rowim = im + i * LONG;
    LEVEL(dft25)(plan, rowre, rowim);
    if (i == 0) continue;
    for (int j = 0; j < LONG; j++) power[plan->bin[i][j]] = rowre[j] * rowre[j] + rowim[j] * rowim[j];
  }
  // Row 0 is the transform of X0 + i X8 with both real: each is taken out by its symmetry.
  for (int j = 0; j <= LONG / 2; j++) {
    int mirror = (LONG - j) % LONG;
    vf are = re[j] + re[mirror], aim = im[j] - im[mirror];
    vf bre = im[j] + im[mirror], bim = re[mirror] - re[j];
    power[plan->bin[0][j]] = (are * are + aim * aim) * 0.25f;
    power[plan->bin[SPECTRUM_ROWS][j]] = (bre * bre + bim * bim) * 0.25f;
  }
}

/// The samples [begin, begin + count) with reflection before 0 and zeros past the end, copied only at the edges.
INLINE const float *LEVEL(padded)(const float *samples, int64_t sample_count, int64_t begin, int count, float *copy) {
  if (begin >= 0 && begin + count <= sample_count) return samples + begin;
  for (int i = 0; i < count; i++) {
    int64_t at = begin + i < 0 ? -(begin + i) : begin + i;
    copy[i] = at < sample_count ? samples[at] : 0.0f;
  }
  return copy;
}

float LEVEL(stapes_log_mel)(const stapes_mel_plan *plan, const float *samples, int64_t sample_count, int64_t first,
                            int64_t count, float *out) {
  const int bins = plan->bins;
  uint16_t offsets[LONG * SHORT];
  for (int i = 0; i < LONG * SHORT; i++) {
    int n = plan->sample[i];
    offsets[i] = (uint16_t)(n % STAPES_MEL_HOP * TILE_STRIDE + n / STAPES_MEL_HOP);
  }
  float edge[TILE_HOPS * STAPES_MEL_HOP];
  float tile[STAPES_MEL_HOP * TILE_STRIDE];
  vf power[STAPES_MEL_DFT_BINS];
  float largest = -10.0f;
  for (int64_t done = 0; done < count; done += LANES) {
    int valid = count - done < LANES ? (int)(count - done) : LANES;
    int64_t begin = (first + done) * STAPES_MEL_HOP - STAPES_MEL_DFT_SIZE / 2;
    const float *hops = LEVEL(padded)(samples, sample_count, begin, TILE_HOPS * STAPES_MEL_HOP, edge);
    for (int r = 0; r < STAPES_MEL_HOP; r++)
      for (int c = 0; c < TILE_HOPS; c++) tile[r * TILE_STRIDE + c] = hops[c * STAPES_MEL_HOP + r];
    LEVEL(mel_power)(plan, tile, offsets, power);
    vf block_largest = vf_splat(-10.0f);
    float *rows = out + done * bins;
    for (int i = 0; i < bins; i++) {
      const stapes_mel_filter filter = plan->filters[i];
      const float *weights = plan->weights + filter.weight;
      vf mel = vf_splat(0.0f);
      for (int j = 0; j < filter.count; j++) mel += power[filter.first + j] * weights[j];
      // Silence is exactly -10, so that it equals the frames nobody computes.
      vf value = vf_select(mel > 1e-10f, vf_log10(vf_max(mel, vf_splat(1e-10f))), vf_splat(-10.0f));
      block_largest = vf_max(block_largest, value);
      float lanes[LANES];
      vf_store(lanes, value);
      for (int l = 0; l < valid; l++) rows[(int64_t)l * bins + i] = lanes[l];
    }
    float lanes[LANES];
    vf_store(lanes, block_largest);
    for (int l = 0; l < valid; l++) largest = lanes[l] > largest ? lanes[l] : largest;
  }
  return largest;
}

void LEVEL(stapes_mel_normalise)(float *values, int64_t count, float maximum) {
  const float lowest = maximum - 8.0f;
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES)
    vf_store(values + i, (vf_max(vf_load(values + i), vf_splat(lowest)) + 4.0f) * 0.25f);
  for (; i < count; i++) values[i] = ((values[i] > lowest ? values[i] : lowest) + 4.0f) * 0.25f;
}
