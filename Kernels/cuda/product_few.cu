// Products of few rows: a decoder's step. What they cost is the weights, which are read once, so that what counts is
// how many bytes are under way.
//
// A block computes Tiles tiles of 16 rows times Strips strips of 8 outputs. Its eight warps divide the inputs: steps of
// 32 go round them in turn, and their sums are added in the order of the warps. That order depends on k alone, so a
// row's bits depend on neither m, nor Tiles and Strips, nor the rows beside it.
//
// A product of matrices does not mind in which order the inputs come if both sides agree. In a step a lane takes the 8
// inputs from (lane % 4) * 8 on, of weight row lane / 4 and of rows lane / 4 and lane / 4 + 8: 16 bytes that lie side
// by side. They are its part of both sides of two multiplications, with no shuffling and no shared memory.
#include "product.cuh"

// Two blocks share a multiprocessor, or a grid of a few more blocks than there are of those would take twice as long.
#ifndef STAPES_EMULATED
#define STAPES_FEW_BOUNDS 256, 2
#else
#define STAPES_FEW_BOUNDS 256
#endif

namespace few {

constexpr int warps = 8, threads = warps * 32, step = 32;

enum Input { typed, floats, normal };

/// Eight inputs of a row as they are stored.
template <Input input>
struct Eight {
  float4 low, high;
  static __device__ __forceinline__ Eight zero() {
    const float4 zero = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    return Eight{zero, zero};
  }
  static __device__ __forceinline__ Eight load(const float *from) {
    const float4 *vectors = reinterpret_cast<const float4 *>(from);
    return Eight{vectors[0], vectors[1]};
  }
};
template <>
struct Eight<typed> {
  uint4 bits;
  static __device__ __forceinline__ Eight zero() { return Eight{make_uint4(0, 0, 0, 0)}; }
  template <typename T>
  static __device__ __forceinline__ Eight load(const T *from) {
    return Eight{*reinterpret_cast<const uint4 *>(from)};
  }
};

/// What a row is made of in memory.
template <typename T, Input input>
struct Stored {
  typedef float type;
};
template <typename T>
struct Stored<T, typed> {
  typedef T type;
};

template <typename T>
static __device__ __forceinline__ uint4 rounded(const Eight<typed> &x, float2, const Eight<floats> &,
                                                const Eight<floats> &) {
  return x.bits;
}
template <typename T>
static __device__ __forceinline__ uint4 rounded(const Eight<floats> &x, float2, const Eight<floats> &,
                                                const Eight<floats> &) {
  return make_uint4(pack_pair<T>(x.low.x, x.low.y), pack_pair<T>(x.low.z, x.low.w), pack_pair<T>(x.high.x, x.high.y),
                    pack_pair<T>(x.high.z, x.high.w));
}
template <typename T>
static __device__ __forceinline__ uint4 rounded(const Eight<normal> &x, float2 moments, const Eight<floats> &gamma,
                                                const Eight<floats> &beta) {
  Eight<floats> y;
  y.low.x = normalised(x.low.x, moments, gamma.low.x, beta.low.x);
  y.low.y = normalised(x.low.y, moments, gamma.low.y, beta.low.y);
  y.low.z = normalised(x.low.z, moments, gamma.low.z, beta.low.z);
  y.low.w = normalised(x.low.w, moments, gamma.low.w, beta.low.w);
  y.high.x = normalised(x.high.x, moments, gamma.high.x, beta.high.x);
  y.high.y = normalised(x.high.y, moments, gamma.high.y, beta.high.y);
  y.high.z = normalised(x.high.z, moments, gamma.high.z, beta.high.z);
  y.high.w = normalised(x.high.w, moments, gamma.high.w, beta.high.w);
  return rounded<T>(y, moments, gamma, beta);
}

template <typename T, int Tiles, int Strips, Input input>
static __device__ __forceinline__ void product(const stapes_cuda_product_arguments &args) {
  // Steps whose weights are under way: eight loads of 16 bytes a lane, or fewer where the rows weigh more.
  constexpr int most = input != typed || Tiles == 4 ? 8 / Tiles : 8;
  constexpr int depth = most < Strips ? 1 : most / Strips;
  // Steps, and tiles of them, whose rows are fetched together: as many as registers allow.
  constexpr int wanted = (input == typed ? 4 : 2) / Tiles;
  constexpr int group = wanted < 1 ? 1 : wanted > depth ? depth : wanted;
  constexpr int together = input == normal ? 1 : input == floats && Tiles > 2 ? 2 : Tiles;

  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int k = static_cast<int>(args.k), steps = (k + step - 1) / step, a_stride = static_cast<int>(args.a_stride);
  const int64_t first_output = static_cast<int64_t>(blockIdx.x) * (8 * Strips);
  const int64_t first_row = static_cast<int64_t>(blockIdx.y) * (16 * Tiles);
  let_dependents_begin();
  if (first_output >= args.n || first_row >= args.m) return wait_for_predecessors();
  // Rows and outputs of the block that exist.
  const int rows = static_cast<int>(args.m - first_row < 16 * Tiles ? args.m - first_row : 16 * Tiles);
  const int outputs = static_cast<int>(args.n - first_output < 8 * Strips ? args.n - first_output : 8 * Strips);
  // Whether the lower half of a tile has rows; a step has often fewer than nine.
  const bool lower = Tiles > 1 || rows > 8;
  const int lane_row = lane / 4, lane_input = lane % 4 * 8;

  // Weights come first: they wait for nothing, not even for the kernel before, and what follows hides the way they have to
  // go. Where an output or a row does not exist, the last one is read in its place: what comes of it is not stored.
  const T *weight = static_cast<const T *>(args.weight) + first_output * args.k + lane_input;
  int weight_rows[Strips];
#pragma unroll
  for (int s = 0; s < Strips; ++s) weight_rows[s] = min(s * 8 + lane_row, outputs - 1) * k;
  uint4 weights[depth][Strips];
#pragma unroll
  for (int d = 0; d < depth; ++d) {
    const int at = (warp + d * warps) * step;
#pragma unroll
    for (int s = 0; s < Strips; ++s) {
      weights[d][s] = at + lane_input < k ? load_constant_16(weight + (weight_rows[s] + at)) : make_uint4(0, 0, 0, 0);
    }
  }
  // The rest of the block's weights comes to the second cache meanwhile. Its rows lie behind each other.
  if (threadIdx.x == 0 && blockIdx.y == 0 && steps > depth * warps) {
    prefetch_constant(static_cast<const T *>(args.weight) + first_output * args.k,
                      static_cast<uint32_t>(outputs * k * sizeof(T)));
  }

  // Shared memory: partial sums; mean and 1 / deviation of each row; gamma and beta.
  float *partials = reinterpret_cast<float *>(shared_memory());
  float2 *moments = reinterpret_cast<float2 *>(partials + warps * Tiles * 128);
  float *gammas = reinterpret_cast<float *>(moments + Tiles * 16);
  if (input == normal) {
    for (int i = threadIdx.x * 4; i < k; i += threads * 4) {
      copy_async_16(gammas + i, args.gamma + i, true);
      copy_async_16(gammas + k + i, args.beta + i, true);
    }
    copy_async_commit();
  }
  // So far all was constant. From here on rows are read.
  wait_for_predecessors();

  // What the end needs comes early too, if there are registers to keep it. Of a strip a thread finishes one output, or two
  // of four tiles.
  constexpr bool early = Tiles == 1;
  constexpr int results = Tiles == 4 ? 2 : 1;
  float bias[Strips], before[Strips][results];
  const auto fetch_for_end = [&](int s) {
    const int output = s * 8 + threadIdx.x % 8;
    bias[s] = args.bias && output < outputs ? args.bias[first_output + output] : 0.0f;
#pragma unroll
    for (int r = 0; r < results; ++r) {
      const int row = threadIdx.x / 8 + r * 32;
      const bool exists = args.accumulate && row < rows && output < outputs;
      before[s][r] = exists ? load_output<T>(args, (first_row + row) * args.c_stride + first_output + output) : 0.0f;
    }
  };
#pragma unroll
  for (int s = 0; s < Strips; ++s) {
    if (early) fetch_for_end(s);
  }

  if (input == normal) {
    const float *x = static_cast<const float *>(args.a) + first_row * args.a_stride;
#pragma unroll 1
    for (int row = warp; row < rows; row += warps) {
      const float2 of_row = row_moments(x + row * a_stride, k, args.epsilon);
      if (lane == 0) moments[row] = of_row;
    }
    copy_async_wait<0>();
    __syncthreads();
  }

  typedef typename Stored<T, input>::type Element;
  const Element *a = static_cast<const Element *>(args.a) + first_row * args.a_stride + lane_input;
  int a_rows[2 * Tiles];
#pragma unroll
  for (int i = 0; i < 2 * Tiles; ++i) a_rows[i] = min(i * 8 + lane_row, rows - 1) * a_stride;
  float sums[Tiles][Strips][4];
#pragma unroll
  for (int t = 0; t < Tiles; ++t) {
#pragma unroll
    for (int s = 0; s < Strips; ++s) sums[t][s][0] = sums[t][s][1] = sums[t][s][2] = sums[t][s][3] = 0.0f;
  }

  for (int round = warp; round < steps; round += warps * depth) {
#pragma unroll
    for (int g = 0; g < depth; g += group) {
      if (round + g * warps >= steps) break;
#pragma unroll
      for (int first = 0; first < Tiles; first += together) {
        Eight<input> x[group][2 * together];
#pragma unroll
        for (int d = 0; d < group; ++d) {
          const int at = (round + (g + d) * warps) * step;
#pragma unroll
          for (int i = 0; i < 2 * together; ++i) {
            const bool exists = at + lane_input < k && (i % 2 == 0 || lower);
            x[d][i] = exists ? Eight<input>::load(a + (a_rows[2 * first + i] + at)) : Eight<input>::zero();
          }
        }
#pragma unroll
        for (int d = 0; d < group; ++d) {
#pragma unroll
          for (int t = 0; t < together; ++t) {
            float2 above = make_float2(0.0f, 0.0f), below = above;
            Eight<floats> gamma = Eight<floats>::zero(), beta = gamma;
            if (input == normal) {
              const int at = (round + (g + d) * warps) * step + lane_input;
              if (at < k) gamma = Eight<floats>::load(gammas + at), beta = Eight<floats>::load(gammas + k + at);
              above = moments[(first + t) * 16 + lane_row];
              below = moments[(first + t) * 16 + lane_row + 8];
            }
            const uint4 top = rounded<T>(x[d][2 * t], above, gamma, beta);
            uint4 bottom = make_uint4(0, 0, 0, 0);
            if (lower) bottom = rounded<T>(x[d][2 * t + 1], below, gamma, beta);
            const uint32_t a_first[4] = {top.x, bottom.x, top.y, bottom.y};
            const uint32_t a_second[4] = {top.z, bottom.z, top.w, bottom.w};
#pragma unroll
            for (int s = 0; s < Strips; ++s) {
              const uint32_t b_first[2] = {weights[g + d][s].x, weights[g + d][s].y};
              const uint32_t b_second[2] = {weights[g + d][s].z, weights[g + d][s].w};
              mma_16x8x16<T>(sums[first + t][s], a_first, b_first);
              mma_16x8x16<T>(sums[first + t][s], a_second, b_second);
            }
          }
        }
      }
      // The places are free: the weights of the next round set off.
#pragma unroll
      for (int d = 0; d < group; ++d) {
        const int at = (round + (depth + g + d) * warps) * step;
#pragma unroll
        for (int s = 0; s < Strips; ++s) {
          weights[g + d][s] =
              at + lane_input < k ? load_constant_16(weight + (weight_rows[s] + at)) : make_uint4(0, 0, 0, 0);
        }
      }
    }
  }

  // A strip at a time through shared memory, [warps, rows, 8 outputs].
#pragma unroll
  for (int s = 0; s < Strips; ++s) {
    if (!early) fetch_for_end(s);
#pragma unroll
    for (int t = 0; t < Tiles; ++t) {
      float2 *to = reinterpret_cast<float2 *>(partials + (warp * Tiles + t) * 128);
      to[lane] = make_float2(sums[t][s][0], sums[t][s][1]);
      to[lane + 32] = make_float2(sums[t][s][2], sums[t][s][3]);
    }
    __syncthreads();
#pragma unroll
    for (int r = 0; r < results; ++r) {
      const int row = threadIdx.x / 8 + r * 32, output = s * 8 + threadIdx.x % 8;
      if (row < rows && output < outputs) {
        const float *partial = partials + threadIdx.x + r * threads;
        float sum = partial[0];
#pragma unroll
        for (int w = 1; w < warps; ++w) sum = __fadd_rn(sum, partial[w * Tiles * 128]);
        store_output<T>(args, (first_row + row) * args.c_stride + first_output + output,
                        finished(args, sum, bias[s], before[s][r]));
      }
    }
    if (s + 1 < Strips) __syncthreads();
  }
}

template <typename T, int Tiles, int Strips>
static __device__ __forceinline__ void product_of_any_input(const stapes_cuda_product_arguments &args) {
  if (args.gamma) {
    product<T, Tiles, Strips, normal>(args);
  } else if (args.a_type == STAPES_FLOAT32) {
    product<T, Tiles, Strips, floats>(args);
  } else {
    product<T, Tiles, Strips, typed>(args);
  }
}

/// The grid says how many strips a block computes (shapes.c), at most four, or two of four tiles.
template <typename T, int Tiles>
static __device__ __forceinline__ void product_of_any_strips(const stapes_cuda_product_arguments &args) {
  constexpr int fewest = Tiles == 1 ? 1 : 2, most = Tiles == 4 ? 2 : 4;
  const int64_t strips = ((args.n + 7) / 8 + gridDim.x - 1) / gridDim.x;
  if (strips <= fewest) {
    product_of_any_input<T, Tiles, fewest>(args);
  } else if (strips <= 2) {
    product_of_any_input<T, Tiles, 2>(args);
  } else {
    product_of_any_input<T, Tiles, most>(args);
  }
}

}  // namespace few

KERNEL(product_few1_f16, STAPES_FEW_BOUNDS)(const __grid_constant__ stapes_cuda_product_arguments args) {
  few::product_of_any_strips<half_t, 1>(args);
}
KERNEL(product_few2_f16, STAPES_FEW_BOUNDS)(const __grid_constant__ stapes_cuda_product_arguments args) {
  few::product_of_any_strips<half_t, 2>(args);
}
KERNEL(product_few4_f16, STAPES_FEW_BOUNDS)(const __grid_constant__ stapes_cuda_product_arguments args) {
  few::product_of_any_strips<half_t, 4>(args);
}
KERNEL(product_few1_bf16, STAPES_FEW_BOUNDS)(const __grid_constant__ stapes_cuda_product_arguments args) {
  few::product_of_any_strips<bfloat_t, 1>(args);
}
KERNEL(product_few2_bf16, STAPES_FEW_BOUNDS)(const __grid_constant__ stapes_cuda_product_arguments args) {
  few::product_of_any_strips<bfloat_t, 2>(args);
}
KERNEL(product_few4_bf16, STAPES_FEW_BOUNDS)(const __grid_constant__ stapes_cuda_product_arguments args) {
  few::product_of_any_strips<bfloat_t, 4>(args);
}
