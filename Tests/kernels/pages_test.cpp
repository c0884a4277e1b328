// store_kv, copy_pages and cross_scores.
#include "check.h"

#include "copy_pages.cu"
#include "cross_scores.cu"
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

/// A layer of an arena in which other layers stand beside it, all of it no numbers.
template <typename T>
struct arena {
  array<T> store;
  stapes_kv_layer layer;
  int page_positions;

  arena(int heads, int tiles_per_page, int pages) {
    const int64_t head_stride = tiles_per_page * STAPES_TILE * width, page_stride = 4 * heads * head_stride;
    store.assign(size_t(pages * page_stride), not_a_number<T>());
    layer = {store.data() + heads * head_stride, store.data() + 3 * heads * head_stride, page_stride, head_stride,
             tiles_per_page, heads, TypeOf<T>::value};
    page_positions = tiles_per_page * STAPES_TILE;
  }
  size_t at(int slot, int head) const {
    return size_t(slot / page_positions * layer.page_stride + head * layer.head_stride + slot % page_positions * width);
  }
};

template <typename T, typename From>
static void stores(int heads, int tiles_per_page, int rows) {
  Random random(100 + heads);
  const int pages = rows / (tiles_per_page * STAPES_TILE) + 3;
  arena<T> start(heads, tiles_per_page, pages), got = start, wanted = start;
  array<int32_t> slots;
  for (int s = start.page_positions; s < pages * start.page_positions; s++) slots.push_back(s);
  std::shuffle(slots.begin(), slots.end(), random.engine);
  slots.resize(size_t(rows));
  const int64_t key_stride = heads * width + 8, value_stride = heads * width + 16;
  array<From> keys(size_t(rows * key_stride)), values(size_t(rows * value_stride));
  auto number = [&] {
    if (random.chance(0.01)) return random.chance(0.3) ? NAN : float(random.within(-1e6, 1e6));
    return float(random.within(-3, 3));
  };
  for (From &x : keys) x = from_float<From>(number());
  for (From &x : values) x = from_float<From>(number());
  T *to_keys = wanted.store.data() + (static_cast<T *>(start.layer.keys) - start.store.data());
  T *to_values = wanted.store.data() + (static_cast<T *>(start.layer.values) - start.store.data());
  for (int r = 0; r < rows; r++)
    for (int h = 0; h < heads; h++)
      for (int d = 0; d < width; d++) {
        to_keys[wanted.at(slots[r], h) + d] = from_float<T>(to_float(keys[r * key_stride + h * width + d]));
        to_values[wanted.at(slots[r], h) + d] = from_float<T>(to_float(values[r * value_stride + h * width + d]));
      }
  const auto output = in_every_order<T>("store_kv", [&] {
    got.store = start.store;
    // The copy has its own memory.
    got.layer.keys = got.store.data() + (static_cast<T *>(start.layer.keys) - start.store.data());
    got.layer.values = got.store.data() + (static_cast<T *>(start.layer.values) - start.store.data());
    stapes_store_kv_arguments a = {
        got.layer, keys.data(), values.data(), slots.data(), rows, key_stride, value_stride,
        TypeOf<From>::value};
    launch("store_kv", a, stapes_cuda_shape_store_kv);
    return got.store;
  });
  size_t wrong = 0;
  for (size_t i = 0; i < output.size(); i++) wrong += !check::is_same(output[i], wanted.store[i]);
  CHECK(wrong == 0, "store_kv%s: %zu numbers are wrong with %d heads", TypeOf<T>::suffix, wrong, heads);
}

