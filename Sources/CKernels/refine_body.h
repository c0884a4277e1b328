// What a product with rounded weights leaves uncertain, the likeliest ids, computed again from the weights themselves.

enum { REFINED = 32 };
/// Ids whose logit is further below the best of their group are not worth a look: e^-12 of its probability.
#define REFINED_DEPTH 12.0f

/// x[width] . row `id` of the table, in float32.
INLINE float exact_logit(const stapes_refine_arguments *a, const float *x, int64_t id) {
  int64_t whole = a->width - a->width % LANES, from = id * a->width;
  vf sum = vf_splat(0);
  for (int64_t i = 0; i < whole; i += LANES) {
    float values[LANES];
    row_to_float(a->table, a->table_type, from + i, LANES, values);
    sum += vf_load(x + i) * vf_load(values);
  }
  float total = vf_sum(sum);
  for (int64_t i = whole; i < a->width; i++) {
    float value;
    row_to_float(a->table, a->table_type, from + i, 1, &value);
    total += x[i] * value;
  }
  return total;
}

static void LEVEL(refine)(const void *arguments, int thread, int threads) {
  const stapes_refine_arguments *a = arguments;
  int64_t first, last;
  share(a->rows * STAPES_REFINED_GROUPS, thread, threads, &first, &last);
  for (int64_t item = first; item < last; item++) {
    int64_t row = item / STAPES_REFINED_GROUPS, group = item % STAPES_REFINED_GROUPS;
    float *logits = a->logits + row * a->logits_stride;
    float values[REFINED];
    int32_t ids[REFINED];
    likeliest(logits, group == 0 ? 0 : a->group_ends[group - 1], a->group_ends[group], REFINED, values, ids);
    for (int i = 0; i < REFINED && ids[i] >= 0 && values[i] > values[0] - REFINED_DEPTH; i++)
      logits[ids[i]] = exact_logit(a, a->inputs + row * a->input_stride, ids[i]);
  }
}
