// select against the CPU's own kernel (cpu_select.c), token_probability against double precision.
#include "check.h"

#include "select.cu"
#include "token_probability.cu"

using check::array;
using check::in_every_order;
using check::launch;
using check::Random;
using check::same_bits;

extern "C" void stapes_cpu_select(const stapes_select_arguments *arguments);

/// A vocabulary: text, special ids, stamps.
struct vocabulary {
  int size, end_of_text, timestamp_begin;
};

/// Rows with rules, states and logits.
struct rows {
  vocabulary ids;
  int count, history_stride;
  int64_t stride, words;
  array<float> logits;
  array<int32_t> seats, history, tokens, candidates;
  array<stapes_sampling_rules> rules;
  array<stapes_sampling_state> states;
  array<uint64_t> suppressed;
  array<float> log_probabilities, candidate_log_probabilities;

  rows(vocabulary ids, int count, Random &random) : ids(ids), count(count), history_stride(40) {
    stride = ids.size + random.below(4);
    words = (ids.size + 63) / 64;
    logits.assign(size_t(stride * count), NAN);
    rules.resize(size_t(count) + 1);
    states.resize(size_t(count) + 1);
    history.assign(size_t((count + 1) * history_stride), 0);
    suppressed.assign(size_t((count + 1) * words), 0);
    for (int s = 1; s <= count; s++) seats.push_back(s);
    std::shuffle(seats.begin(), seats.end(), random.engine);
    for (int r = 0; r < count; r++) {
      if (random.chance(0.05)) seats[r] = 0;
      fill_logits(r, random);
    }
    for (int s = 1; s <= count; s++) fill_seat(s, random);
    // What is not written stays.
    tokens.assign(size_t(count), -7);
    log_probabilities.assign(size_t(count), -7);
    candidates.assign(size_t(count * STAPES_CANDIDATES), -7);
    candidate_log_probabilities.assign(size_t(count * STAPES_CANDIDATES), -7);
  }

  void fill_logits(int row, Random &random) {
    float *x = logits.data() + row * stride;
    const double spread = random.chance(0.3) ? 25 : random.chance(0.5) ? 6 : 1;
    // Steps of a quarter give many equals.
    const bool coarse = random.chance(0.4), holes = random.chance(0.3);
    const double stamps = random.within(-8, 8);
    for (int i = 0; i < ids.size; i++) {
      double value = random.within(-spread, spread) + (i >= ids.timestamp_begin ? stamps : 0);
      x[i] = float(coarse ? std::floor(value * 4) / 4 : value);
      if (holes && random.chance(0.2)) x[i] = random.chance(0.5) ? NAN : -INFINITY;
    }
    if (random.chance(0.02)) std::fill_n(x, ids.size, random.chance(0.5) ? -INFINITY : NAN);
    if (random.chance(0.02)) std::fill_n(x, ids.size, 3.0f);
  }

  int text(Random &random) const {
    // Few different ones, so that runs come again.
    return random.chance(0.8) ? random.below(std::min(4, ids.end_of_text)) : random.below(ids.end_of_text);
  }
  int stamp(Random &random) const { return ids.timestamp_begin + random.below(ids.size - ids.timestamp_begin); }

  void fill_seat(int s, Random &random) {
    stapes_sampling_rules &r = rules[s];
    r = {};
    r.seed = random.engine();
    r.temperature = random.chance(0.4) ? float(random.within(0.1, 1.2)) : 0;
    r.end_of_text = ids.end_of_text;
    r.blank = random.chance(0.2) ? -1 : random.below(ids.end_of_text);
    r.no_timestamps = ids.timestamp_begin - 1;
    r.timestamps = random.chance(0.6);
    r.last_initial_timestamp = std::min(ids.size - 1, ids.timestamp_begin + random.below(60));
    r.last_timestamp = random.chance(0.5) ? ids.size - 1 : stamp(random);
    r.suppresses_blank = random.chance(0.5);
    r.suppresses_list = random.chance(0.5);
    r.candidates = random.chance(0.4) ? 1 + random.below(STAPES_CANDIDATES) : 0;
    r.repetition_penalty = random.chance(0.3) ? float(random.within(0.8, 1.6)) : random.below(2);
    r.unrepeated_run = random.chance(0.3) ? 1 + random.below(3) : 0;
    for (int64_t w = 0; w < words; w++)
      if (random.chance(0.3)) suppressed[s * words + w] = random.engine() & random.engine() & random.engine();
    stapes_sampling_state &state = states[s];
    state = {};
    state.count = random.chance(0.25) ? 0 : 1 + random.below(history_stride + 1);
    if (state.count == 0) return;
    int32_t *sampled = history.data() + s * history_stride;
    // The CPU's rules about all ids look at as many as were counted.
    if (state.count > history_stride) r.repetition_penalty = 0, r.unrepeated_run = 0;
    for (int i = 0; i < std::min(state.count, history_stride); i++)
      sampled[i] = r.timestamps && random.chance(0.2) ? stamp(random) : text(random);
    state.token = random.chance(0.5) ? text(random) : stamp(random);
    state.follows_text = random.chance(0.5);
    state.last_timestamp = random.chance(0.6) ? stamp(random) : 0;
  }

