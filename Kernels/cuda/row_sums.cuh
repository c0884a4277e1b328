// The maximum of a range of a row of float32 and the sum of what its numbers are the logarithms of, by a whole block.
//
// A thread takes four numbers at a time, of rows that may begin anywhere. What is not a number counts as -inf.
#pragma once

#include "attention.cuh"

constexpr int row_threads = 1024, row_warps = row_threads / 32;
/// Groups of four numbers that a thread has under way.
constexpr int row_loads = 4;

/// A maximum, and the sum of exp(x - maximum).
struct row_sum {
  float maximum = -INFINITY, total = 0;

  __device__ __forceinline__ void raise(float to) {
    if (to > maximum) {
      total *= exponential_2((maximum - to) * LOG2_E);
      maximum = to;
    }
  }

  /// The order of the two does not matter to the bits, so that all lanes of a warp come to the same.
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
  /// The first id of the batch that holds the first maximum; for the edges of the range, -1 - the id itself.
  int at = 0;
};

/// The groups of four whole ids at a multiple of 16 bytes that lie within [begin, end).
struct row_range {
  const float *row;
  int begin, end, first, groups;

  __device__ __forceinline__ row_range(const float *row, int begin, int end) : row(row), begin(begin), end(end) {
    if (this->end < begin) this->end = begin;
    const int past = static_cast<int>(reinterpret_cast<uintptr_t>(row + begin) / 4 % 4);
    first = begin + (4 - past) % 4;
    if (first > this->end) first = this->end;
    groups = (this->end - first) / 4;
  }

  /// What a thread has of the ids that are in no group: up to three before and three after them; -1 for none.
  __device__ __forceinline__ int edge(int thread) const {
    const int after = first + groups * 4;
    if (thread < first - begin) return begin + thread;
    if (thread >= 4 && thread - 4 < end - after) return after + thread - 4;
    return -1;
  }
};

/// Four numbers, or -inf past the last group.
static __device__ __forceinline__ void load_four(float (&x)[4], const row_range &range, int group) {
  if (group < range.groups) {
    // Not through the cache that expects no changes: the block has written some of these itself.
    const float4 four = *reinterpret_cast<const float4 *>(range.row + range.first + group * 4);
    x[0] = fmaxf(four.x, -INFINITY), x[1] = fmaxf(four.y, -INFINITY);
    x[2] = fmaxf(four.z, -INFINITY), x[3] = fmaxf(four.w, -INFINITY);
  } else {
    x[0] = x[1] = x[2] = x[3] = -INFINITY;
  }
}

static __device__ __forceinline__ row_part sum_part(const row_range &range) {
  row_part part;
  const int thread = threadIdx.x;
  for (int base = 0; base < range.groups; base += row_loads * row_threads) {
    float x[row_loads][4];
#pragma unroll
    for (int i = 0; i < row_loads; i++) load_four(x[i], range, base + i * row_threads + thread);
    float maximum = -INFINITY;
#pragma unroll
    for (int i = 0; i < row_loads; i++)
      maximum = fmaxf(maximum, fmaxf(fmaxf(x[i][0], x[i][1]), fmaxf(x[i][2], x[i][3])));
    if (maximum > part.maximum) {
      part.raise(maximum);
      part.at = range.first + (base + thread) * 4;
    }
    if (part.maximum == -INFINITY) continue;
    const float below = part.maximum * LOG2_E;
#pragma unroll
    for (int i = 0; i < row_loads; i++)
#pragma unroll
      for (int j = 0; j < 4; j++) part.total += exponential_2(fmaf(x[i][j], LOG2_E, -below));
  }
  const int edge = range.edge(thread);
  if (edge >= 0) {
    const float x = fmaxf(range.row[edge], -INFINITY);
    // Before the groups an id wins among equals, after them it loses.
    if (x > part.maximum || (x == part.maximum && x > -INFINITY && edge < part.at)) part.at = -1 - edge;
    part.raise(x);
    if (x > -INFINITY) part.total += exponential_2((x - part.maximum) * LOG2_E);
  }
  return part;
}

/// The first id of value `best` of a thread whose maximum it is.
static __device__ __forceinline__ int first_of(const row_part &part, const row_range &range, float best) {
  if (part.at < 0) return -1 - part.at;
  int id = INT32_MAX;
  // From the last on, so that the first stays.
#pragma unroll
  for (int i = row_loads - 1; i >= 0; i--) {
    float x[4];
    const int at = part.at + i * row_threads * 4;
    load_four(x, range, (at - range.first) / 4);
#pragma unroll
    for (int j = 3; j >= 0; j--)
      if (x[j] == best) id = at + j;
  }
  return id;
}

static __device__ __forceinline__ row_sum sum_warp(row_sum sum) {
#pragma unroll
  for (int bits = 16; bits > 0; bits /= 2) {
    row_sum other;
    other.maximum = __shfl_xor_sync(0xffffffff, sum.maximum, bits);
    other.total = __shfl_xor_sync(0xffffffff, sum.total, bits);
    sum = sum.with(other);
  }
  return sum;
}
