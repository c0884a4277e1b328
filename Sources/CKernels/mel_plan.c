#include "mel_plan.h"

#include <math.h>
#include <stdlib.h>

static const double two_pi = 6.283185307179586476925286766559;

static void make_transform_tables(stapes_mel_plan *plan) {
  for (int b = 0; b < LONG; b++) {
    for (int a = 0; a < SHORT; a++) {
      int n = (LONG * a + SHORT * b) % STAPES_MEL_DFT_SIZE;
      plan->sample[b * SHORT + a] = (uint16_t)n;
      plan->window[b * SHORT + a] = (float)(0.5 - 0.5 * cos(two_pi * n / STAPES_MEL_DFT_SIZE));
    }
  }
  for (int p = 0; p < 5; p++) {
    for (int q = 0; q < 5; q++) {
      plan->twiddle_re[p][q] = (float)cos(two_pi * p * q / LONG);
      plan->twiddle_im[p][q] = (float)-sin(two_pi * p * q / LONG);
    }
  }
  for (int k = 0; k < STAPES_MEL_DFT_SIZE; k++) {
    int bin = k < STAPES_MEL_DFT_BINS ? k : STAPES_MEL_DFT_SIZE - k;
    if (k % SHORT <= SPECTRUM_ROWS) plan->bin[k % SHORT][k % LONG] = (uint8_t)bin;
  }
}

/// Copies the runs of non-zero weights; with `plan->weights` null it only counts them.
static int pack_filters(stapes_mel_plan *plan, const float *filters) {
  int total = 0;
  for (int i = 0; i < plan->bins; i++) {
    const float *row = filters + (int64_t)i * STAPES_MEL_DFT_BINS;
    int first = 0, end = STAPES_MEL_DFT_BINS;
    while (first < end && row[first] == 0) first++;
    while (end > first && row[end - 1] == 0) end--;
    plan->filters[i] = (stapes_mel_filter){.first = first, .count = end - first, .weight = total};
    if (plan->weights)
      for (int j = first; j < end; j++) plan->weights[total + j - first] = row[j];
    total += end - first;
  }
  return total;
}

stapes_mel_plan *stapes_mel_plan_create(int bins, const float *filters) {
  stapes_mel_plan *plan = calloc(1, sizeof *plan);
  if (!plan) return NULL;
  plan->bins = bins;
  plan->filters = calloc((size_t)bins + 1, sizeof *plan->filters);
  if (plan->filters) plan->weights = calloc((size_t)pack_filters(plan, filters) + 1, sizeof *plan->weights);
  if (!plan->weights) {
    stapes_mel_plan_free(plan);
    return NULL;
  }
  pack_filters(plan, filters);
  make_transform_tables(plan);
  return plan;
}

void stapes_mel_plan_free(stapes_mel_plan *plan) {
  if (!plan) return;
  free(plan->filters);
  free(plan->weights);
  free(plan);
}
