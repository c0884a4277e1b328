// Attention of every frame of a window over every frame: blocks of 64 queries, 16 a warp, go along the keys in blocks
// of 64 and keep the softmax as they go. The next block of keys and values is copied while this one is worked on.
#include "attention.cuh"

namespace encoder {

constexpr int width = STAPES_HEAD_WIDTH;
constexpr int block_queries = 64, block_keys = 64;
/// Bytes of a block of keys in shared memory. There are two of keys, two of values.
constexpr int buffer_values = block_keys * width;

/// Where eight dimensions of a row stand: rows of 128 bytes would all begin in one bank, so their parts change places.
__device__ __forceinline__ int place(int row, int part) { return row * width + (part ^ row % 8) * 8; }

/// Copies what is a thread's of a block of 64 rows, of which `left` are frames: its part of every 16th row.
template <typename T>
__device__ __forceinline__ void copy_block(T *to, const T *from, int64_t stride, int row, int left) {
#pragma unroll
  for (int i = 0; i < block_keys / 16; i++) {
    // Rows past the last frame are zeros: what they hold would meet a weight of 0, which keeps no NaN away.
    copy_async_16(to + i * 16 * width, from, row + i * 16 < left);
    from += 16 * stride;
  }
}

template <typename T>
__device__ __forceinline__ uint32_t load_pair(const T *from) {
  return *reinterpret_cast<const uint32_t *>(from);
}

template <typename T>
__device__ __forceinline__ void encoder_attention(const stapes_encoder_attention_arguments &a) {
  const int head = blockIdx.y, frames = static_cast<int>(a.frames), thread = threadIdx.x;
  const int lane = thread % 32, quad = lane / 4, pair = lane % 4;
  // Windows lie one after the other and do not see each other. Rows are counted over all of them.
  const int first = blockIdx.z * frames, end = first + frames;
  const int row = first + blockIdx.x * block_queries + thread / 32 * 16 + quad;
  T *key_buffers = reinterpret_cast<T *>(shared_memory()), *value_buffers = key_buffers + 2 * buffer_values;

  // Keys and values lie alike: one offset serves both, of 32 bits, since no register is free for more.
  const int copied = thread / 8, to = place(copied, thread % 8);
  int from = (first + copied) * static_cast<int>(a.stride) + head * width + thread % 8 * 8;
  const T *keys = static_cast<const T *>(a.key), *values = static_cast<const T *>(a.value);
  copy_block(key_buffers + to, keys + from, a.stride, copied, frames);
  copy_async_commit();
  copy_block(value_buffers + to, values + from, a.stride, copied, frames);
  copy_async_commit();

  // Queries stay in registers: rows `row` and `row` + 8.
  uint32_t q[4][4];
  {
    const T *query = static_cast<const T *>(a.query) + row * a.stride + head * width + pair * 2;
#pragma unroll
    for (int step = 0; step < 4; step++)
#pragma unroll
      for (int i = 0; i < 4; i++)
        q[step][i] = row + i % 2 * 8 < end ? load_pair(query + i % 2 * 8 * a.stride + step * 16 + i / 2 * 8) : 0;
  }

  float sums[8][4];
#pragma unroll
  for (int i = 0; i < 8; i++)
#pragma unroll
    for (int j = 0; j < 4; j++) sums[i][j] = 0;
  // Of rows `row` and `row` + 8, in powers of 2; the totals are of this lane's columns until the end.
  float maxima[2] = {-INFINITY, -INFINITY}, totals[2] = {0, 0};
  const float scale = a.scale * LOG2_E;
  const int blocks = (frames + block_keys - 1) / block_keys;

#pragma unroll 1
  for (int block = 0; block < blocks; block++) {
    const T *key_block = key_buffers + block % 2 * buffer_values;
    const T *value_block = value_buffers + block % 2 * buffer_values;
    copy_async_wait<1>();
    __syncthreads();
    // Everybody is past the block before, so its room is free.
    const int next = block + 1;
    const int left = frames - next * block_keys, at = next % 2 * buffer_values + to;
    from += block_keys * static_cast<int>(a.stride);
    if (left > 0) copy_block(key_buffers + at, keys + from, a.stride, copied, left);
    copy_async_commit();

    float scores[8][4];
#pragma unroll
    for (int i = 0; i < 8; i++) {
#pragma unroll
      for (int j = 0; j < 4; j++) scores[i][j] = 0;
#pragma unroll
      for (int half = 0; half < 2; half++) {
        uint32_t k[4];
        load_matrix_x4(k, key_block + place(i * 8 + lane % 8, half * 4 + lane / 8));
        const uint32_t first[2] = {k[0], k[1]}, second[2] = {k[2], k[3]};
        mma_16x8x16<T>(scores[i], q[half * 2], first);
        mma_16x8x16<T>(scores[i], q[half * 2 + 1], second);
      }
    }
    if (left <= 0) {
#pragma unroll
      for (int i = 0; i < 8; i++)
#pragma unroll
        for (int j = 0; j < 4; j++)
          if (block * block_keys + i * 8 + pair * 2 + j % 2 >= frames) scores[i][j] = -INFINITY;
    }

    // The scores' columns are keys, as the next product's are: weights go from fragment to fragment.
    uint32_t weights[4][4];
    // Every block of keys has at least one frame, so that no maximum is -inf unless scores are no numbers.
#pragma unroll
    for (int r = 0; r < 2; r++) {
      float maximum = -INFINITY;
#pragma unroll
      for (int i = 0; i < 8; i++) maximum = fmaxf(maximum, fmaxf(scores[i][r * 2], scores[i][r * 2 + 1]));
      maximum = fmaxf(maximum, __shfl_xor_sync(0xffffffff, maximum, 1));
      maximum = fmaxf(maximum, __shfl_xor_sync(0xffffffff, maximum, 2));
      maximum = fmaxf(maxima[r], maximum * scale);
      const float below = maximum == -INFINITY ? 0.0f : maximum, before = exponential_2(maxima[r] - below);
      maxima[r] = maximum;
      totals[r] *= before;
#pragma unroll
      for (int i = 0; i < 8; i++) {
        sums[i][r * 2] *= before, sums[i][r * 2 + 1] *= before;
        const float low = exponential_2(fmaf(scores[i][r * 2], scale, -below));
        const float high = exponential_2(fmaf(scores[i][r * 2 + 1], scale, -below));
        totals[r] += low + high;
        weights[i / 2][i % 2 * 2 + r] = packed_weights<T>(low, high);
      }
    }

    copy_async_wait<1>();
    __syncthreads();
    if (left > 0) copy_block(value_buffers + at, values + from, a.stride, copied, left);
    copy_async_commit();
#pragma unroll
    for (int step = 0; step < 4; step++) {
#pragma unroll
      for (int i = 0; i < 8; i += 2) {
        uint32_t v[4];
        load_matrix_x4_transposed(v, value_block + place(step * 16 + lane % 16, i + lane / 16));
        const uint32_t first[2] = {v[0], v[1]}, second[2] = {v[2], v[3]};
        mma_16x8x16<T>(sums[i], weights[step], first);
        mma_16x8x16<T>(sums[i + 1], weights[step], second);
      }
    }
  }

#pragma unroll
  for (int r = 0; r < 2; r++) {
    totals[r] += __shfl_xor_sync(0xffffffff, totals[r], 1);
    totals[r] += __shfl_xor_sync(0xffffffff, totals[r], 2);
    const int frame = row + r * 8;
    if (frame >= end) continue;
    const float inverse = 1.0f / totals[r];
    T *to = static_cast<T *>(a.output) + frame * a.output_stride + head * width + pair * 2;
#pragma unroll
    for (int i = 0; i < 8; i++)
      *reinterpret_cast<uint32_t *>(to + i * 8) =
          packed(from_float<T>(sums[i][r * 2] * inverse), from_float<T>(sums[i][r * 2 + 1] * inverse));
  }
}

}  // namespace encoder

// Four blocks share a multiprocessor: a window of 20 heads runs all at once.
#define STAPES_ENCODER_BOUNDS 128, 4

KERNEL(encoder_attention_f16, STAPES_ENCODER_BOUNDS)(const __grid_constant__ stapes_encoder_attention_arguments args) {
  encoder::encoder_attention<half_t>(args);
}

KERNEL(encoder_attention_bf16, STAPES_ENCODER_BOUNDS)(const __grid_constant__ stapes_encoder_attention_arguments args) {
  encoder::encoder_attention<bfloat_t>(args);
}
