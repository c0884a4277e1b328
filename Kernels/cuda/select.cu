// The choice of the next token under a row's rules: a block for a row.
//
// Single ids that the rules change are changed in memory. Whole ranges are left out of what is looked at instead: text
// is [text_begin, text_end), stamps are [stamps_begin, stamps_end). One pass over both gives their likeliest and their
// sums; a temperature, and candidates, take one more.
#include "row_sums.cuh"

namespace choice {

constexpr unsigned all_lanes = 0xffffffff;
/// Ids of a section: what a warp sums up before the share of a draw is looked for, and where candidates are looked for.
constexpr int section_ids = 64;

struct ranges {
  int text_begin, text_end, stamps_begin, stamps_end;

  __device__ __forceinline__ bool hold(int id) const {
    return (id >= text_begin && id < text_end) || (id >= stamps_begin && id < stamps_end);
  }
};

/// What the warps tell each other. A float for each section follows.
struct shared_row {
  row_sum text[row_warps], stamps[row_warps];
  int firsts[row_warps];
};
constexpr int shared_row_bytes = 1024;
static_assert(sizeof(shared_row) <= shared_row_bytes, "the shape says so");
/// Sections that a warp works on at once.
constexpr int sections_at_once = 8;

/// An id of the row, and -inf where it does not count.
__device__ __forceinline__ float logit(const float *logits, const ranges &ranges, int id) {
  return ranges.hold(id) ? fmaxf(logits[id], -INFINITY) : -INFINITY;
}

/// CTranslate2's RepetitionPenalty: an id counts once however often it came.
__device__ __forceinline__ void penalise(float *logits, const int32_t *history, int count, int vocabulary,
                                         float penalty) {
  for (int i = threadIdx.x; i < count; i += row_threads) {
    const int id = history[i];
    bool seen = id < 0 || id >= vocabulary;
    for (int j = 0; j < i && !seen; j++) seen = history[j] == id;
    if (seen) continue;
    const float x = logits[id];
    logits[id] = x < 0 ? x * penalty : x / penalty;
  }
}

/// CTranslate2's NoRepeatNgram: forbids every id that would complete a run of `run` ids that came before.
__device__ __forceinline__ void forbid_repeated(float *logits, const int32_t *history, int count, int vocabulary,
                                                int run) {
  const int context = run - 1;
  for (int first = threadIdx.x; first + context < count; first += row_threads) {
    bool same = true;
    for (int i = 0; i < context && same; i++) same = history[first + i] == history[count - context + i];
    const int id = history[first + context];
    if (same && id >= 0 && id < vocabulary) logits[id] = -INFINITY;
  }
}

__device__ __forceinline__ void forbid(float *logits, int id, int vocabulary) {
  if (id >= 0 && id < vocabulary) logits[id] = -INFINITY;
}

/// Rules about single ids but for the two above.
__device__ __forceinline__ void forbid_single(float *logits, const stapes_sampling_rules &rules, int count,
                                              const uint64_t *suppressed, const stapes_select_arguments &a) {
  const int vocabulary = static_cast<int>(a.vocabulary);
  if (rules.suppresses_list)
    for (int word = threadIdx.x; word < a.suppressed_stride; word += row_threads)
      for (uint64_t bits = suppressed[word]; bits; bits &= bits - 1)
        forbid(logits, word * 64 + __ffsll(static_cast<long long>(bits)) - 1, vocabulary);
  if (threadIdx.x != 0) return;
  if (rules.suppresses_blank && count == 0) {
    forbid(logits, rules.blank, vocabulary);
    forbid(logits, rules.end_of_text, vocabulary);
  }
  if (rules.timestamps) forbid(logits, rules.no_timestamps, vocabulary);
}

/// Rules about whole ranges of ids.
__device__ __forceinline__ ranges allowed(const stapes_sampling_rules &rules, const stapes_sampling_state &state,
                                          const stapes_select_arguments &a) {
  const int vocabulary = static_cast<int>(a.vocabulary);
  int begin = 0, stamps_begin = a.timestamp_begin, end = vocabulary;
  if (rules.timestamps) {
    const bool is_stamp = state.count > 0 && state.token >= a.timestamp_begin;
    const bool closes = is_stamp && state.follows_text;
    if (closes)
      begin = rules.end_of_text;
    else if (is_stamp)
      stamps_begin = vocabulary;
    // Only the opening stamp of the next segment may repeat the closing stamp of the one before.
    if (state.last_timestamp > 0) stamps_begin = max(stamps_begin, state.last_timestamp + (closes ? 0 : 1));
    if (rules.last_timestamp < end) end = max(rules.last_timestamp + 1, 0);
    if (state.count == 0) {
      begin = max(begin, a.timestamp_begin);
      if (rules.last_initial_timestamp < end) end = max(rules.last_initial_timestamp + 1, 0);
    }
  }
  ranges result;
  result.text_begin = begin, result.text_end = min(a.timestamp_begin, end);
  result.stamps_begin = max(stamps_begin, begin), result.stamps_end = end;
  return result;
}

/// Philox 4x32-10 (Salmon et al., 2011) with the seed as its key and `step` as its counter, as a number in [0, 1).
__device__ __forceinline__ double uniform(uint64_t seed, uint32_t step) {
  uint32_t x[4] = {step, 0, 0, 0};
  uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
#pragma unroll 1
  for (int round = 0; round < 10; round++) {
    const uint64_t a = static_cast<uint64_t>(0xD2511F53u) * x[0], b = static_cast<uint64_t>(0xCD9E8D57u) * x[2];
    const uint32_t high_a = static_cast<uint32_t>(a >> 32), high_b = static_cast<uint32_t>(b >> 32);
    x[0] = high_b ^ x[1] ^ key0, x[2] = high_a ^ x[3] ^ key1;
    x[1] = static_cast<uint32_t>(b), x[3] = static_cast<uint32_t>(a);
    key0 += 0x9E3779B9u, key1 += 0xBB67AE85u;
  }
  return static_cast<double>(static_cast<uint64_t>(x[0]) << 21 | x[1] >> 11) * 0x1p-53;
}

__device__ __forceinline__ double shuffled_up(double x, int by) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  const uint32_t low = __shfl_up_sync(all_lanes, static_cast<uint32_t>(bits), by);
  const uint32_t high = __shfl_up_sync(all_lanes, static_cast<uint32_t>(bits >> 32), by);
  bits = static_cast<uint64_t>(high) << 32 | low;
  memcpy(&x, &bits, 8);
  return x;
}

