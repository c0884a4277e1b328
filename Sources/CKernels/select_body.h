// The decoding rules on the device: the twin of `GreedyRule` in StapesDecoding.

INLINE void fill(float *logits, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) logits[i] = -INFINITY;
}

/// What is not a number never counts: a comparison with it fails, so it has to stand on the side that then loses.
INLINE float maximum_of(const float *x, int64_t begin, int64_t end) {
  vf best = vf_splat(-INFINITY);
  int64_t i = begin;
  for (; i + LANES <= end; i += LANES) best = vf_max(vf_load(x + i), best);
  float maximum = vf_maximum(best);
  for (; i < end; i++) maximum = x[i] > maximum ? x[i] : maximum;
  return maximum;
}

/// Sum of exp(x - maximum) over [begin, end).
INLINE float exponential_sum(const float *x, int64_t begin, int64_t end, float maximum) {
  vf total = vf_splat(0);
  int64_t i = begin;
  for (; i + LANES <= end; i += LANES) total += vf_exp(vf_load(x + i) - maximum);
  float sum = vf_sum(total);
  for (; i < end; i++) sum += x[i] == x[i] ? expf(x[i] - maximum) : 0;
  return sum;
}

static void LEVEL(select)(const void *arguments, int thread, int threads) {
  const stapes_select_arguments *a = arguments;
  int64_t begin, end;
  share(a->rows, thread, threads, &begin, &end);
  for (int64_t row = begin; row < end; row++) {
    const stapes_row_rules *rules = a->rules + row;
    float *logits = a->logits + row * a->logits_stride;
    for (int range = 0; range < rules->range_count; range++)
      fill(logits, rules->range_begin[range],
           rules->range_end[range] < a->vocabulary ? rules->range_end[range] : a->vocabulary);
    if (rules->suppress_list > 0) {
      const uint64_t *words = a->suppressed + (rules->suppress_list - 1) * a->suppressed_stride;
      for (int64_t w = 0; w < a->suppressed_stride; w++)
        for (uint64_t bits = words[w]; bits; bits &= bits - 1) {
          int64_t id = w * 64 + __builtin_ctzll(bits);
          if (id < a->vocabulary) logits[id] = -INFINITY;
        }
    }

    float text = maximum_of(logits, 0, a->timestamp_begin);
    float stamps = maximum_of(logits, a->timestamp_begin, a->vocabulary);
    float stamps_total = 0;
    bool only_stamps = false;
    if (stamps > -INFINITY) stamps_total = exponential_sum(logits, a->timestamp_begin, a->vocabulary, stamps);
    if (rules->timestamp_mass_rule && stamps > -INFINITY && stamps + logf(stamps_total) > text) {
      fill(logits, 0, a->timestamp_begin);
      only_stamps = true;
    }

    float best = only_stamps || stamps > text ? stamps : text;
    float total = stamps_total > 0 ? stamps_total * expf(stamps - best) : 0;
    if (!only_stamps && text > -INFINITY) total += exponential_sum(logits, 0, a->timestamp_begin, best);
    int32_t token = -1;
    if (best > -INFINITY && best < INFINITY)
      for (int64_t i = only_stamps ? a->timestamp_begin : 0; i < a->vocabulary; i++)
        if (logits[i] == best) {
          token = (int32_t)i;
          break;
        }
    a->tokens[row] = token;
    a->log_probabilities[row] = token < 0 ? -INFINITY : -logf(total);
  }
}
