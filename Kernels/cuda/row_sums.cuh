// The maximum of a range of a row of float32 and the sum of what its numbers are the logarithms of, by a whole block.
// What is not a number counts as -inf. Rows may begin at any float.
#pragma once

#include "attention.cuh"

constexpr int row_threads = 1024, row_warps = row_threads / 32;
/// Numbers that a thread has under way at once: a batch.
constexpr int row_loads = 16;

/// A maximum, and the sum of exp(x - maximum).
struct row_sum {
  float maximum = -INFINITY, total = 0;

  __device__ __forceinline__ void raise(float to) {
    if (to > maximum) {
      total *= exponential_2((maximum - to) * LOG2_E);
      maximum = to;
    }
  }

  __device__ __forceinline__ row_sum with(const row_sum &other) const {
    row_sum both;
    both.maximum = fmaxf(maximum, other.maximum);
    const float mine = maximum == both.maximum ? total : total * exponential_2((maximum - both.maximum) * LOG2_E);
    const float others = other.maximum == both.maximum
                             ? other.total
                             : other.total * exponential_2((other.maximum - both.maximum) * LOG2_E);
    both.total = mine + others;
    return both;
  }
};

/// A thread's part of a range, and where its maximum came up first.
struct row_part : row_sum {
  /// The first id of the thread's batch that holds the first maximum.
  int at = 0;
};

/// A thread's numbers of a batch that begins at id `at`. Not read as what never changes: the block may have written
/// some.
template <bool Whole>
static __device__ __forceinline__ void load_batch(float (&x)[row_loads], const float *row, int at, int end) {
#pragma unroll
  for (int i = 0; i < row_loads; i++) {
    const int id = at + i * row_threads;
    x[i] = Whole || id < end ? row[id] : -INFINITY;
  }
#pragma unroll
  for (int i = 0; i < row_loads; i++) x[i] = fmaxf(x[i], -INFINITY);
}

/// Adds a batch that begins at `base`.
template <bool Whole>
static __device__ __forceinline__ void add_batch(row_part &part, const float *row, int base, int end) {
  float x[row_loads];
  load_batch<Whole>(x, row, base + threadIdx.x, end);
  float maximum = x[0];
#pragma unroll
  for (int i = 1; i < row_loads; i++) maximum = fmaxf(maximum, x[i]);
  if (maximum > part.maximum) {
    part.raise(maximum);
    part.at = base + threadIdx.x;
  }
  const float below = part.maximum == -INFINITY ? 0.0f : part.maximum * LOG2_E;
#pragma unroll
  for (int i = 0; i < row_loads; i++)
    if (Whole || base + i * row_threads < end) part.total += exponential_2(fmaf(x[i], LOG2_E, -below));
}

/// The ids of [begin, end) that are a thread's. Which they are, and so the bits of the sums, depends on the range
/// alone.
static __device__ __forceinline__ row_part sum_part(const float *row, int begin, int end) {
  row_part part;
  int base = begin;
  for (; base + row_loads * row_threads <= end; base += row_loads * row_threads) add_batch<true>(part, row, base, end);
  if (base < end) add_batch<false>(part, row, base, end);
  return part;
}

/// The first id of value `best` of a thread whose maximum it is.
static __device__ __forceinline__ int first_of(const row_part &part, const float *row, int end, float best) {
  float x[row_loads];
  load_batch<false>(x, row, part.at, end);
  int id = INT32_MAX;
  // From the last on, so that the first stays.
#pragma unroll
  for (int i = row_loads - 1; i >= 0; i--)
    if (x[i] == best) id = part.at + i * row_threads;
  return id;
}

/// Of all lanes of a warp. All of them come to the same bits.
static __device__ __forceinline__ row_sum sum_warp(const row_sum &sum) {
  row_sum whole;
  whole.maximum = warp_greatest(sum.maximum);
  whole.total = sum.maximum == whole.maximum ? sum.total
                                             : sum.total * exponential_2((sum.maximum - whole.maximum) * LOG2_E);
#pragma unroll
  for (int bits = 16; bits > 0; bits /= 2) whole.total += __shfl_xor_sync(0xffffffff, whole.total, bits);
  return whole;
}
