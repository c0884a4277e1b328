// The decoding rules on the device: the twin of `LogitRules` and `GreedyRule` in StapesDecoding.

INLINE void fill(float *logits, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) logits[i] = -INFINITY;
}

INLINE void forbid(float *logits, int64_t id) {
  if (id >= 0) logits[id] = -INFINITY;
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

/// The filters that look at the tokens alone, in the order of `LogitRules`.
INLINE void mask(float *logits, const stapes_sampling_rules *rules, const stapes_sampling_state *state,
                 const int32_t *history, const uint64_t *suppressed, const stapes_select_arguments *a) {
  if (rules->repetition_penalty > 0 && rules->repetition_penalty != 1)
    penalise(logits, history, state->count, rules->repetition_penalty);
  if (rules->unrepeated_run > 0) forbid_repeated(logits, history, state->count, rules->unrepeated_run);
  if (rules->suppresses_blank && state->count == 0) {
    forbid(logits, rules->blank);
    forbid(logits, rules->end_of_text);
  }
  if (rules->suppresses_list)
    for (int64_t w = 0; w < a->suppressed_stride; w++)
      for (uint64_t bits = suppressed[w]; bits; bits &= bits - 1) {
        int64_t id = w * 64 + __builtin_ctzll(bits);
        if (id < a->vocabulary) logits[id] = -INFINITY;
      }
  if (!rules->timestamps) return;
  forbid(logits, rules->no_timestamps);
  bool is_stamp = state->count > 0 && state->token >= a->timestamp_begin;
  bool closes = is_stamp && state->follows_text;
  if (closes)
    fill(logits, 0, rules->end_of_text);
  else if (is_stamp)
    fill(logits, a->timestamp_begin, a->vocabulary);
  // Only the opening stamp of the next segment may repeat the closing stamp of the one before.
  if (state->last_timestamp > 0)
    fill(logits, a->timestamp_begin, closes ? state->last_timestamp : state->last_timestamp + 1);
  fill(logits, (int64_t)rules->last_timestamp + 1, a->vocabulary);
  if (state->count == 0) {
    fill(logits, 0, a->timestamp_begin);
    fill(logits, (int64_t)rules->last_initial_timestamp + 1, a->vocabulary);
  }
}

/// The first id of the value `best`.
INLINE int32_t first_of(const float *logits, int64_t begin, int64_t end, float best) {
  for (int64_t i = begin; i < end; i++)
    if (logits[i] == best) return (int32_t)i;
  return -1;
}

/// The `count` likeliest ids of [begin, end) and their logits, the lowest id first among equals; -1 where there are no
/// more.
INLINE void likeliest(const float *logits, int64_t begin, int64_t end, int count, float *values, int32_t *ids) {
  for (int i = 0; i < count; i++) {
    values[i] = -INFINITY;
    ids[i] = -1;
  }
  enum { BLOCK = 64 };
  for (int64_t first = begin; first < end; first += BLOCK) {
    int64_t last = first + BLOCK < end ? first + BLOCK : end;
    if (!(maximum_of(logits, first, last) > values[count - 1])) continue;
    for (int64_t id = first; id < last; id++) {
      if (!(logits[id] > values[count - 1])) continue;
      int place = count - 1;
      for (; place > 0 && logits[id] > values[place - 1]; place--) {
        values[place] = values[place - 1];
        ids[place] = ids[place - 1];
      }
      values[place] = logits[id];
      ids[place] = (int32_t)id;
    }
  }
}

static void LEVEL(select)(const void *arguments, int thread, int threads) {
  const stapes_select_arguments *a = arguments;
  int64_t begin, end;
  share(a->rows, thread, threads, &begin, &end);
  for (int64_t row = begin; row < end; row++) {
    int64_t seat = a->seats[row];
    if (seat == 0) {
      a->tokens[row] = 0;
      a->log_probabilities[row] = 0;
      continue;
    }
    const stapes_sampling_rules *rules = a->rules + seat;
    stapes_sampling_state *state = a->states + seat;
    float *logits = a->logits + row * a->logits_stride;
    int32_t *history = a->history + seat * a->history_stride;
    mask(logits, rules, state, history, a->suppressed + seat * a->suppressed_stride, a);

    float text = maximum_of(logits, 0, a->timestamp_begin);
    float stamps = maximum_of(logits, a->timestamp_begin, a->vocabulary);
    float stamps_total = 0;
    bool only_stamps = false;
    if (stamps > -INFINITY) stamps_total = exponential_sum(logits, a->timestamp_begin, a->vocabulary, stamps);
    // When the stamps together are likelier than the likeliest text, only a stamp may come.
    if (rules->timestamps && stamps > -INFINITY && stamps + logf(stamps_total) > text) {
      fill(logits, 0, a->timestamp_begin);
      only_stamps = true;
    }

    float best = only_stamps || stamps > text ? stamps : text;
    float total = stamps_total > 0 ? stamps_total * expf(stamps - best) : 0;
    if (!only_stamps && text > -INFINITY) total += exponential_sum(logits, 0, a->timestamp_begin, best);
    int32_t token = -1;
    if (best > -INFINITY && best < INFINITY) {
      if (rules->temperature > 0)
        token = drawn(logits, a->vocabulary, best, rules->temperature, uniform(rules->seed, (uint32_t)state->count));
      else
        token = first_of(logits, only_stamps ? a->timestamp_begin : 0, a->vocabulary, best);
    }
    a->tokens[row] = token;
    a->log_probabilities[row] = token < 0 ? -INFINITY : logits[token] - best - logf(total);
    if (rules->candidates > 0) {
      int32_t *ids = a->candidates + row * STAPES_CANDIDATES;
      float values[STAPES_CANDIDATES];
      likeliest(logits, 0, a->vocabulary, rules->candidates, values, ids);
      for (int i = 0; i < rules->candidates; i++)
        a->candidate_log_probabilities[row * STAPES_CANDIDATES + i] =
            ids[i] < 0 ? -INFINITY : logits[ids[i]] - best - logf(total);
      continue;
    }
    if (token < 0) continue;
    if (state->count < a->history_stride) history[state->count] = token;
    state->follows_text = state->count > 0 && state->token < a->timestamp_begin;
    if (token >= a->timestamp_begin) state->last_timestamp = token;
    state->token = token;
    state->count++;
  }
}

static void LEVEL(feed)(const void *arguments, int thread, int threads) {
  const stapes_feed_arguments *a = arguments;
  int64_t begin, end;
  share(a->rows, thread, threads, &begin, &end);
  for (int64_t row = begin; row < end; row++) a->tokens[row] = a->states[a->seats[row]].token;
}