  stapes_select_arguments arguments() {
    return {logits.data(),      seats.data(),      rules.data(),
            states.data(),      history.data(),    suppressed.data(),
            tokens.data(),      log_probabilities.data(), candidates.data(),
            candidate_log_probabilities.data(), count, ids.size, stride, words, history_stride, ids.timestamp_begin};
  }
};

static double philox(uint64_t seed, uint32_t step) {
  uint32_t x[4] = {step, 0, 0, 0}, key[2] = {uint32_t(seed), uint32_t(seed >> 32)};
  for (int round = 0; round < 10; round++, key[0] += 0x9E3779B9u, key[1] += 0xBB67AE85u) {
    const uint64_t a = uint64_t(0xD2511F53u) * x[0], b = uint64_t(0xCD9E8D57u) * x[2];
    const uint32_t y[4] = {uint32_t(b >> 32) ^ x[1] ^ key[0], uint32_t(b), uint32_t(a >> 32) ^ x[3] ^ key[1],
                           uint32_t(a)};
    memcpy(x, y, sizeof x);
  }
  return double((uint64_t(x[0]) << 21) | (x[1] >> 11)) * 0x1p-53;
}

/// How far the draw of a row is from going to another id than `token`, as a share of the whole; negative if it should.
/// `logits` are masked.
static double margin(const float *logits, int size, const stapes_sampling_rules &rules, int count, int token) {
  double best = -INFINITY, whole = 0, before = 0;
  for (int i = 0; i < size; i++)
    if (logits[i] > best) best = logits[i];
  auto weight = [&](int i) { return logits[i] == logits[i] ? exp((double(logits[i]) - best) / rules.temperature) : 0; };
  for (int i = 0; i < size; i++) whole += weight(i);
  for (int i = 0; i < token; i++) before += weight(i);
  const double share = philox(rules.seed, uint32_t(count));
  return std::min(share - before / whole, (before + weight(token)) / whole - share);
}

/// How near an edge a draw may fall for rounding to send it elsewhere. A GPU's exponentials are approximations.
static double edge_width() { return 2e-6 * check::on_gpu(4); }

static int draws = 0, chosen = 0, forgiven = 0;

static void compare(vocabulary ids, int count, uint64_t seed, bool every_order) {
  Random random(seed);
  const rows start(ids, count, random);
  rows cpu = start;
  const stapes_select_arguments on_cpu = cpu.arguments();
  stapes_cpu_select(&on_cpu);

  rows device = start;
  auto run = [&] {
    device = start;
    launch("select", device.arguments(), stapes_cuda_shape_select);
    array<float> bits(device.log_probabilities);
    bits.insert(bits.end(), device.candidate_log_probabilities.begin(), device.candidate_log_probabilities.end());
    for (int32_t token : device.tokens) bits.push_back(float(token));
    for (int32_t token : device.candidates) bits.push_back(float(token));
    for (const auto &state : device.states) bits.push_back(float(state.token) + float(state.count) * 0.001f);
    return bits;
  };
  if (every_order)
    in_every_order<float>("select", run);
  else
    run();

  for (int row = 0; row < count; row++) {
    const int seat = start.seats[row];
    const stapes_sampling_rules &rules = start.rules[seat];
    const int wanted = cpu.tokens[row], got = device.tokens[row];
    const auto where = [&] {
      static char text[200];
      snprintf(text, sizeof text, "vocabulary %d, seed %d, row %d, temperature %g, candidates %d, stamps %d", ids.size,
               int(seed), row, double(rules.temperature), rules.candidates, rules.timestamps);
      return text;
    };
    const bool is_draw = seat != 0 && rules.temperature > 0 && wanted >= 0;
    draws += is_draw, chosen += seat != 0 && wanted >= 0;
    if (is_draw) {
      // What the CPU has masked; a difference is forgiven where the draw falls on an edge but for rounding.
      const double far = got < 0 ? -1
                                 : margin(cpu.logits.data() + row * cpu.stride, ids.size, rules,
                                          start.states[seat].count, got);
      const bool is_near = CHECK(far > -edge_width(), "%s: drew %d, the CPU %d, off by %g", where(), got, wanted, far);
      if (!is_near || got != wanted) {
        forgiven += got != wanted;
        continue;
      }
    } else if (!CHECK(got == wanted, "%s: chose %d, the CPU %d", where(), got, wanted)) {
      continue;
    }
    const auto near = [](float a, float b) { return check::is_close(a, b, 1e-4); };
    CHECK(near(device.log_probabilities[row], cpu.log_probabilities[row]), "%s: log probability %g is not %g", where(),
           double(device.log_probabilities[row]), double(cpu.log_probabilities[row]));
    for (int i = row * STAPES_CANDIDATES; i < (row + 1) * STAPES_CANDIDATES; i++) {
      CHECK(device.candidates[i] == cpu.candidates[i], "%s: candidate %d is %d, not %d", where(),
             i % STAPES_CANDIDATES, device.candidates[i], cpu.candidates[i]);
      CHECK(near(device.candidate_log_probabilities[i], cpu.candidate_log_probabilities[i]),
             "%s: candidate %d has %g, not %g", where(), i % STAPES_CANDIDATES,
             double(device.candidate_log_probabilities[i]), double(cpu.candidate_log_probabilities[i]));
    }
    CHECK(memcmp(&device.states[seat], &cpu.states[seat], sizeof(stapes_sampling_state)) == 0, "%s: other state",
           where());
    CHECK(memcmp(device.history.data() + seat * start.history_stride, cpu.history.data() + seat * start.history_stride,
                  size_t(start.history_stride) * 4) == 0,
           "%s: other history", where());
  }
}

