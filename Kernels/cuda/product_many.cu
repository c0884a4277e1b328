// Products of hundreds to thousands of rows: an encoder's. What they cost is multiplication.
//
// A block computes 128 rows times 64 or 128 outputs, in steps of 32 inputs. Tiles of both sides come to shared memory
// three or four steps ahead of the eight warps that multiply them. Both shapes add an output's products in the order of
// the inputs, so that a row's bits depend on neither.
#include "product.cuh"

namespace many {

constexpr int threads = 256, tile_rows = 128, step = 32;

/// A tile in shared memory is rows of four chunks of 16 bytes. Where a chunk lies depends on its row, so that the eight
/// chunks of a column that `load_matrix_x4` reads at once lie in different banks.
static __device__ __forceinline__ int chunk_at(int row, int chunk) { return row * 4 + (chunk ^ (row / 2 % 4)); }

/// Sends for a step's tile of `Rows` rows from `from`; zeros stand where rows or inputs end.
template <int Rows, typename T>
static __device__ __forceinline__ void fetch(uint4 *tile, const T *from, int64_t stride, int rows, int inputs) {
#pragma unroll
  for (int i = 0; i < Rows * 4 / threads; ++i) {
    const int row = (threadIdx.x + i * threads) / 4, chunk = threadIdx.x % 4;
    const bool exists = row < rows && chunk * 8 < inputs;
    copy_async_16(tile + chunk_at(row, chunk), exists ? from + row * stride + chunk * 8 : from, exists);
  }
}

template <typename T>
static __device__ __forceinline__ void store_pair(const stapes_cuda_product_arguments &args, bool paired, int64_t row,
                                                  int64_t output, float first, float second) {
  if (row >= args.m || output >= args.n) return;
  const bool both = output + 1 < args.n;
  const int64_t at = row * args.c_stride + output;
  float before[2] = {0.0f, 0.0f};
  if (args.accumulate) {
    before[0] = load_output<T>(args, at);
    if (both) before[1] = load_output<T>(args, at + 1);
  }
  first = finished(args, first, args.bias ? args.bias[output] : 0.0f, before[0]);
  if (both) second = finished(args, second, args.bias ? args.bias[output + 1] : 0.0f, before[1]);
  if (!both || !paired) {
    store_output<T>(args, at, first);
    if (both) store_output<T>(args, at + 1, second);
  } else if (args.c_type == STAPES_FLOAT32) {
    *reinterpret_cast<float2 *>(static_cast<float *>(args.c) + at) = make_float2(first, second);
  } else {
    *reinterpret_cast<uint32_t *>(static_cast<T *>(args.c) + at) = pack_pair<T>(first, second);
  }
}

template <typename T, int Outputs>
static __device__ __forceinline__ void product(const stapes_cuda_product_arguments &args) {
  constexpr int tile_chunks = (tile_rows + Outputs) * 4;
  constexpr int stages = Outputs == 128 ? 3 : 4;
  // Warps side by side along the outputs, each with 32 of them, and the tiles of 16 rows of each.
  constexpr int across = Outputs / 32, tiles = tile_rows / 16 / (8 / across);

  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int64_t first_row = static_cast<int64_t>(blockIdx.y) * tile_rows;
  const int64_t first_output = static_cast<int64_t>(blockIdx.x) * Outputs;
  const int k = static_cast<int>(args.k), steps = (k + step - 1) / step;
  const int rows = static_cast<int>(args.m - first_row < tile_rows ? args.m - first_row : tile_rows);
  const int outputs = static_cast<int>(args.n - first_output < Outputs ? args.n - first_output : Outputs);
  const T *a = static_cast<const T *>(args.a) + first_row * args.a_stride;
  const T *weight = static_cast<const T *>(args.weight) + first_output * args.k;
  uint4 *shared = reinterpret_cast<uint4 *>(shared_memory());

  float sums[tiles][4][4];
#pragma unroll
  for (int t = 0; t < tiles; ++t) {
#pragma unroll
    for (int s = 0; s < 4; ++s) sums[t][s][0] = sums[t][s][1] = sums[t][s][2] = sums[t][s][3] = 0.0f;
  }

#pragma unroll
  for (int s = 0; s < stages - 1; ++s) {
    if (s < steps) {
      fetch<tile_rows>(shared + s * tile_chunks, a + s * step, args.a_stride, rows, k - s * step);
      fetch<Outputs>(shared + s * tile_chunks + tile_rows * 4, weight + s * step, args.k, outputs, k - s * step);
    }
    copy_async_commit();
  }

  const int warp_row = warp / across * (tiles * 16), warp_output = warp % across * 32;
  int stage = 0;
  for (int now = 0; now < steps; ++now) {
    copy_async_wait<stages - 2>();
    // This step's tiles are here for all, and none reads those of the step before any more.
    __syncthreads();
    const int next = now + stages - 1;
    if (next < steps) {
      uint4 *tile = shared + (stage == 0 ? stages - 1 : stage - 1) * tile_chunks;
      fetch<tile_rows>(tile, a + next * step, args.a_stride, rows, k - next * step);
      fetch<Outputs>(tile + tile_rows * 4, weight + next * step, args.k, outputs, k - next * step);
    }
    copy_async_commit();

    const uint4 *tile = shared + stage * tile_chunks;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      uint32_t a_parts[tiles][4], b_parts[2][4];
#pragma unroll
      for (int t = 0; t < tiles; ++t) {
        load_matrix_x4(a_parts[t], tile + chunk_at(warp_row + t * 16 + lane % 16, half * 2 + lane / 16));
      }
#pragma unroll
      for (int s = 0; s < 2; ++s) {
        const int output = warp_output + s * 16 + lane / 16 * 8 + lane % 8;
        load_matrix_x4(b_parts[s], tile + tile_rows * 4 + chunk_at(output, half * 2 + lane / 8 % 2));
      }
#pragma unroll
      for (int t = 0; t < tiles; ++t) {
#pragma unroll
        for (int s = 0; s < 4; ++s) {
          const uint32_t b[2] = {b_parts[s / 2][s % 2 * 2], b_parts[s / 2][s % 2 * 2 + 1]};
          mma_16x8x16<T>(sums[t][s], a_parts[t], b);
        }
      }
    }
    stage = stage + 1 == stages ? 0 : stage + 1;
  }

