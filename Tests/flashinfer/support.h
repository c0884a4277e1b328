// What the tests share: a harness of a few lines, batches of random lengths, memory of a plan.
#pragma once

#if !defined(__clang__)
#define _Nonnull
#define _Nullable
#endif
extern "C" {
#include "stapes_flashinfer.h"
}

#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "fake_runtime.h"

namespace tests {

struct Test {
  const char *name;
  void (*body)();
};

inline std::vector<Test> &all() {
  static std::vector<Test> tests;
  return tests;
}

inline int failures = 0;

struct Registration {
  Registration(const char *name, void (*body)()) { all().push_back({name, body}); }
};

inline void expect(bool condition, const std::string &message, const char *file, int line) {
  if (condition) return;
  // One broken plan breaks thousands of checks.
  if (++failures <= 20) std::fprintf(stderr, "%s:%d: %s\n", file, line, message.c_str());
}

#define TEST(name)                                             \
  static void name();                                          \
  static tests::Registration name##_registration(#name, name); \
  static void name()
#define EXPECT(condition) tests::expect((condition), #condition, __FILE__, __LINE__)
#define EXPECT_OK(call)                                                                                      \
  do {                                                                                                       \
    const bool succeeded = (call) == 0;                                                                      \
    tests::expect(succeeded, std::string(#call ": ") + stapes_flashinfer_error(), __FILE__, __LINE__);       \
  } while (false)

using Random = std::mt19937;

inline int pick(Random &random, int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); }

constexpr int head_width = 64;
constexpr int maximum_encoder_length = 1500, maximum_decoder_length = 448;

inline std::vector<int> random_lengths(Random &random, int rows, int maximum) {
  std::vector<int> lengths(rows);
  for (int &length : lengths) length = pick(random, 1, maximum);
  return lengths;
}

/// Running sums: of lengths in pages for `kv_indptr`, of lengths themselves (page size 1) for `qo_indptr`.
inline std::vector<int32_t> running_sums(const std::vector<int> &lengths, int page_size) {
  std::vector<int32_t> sums = {0};
  for (int length : lengths) sums.push_back(sums.back() + (length + page_size - 1) / page_size);
  return sums;
}

inline stapes_flashinfer_shape make_shape(
    int batch, int heads, int page_size, bool graph, stapes_flashinfer_type type = STAPES_FLASHINFER_FLOAT16) {
  stapes_flashinfer_shape shape = {};
  shape.batch = batch;
  shape.heads = heads;
  shape.page_size = page_size;
  shape.type = type;
  shape.graph = graph;
  return shape;
}

/// Memory of a plan, poisoned, of the sizes that the library asks for unless told otherwise.
struct Workspace {
  std::vector<unsigned char> floats, ints, host_ints;
  stapes_flashinfer_workspace value;

  explicit Workspace(stapes_flashinfer_sizes sizes)
      : floats(sizes.float_bytes + 256, 0xff),
        ints(sizes.int_bytes + 256, 0xff),
        host_ints(sizes.int_bytes + 256, 0xff) {
    value = {align(floats), align(ints), align(host_ints), sizes};
  }
  Workspace(const stapes_flashinfer_shape &shape, int tokens) : Workspace(ask(shape, tokens)) {}
  Workspace(const Workspace &) = delete;

  static stapes_flashinfer_sizes ask(const stapes_flashinfer_shape &shape, int tokens) {
    stapes_flashinfer_sizes sizes = {};
    EXPECT_OK(stapes_flashinfer_workspace_sizes(&shape, tokens, &sizes));
    return sizes;
  }

  void poison() {
    std::fill(ints.begin(), ints.end(), 0xff);
    std::fill(host_ints.begin(), host_ints.end(), 0xff);
  }

 private:
  // The device's allocations are aligned to 256 bytes.
  static void *align(std::vector<unsigned char> &bytes) {
    return reinterpret_cast<void *>((reinterpret_cast<uintptr_t>(bytes.data()) + 255) / 256 * 256);
  }
};

inline bool same_bytes(const stapes_flashinfer_plan &a, const stapes_flashinfer_plan &b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace tests
