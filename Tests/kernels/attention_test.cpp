// paged_attention and encoder_attention against loops in double precision.
#include "check.h"

#include "encoder_attention.cu"
#include "paged_attention.cu"
#include "store_kv.cu"

using check::array;
using check::in_every_order;
using check::launch;
using check::not_a_number;
using check::Random;
using check::same_bits;
using check::TypeOf;

static const int width = STAPES_HEAD_WIDTH;

/// Of what is rounded to T on its way: weights, and the output.
template <typename T>
static double tolerance() { return TypeOf<T>::value == STAPES_FLOAT16 ? 2e-3 : 1.5e-2; }

/// softmax(scale * q . k) . v of one query, in double precision.
template <typename T, typename C>
static array<double> attended(const T *query, const array<const C *> &keys,
                                    const array<const C *> &values, double scale) {
  array<double> weights(keys.size()), sums(width);
  double maximum = -INFINITY, total = 0;
  for (size_t p = 0; p < keys.size(); p++) {
    double score = 0;
    for (int d = 0; d < width; d++) score += double(to_float(query[d])) * double(to_float(keys[p][d]));
    weights[p] = score * scale;
    maximum = std::max(maximum, weights[p]);
  }
  for (double &w : weights) total += w = exp(w - maximum);
  for (size_t p = 0; p < values.size(); p++)
    for (int d = 0; d < width; d++) sums[d] += weights[p] / total * double(to_float(values[p][d]));
  return sums;
}

/// An arena of two layers' worth of room, of which a kernel sees one, and sequences in it on shuffled pages. Everything
/// that no sequence wrote is no number.
template <typename T>
struct arena {
  int heads, tiles_per_page, sequences, pages_each;
  array<T> store;
  array<int32_t> table;
  stapes_kv_layer layer;

  arena(int heads, int tiles_per_page, int sequences, int pages_each, Random &random)
      : heads(heads), tiles_per_page(tiles_per_page), sequences(sequences), pages_each(pages_each) {
    const int64_t head_stride = tiles_per_page * STAPES_TILE * width, page_stride = 4 * heads * head_stride;
    const int pages = 1 + sequences * pages_each;
    store.assign(size_t(pages) * page_stride, not_a_number<T>());
    array<int32_t> order;
    for (int p = 1; p < pages; p++) order.push_back(p);
    std::shuffle(order.begin(), order.end(), random.engine);
    table = order;
    layer = {store.data() + 2 * heads * head_stride, store.data() + 3 * heads * head_stride, page_stride, head_stride,
             tiles_per_page, heads, TypeOf<T>::value};
  }

  int slot(int sequence, int position) const {
    const int page_positions = tiles_per_page * STAPES_TILE;
    return table[sequence * pages_each + position / page_positions] * page_positions + position % page_positions;
  }
  size_t at(int sequence, int position, int head) const {
    const int page_positions = tiles_per_page * STAPES_TILE, s = slot(sequence, position);
    return size_t(s / page_positions * layer.page_stride + head * layer.head_stride + s % page_positions * width);
  }
  T *key(int sequence, int position, int head) { return static_cast<T *>(layer.keys) + at(sequence, position, head); }
  T *value(int sequence, int position, int head) {
    return static_cast<T *>(layer.values) + at(sequence, position, head);
  }
  void fill(int sequence, int length, Random &random) {
    for (int p = 0; p < length; p++)
      for (int h = 0; h < heads; h++)
        for (int d = 0; d < width; d++) {
          key(sequence, p, h)[d] = from_float<T>(float(random.within(-1, 1)));
          value(sequence, p, h)[d] = from_float<T>(float(random.within(-1, 1)));
        }
  }
};

/// Tokens that read one sequence.
struct group {
  int sequence;
  array<int> lengths;
};

/// A step: groups of tokens with a query each.
template <typename T>
struct step {
  array<group> groups;
  array<int32_t> firsts, counts, rows, lengths, slots;
  array<T> queries, new_keys, new_values;
  int64_t stride;
  int longest = 1;