__device__ __forceinline__ double shuffled(double x, int from) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  const uint32_t low = __shfl_sync(all_lanes, static_cast<uint32_t>(bits), from);
  const uint32_t high = __shfl_sync(all_lanes, static_cast<uint32_t>(bits >> 32), from);
  bits = static_cast<uint64_t>(high) << 32 | low;
  memcpy(&x, &bits, 8);
  return x;
}

/// The sum of the lanes up to this one.
__device__ __forceinline__ double running_sum(double x) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int by = 1; by < 32; by *= 2) {
    const double before = shuffled_up(x, by);
    if (lane >= by) x += before;
  }
  return x;
}

/// An id's weight at a temperature.
__device__ __forceinline__ float weight(const float *logits, const ranges &ranges, int id, float maximum,
                                        float inverse) {
  const float x = logit(logits, ranges, id);
  return x == -INFINITY ? 0.0f : expf((x - maximum) * inverse);
}

/// The weights of each section, by all warps.
__device__ __forceinline__ void sum_sections(float *sections, const float *logits, const ranges &ranges, int count,
                                             float maximum, float inverse) {
  const int lane = threadIdx.x % 32;
  for (int base = threadIdx.x / 32; base < count; base += row_warps * sections_at_once) {
    float sums[sections_at_once];
#pragma unroll
    for (int i = 0; i < sections_at_once; i++) {
      const int id = (base + i * row_warps) * section_ids + lane;
      sums[i] = weight(logits, ranges, id, maximum, inverse) + weight(logits, ranges, id + 32, maximum, inverse);
    }
#pragma unroll
    for (int bits = 16; bits > 0; bits /= 2)
#pragma unroll
      for (int i = 0; i < sections_at_once; i++) sums[i] += __shfl_xor_sync(all_lanes, sums[i], bits);
#pragma unroll
    for (int i = 0; i < sections_at_once; i++)
      if (lane == i && base + i * row_warps < count) sections[base + i * row_warps] = sums[i];
  }
}

/// The likeliest of each section, by all warps.
__device__ __forceinline__ void find_sections(float *sections, const float *logits, const ranges &ranges, int count) {
  const int lane = threadIdx.x % 32;
  for (int base = threadIdx.x / 32; base < count; base += row_warps * sections_at_once) {
    float best[sections_at_once];
#pragma unroll
    for (int i = 0; i < sections_at_once; i++) {
      const int id = (base + i * row_warps) * section_ids + lane;
      best[i] = fmaxf(logit(logits, ranges, id), logit(logits, ranges, id + 32));
    }
#pragma unroll
    for (int i = 0; i < sections_at_once; i++) best[i] = warp_greatest(best[i]);
#pragma unroll
    for (int i = 0; i < sections_at_once; i++)
      if (lane == i && base + i * row_warps < count) sections[base + i * row_warps] = best[i];
  }
}

