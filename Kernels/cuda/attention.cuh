// What the attention kernels share. The fragments are those of mma.m16n8k16: of a lane, `quad` = lane / 4 is the row of
// a and the column of b, `pair` = lane % 4 says which columns of a (rows of b) it holds: 2 pair, 2 pair + 1 and those
// + 8.
#pragma once

#include <type_traits>

#include "device.cuh"

/// Two numbers as a register of a fragment: the first in the low half.
template <typename T>
static __device__ __forceinline__ uint32_t packed(T low, T high) {
  uint16_t bits[2];
  memcpy(&bits[0], &low, 2);
  memcpy(&bits[1], &high, 2);
  return static_cast<uint32_t>(bits[1]) << 16 | bits[0];
}

/// Two weights, which are 0 to 1 or no numbers, so that nothing is too large for a half.
template <typename T>
static __device__ __forceinline__ uint32_t packed_weights(float low, float high) {
#ifdef STAPES_EMULATED
  return packed(from_float<T>(low), from_float<T>(high));
#else
  uint32_t bits;
  if constexpr (std::is_same<T, half_t>::value)
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
  else
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
  return bits;
#endif
}

// Of the pairs (a, a') and (b, b'): (a, b) and (a', b').
static __device__ __forceinline__ uint32_t low_halves(uint32_t a, uint32_t b) { return (a & 0xffff) | b << 16; }
static __device__ __forceinline__ uint32_t high_halves(uint32_t a, uint32_t b) { return a >> 16 | (b & 0xffff0000); }

/// exp2(x) to about 2 units in the last place; the device has one instruction for it.
static __device__ __forceinline__ float exponential_2(float x) {
#ifdef STAPES_EMULATED
  return exp2f(x);
#else
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#endif
}
#define LOG2_E 1.44269504088896341f

/// exp2(x - maximum), and 0 where nothing counts yet: a maximum of -inf would make it what is not a number.
static __device__ __forceinline__ float weight_below(float x, float maximum) {
  return maximum == -INFINITY ? 0.0f : exponential_2(x - maximum);
}

// Of all lanes of a warp.
static __device__ __forceinline__ int warp_greatest(int x) {
#ifdef STAPES_EMULATED
  for (int bits = 16; bits > 0; bits /= 2) x = max(x, __shfl_xor_sync(0xffffffff, x, bits));
  return x;
#else
  return __reduce_max_sync(0xffffffff, x);
#endif
}
static __device__ __forceinline__ int warp_least(int x) {
#ifdef STAPES_EMULATED
  for (int bits = 16; bits > 0; bits /= 2) x = min(x, __shfl_xor_sync(0xffffffff, x, bits));
  return x;
#else
  return __reduce_min_sync(0xffffffff, x);
#endif
}

/// Of numbers; the order of their bits as integers is theirs, but for that of those below 0, which is turned.
static __device__ __forceinline__ float warp_greatest(float x) {
  int bits;
  memcpy(&bits, &x, 4);
  bits = warp_greatest(bits < 0 ? bits ^ 0x7fffffff : bits);
  if (bits < 0) bits ^= 0x7fffffff;
  memcpy(&x, &bits, 4);
  return x;
}

/// Counts one more arrival and returns how many there were. What the thread knows to be written before comes before the
/// arrival for whoever sees it, and what it reads afterwards is no older than the arrivals before.
static __device__ __forceinline__ unsigned arrive(unsigned *arrivals) {
#ifdef STAPES_EMULATED
  return atomicAdd(arrivals, 1u);
#else
  unsigned before;
  asm volatile("atom.acq_rel.gpu.global.add.u32 %0, [%1], 1;" : "=r"(before) : "l"(arrivals) : "memory");
  return before;
#endif
}

static __device__ __forceinline__ uint4 zeros_16() {
  uint4 x;
  x.x = x.y = x.z = x.w = 0;
  return x;
}

/// Scores of one key tile of 8 positions: d += q . k over 64 dimensions. `q` and `k` are 32 bytes a lane of their rows,
/// bytes 16 pair and 64 + 16 pair on: so every load is of 16 bytes, and the dimensions are summed in one odd order.
/// q[0] and q[1] are of row `quad` of a, q[2] and q[3] of row `quad` + 8.
template <typename T>
static __device__ __forceinline__ void add_scores(float (&d)[4], const uint4 (&q)[4], const uint4 (&k)[2]) {
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const uint32_t a0[4] = {q[half].x, q[2 + half].x, q[half].y, q[2 + half].y};
    const uint32_t b0[2] = {k[half].x, k[half].y};
    mma_16x8x16<T>(d, a0, b0);
    const uint32_t a1[4] = {q[half].z, q[2 + half].z, q[half].w, q[2 + half].w};
    const uint32_t b1[2] = {k[half].z, k[half].w};
    mma_16x8x16<T>(d, a1, b1);
  }
}

/// The 32 bytes of a row of 64 dimensions that this lane holds in `add_scores`; `part` is the row at 8 pair.
template <typename T>
static __device__ __forceinline__ void load_row(uint4 (&x)[2], const T *part) {
  x[0] = load_16(part);
  x[1] = load_16(part + 32);
}