  step(const array<group> &groups, int heads, double spread, Random &random) : groups(groups) {
    stride = heads * width + 8;
    for (const group &g : groups) {
      firsts.push_back(int32_t(lengths.size()));
      counts.push_back(int32_t(g.lengths.size()));
      rows.push_back(g.sequence);
      for (int length : g.lengths) {
        lengths.push_back(length);
        longest = std::max(longest, length);
      }
    }
    queries.assign(lengths.size() * stride + 8, not_a_number<T>());
    for (size_t t = 0; t < lengths.size(); t++)
      for (int d = 0; d < heads * width; d++)
        queries[t * stride + d] = from_float<T>(float(random.within(-spread, spread)));
  }

  template <typename C>
  array<T> run(arena<C> &arena, int grid_longest, bool appends = false) {
    const int64_t heads = arena.heads, count = int64_t(groups.size());
    array<T> output(lengths.size() * stride + 8, not_a_number<T>());
    array<float> partials(size_t(stapes_cuda_partial_count(count, heads, grid_longest)), NAN);
    array<unsigned> arrivals(size_t(count * heads) + 1, 0);
    stapes_cuda_attention_arguments a = {};
    a.attention = {arena.layer,    queries.data(), output.data(),       firsts.data(), counts.data(), rows.data(),
                   lengths.data(), arena.table.data(), count,           arena.pages_each, stride,     stride,
                   grid_longest,   0.125f,         TypeOf<T>::value};
    if (appends) {
      a.key = new_keys.data(), a.value = new_values.data(), a.slots = slots.data();
      a.key_stride = a.value_stride = stride;
    }
    a.partials = partials.data(), a.arrivals = arrivals.data();
    std::string name = std::string("paged_attention") + TypeOf<T>::suffix;
    if (arena.layer.type == STAPES_FLOAT8) name += TypeOf<float8_t>::suffix;
    launch(name.c_str(), a, stapes_cuda_shape_paged_attention);
    for (unsigned n : arrivals) CHECK(n == 0, "arrivals are left at %u", n);
    return output;
  }

  template <typename C>
  void check(arena<C> &arena, const array<T> &output, const char *what) const {
    size_t t = 0;
    for (const group &g : groups)
      for (int length : g.lengths) {
        for (int h = 0; h < arena.heads; h++) {
          array<const C *> keys, values;
          for (int p = 0; p < length; p++)
            keys.push_back(arena.key(g.sequence, p, h)), values.push_back(arena.value(g.sequence, p, h));
          const auto truth = attended(queries.data() + t * stride + h * width, keys, values, 0.125);
          for (int d = 0; d < width; d++) {
            const double got = double(to_float(output[t * stride + h * width + d]));
            CHECK(check::is_close(got, truth[d], tolerance<T>()),
                   "%s%s: token %zu, length %d, head %d, dimension %d: %g is not %g", what, TypeOf<T>::suffix, t,
                   length, h, d, got, truth[d]);
          }
        }
        for (int64_t d = arena.heads * width; d < stride; d++)
          CHECK(output[t * stride + d].bits == 0x7fff, "%s: wrote beside its row", what);
        t++;
      }
  }
};

template <typename T>
static array<T> row_of(const array<T> &output, int64_t stride, size_t token) {
  return array<T>(output.begin() + token * stride, output.begin() + (token + 1) * stride);
}

