// How every product ends: what is done to a sum before it is stored.
#pragma once

#include "numbers.cuh"

/// The value to store for a sum; `before` is what c holds if the product accumulates.
static __device__ __forceinline__ float finished(const stapes_cuda_product_arguments &args, float sum, float bias,
                                                 float before) {
  sum = __fadd_rn(sum, bias);
  if (args.gelu) sum = gelu(sum);
  return args.accumulate ? __fadd_rn(before, sum) : sum;
}

/// c is float32 or of the kernel's 16-bit type.
template <typename T>
static __device__ __forceinline__ float load_output(const stapes_cuda_product_arguments &args, int64_t at) {
  return args.c_type == STAPES_FLOAT32 ? static_cast<const float *>(args.c)[at]
                                       : to_float(static_cast<const T *>(args.c)[at]);
}
template <typename T>
static __device__ __forceinline__ void store_output(const stapes_cuda_product_arguments &args, int64_t at, float x) {
  if (args.c_type == STAPES_FLOAT32) {
    static_cast<float *>(args.c)[at] = x;
  } else {
    static_cast<T *>(args.c)[at] = from_float<T>(x);
  }
}
