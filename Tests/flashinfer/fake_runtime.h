// The part of CUDA's runtime that FlashInfer calls, without a GPU: device memory is the host's, copies happen at once,
// and launches are told to the test instead of run. Figures are those of an H100 or H200.
#pragma once

#include <cuda_runtime.h>

#include <functional>
#include <string>
#include <vector>

namespace fake {

struct Copy {
  void *target;
  const void *source;
  size_t bytes;
  cudaMemcpyKind kind;
  cudaStream_t stream;
};

struct Launch {
  /// The mangled name under which the kernel was registered.
  std::string kernel;
  dim3 grid, block;
  size_t shared_bytes;
  cudaStream_t stream;
};

struct Runtime {
  int multiprocessors = 132;
  int blocks_per_multiprocessor = 6;
  std::vector<Copy> copies;
  std::vector<Launch> launches;
  /// Sees each launch with the kernel's arguments, which live only as long as the call.
  std::function<void(const Launch &, void **)> on_launch;
  cudaError_t copy_status = cudaSuccess, launch_status = cudaSuccess;
};

extern Runtime runtime;

}  // namespace fake