/// Every size of a group, lengths around the edges of tiles, warps and chunks; alone and together. The cache is of C.
template <typename T, typename C = T>
static void groups_and_lengths(int heads, int tiles_per_page, const array<int> &sequence_lengths, double spread) {
  Random random(uint64_t(heads * 1000 + tiles_per_page));
  const int most = *std::max_element(sequence_lengths.begin(), sequence_lengths.end());
  const int pages_each = (most + tiles_per_page * STAPES_TILE - 1) / (tiles_per_page * STAPES_TILE);
  arena<C> arena(heads, tiles_per_page, int(sequence_lengths.size()), pages_each, random);
  array<group> groups;
  for (size_t s = 0; s < sequence_lengths.size(); s++) {
    const int length = sequence_lengths[s], count = int(s % (STAPES_GROUP + 1));
    arena.fill(int(s), length, random);
    group g = {int(s), {}};
    // The last token sees everything, the others up to so much less.
    for (int t = 0; t < count; t++) g.lengths.push_back(std::max(1, s % 2 ? length - (count - 1 - t) : length));
    if (s % 5 == 4 && count > 1) g.lengths[0] = 1 + random.below(length);
    groups.push_back(g);
  }
  step<T> together(groups, heads, spread, random);
  const auto output =
      in_every_order<T>("paged attention", [&] { return together.run(arena, together.longest); });
  together.check(arena, output, "paged_attention");

  // A grid made for longer sequences, as a graph's is.
  CHECK(same_bits(output, together.run(arena, std::max(448, together.longest + 300))), "bits depend on the grid");

  // Each token alone has the bits that it has among others.
  size_t token = 0;
  for (size_t g = 0; g < groups.size(); g++)
    for (int length : groups[g].lengths) {
      step<T> alone({{groups[g].sequence, {length}}}, heads, spread, random);
      std::copy_n(together.queries.begin() + token * together.stride, together.stride, alone.queries.begin());
      CHECK(row_of(output, together.stride, token).size() == size_t(alone.stride), "one stride");
      CHECK(same_bits(row_of(output, together.stride, token),
                       row_of(alone.run(arena, alone.longest), alone.stride, 0)),
             "paged_attention%s: token %zu of length %d has other bits alone", TypeOf<T>::suffix, token, length);
      token++;
    }

  // What stands between the end of one token and that of another of its group does not reach the first.
  for (size_t g = 0; g < groups.size(); g++) {
    const auto &lengths = groups[g].lengths;
    if (lengths.empty()) continue;
    const int shortest = *std::min_element(lengths.begin(), lengths.end()), length = sequence_lengths[g];
    for (int p = shortest; p < length; p++)
      for (int h = 0; h < heads; h++)
        for (int d = 0; d < width; d++) arena.key(int(g), p, h)[d] = arena.value(int(g), p, h)[d] = not_a_number<C>();
  }
  const auto poisoned = together.run(arena, together.longest);
  token = 0;
  for (const group &g : groups) {
    int shortest = INT32_MAX;
    for (int length : g.lengths) shortest = std::min(shortest, length);
    for (int length : g.lengths) {
      const bool same = same_bits(row_of(output, together.stride, token), row_of(poisoned, together.stride, token));
      if (length == shortest) CHECK(same, "a later position's NaN reaches token %zu of length %d", token, length);
      else CHECK(!same, "a NaN is lost in token %zu", token);
      token++;
    }
  }
}

