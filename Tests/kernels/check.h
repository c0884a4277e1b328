// What the tests of kernels have in common: arrays whose ends are guarded, random numbers, launches in several orders
// of threads, on the emulator or on a GPU. A test includes the .cu files it tests, which makes their kernels known to
// the emulator by name.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

#include "emulator.h"
#include "gpu.h"
#include "launch.h"
#include "program.h"

#include "device.cuh"

namespace check {

/// How much wider tolerances are on a GPU, for what is a matter of its arithmetic: the emulator's is the host's.
static inline double on_gpu(double factor) { return gpu::is_open() ? factor : 1; }

// MARK: Arrays

/// Memory whose end is where a page of no access begins, but for what aligns its beginning to 16 bytes: who reads or
/// writes past it crashes. On a GPU a launch has copies of it, with guards of its own.
template <typename T>
struct Guarded {
  typedef T value_type;
  Guarded() = default;
  template <typename U>
  Guarded(const Guarded<U> &) {}

  static size_t page() { return size_t(sysconf(_SC_PAGESIZE)); }
  static size_t aligned(size_t count) { return (count * sizeof(T) + 15) / 16 * 16; }
  static size_t mapped(size_t count) { return (aligned(count) + page() - 1) / page() * page() + page(); }

  T *allocate(size_t count) {
    void *base = mmap(nullptr, mapped(count), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) abort();
    char *end = static_cast<char *>(base) + mapped(count) - page();
    mprotect(end, page(), PROT_NONE);
    gpu::note(end - aligned(count), count * sizeof(T));
    return reinterpret_cast<T *>(end - aligned(count));
  }
  void deallocate(T *at, size_t count) {
    gpu::forget(at);
    munmap(reinterpret_cast<char *>(at) + aligned(count) + page() - mapped(count), mapped(count));
  }
  friend bool operator==(const Guarded &, const Guarded &) { return true; }
  friend bool operator!=(const Guarded &, const Guarded &) { return false; }
};

template <typename T>
using array = std::vector<T, Guarded<T>>;

template <typename T>
static bool same_bits(const array<T> &a, const array<T> &b) {
  return a.size() == b.size() && memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// Random numbers, the same in every run.
struct Random {
  std::mt19937_64 engine;
  explicit Random(uint64_t seed) : engine(seed) {}
  double within(double low, double high) { return low + (high - low) * double(engine() >> 11) * 0x1p-53; }
  float uniform(float low, float high) { return float(within(low, high)); }
  /// 0 to end - 1
  int below(int64_t end) { return int(engine() % uint64_t(end)); }
  bool chance(double p) { return within(0, 1) < p; }
};

/// `count` values whose bytes are 0xff at first, a NaN in every type.
template <typename T>
class Array {
 public:
  explicit Array(int64_t count) : values_(size_t(count)) { memset(data(), 0xff, bytes()); }

  T *data() { return values_.data(); }
  const T *data() const { return values_.data(); }
  int64_t count() const { return int64_t(values_.size()); }
  size_t bytes() const { return values_.size() * sizeof(T); }
  T &operator[](int64_t i) { return values_[i]; }
  const T &operator[](int64_t i) const { return values_[i]; }

  /// Random values, each rounded to T.
  Array &fill(Random &random, float low, float high) {
    for (T &value : values_) value = from_float<T>(random.uniform(low, high));
    return *this;
  }

 private:
  array<T> values_;
};

// MARK: Types

/// The stapes_type of a C++ type, and how names of kernels for it end.
template <typename T>
struct TypeOf;
template <>
struct TypeOf<float> {
  static constexpr stapes_type value = STAPES_FLOAT32;
};
template <>
struct TypeOf<half_t> {
  static constexpr stapes_type value = STAPES_FLOAT16;
  static constexpr const char *suffix = "_f16";
};
template <>
struct TypeOf<bfloat_t> {
  static constexpr stapes_type value = STAPES_BFLOAT16;
  static constexpr const char *suffix = "_bf16";
};
template <>
struct TypeOf<float8_t> {
  static constexpr stapes_type value = STAPES_FLOAT8;
  static constexpr const char *suffix = "_f8";
};

/// The error of rounding to the nearest T, relative to the number.
template <typename T>
static inline double rounding() {
  return TypeOf<T>::value == STAPES_FLOAT32 ? 0x1p-24 : TypeOf<T>::value == STAPES_FLOAT16 ? 0x1p-11 : 0x1p-8;
}

/// As a kernel writes it.
template <typename T>
static T not_a_number() {
  return from_float<T>(NAN);
}

/// Whether two values have the same bits, or are both NaN: a GPU makes others of the same one.
template <typename T>
static bool is_same(T a, T b) {
  return memcmp(&a, &b, sizeof a) == 0 || (to_float(a) != to_float(a) && to_float(b) != to_float(b));
}

// MARK: Launches

/// Orders of threads on the emulator. On a GPU, whose order is nobody's choice, just three launches.
static const struct {
  emulator_order order;
  uint64_t seed;
} orders[] = {{EMULATOR_FORWARD, 0}, {EMULATOR_REVERSE, 0}, {EMULATOR_SHUFFLED, 7}};

/// Kernels that have been seen to wait for the kernels before them.
static inline std::set<std::string> &waiting_kernels() {
  static std::set<std::string> names;
  return names;
}

/// What a kernel may read before it has waited for the kernels before it: weights.
template <typename Arguments>
static std::vector<const void *> constants(const Arguments &) {
  return {};
}
static inline std::vector<const void *> constants(const stapes_cuda_product_arguments &args) {
  return {args.weight, args.bias, args.gamma, args.beta};
}

/// Hides all else of what a kernel is given until it has waited, every other time that a kernel which waits is launched.
template <typename Arguments>
static void hide(const char *name, const Arguments &arguments) {
  static std::map<std::string, long> launches;
  std::vector<emulator_memory> hidden;
  if (waiting_kernels().count(name) && ++launches[name] % 2) {
    const std::vector<const void *> shown = constants(arguments);
    size_t bytes = 0;
    for (const auto &[memory, size] : gpu::arrays_of(&arguments, sizeof arguments)) {
      if (std::count(shown.begin(), shown.end(), memory)) continue;
      hidden.push_back({memory, size});
      bytes += size;
    }
    // Large ones are copied for too long.
    if (bytes > size_t(4) << 20) hidden.clear();
  }
  emulator_hide(std::move(hidden));
}

/// Runs a kernel, whose name is without its prefix, once. False after an error, which has been told.
template <typename Arguments>
static bool run(int line, const char *name, const stapes_cuda_shape &shape, const Arguments &arguments) {
  begin_group(name);
  if (gpu::is_open()) {
    const std::string error = gpu::launch(name, shape, &arguments, sizeof arguments);
    return error.empty() || fail(line, "%s", error.c_str());
  }
  const emulator_kernel *kernel = emulator_find((std::string("stapes_cuda_") + name).c_str());
  if (!kernel) return fail(line, "no kernel %s", name);
  const uint3 grid = {shape.grid[0], shape.grid[1], shape.grid[2]}, block = {shape.threads, 1, 1};
  hide(name, arguments);
  const bool done = emulator_launch(*kernel, grid, block, shape.shared_bytes, &arguments);
  if (emulator_waited()) waiting_kernels().insert(name);
  return done || fail(line, "%s", emulator_error());
}

/// Launches a kernel once, as its shape says.
template <typename Arguments>
static bool launch(const char *name, const Arguments &arguments, stapes_cuda_shape (*shape)(const void *)) {
  const bool done = run(0, name, shape(&arguments), arguments);
  ++current->cases;
  return done;
}

/// Calls `run`, which gives its output, in three orders of threads. The bits must not differ.
template <typename T>
static array<T> in_every_order(const char *what, const std::function<array<T>()> &run) {
  array<T> first;
  for (const auto &order : orders) {
    emulator_set_order(order.order, order.seed);
    array<T> output = run();
    if (order.order == EMULATOR_FORWARD)
      first = output;
    else
      CHECK(same_bits(first, output), "%s: other bits in order %d", what, int(order.order));
  }
  emulator_set_order(EMULATOR_FORWARD, 0);
  return first;
}

/// Memory that a kernel writes.
struct Output {
  void *data;
  size_t bytes;
};
template <typename T>
static inline Output output(Array<T> &array) {
  return {array.data(), array.bytes()};
}

/// Runs a kernel in three orders of threads, each from the same memory, and demands the same bits of `outputs`.
template <typename Arguments>
static void launch_in_every_order(int line, const char *name, const stapes_cuda_shape &shape,
                                  const Arguments &arguments, std::initializer_list<Output> outputs) {
  const auto copy = [&] {
    std::vector<std::vector<char>> bytes;
    for (const Output &o : outputs) bytes.emplace_back((char *)o.data, (char *)o.data + o.bytes);
    return bytes;
  };
  const auto before = copy();
  std::vector<std::vector<char>> first;
  for (const auto &order : orders) {
    size_t i = 0;
    for (const Output &o : outputs) memcpy(o.data, before[i++].data(), o.bytes);
    emulator_set_order(order.order, order.seed + line);
    if (!run(line, name, shape, arguments)) break;
    if (order.order == EMULATOR_FORWARD) first = copy();
    else counted(first == copy()) || fail(line, "%s: the output depends on the order of threads", name);
  }
  emulator_set_order(EMULATOR_FORWARD, 0);
  ++current->cases;
}

/// LAUNCH("layer_norm", shape, arguments, {check::output(y)})
#define LAUNCH(...) check::launch_in_every_order(__LINE__, __VA_ARGS__)

}  // namespace check
