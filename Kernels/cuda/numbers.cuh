// Pieces that several kernels share: pairs of 16-bit values, sums over a warp, GELU, the statistics of a layer norm.
#pragma once

#include <string.h>

#include "device.cuh"

/// Two values as they lie in memory, `low` first.
template <typename T>
static __device__ __forceinline__ uint32_t pack_pair(float low, float high) {
  T pair[2] = {from_float<T>(low), from_float<T>(high)};
  uint32_t bits;
  memcpy(&bits, pair, sizeof bits);
  return bits;
}
#ifndef STAPES_EMULATED
// One instruction in place of comparisons: it rounds to the nearest, makes 65504 of what is too large and keeps a NaN.
template <>
__device__ __forceinline__ uint32_t pack_pair<half_t>(float low, float high) {
  uint32_t bits;
  asm("cvt.rn.satfinite.f16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
  return bits;
}
#endif
template <typename T>
static __device__ __forceinline__ void unpack_pair(uint32_t bits, float &low, float &high) {
  T pair[2];
  memcpy(pair, &bits, sizeof bits);
  low = to_float(pair[0]);
  high = to_float(pair[1]);
}

/// The exact GELU. As everywhere here, sums and products that a compiler might fuse, here so and there otherwise, are
/// written so that it does not: a value's bits are the same in every kernel.
static __device__ __forceinline__ float gelu(float x) {
  return __fmul_rn(__fmul_rn(0.5f, x), __fadd_rn(1.0f, erff(__fmul_rn(x, 0.70710678f))));
}

/// The sum over a warp, the same bits in every lane.
static __device__ __forceinline__ float warp_sum(float x) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) x = __fadd_rn(x, __shfl_xor_sync(0xffffffffu, x, distance));
  return x;
}

static __device__ __forceinline__ float plus_values(float sum, float4 v) {
  return __fadd_rn(sum, __fadd_rn(__fadd_rn(v.x, v.y), __fadd_rn(v.z, v.w)));
}
static __device__ __forceinline__ float plus_squares(float sum, float4 v, float mean) {
  const float a = v.x - mean, b = v.y - mean, c = v.z - mean, d = v.w - mean;
  return fmaf(a, a, fmaf(b, b, fmaf(c, c, fmaf(d, d, sum))));
}

/// Mean and 1 / sqrt(variance + epsilon) of a row, computed by a warp, all of whose lanes get them. The variance is
/// taken about the mean, in a second pass. The first 1280 values, the width of the widest model, come all at once and
/// stay in registers between the passes.
static __device__ __forceinline__ float2 row_moments(const float *x, int width, float epsilon) {
  constexpr int held = 10;
  const float inverse = __fdividef(1.0f, static_cast<float>(width));
  const int first = threadIdx.x % 32 * 4;
  float4 values[held];
#pragma unroll
  for (int i = 0; i < held; ++i) {
    const int at = first + i * 128;
    values[i] = at < width ? *reinterpret_cast<const float4 *>(x + at) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
  }
  float sum = 0.0f;
#pragma unroll
  for (int i = 0; i < held; ++i) sum = plus_values(sum, values[i]);
#pragma unroll 1
  for (int at = first + held * 128; at < width; at += 128) {
    sum = plus_values(sum, *reinterpret_cast<const float4 *>(x + at));
  }
  const float mean = __fmul_rn(warp_sum(sum), inverse);
  float squares = 0.0f;
#pragma unroll
  for (int i = 0; i < held; ++i) {
    if (first + i * 128 < width) squares = plus_squares(squares, values[i], mean);
  }
#pragma unroll 1
  for (int at = first + held * 128; at < width; at += 128) {
    squares = plus_squares(squares, *reinterpret_cast<const float4 *>(x + at), mean);
  }
  return make_float2(mean, rsqrtf(fmaf(warp_sum(squares), inverse, epsilon)));
}

/// One value of a layer norm.
static __device__ __forceinline__ float normalised(float x, float2 moments, float gamma, float beta) {
  return fmaf(__fmul_rn(x - moments.x, moments.y), gamma, beta);
}