/// Decode: one token a group, new keys and values with it; padding groups, and padding rows on page 0.
template <typename T>
static void appends(int heads) {
  Random random(99);
  const array<int> lengths = {1, 2, 15, 16, 17, 31, 32, 33, 127, 128, 129, 256, 257, 448};
  const int sequences = int(lengths.size()), pages_each = 448 / STAPES_TILE;
  arena<T> arena(heads, 1, sequences + 2, pages_each, random);
  array<group> groups;
  for (int s = 0; s < sequences; s++) {
    arena.fill(s, lengths[s] - 1, random);
    groups.push_back({s, {lengths[s]}});
  }
  // Two rows of padding, whose page table points at page 0, which holds no numbers; and a group without tokens.
  for (int s = sequences; s < sequences + 2; s++) {
    std::fill_n(arena.table.begin() + s * pages_each, pages_each, 0);
    groups.push_back({s, {1}});
  }
  groups.push_back({0, {}});
  step<T> step(groups, heads, 2, random);
  const size_t tokens = step.lengths.size();
  step.new_keys.assign(tokens * step.stride, not_a_number<T>());
  step.new_values = step.new_keys;
  for (size_t t = 0; t < tokens; t++) {
    step.slots.push_back(t < size_t(sequences) ? arena.slot(int(t), lengths[t] - 1) : 0);
    // Rows of padding hold what they hold.
    for (int d = 0; d < heads * width && t < size_t(sequences); d++) {
      step.new_keys[t * step.stride + d] = from_float<T>(float(random.within(-1, 1)));
      step.new_values[t * step.stride + d] = from_float<T>(float(random.within(-1, 1)));
    }
  }

  const auto before = arena.store;
  const auto appended = in_every_order<T>("appending attention", [&] {
    arena.store = before;
    auto output = step.run(arena, 448, true);
    output.insert(output.end(), arena.store.begin(), arena.store.end());
    return output;
  });

  arena.store = before;
  stapes_store_kv_arguments store = {arena.layer,    step.new_keys.data(), step.new_values.data(), step.slots.data(),
                                     int64_t(tokens), step.stride,         step.stride,            TypeOf<T>::value};
  launch("store_kv", store, stapes_cuda_shape_store_kv);
  auto stored = step.run(arena, 448);
  stored.insert(stored.end(), arena.store.begin(), arena.store.end());
  CHECK(same_bits(appended, stored), "appending%s differs from storing and attending", TypeOf<T>::suffix);

  // Without the rows of padding, which attend to no numbers.
  step.groups.resize(size_t(sequences));
  step.check(arena, stored, "appending attention");

  // Other rows beside it change nothing of a row.
  for (int s = 0; s < sequences; s += 3) {
    arena.store = before;
    ::step<T> alone({{s, {lengths[s]}}}, heads, 2, random);
    std::copy_n(step.queries.begin() + s * step.stride, step.stride, alone.queries.begin());
    alone.new_keys.assign(step.new_keys.begin() + s * step.stride, step.new_keys.begin() + (s + 1) * step.stride);
    alone.new_values.assign(step.new_values.begin() + s * step.stride, step.new_values.begin() + (s + 1) * step.stride);
    alone.slots = {step.slots[s]};
    CHECK(same_bits(row_of(stored, step.stride, s), row_of(alone.run(arena, lengths[s], true), step.stride, 0)),
           "a row that appends has other bits alone");
  }
}

/// Lengths that no plan gives: of 0 there are zeros, past the pages all that the pages hold; no arrival is missing.
template <typename T>
static void odd_lengths() {
  Random random(17);
  arena<T> arena(1, 1, 2, 12, random);
  arena.fill(0, 192, random);
  arena.fill(1, 192, random);
  step<T> odd({{0, {0}}, {1, {5000, 0, 192}}, {0, {0, 0}}}, 1, 2, random);
  const auto output = odd.run(arena, 192);
  std::copy_n(odd.queries.begin() + odd.stride, odd.stride, odd.queries.begin() + 3 * odd.stride);
  const auto again = odd.run(arena, 192);
  CHECK(same_bits(row_of(output, odd.stride, 1), row_of(again, odd.stride, 3)), "a length is not cut to the pages");
  for (size_t token : {0, 2, 4, 5})
    for (int d = 0; d < width; d++) CHECK(output[token * odd.stride + d].bits == 0, "a length of 0 gives no zeros");
}