/// The id at which the weights, summed up in the order of ids, pass `share` of their whole; by one warp. Never an id
/// without weight: past the last, by rounding, the last one that has any is taken.
__device__ __forceinline__ int drawn(const float *sections, const float *logits, const ranges &ranges, int count,
                                     float maximum, float inverse, double share) {
  const int lane = threadIdx.x % 32, each = (count + 31) / 32;
  const int begin = min(lane * each, count), end = min(begin + each, count);
  double mine = 0;
  for (int i = begin; i < end; i++) mine += static_cast<double>(sections[i]);
  const double until = running_sum(mine);
  const double target = share * shuffled(until, 31);
  // The first lane that passes the share, or the last that has any weight.
  const unsigned passing = __ballot_sync(all_lanes, target < until && mine > 0);
  const unsigned weighing = __ballot_sync(all_lanes, mine > 0);
  if (weighing == 0) return -1;
  const int owner = passing ? __ffs(static_cast<int>(passing)) - 1 : 31 - __clz(static_cast<int>(weighing));
  int section = -1;
  double left = 0;
  if (lane == owner) {
    const double before = until - mine;
    left = target - before;
    double rest = left;
    for (int i = begin; i < end; i++) {
      const double sum = static_cast<double>(sections[i]);
      if (sum <= 0) continue;
      section = i, left = rest;
      if (rest < sum) break;
      rest -= sum;
    }
  }
  section = __shfl_sync(all_lanes, section, owner);
  left = shuffled(left, owner);

  // Two ids a lane, next to each other.
  const int id = section * section_ids + lane * 2;
  const double first = static_cast<double>(weight(logits, ranges, id, maximum, inverse));
  const double second = static_cast<double>(weight(logits, ranges, id + 1, maximum, inverse));
  const double after = running_sum(first + second), between = after - second;
  const bool takes_first = first > 0 && left < between, takes_second = second > 0 && left < after;
  const unsigned taking = __ballot_sync(all_lanes, takes_first || takes_second);
  const unsigned able = __ballot_sync(all_lanes, first > 0 || second > 0);
  const int chosen = takes_first ? id : takes_second ? id + 1 : second > 0 ? id + 1 : id;
  return __shfl_sync(all_lanes, chosen, taking ? __ffs(static_cast<int>(taking)) - 1
                                               : 31 - __clz(static_cast<int>(able)));
}

/// The likeliest id that is not chosen yet, time and again, by one warp: the lowest among equals. What was chosen are
/// all ids that come before the last chosen one, so nothing else has to be remembered.
__device__ __forceinline__ void write_candidates(float *sections, const float *logits, const ranges &ranges, int count,
                                                 int wanted, float likeliest, float log_total, int32_t *ids,
                                                 float *log_probabilities) {
  const int lane = threadIdx.x % 32;
  float best = -INFINITY;
  int at = INT32_MAX;
  for (int i = lane; i < count; i += 32)
    if (sections[i] > best) best = sections[i], at = i;
  float last = INFINITY;
  int last_id = -1;
#pragma unroll 1
  for (int rank = 0; rank < wanted; rank++) {
    const float value = warp_greatest(best);
    const int section = warp_least(best == value ? at : INT32_MAX);
    if (value == -INFINITY) {
      if (lane == 0) ids[rank] = -1, log_probabilities[rank] = -INFINITY;
      continue;
    }
    const int id = section * section_ids + lane;
    float x[2] = {logit(logits, ranges, id), logit(logits, ranges, id + 32)};
    int chosen = INT32_MAX;
#pragma unroll
    for (int i = 1; i >= 0; i--) {
      const int of = id + i * 32;
      if (x[i] == value && (value < last || of > last_id)) chosen = of;
    }
    chosen = warp_least(chosen);
    last = value, last_id = chosen;
    if (lane == 0) ids[rank] = chosen, log_probabilities[rank] = value - likeliest - log_total;
    // What is left of the section.
    float left = -INFINITY;
#pragma unroll
    for (int i = 0; i < 2; i++)
      if (x[i] < last || (x[i] == last && id + i * 32 > last_id)) left = fmaxf(left, x[i]);
    left = warp_greatest(left);
    if (lane == section % 32) {
      sections[section] = left;
      best = -INFINITY, at = INT32_MAX;
      for (int i = lane; i < count; i += 32)
        if (sections[i] > best) best = sections[i], at = i;
    }
  }
}

