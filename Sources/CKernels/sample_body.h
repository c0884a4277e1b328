// Drawing a token at a temperature: the twin of `SamplingRule` in StapesDecoding.

enum { SAMPLE_CHUNKS = 64 };

/// Philox 4x32-10 (Salmon et al., 2011) with the seed as its key and `step` as its counter, as a number in [0, 1).
/// The number depends on nothing else, so no state of a generator has to be kept, moved or padded.
INLINE double uniform(uint64_t seed, uint32_t step) {
  uint32_t x[4] = {step, 0, 0, 0};
  uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xD2511F53u * x[0], b = (uint64_t)0xCD9E8D57u * x[2];
    uint32_t y[4] = {(uint32_t)(b >> 32) ^ x[1] ^ key0, (uint32_t)b, (uint32_t)(a >> 32) ^ x[3] ^ key1, (uint32_t)a};
    memcpy(x, y, sizeof x);
    key0 += 0x9E3779B9u, key1 += 0xBB67AE85u;
  }
  return (double)((uint64_t)x[0] << 21 | x[1] >> 11) * 0x1p-53;
}

/// Sum of exp((x - maximum) / temperature) over [begin, end).
INLINE float tempered_sum(const float *x, int64_t begin, int64_t end, float maximum, float inverse) {
  vf total = vf_splat(0);
  int64_t i = begin;
  for (; i + LANES <= end; i += LANES) total += vf_exp((vf_load(x + i) - maximum) * inverse);
  float sum = vf_sum(total);
  for (; i < end; i++) sum += x[i] == x[i] ? expf((x[i] - maximum) * inverse) : 0;
  return sum;
}

/// The id at which the distribution of the masked `logits`, summed up in the order of ids, passes `share` of its whole.
/// Sums of chunks come first, so that only one chunk is gone through id by id.
INLINE int32_t drawn(const float *logits, int64_t vocabulary, float maximum, float temperature, double share) {
  float inverse = 1 / temperature;
  int64_t width = (vocabulary + SAMPLE_CHUNKS - 1) / SAMPLE_CHUNKS;
  float sums[SAMPLE_CHUNKS];
  double whole = 0;
  int chunks = 0;
  for (int64_t begin = 0; begin < vocabulary; begin += width, chunks++) {
    int64_t end = begin + width < vocabulary ? begin + width : vocabulary;
    sums[chunks] = tempered_sum(logits, begin, end, maximum, inverse);
    whole += (double)sums[chunks];
  }
  double left = share * whole;
  // The chunk that holds the share; never one without weight, which rounding at the end could lead to.
  int chunk = 0;
  bool found = false;
  for (int i = 0; i < chunks && !found; i++) {
    if (sums[i] <= 0) continue;
    chunk = i;
    found = left < (double)sums[i];
    if (!found) left -= (double)sums[i];
  }
  if (!found) left = (double)INFINITY;
  // Past the last id, by rounding, the last one that has any weight is taken.
  int32_t last = -1;
  for (int64_t begin = chunk * width; begin < vocabulary && (last < 0 || begin < (chunk + 1) * width); begin++) {
    float weight = logits[begin] == logits[begin] ? expf((logits[begin] - maximum) * inverse) : 0;
    if (weight <= 0) continue;
    last = (int32_t)begin;
    left -= (double)weight;
    if (left < 0) break;
  }
  return last;
}
