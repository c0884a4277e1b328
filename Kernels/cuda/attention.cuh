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
/// the same dimensions of both (`cached`): they are summed in one odd order.
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

// What a lane holds of a row of 64 cached numbers, as they lie there: of keys a quarter, of values an eighth. Keys of two
// bytes are those at 8 pair and at 32 + 8 pair, of one byte those at 16 pair: so every load is of 16 bytes.
struct key_16 {
  uint4 x[2];
};
struct key_8 {
  uint4 x[1];
};
template <typename C>
struct cached {
  typedef key_16 key;
  typedef uint4 value;
  static constexpr int quarter = 8, second_half = 32;
};
template <>
struct cached<float8_t> {
  typedef key_8 key;
  typedef uint2 value;
  static constexpr int quarter = 16, second_half = 8;
};

/// `part` is the row at `quarter` pair.
template <typename C>
static __device__ __forceinline__ void load_key(typename cached<C>::key &x, const C *part) {
#pragma unroll
  for (int i = 0; i < static_cast<int>(sizeof x / 16); i++) x.x[i] = load_16(part + i * 32);
}
template <typename C>
static __device__ __forceinline__ typename cached<C>::value load_value(const C *part) {
  return *reinterpret_cast<const typename cached<C>::value *>(part);
}

/// Eight of them as they are multiplied.
template <typename T>
static __device__ __forceinline__ uint4 widened(uint4 x) {
  return x;
}
template <typename T>
static __device__ __forceinline__ uint4 widened(uint2 x) {
  uint4 eight;
  eight.x = widened_pair<T>(x.x), eight.y = widened_pair<T>(x.x >> 16);
  eight.z = widened_pair<T>(x.y), eight.w = widened_pair<T>(x.y >> 16);
  return eight;
}
template <typename T>
static __device__ __forceinline__ void widen(uint4 (&to)[2], const key_16 &key) {
  to[0] = key.x[0], to[1] = key.x[1];
}
template <typename T>
static __device__ __forceinline__ void widen(uint4 (&to)[2], const key_8 &key) {
  to[0] = widened<T>(make_uint2(key.x[0].x, key.x[0].y)), to[1] = widened<T>(make_uint2(key.x[0].z, key.x[0].w));
}

/// The dimensions of a row of queries that this lane holds of rows of keys; `part` is the row at `quarter` pair.
template <typename C, typename T>
static __device__ __forceinline__ void load_query(uint4 (&x)[2], const T *part) {
  x[0] = load_16(part);
  x[1] = load_16(part + cached<C>::second_half);
}