__device__ __forceinline__ void select(const stapes_select_arguments &a) {
  const int64_t row = blockIdx.x;
  const int thread = threadIdx.x, warp = thread / 32, lane = thread % 32;
  auto &shared = *reinterpret_cast<shared_row *>(shared_memory());
  float *sections = reinterpret_cast<float *>(shared_memory() + shared_row_bytes);
  const int64_t seat = a.seats[row];
  if (seat == 0) {
    if (thread == 0) a.tokens[row] = 0, a.log_probabilities[row] = 0;
    return;
  }
  const stapes_sampling_rules &rules = a.rules[seat];
  const stapes_sampling_state state = a.states[seat];
  const int vocabulary = static_cast<int>(a.vocabulary);
  float *logits = a.logits + row * a.logits_stride;
  int32_t *history = a.history + seat * a.history_stride;
  const int sampled = state.count < a.history_stride ? state.count : static_cast<int>(a.history_stride);

  if (rules.repetition_penalty > 0 && rules.repetition_penalty != 1) {
    penalise(logits, history, sampled, vocabulary, rules.repetition_penalty);
    __syncthreads();
  }
  if (rules.unrepeated_run > 0) forbid_repeated(logits, history, sampled, vocabulary, rules.unrepeated_run);
  forbid_single(logits, rules, state.count, a.suppressed + seat * a.suppressed_stride, a);
  ranges ranges = allowed(rules, state, a);
  __syncthreads();

  const row_part of_text = sum_part(logits, ranges.text_begin, ranges.text_end);
  const row_part of_stamps = sum_part(logits, ranges.stamps_begin, ranges.stamps_end);
  {
    const row_sum text = sum_warp(of_text), stamps = sum_warp(of_stamps);
    if (lane == 0) shared.text[warp] = text, shared.stamps[warp] = stamps;
  }
  __syncthreads();
  const row_sum text = sum_warp(shared.text[lane]), stamps = sum_warp(shared.stamps[lane]);

  // When the stamps together are likelier than the likeliest text, only a stamp may come.
  const bool only_stamps = rules.timestamps && stamps.maximum > -INFINITY &&
                           stamps.maximum + logf(stamps.total) > text.maximum;
  if (only_stamps) ranges.text_end = ranges.text_begin;
  const row_sum whole = only_stamps ? stamps : text.with(stamps);
  const float best = whole.maximum;
  const bool has_choice = best > -INFINITY && best < INFINITY;
  const bool draws = rules.temperature > 0 && has_choice;
  const int count = (vocabulary + section_ids - 1) / section_ids;

  // Where the likeliest stands: in each thread that has it, then in the block.
  int first = INT32_MAX;
  if (!draws) {
    if (has_choice && of_stamps.maximum == best) first = first_of(of_stamps, logits, ranges.stamps_end, best);
    if (has_choice && !only_stamps && of_text.maximum == best) {
      const int id = first_of(of_text, logits, ranges.text_end, best);
      if (id < first) first = id;
    }
    first = warp_least(first);
    if (lane == 0) shared.firsts[warp] = first;
  } else {
    sum_sections(sections, logits, ranges, count, best, 1 / rules.temperature);
  }
  __syncthreads();
  int token = -1;
  if (warp == 0) {
    if (draws) {
      token = drawn(sections, logits, ranges, count, best, 1 / rules.temperature,
                    uniform(rules.seed, static_cast<uint32_t>(state.count)));
    } else {
      token = warp_least(shared.firsts[lane]);
      if (token == INT32_MAX) token = -1;
    }
  }
  const float log_total = logf(whole.total);
  if (thread == 0) {
    a.tokens[row] = token;
    a.log_probabilities[row] = token < 0 ? -INFINITY : logits[token] - best - log_total;
    if (rules.candidates <= 0 && token >= 0) {
      stapes_sampling_state after = state;
      if (state.count >= 0 && state.count < a.history_stride) history[state.count] = token;
      after.follows_text = state.count > 0 && state.token < a.timestamp_begin;
      if (token >= a.timestamp_begin) after.last_timestamp = token;
      after.token = token;
      after.count = state.count + 1;
      a.states[seat] = after;
    }
  }
  if (rules.candidates <= 0) return;
  // The draw above is done with the sections.
  __syncthreads();
  find_sections(sections, logits, ranges, count);
  __syncthreads();
  if (warp == 0)
    write_candidates(sections, logits, ranges, count, min(rules.candidates, STAPES_CANDIDATES), best, log_total,
                     a.candidates + row * STAPES_CANDIDATES, a.candidate_log_probabilities + row * STAPES_CANDIDATES);
}

}  // namespace choice

KERNEL(select, 1024)(const __grid_constant__ stapes_select_arguments args) {
  begin_after_predecessors();
  choice::select(args);
}