/// A row's bits must not depend on where it stands, rows of an odd number of ids least of all.
static void places() {
  const vocabulary ids = {1603, 1000, 1100};
  Random random(5);
  rows start(ids, 7, random);
  start.stride = ids.size;
  array<float> row(start.logits.begin(), start.logits.begin() + ids.size);
  for (float &x : row) x = float(random.within(-5, 5));
  start.rules[1] = {};
  start.rules[1].candidates = 5;
  start.rules[1].temperature = 0.7f;
  start.states[1] = {};
  array<float> first;
  for (int place = 0; place < 7; place++) {
    rows here = start;
    std::copy(row.begin(), row.end(), here.logits.begin() + place * ids.size);
    here.seats.assign(7, 0);
    here.seats[place] = 1;
    launch("select", here.arguments(), stapes_cuda_shape_select);
    array<float> bits(here.candidate_log_probabilities.begin() + place * STAPES_CANDIDATES,
                            here.candidate_log_probabilities.begin() + place * STAPES_CANDIDATES + 5);
    bits.push_back(here.log_probabilities[place]);
    bits.push_back(float(here.tokens[place]));
    if (place == 0) first = bits;
    CHECK(same_bits(first, bits), "select: other bits in row %d", place);
  }
}

static void probabilities(int limit, int64_t stride, int count) {
  Random random(1000 + limit);
  array<float> logits(size_t(stride * count));
  for (float &x : logits) x = random.chance(0.01) ? -INFINITY : float(random.within(-9, 9));
  array<int32_t> tokens;
  for (int r = 0; r < count; r++) tokens.push_back(r % 3 == 2 ? limit + r : random.below(limit));
  for (int r = 0; r < count; r += 3) logits[r * stride + tokens[r]] = 12;
  const auto got = in_every_order<float>("token_probability", [&] {
    array<float> output(size_t(count), NAN);
    stapes_token_probability_arguments a = {logits.data(), tokens.data(), output.data(), count, stride, limit};
    launch("token_probability", a, stapes_cuda_shape_token_probability);
    return output;
  });
  for (int r = 0; r < count; r++) {
    double total = 0;
    for (int i = 0; i < limit; i++) total += exp(double(logits[r * stride + i]));
    const double truth = tokens[r] < limit ? exp(double(logits[r * stride + tokens[r]])) / total : 0;
    CHECK(check::is_close(got[r], truth, 1e-5 * truth), "token_probability: row %d of %d ids: %g is not %g", r, limit,
           double(got[r]), truth);
  }
}

int main(int count, char **arguments) {
  check::begin("select", count, arguments);
  for (uint64_t seed = 0; seed < 60; seed++) compare({200, 140, 150}, 24, seed, seed % 10 == 0);
  for (uint64_t seed = 100; seed < 120; seed++) compare({67, 33, 50}, 24, seed, false);
  for (uint64_t seed = 200; seed < 230; seed++) compare({2500, 1800, 1900}, 24, seed, seed % 10 == 0);
  // Vocabularies of the models: English, multilingual, large-v3.
  for (uint64_t seed = 300; seed < 304; seed++) {
    compare({51864, 50256, 50363}, 8, seed, seed == 300);
    compare({51865, 50257, 50364}, 8, seed, false);
    compare({51866, 50257, 50365}, 8, seed, false);
  }
  places();
  for (int limit : {1, 31, 32, 33, 1023, 1024, 1025, 50257}) probabilities(limit, limit + 10, 6);
  printf("%d tokens chosen, %d of them drawn, %d of these on an edge\n", chosen, draws, forgiven);
  CHECK(forgiven < 4 * check::on_gpu(4), "too many draws on an edge");
  return check::finish();
}