static void copies(int64_t page_bytes) {
  Random random(3);
  const int pages = 12;
  array<uint64_t> start(size_t(pages * page_bytes / 8));
  for (uint64_t &x : start) x = random.engine();
  const array<int32_t> from = {3, 3, 7, 1}, to = {5, 11, 2, 9};
  auto wanted = start;
  for (size_t i = 0; i < from.size(); i++)
    memcpy(reinterpret_cast<char *>(wanted.data()) + to[i] * page_bytes,
           reinterpret_cast<const char *>(start.data()) + from[i] * page_bytes, size_t(page_bytes));
  const auto got = in_every_order<uint64_t>("copy_pages", [&] {
    auto store = start;
    stapes_copy_pages_arguments a = {store.data(), from.data(), to.data(), int64_t(from.size()), page_bytes};
    launch("copy_pages", a, stapes_cuda_shape_copy_pages);
    return store;
  });
  CHECK(same_bits(got, wanted), "copy_pages: pages of %d bytes differ", int(page_bytes));
}

/// Queries of T, keys of C.
template <typename T, typename C = T>
static void scores(int count, int tokens, int positions) {
  Random random(7);
  const int heads = 6, tiles = (positions + STAPES_TILE - 1) / STAPES_TILE, page = 2;
  arena<C> arena(heads, tiles, 3);
  C *keys = static_cast<C *>(arena.layer.keys);
  // What stands past the last position is no number, and stays out.
  for (int p = 0; p < positions; p++)
    for (int h = 0; h < heads; h++)
      for (int d = 0; d < width; d++)
        keys[arena.at(page * arena.page_positions + p, h) + d] = from_float<C>(float(random.within(-1, 1)));
  const int64_t stride = heads * width + 8;
  array<T> queries(size_t(tokens * stride));
  for (T &x : queries) x = from_float<T>(float(random.within(-4, 4)));
  array<int32_t> chosen;
  for (int i = 0; i < count; i++) chosen.push_back(random.below(heads));
  const auto got = in_every_order<float>("cross_scores", [&] {
    array<float> output(size_t(count * tokens * positions) + 8, -77.0f);
    stapes_cross_scores_arguments a = {arena.layer, queries.data(), chosen.data(), output.data(), count, tokens,
                                       positions,   stride,         page,          0.125f,        TypeOf<T>::value};
    launch("cross_scores", a, stapes_cuda_shape_cross_scores);
    return output;
  });
  for (int i = 0; i < count; i++)
    for (int t = 0; t < tokens; t++)
      for (int p = 0; p < positions; p++) {
        double truth = 0;
        for (int d = 0; d < width; d++)
          truth += double(to_float(queries[t * stride + chosen[i] * width + d])) *
                   double(to_float(keys[arena.at(page * arena.page_positions + p, chosen[i]) + d])) * 0.125;
        const double one = double(got[(size_t(i) * tokens + t) * positions + p]);
        CHECK(check::is_close(one, truth, 1e-4), "cross_scores%s: head %d, token %d, position %d: %g is not %g",
               TypeOf<T>::suffix, i, t, p, one, truth);
      }
  for (int i = 0; i < 8; i++) CHECK(got[got.size() - 1 - i] == -77.0f, "cross_scores wrote past its output");
}

template <typename T>
static void all() {
  stores<T, float>(1, 1, 5);
  stores<T, float>(6, 1, 40);
  stores<T, float>(20, 94, 200);
  stores<T, T>(20, 1, 33);
  stores<T, T>(8, 3, 200);
  scores<T>(1, 1, 1);
  scores<T>(3, 5, 17);
  scores<T>(2, 16, 128);
  scores<T>(2, 33, 301);
  scores<T>(4, 17, 129);
  stores<float8_t, T>(6, 1, 40);
  stores<float8_t, T>(20, 94, 200);
  scores<T, float8_t>(3, 5, 17);
  scores<T, float8_t>(2, 33, 301);
}