/// Queries, keys and values beside each other, as one product leaves them: `count` windows one after the other.
template <typename T>
static void windows(int count, int frames, int heads, double spread, bool every_order) {
  Random random(uint64_t(frames) * 31 + heads);
  const int rows = count * frames;
  const int64_t inner = heads * width, stride = 3 * inner + 8, output_stride = inner + 8;
  array<T> x(size_t(rows + 64) * stride, not_a_number<T>());
  for (int f = 0; f < rows; f++)
    for (int64_t d = 0; d < 3 * inner; d++)
      x[f * stride + d] = from_float<T>(float(d < inner ? random.within(-spread, spread) : random.within(-1, 1)));
  auto attend = [&](const T *from, int windows) {
    array<T> output(size_t(windows * frames) * output_stride, not_a_number<T>());
    stapes_encoder_attention_arguments a = {
        from,          from + inner, from + 2 * inner, output.data(), windows, frames, heads, stride,
        output_stride, 0.125f,       TypeOf<T>::value};
    launch((std::string("encoder_attention") + TypeOf<T>::suffix).c_str(), a, stapes_cuda_shape_encoder_attention);
    return output;
  };
  auto run = [&] { return attend(x.data(), count); };
  const auto output = every_order ? in_every_order<T>("encoder attention", run) : run();
  for (int f = 0; f < rows; f += frames > 300 ? 41 : 1)
    for (int h = 0; h < heads; h++) {
      array<const T *> keys, values;
      for (int p = f / frames * frames; p < (f / frames + 1) * frames; p++) {
        keys.push_back(x.data() + p * stride + inner + h * width);
        values.push_back(x.data() + p * stride + 2 * inner + h * width);
      }
      const auto truth = attended(x.data() + f * stride + h * width, keys, values, 0.125);
      for (int d = 0; d < width; d++) {
        const double got = double(to_float(output[f * output_stride + h * width + d]));
        CHECK(check::is_close(got, truth[d], tolerance<T>()),
               "encoder_attention%s: %d windows of %d frames, frame %d: %g is not %g", TypeOf<T>::suffix, count, frames,
               f, got, truth[d]);
      }
    }
  for (int f = 0; f < rows; f++)
    for (int64_t d = inner; d < output_stride; d++)
      CHECK(output[f * output_stride + d].bits == 0x7fff, "encoder_attention wrote beside its row");
  for (int w = 0; count > 1 && w < count; w++) {
    const auto alone = attend(x.data() + w * frames * stride, 1);
    CHECK(std::memcmp(alone.data(), output.data() + w * frames * output_stride, alone.size() * sizeof(T)) == 0,
          "encoder_attention%s: window %d of %d has other bits than alone", TypeOf<T>::suffix, w, count);
  }
}

template <typename T>
static void all() {
  const array<int> short_ones = {1, 15, 16, 17, 31, 32, 33, 127, 128, 129, 130, 160, 255, 256, 257, 300, 447, 448};
  groups_and_lengths<T>(2, 1, short_ones, 2);
  groups_and_lengths<T>(1, 1, {8, 9, 140, 135, 448, 448, 448, 448, 448}, 16);
  // A page holds a whole window.
  groups_and_lengths<T>(2, 94, {1500, 1500, 750, 1500, 1, 1499}, 4);
  groups_and_lengths<T>(1, 3, {48, 49, 47, 100, 200, 129}, 1);
  // More chunks than are put together at once.
  groups_and_lengths<T>(1, 110, {10, 1760, 1700}, 4);
  // Windows of eight bits, self-attention's pages too, and what else can lie in a tile.
  groups_and_lengths<T, float8_t>(2, 94, {1500, 1500, 750, 1500, 1, 1499}, 4);
  groups_and_lengths<T, float8_t>(2, 1, {1, 15, 16, 17, 31, 32, 33, 127, 128, 129, 130, 257, 300}, 2);
  groups_and_lengths<T, float8_t>(1, 3, {48, 49, 47, 100, 200, 129}, 1);
  appends<T>(3);
  odd_lengths<T>();
  for (int frames : {1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 200}) windows<T>(1, frames, 2, 3, true);
  windows<T>(1, 150, 1, 20, true);
  // Several at once, whose blocks of queries and keys end inside the next window or at its first frame.
  for (int frames : {1, 16, 63, 64, 65, 150}) windows<T>(3, frames, 2, 3, true);
}

int main(int count, char **arguments) {
  check::begin("attention", count, arguments);
  all<half_t>();
  all<bfloat_t>();
  windows<half_t>(1, 1500, 1, 4, false);
  return check::finish();
}
