// store_kv, copy_pages and cross_scores.
#include "check.h"

#include "copy_pages.cu"
#include "cross_scores.cu"
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
        sizeof(From) == 4 ? STAPES_FLOAT32 : TypeOf<T>::value};
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

template <typename T>
static void scores(int count, int tokens, int positions) {
  Random random(7);
  const int heads = 6, tiles = (positions + STAPES_TILE - 1) / STAPES_TILE, page = 2;
  arena<T> arena(heads, tiles, 3);
  T *keys = static_cast<T *>(arena.layer.keys);
  // What stands past the last position is no number, and stays out.
  for (int p = 0; p < positions; p++)
    for (int h = 0; h < heads; h++)
      for (int d = 0; d < width; d++)
        keys[arena.at(page * arena.page_positions + p, h) + d] = from_float<T>(float(random.within(-1, 1)));
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
}

int main(int count, char **arguments) {
  check::begin("pages", count, arguments);
  all<half_t>();
  all<bfloat_t>();
  for (int64_t bytes : {16, 4096, 16384, 16400, 81920}) copies(bytes);
  return check::finish();
}
