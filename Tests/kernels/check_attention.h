// What the tests of attention, pages and the choice of tokens share. Comes before the kernels.
#pragma once

#define STAPES_EMULATED 1

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "launch.h"

// Of C, which the headers themselves do not say to C++.
extern "C" {
#include "stapes_cuda_kernels.h"
}
#include "device.cuh"

static int failures = 0;

/// Memory whose end is where a page of no access begins, but for what aligns its beginning: who reads past it fails.
template <typename T>
struct guarded {
  typedef T value_type;
  guarded() = default;
  template <typename U>
  guarded(const guarded<U> &) {}

  static size_t page() { return size_t(sysconf(_SC_PAGESIZE)); }
  static size_t aligned(size_t count) { return (count * sizeof(T) + 15) / 16 * 16; }
  static size_t mapped(size_t count) { return (aligned(count) + page() - 1) / page() * page() + page(); }

  T *allocate(size_t count) {
    void *base = mmap(nullptr, mapped(count), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) abort();
    char *end = static_cast<char *>(base) + mapped(count) - page();
    mprotect(end, page(), PROT_NONE);
    return reinterpret_cast<T *>(end - aligned(count));
  }
  void deallocate(T *at, size_t count) {
    munmap(reinterpret_cast<char *>(at) + aligned(count) + page() - mapped(count), mapped(count));
  }
  friend bool operator==(const guarded &, const guarded &) { return true; }
  friend bool operator!=(const guarded &, const guarded &) { return false; }
};
template <typename T>
using array = std::vector<T, guarded<T>>;

static inline bool expect(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline bool expect(bool holds, const char *format, ...) {
  if (holds) return true;
  // The first ones tell enough.
  if (failures++ < 20) {
    va_list list;
    va_start(list, format);
    fputs("FAILED: ", stdout);
    vprintf(format, list);
    fputs("\n", stdout);
    va_end(list);
  }
  return false;
}

/// Launches a kernel as its shape says.
template <typename Arguments>
static bool launch(const char *name, const Arguments &arguments, stapes_cuda_shape (*shape)(const void *)) {
  const emulator_kernel *kernel = emulator_find((std::string("stapes_cuda_") + name).c_str());
  if (!expect(kernel != nullptr, "no kernel %s", name)) return false;
  const stapes_cuda_shape s = shape(&arguments);
  const bool done = emulator_launch(*kernel, {s.grid[0], s.grid[1], s.grid[2]}, {s.threads, 1, 1}, s.shared_bytes,
                                    &arguments);
  return expect(done, "%s", emulator_error());
}

static const struct {
  emulator_order order;
  uint64_t seed;
} thread_orders[] = {{EMULATOR_FORWARD, 0}, {EMULATOR_REVERSE, 0}, {EMULATOR_SHUFFLED, 7}};

template <typename T>
static bool same_bits(const array<T> &a, const array<T> &b) {
  return a.size() == b.size() && memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// Calls `run`, which gives its output, in the three orders of threads. The bits must not differ.
template <typename T>
static array<T> in_every_order(const char *what, const std::function<array<T>()> &run) {
  array<T> first;
  for (const auto &order : thread_orders) {
    emulator_set_order(order.order, order.seed);
    array<T> output = run();
    if (order.order == EMULATOR_FORWARD)
      first = output;
    else
      expect(same_bits(first, output), "%s: other bits in order %d", what, int(order.order));
  }
  emulator_set_order(EMULATOR_FORWARD, 0);
  return first;
}

/// Random numbers, the same in every run.
struct randoms {
  std::mt19937_64 engine;
  explicit randoms(uint64_t seed) : engine(seed) {}
  int below(int end) { return int(engine() % uint64_t(end)); }
  double within(double low, double high) { return low + (high - low) * double(engine() >> 11) * 0x1p-53; }
  bool chance(double p) { return within(0, 1) < p; }
};

// 16-bit numbers of a kernel's type.
template <typename T>
struct names_of;
template <>
struct names_of<half_t> {
  static constexpr stapes_type type = STAPES_FLOAT16;
  static constexpr const char *suffix = "_f16";
  static constexpr double tolerance = 2e-3;
};
template <>
struct names_of<bfloat_t> {
  static constexpr stapes_type type = STAPES_BFLOAT16;
  static constexpr const char *suffix = "_bf16";
  static constexpr double tolerance = 1.5e-2;
};
template <typename T>
static T not_a_number() {
  T x;
  x.bits = 0x7fff;
  return x;
}

static inline int report(const char *name) {
  if (failures)
    printf("%s: %d FAILED\n", name, failures);
  else
    printf("%s: passed\n", name);
  return failures ? 1 : 0;
}
