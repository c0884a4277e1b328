// What decode.cu and prefill.cu share: the C interface, the one place where exceptions end, and the checks of what
// FlashInfer itself takes on trust.
#pragma once

#if !defined(__clang__)
#define _Nonnull
#define _Nullable
#endif
extern "C" {
#pragma GCC visibility push(default)
#include "stapes_flashinfer.h"
#pragma GCC visibility pop
}

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <flashinfer/utils.cuh>

// Whisper has one query head for each key head: one case instead of seven keeps the library small.
#undef DISPATCH_GQA_GROUP_SIZE
#define DISPATCH_GQA_GROUP_SIZE(group_size, GROUP_SIZE, ...) \
  {                                                          \
    constexpr size_t GROUP_SIZE = 1;                         \
    __VA_ARGS__                                              \
  }

namespace stapes {

constexpr uint32_t head_width = 64;

enum Kind : int32_t { decoding = 1, prefill = 2 };

inline thread_local std::string last_error;

inline void require(bool condition, const char *message) {
  if (!condition) throw std::invalid_argument(message);
}

inline void require(cudaError_t status, const char *call) {
  if (status == cudaSuccess) return;
  // A launch that failed would otherwise be reported again by an innocent call.
  cudaGetLastError();
  throw std::runtime_error(std::string(call) + ": " + cudaGetErrorString(status));
}

/// Runs `body`; an exception becomes a status and a message.
template <typename Body>
int32_t guarded(const char *call, Body body) noexcept {
  try {
    try {
      body();
      return 0;
    } catch (const std::exception &error) {
      last_error = std::string(call) + ": " + error.what();
    } catch (...) {
      last_error = std::string(call) + ": unknown exception";
    }
  } catch (...) {
    last_error.clear();  // No memory for the message itself.
  }
  return 1;
}

/// Calls `body` with a value of the element type.
template <typename Body>
void with_type(stapes_flashinfer_type type, Body body) {
  switch (type) {
    case STAPES_FLASHINFER_FLOAT16: return body(__half{});
    case STAPES_FLASHINFER_BFLOAT16: return body(__nv_bfloat16{});
  }
  throw std::invalid_argument("unknown element type");
}

inline bool is_aligned(const void *pointer) { return reinterpret_cast<uintptr_t>(pointer) % 16 == 0; }

inline void check(const stapes_flashinfer_shape &shape) {
  require(shape.batch >= 1, "the batch is empty");
  require(shape.heads >= 1, "there are no heads");
  require(shape.page_size >= 1, "the page size is below 1");
  require(shape.type == STAPES_FLASHINFER_FLOAT16 || shape.type == STAPES_FLASHINFER_BFLOAT16, "unknown element type");
}

inline void check(const stapes_flashinfer_workspace &workspace) {
  require(workspace.floats && workspace.ints && workspace.host_ints, "the workspace has a null pointer");
  // Offsets are computed from addresses; unaligned ones would differ from plan to plan.
  require(
      is_aligned(workspace.floats) && is_aligned(workspace.ints) && is_aligned(workspace.host_ints),
      "the workspace is not aligned to 16 bytes");
  require(workspace.sizes.float_bytes >= 0 && workspace.sizes.int_bytes >= 0, "the workspace has a negative size");
}

/// A row without pages gets a chunk that FlashInfer's search for the chunk size has not counted: in graph mode the
/// chunks could outgrow the grid.
inline void check_pages(const int32_t *kv_indptr, int32_t batch) {
  require(kv_indptr, "kv_indptr is null");
  require(kv_indptr[0] == 0, "kv_indptr does not start at 0");
  for (int32_t row = 0; row < batch; ++row) {
    require(kv_indptr[row + 1] > kv_indptr[row], "kv_indptr has a row without pages");
  }
}

inline void check(const stapes_flashinfer_plan &plan, Kind kind, const stapes_flashinfer_arguments &arguments) {
  require(plan.kind == kind, "the plan is of another kind");
  const int64_t width = static_cast<int64_t>(plan.shape.heads) * head_width;
  require(
      arguments.q && arguments.output && arguments.k && arguments.v && arguments.indices && arguments.indptr &&
          arguments.last_page_length,
      "an argument is null");
  require(
      is_aligned(arguments.q) && is_aligned(arguments.output) && is_aligned(arguments.k) && is_aligned(arguments.v),
      "an argument is not aligned to 16 bytes");
  require(arguments.output_row_stride == width, "rows of the output must lie side by side");
  for (int64_t stride : {arguments.q_row_stride, arguments.page_stride, arguments.head_stride}) {
    // FlashInfer holds strides in 32 bits.
    require(
        stride >= 0 && stride % 8 == 0 && stride <= std::numeric_limits<int32_t>::max(),
        "a stride is no multiple of 8 or does not fit");
  }
  require(arguments.q_row_stride >= width || plan.shape.batch == 1, "rows of q overlap");
}

/// Keeps FlashInfer's numbers and what a run needs besides.
inline stapes_flashinfer_plan make_plan(
    Kind kind, const stapes_flashinfer_shape &shape, const stapes_flashinfer_workspace &workspace,
    const std::vector<int64_t> &numbers) {
  stapes_flashinfer_plan plan = {};
  require(numbers.size() <= std::size(plan.numbers), "FlashInfer's plan has grown");
  std::copy(numbers.begin(), numbers.end(), plan.numbers);
  plan.floats = workspace.floats;
  plan.ints = workspace.ints;
  // Field by field: a copy of the whole would carry over padding bytes, and equal plans must have equal bytes.
  plan.shape.batch = shape.batch;
  plan.shape.heads = shape.heads;
  plan.shape.page_size = shape.page_size;
  plan.shape.type = shape.type;
  plan.shape.graph = shape.graph;
  plan.kind = kind;
  return plan;
}

/// Enough for every plan of decode.cu and of prefill.cu.
stapes_flashinfer_sizes decode_sizes(const stapes_flashinfer_shape &shape);
stapes_flashinfer_sizes prefill_sizes(const stapes_flashinfer_shape &shape, int32_t tokens);

}  // namespace stapes
