// The tables behind `stapes_mel_plan`, for mel_plan.c and mel_body.h.
#ifndef STAPES_MEL_PLAN_H
#define STAPES_MEL_PLAN_H

#include "stapes_mel.h"

// 400 = 16 * 25 with no common factor, so the transform is 16-point transforms followed by 25-point ones with no
// twiddle factors between them (Good and Thomas). Sample n = (25 a + 16 b) mod 400 goes to point a of the 16-point
// transform number b; point j of the 25-point transform over output i of those is the spectrum's point k with
// k mod 16 = i and k mod 25 = j.
enum { SHORT = 16, LONG = 25, SPECTRUM_ROWS = 8 };

typedef struct stapes_mel_filter {
  int first;   // DFT bin of the first weight
  int count;
  int weight;  // its index in `weights`
} stapes_mel_filter;

struct stapes_mel_plan {
  int bins;
  uint16_t sample[LONG * SHORT];   // [b, a] -> n
  float window[LONG * SHORT];      // [b, a] -> periodic Hann at n
  float twiddle_re[5][5];          // exp(-2 pi i p q / 25) inside the 25-point transform
  float twiddle_im[5][5];
  uint8_t bin[SPECTRUM_ROWS + 1][LONG];  // [i, j] -> k, or 400 - k where k > 200 (its mirror has the same power)
  stapes_mel_filter *filters;      // [bins]
  float *weights;
};

#endif