/// Every number of E4M3 and what lies around the middles between two, as the device rounds and widens them: a cache is
/// written with the ones and read in attention over one position, whose weight is 1.
template <typename T>
static void every_float8() {
  array<float> values;
  for (int code = 0; code < 0x7f; code++) {
    const float low = to_float(float8_t{uint8_t(code)});
    const float high = code == 0x7e ? INFINITY : to_float(float8_t{uint8_t(code + 1)});
    CHECK(low < high && from_float<float8_t>(low).bits == code, "float8: code %d is not the next number", code);
    for (float x : {low, (low + high) / 2, nextafterf((low + high) / 2, 0), nextafterf((low + high) / 2, INFINITY)})
      values.push_back(x), values.push_back(-x);
  }
  values.push_back(NAN);
  while (values.size() % width != 0) values.push_back(1e-30f);
  const int rows = int(values.size()) / width;
  arena<float8_t> arena(1, 1, rows / STAPES_TILE + 2);
  array<int32_t> slots;
  for (int r = 0; r < rows; r++) slots.push_back(STAPES_TILE + r);
  stapes_store_kv_arguments store = {arena.layer, values.data(), values.data(), slots.data(),
                                     rows,        width,         width,         STAPES_FLOAT32};
  launch("store_kv", store, stapes_cuda_shape_store_kv);

  array<T> queries(size_t(rows) * width, from_float<T>(0)), output(queries.size(), not_a_number<T>());
  array<int32_t> firsts, counts(size_t(rows), 1), lengths = counts, table;
  // Rows begin anywhere in a page, attention at its beginning: each gets a page for itself.
  ::arena<float8_t> alone(1, 1, rows + 1);
  auto key = [](::arena<float8_t> &a, int slot) { return static_cast<float8_t *>(a.layer.keys) + a.at(slot, 0); };
  auto value = [](::arena<float8_t> &a, int slot) { return static_cast<float8_t *>(a.layer.values) + a.at(slot, 0); };
  for (int r = 0; r < rows; r++) {
    firsts.push_back(r), table.push_back(r + 1);
    for (int d = 0; d < width; d++) {
      const float x = values[size_t(r * width + d)];
      const float8_t wanted = from_float<float8_t>(x);
      CHECK(check::is_same(key(arena, slots[r])[d], wanted) && check::is_same(value(arena, slots[r])[d], wanted),
            "store_kv: %.9g is code %d", double(x), value(arena, slots[r])[d].bits);
      // Of keys a zero: what is not a number among values stays in its own dimension.
      key(alone, (r + 1) * STAPES_TILE)[d] = {0};
      value(alone, (r + 1) * STAPES_TILE)[d] = value(arena, slots[r])[d];
    }
  }
  array<float> partials(size_t(stapes_cuda_partial_count(rows, 1, 1)), NAN);
  array<unsigned> arrivals(size_t(rows), 0);
  stapes_cuda_attention_arguments a = {};
  a.attention = {alone.layer, queries.data(), output.data(), firsts.data(), counts.data(), firsts.data(),
                 lengths.data(), table.data(), rows, 1, width, width, 1, 0.125f, TypeOf<T>::value};
  a.partials = partials.data(), a.arrivals = arrivals.data();
  launch((std::string("paged_attention") + TypeOf<T>::suffix + "_f8").c_str(), a, stapes_cuda_shape_paged_attention);
  for (int i = 0; i < rows * width; i++) {
    const T wanted = from_float<T>(to_float(from_float<float8_t>(values[i])));
    CHECK(check::is_same(output[i], wanted) || to_float(output[i]) == to_float(wanted),
          "paged_attention%s: %.9g is read as %g", TypeOf<T>::suffix, double(values[i]), double(to_float(output[i])));
  }
}

int main(int count, char **arguments) {
  check::begin("pages", count, arguments);
  all<half_t>();
  all<bfloat_t>();
  stores<float8_t, float>(1, 1, 5);
  stores<float8_t, float>(20, 94, 200);
  every_float8<half_t>();
  every_float8<bfloat_t>();
  for (int64_t bytes : {16, 4096, 16384, 16400, 81920}) copies(bytes);
  return check::finish();
}
