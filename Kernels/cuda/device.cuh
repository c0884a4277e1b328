// What a kernel may use of the device beyond plain C++. Compiled by nvcc these are the device's own instructions;
// with STAPES_EMULATED a C++ compiler gets functions of the same names from the emulator, so that every kernel runs in
// the tests of a machine without a GPU.
//
// Kernels keep to this: dynamic shared memory through `shared_memory` alone, no static shared memory, no dynamic
// parallelism, all threads of a block reach every `__syncthreads`, and warp functions are called by all 32 lanes.
//
// A kernel may be launched so that it begins while the kernel before it ends (programmatic dependent launch), if it keeps
// to one rule: every thread of every block calls `wait_for_predecessors` once, before it returns anywhere, before it reads
// what is not constant (weights, and all that no kernel of a step writes) and before it writes anything. Then whoever has
// waited sees all that was launched before, since each of those had waited too. What is not constant is read with plain
// loads, never as constants.
#pragma once

#ifndef STAPES_EMULATED
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

// The argument structs are C headers annotated for Swift.
#define _Nonnull
#define _Nullable

/// Begins a kernel: `KERNEL(layer_norm)(const __grid_constant__ stapes_layer_norm_arguments args) { ... }`, called
/// `stapes_cuda_layer_norm` in the module.
#define KERNEL(name, threads) extern "C" __global__ void __launch_bounds__(threads) stapes_cuda_##name

typedef __half half_t;
typedef __nv_bfloat16 bfloat_t;
/// E4M3, of the cached keys and values of a window.
struct float8_t {
  uint8_t bits;
};

/// The block's dynamic shared memory, aligned to 16 bytes.
static __device__ __forceinline__ char *shared_memory() {
  extern __shared__ uint4 stapes_shared[];
  return reinterpret_cast<char *>(stapes_shared);
}

static __device__ __forceinline__ float to_float(half_t x) { return __half2float(x); }
static __device__ __forceinline__ float to_float(bfloat_t x) { return __bfloat162float(x); }
static __device__ __forceinline__ float to_float(float x) { return x; }

/// Rounds to the nearest, ties to even. What a half cannot hold becomes its largest number, infinities too; a NaN stays.
template <typename T>
static __device__ __forceinline__ T from_float(float x);
template <>
__device__ __forceinline__ float from_float<float>(float x) { return x; }
template <>
__device__ __forceinline__ half_t from_float<half_t>(float x) {
  // Not fminf and fmaxf, which drop a NaN.
  if (x > 65504.0f) x = 65504.0f;
  if (x < -65504.0f) x = -65504.0f;
  return __float2half_rn(x);
}
template <>
__device__ __forceinline__ bfloat_t from_float<bfloat_t>(float x) { return __float2bfloat16_rn(x); }

/// Two numbers rounded to E4M3, `low` in the first byte: to the nearest, ties to even. What is too large becomes 448,
/// infinities too; a NaN stays.
static __device__ __forceinline__ uint32_t float8_pair(float low, float high) {
  uint16_t bits;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(bits) : "f"(high), "f"(low));
  return bits;
}

/// The two numbers of the low half of `pair` as two of T, which holds every one of them.
template <typename T>
static __device__ __forceinline__ uint32_t widened_pair(uint32_t pair);
template <>
__device__ __forceinline__ uint32_t widened_pair<half_t>(uint32_t pair) {
  uint32_t bits;
  asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(bits) : "h"(static_cast<uint16_t>(pair)));
  return bits;
}
template <>
__device__ __forceinline__ uint32_t widened_pair<bfloat_t>(uint32_t pair) {
  const uint32_t halves = widened_pair<half_t>(pair);
  uint32_t bits;
  asm("{.reg .f16 a, b; .reg .f32 c, d; mov.b32 {a, b}, %1; cvt.f32.f16 c, a; cvt.f32.f16 d, b;"
      " cvt.rn.bf16x2.f32 %0, d, c;}"
      : "=r"(bits)
      : "r"(halves));
  return bits;
}

/// d += a * b for a tile of 16 x 8 x 16, fragments as `mma.m16n8k16` has them: a of 4 registers (row-major 16 x 16),
/// b of 2 (column-major 16 x 8), d of 4 floats. Each register of a and b holds two 16-bit values.
template <typename T>
static __device__ __forceinline__ void mma_16x8x16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);
template <>
__device__ __forceinline__ void mma_16x8x16<half_t>(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
template <>
__device__ __forceinline__ void mma_16x8x16<bfloat_t>(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/// Four 8 x 8 matrices of 16-bit values from shared memory: lane i gives the address of row i % 8 of matrix i / 8.
static __device__ __forceinline__ void load_matrix_x4(uint32_t (&r)[4], const void *row) {
  uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address));
}
static __device__ __forceinline__ void load_matrix_x4_transposed(uint32_t (&r)[4], const void *row) {
  uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address));
}

/// Copies 16 bytes from global to shared memory behind the back of the thread, or zeros if `valid` is false.
static __device__ __forceinline__ void copy_async_16(void *to, const void *from, bool valid) {
  uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(to));
  int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from), "r"(bytes));
}
static __device__ __forceinline__ void copy_async_commit() { asm volatile("cp.async.commit_group;"); }
/// Waits until at most `Pending` groups are under way.
template <int Pending>
static __device__ __forceinline__ void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending));
}

/// Sixteen bytes of weights, which are read once, past the first cache. Volatile and no load of a constant, which both
/// compilers would move behind `wait_for_predecessors`.
static __device__ __forceinline__ uint4 load_constant_16(const void *from) {
  uint4 x;
  asm volatile("ld.global.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];"
               : "=r"(x.x), "=r"(x.y), "=r"(x.z), "=r"(x.w)
               : "l"(__cvta_generic_to_global(from)));
  return x;
}

/// Sixteen bytes that a kernel before may have written.
static __device__ __forceinline__ uint4 load_16(const void *from) { return *reinterpret_cast<const uint4 *>(from); }

/// Asks for constant bytes on the way to the second cache: a multiple of 16 of them, from a multiple of 16 on.
static __device__ __forceinline__ void prefetch_constant(const void *from, uint32_t bytes) {
  asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(__cvta_generic_to_global(from)), "r"(bytes));
}

/// Waits until all that the stream was given before is done and can be seen, if the kernel began sooner.
static __device__ __forceinline__ void wait_for_predecessors() { asm volatile("griddepcontrol.wait;" ::: "memory"); }

/// Lets the next kernel begin once every block has come here or ended. It waits for the end of this one itself, so the
/// sooner the better: what it takes of a multiprocessor none of this kernel's blocks needs any more.
static __device__ __forceinline__ void let_dependents_begin() { asm volatile("griddepcontrol.launch_dependents;"); }
#else
#include "emulator.h"
#endif

/// How a kernel begins that has nothing to do before.
static __device__ __forceinline__ void begin_after_predecessors() {
  let_dependents_begin();
  wait_for_predecessors();
}

#include "stapes_cuda_kernels.h"