  // Two outputs side by side are stored together where they lie so in every row.
  const bool paired =
      args.c_stride % 2 == 0 && reinterpret_cast<uintptr_t>(args.c) % (args.c_type == STAPES_FLOAT32 ? 8 : 4) == 0;
#pragma unroll
  for (int t = 0; t < tiles; ++t) {
#pragma unroll
    for (int s = 0; s < 4; ++s) {
      const int64_t row = first_row + warp_row + t * 16 + lane / 4;
      const int64_t output = first_output + warp_output + s * 8 + lane % 4 * 2;
      store_pair<T>(args, paired, row, output, sums[t][s][0], sums[t][s][1]);
      store_pair<T>(args, paired, row + 8, output, sums[t][s][2], sums[t][s][3]);
    }
  }
}

/// The grid says how wide a block is: see shapes.c.
template <typename T>
static __device__ __forceinline__ void product_of_any_width(stapes_cuda_product_arguments args) {
  const int64_t index = blockIdx.z;
  args.a = static_cast<const T *>(args.a) + index * args.a_batch_stride;
  args.c = static_cast<char *>(args.c) + index * args.c_batch_stride * (args.c_type == STAPES_FLOAT32 ? 4 : 2);
  if (gridDim.x == (args.n + 63) / 64) {
    product<T, 64>(args);
  } else {
    product<T, 128>(args);
  }
}

}  // namespace many

KERNEL(product_many_f16, many::threads)(const __grid_constant__ stapes_cuda_product_arguments args) {
  many::product_of_any_width<half_t>(args);
}
KERNEL(product_many_bf16, many::threads)(const __grid_constant__ stapes_cuda_product_arguments args) {
  many::product_of_any_width<bfloat_t>(args);
}
