// What the tests of kernels have in common: arrays whose ends are guarded, random numbers, launches in several orders,
// comparison. A test includes the .cu files it tests, which makes their kernels known to the emulator by name.
#pragma once

#define STAPES_EMULATED 1
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <initializer_list>
#include <vector>

#include "emulator.h"
// The header is one for C and Swift.
extern "C" {
#include "stapes_cuda_kernels.h"
}
#include "device.cuh"
#include "launch.h"

namespace check {

static int failures = 0, checks = 0;

/// Says where and why a test failed; the first twenty are printed.
[[gnu::format(printf, 2, 3)]] static inline void fail(int line, const char *format, ...) {
  if (++failures > 20) return;
  fprintf(stderr, "line %d: ", line);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
}

/// CHECK(condition, "what stood there instead: %d", x)
#define CHECK(condition, ...) (++check::checks, (condition) ? (void)0 : check::fail(__LINE__, __VA_ARGS__))

/// The exit status of a test program.
static inline int finish(const char *name) {
  fprintf(stderr, "%s: %d checks, %d failed\n", name, checks, failures);
  return failures ? 1 : 0;
}

/// xorshift64*
struct Random {
  uint64_t state;
  explicit Random(uint64_t seed) : state(seed * 0x9e3779b97f4a7c15u + 1) {}
  uint32_t bits() {
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return static_cast<uint32_t>(state * 0x2545f4914f6cdd1du >> 32);
  }
  float uniform(float low, float high) { return low + (high - low) * static_cast<float>(bits() * 0x1p-32); }
  /// 0 to below - 1
  int64_t below(int64_t count) { return bits() % count; }
};

/// `count` values that end where memory ends (but for what aligns the first to 16 bytes): who reads or writes past them
/// crashes. Bytes are 0xff at first, a NaN in every type.
template <typename T>
class Array {
 public:
  explicit Array(int64_t count) : count_(count) {
    const size_t page = sysconf(_SC_PAGESIZE), bytes = (count * sizeof(T) + 15) / 16 * 16;
    mapped_ = (bytes + page - 1) / page * page + page;
    base_ = static_cast<char *>(mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED) abort();
    mprotect(base_ + mapped_ - page, page, PROT_NONE);
    memset(base_, 0xff, mapped_ - page);
    data_ = reinterpret_cast<T *>(base_ + mapped_ - page - bytes);
  }
  Array(const Array &other) : Array(other.count_) { memcpy(data_, other.data_, bytes()); }
  Array &operator=(const Array &) = delete;
  ~Array() { munmap(base_, mapped_); }

  T *data() { return data_; }
  const T *data() const { return data_; }
  int64_t count() const { return count_; }
  size_t bytes() const { return count_ * sizeof(T); }
  T &operator[](int64_t i) { return data_[i]; }
  const T &operator[](int64_t i) const { return data_[i]; }

  /// Random values, each rounded to T.
  Array &fill(Random &random, float low, float high) {
    for (int64_t i = 0; i < count_; ++i) data_[i] = from_float<T>(random.uniform(low, high));
    return *this;
  }

 private:
  int64_t count_;
  size_t mapped_;
  char *base_;
  T *data_;
};

/// The stapes_type of a C++ type.
template <typename T>
struct TypeOf;
template <>
struct TypeOf<float> {
  static constexpr stapes_type value = STAPES_FLOAT32;
};
template <>
struct TypeOf<half_t> {
  static constexpr stapes_type value = STAPES_FLOAT16;
};
template <>
struct TypeOf<bfloat_t> {
  static constexpr stapes_type value = STAPES_BFLOAT16;
};

/// The error of rounding to the nearest T, relative to the number.
template <typename T>
static inline double rounding() {
  return TypeOf<T>::value == STAPES_FLOAT32 ? 0x1p-24 : TypeOf<T>::value == STAPES_FLOAT16 ? 0x1p-11 : 0x1p-8;
}

static inline bool is_close(double value, double expected, double tolerance) {
  if (value != value || expected != expected) return value != value && expected != expected;
  return value == expected || fabs(value - expected) <= tolerance;
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

/// Runs a kernel (`name` without its prefix) with threads and blocks in three orders, each from the same memory, and
/// demands the same bits of `outputs` every time.
template <typename Arguments>
static void launch(int line, const char *name, stapes_cuda_shape shape, const Arguments &arguments,
                   std::initializer_list<Output> outputs) {
  char full[96];
  snprintf(full, sizeof full, "stapes_cuda_%s", name);
  const emulator_kernel *kernel = emulator_find(full);
  if (!kernel) return fail(line, "no kernel %s", full);
  std::vector<std::vector<char>> before, first;
  for (const Output &o : outputs) {
    before.emplace_back(static_cast<char *>(o.data), static_cast<char *>(o.data) + o.bytes);
  }
  for (int order = 0; order < 3; ++order) {
    if (order > 0) {
      size_t i = 0;
      for (const Output &o : outputs) memcpy(o.data, before[i++].data(), o.bytes);
    }
    emulator_set_order(static_cast<emulator_order>(order), 1234567u + line);
    const uint3 grid = {shape.grid[0], shape.grid[1], shape.grid[2]}, block = {shape.threads, 1, 1};
    if (!emulator_launch(*kernel, grid, block, shape.shared_bytes, &arguments)) {
      return fail(line, "%s", emulator_error());
    }
    size_t i = 0;
    for (const Output &o : outputs) {
      const char *bytes = static_cast<char *>(o.data);
      if (order == 0) {
        first.emplace_back(bytes, bytes + o.bytes);
      } else if (memcmp(first[i].data(), bytes, o.bytes) != 0) {
        fail(line, "%s: output %zu depends on the order of threads", name, i);
      }
      ++i;
    }
  }
  ++checks;
}

/// LAUNCH("layer_norm", shape, arguments, {check::output(y)})
#define LAUNCH(...) check::launch(__LINE__, __VA_ARGS__)

}  // namespace check
