#include "fake_runtime.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace fake {

Runtime runtime;

namespace {

std::map<const void *, std::string> &kernels() {
  // Kernels are registered before main, in an order nobody promises.
  static std::map<const void *, std::string> names;
  return names;
}

cudaError_t last_error = cudaSuccess;

cudaError_t note(cudaError_t status) {
  if (status != cudaSuccess) last_error = status;
  return status;
}

[[noreturn]] void refuse(const char *call) {
  std::fprintf(stderr, "the fake runtime has no %s\n", call);
  std::abort();
}

}  // namespace
}  // namespace fake

using namespace fake;

extern "C" {

// What a compiled .cu file calls before main and for `kernel<<<...>>>`, which FlashInfer does not use.
void **__cudaRegisterFatBinary(void *) {
  static void *handle = nullptr;
  return &handle;
}
void __cudaRegisterFatBinaryEnd(void **) {}
void __cudaUnregisterFatBinary(void **) {}
void __cudaRegisterFunction(
    void **, const char *host, char *, const char *name, int, uint3 *, uint3 *, dim3 *, dim3 *, int *) {
  kernels()[host] = name;
}
void __cudaRegisterVar(void **, char *, char *, const char *, int, size_t, int, int) {}
cudaError_t __cudaPopCallConfiguration(dim3 *, dim3 *, size_t *, void *) { refuse("__cudaPopCallConfiguration"); }
cudaError_t __cudaGetKernel(cudaKernel_t *, const void *) { refuse("__cudaGetKernel"); }
cudaError_t __cudaLaunchKernel(cudaKernel_t, dim3, dim3, void **, size_t, cudaStream_t) {
  refuse("__cudaLaunchKernel");
}

cudaError_t cudaGetDevice(int *device) {
  *device = 0;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int) {
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount: *value = runtime.multiprocessors; break;
    case cudaDevAttrComputeCapabilityMajor: *value = 9; break;
    case cudaDevAttrComputeCapabilityMinor: *value = 0; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = 228 << 10; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = 227 << 10; break;
    default: refuse("attribute of this number");
  }
  return cudaSuccess;
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, const void *, int, size_t, unsigned) {
  *blocks = runtime.blocks_per_multiprocessor;
  return cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void *kernel, cudaFuncAttribute, int) {
  return note(kernels().count(kernel) ? cudaSuccess : cudaErrorInvalidDeviceFunction);
}

cudaError_t cudaMemcpyAsync(void *target, const void *source, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (runtime.copy_status != cudaSuccess) return note(runtime.copy_status);
  runtime.copies.push_back({target, source, bytes, kind, stream});
  std::memcpy(target, source, bytes);
  return cudaSuccess;
}

cudaError_t cudaLaunchKernel(
    const void *kernel, dim3 grid, dim3 block, void **arguments, size_t shared_bytes, cudaStream_t stream) {
  if (runtime.launch_status != cudaSuccess) return note(runtime.launch_status);
  const auto name = kernels().find(kernel);
  if (name == kernels().end()) return note(cudaErrorInvalidDeviceFunction);
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || shared_bytes > 227 << 10) return note(cudaErrorInvalidConfiguration);
  runtime.launches.push_back({name->second, grid, block, shared_bytes, stream});
  if (runtime.on_launch) runtime.on_launch(runtime.launches.back(), arguments);
  return cudaSuccess;
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t *, const void *, void **) { refuse("cudaLaunchKernelExC"); }

cudaError_t cudaGetLastError() {
  const cudaError_t status = last_error;
  last_error = cudaSuccess;
  return status;
}

const char *cudaGetErrorString(cudaError_t status) {
  switch (status) {
    case cudaErrorIllegalAddress: return "an illegal memory access was encountered";
    case cudaErrorInvalidDeviceFunction: return "invalid device function";
    case cudaErrorInvalidConfiguration: return "invalid configuration argument";
    default: return "some error";
  }
}

}  // extern "C"
