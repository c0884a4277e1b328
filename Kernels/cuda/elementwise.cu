// What treats values one by one, and what copies rows.
#include "numbers.cuh"

namespace elementwise {

constexpr int threads = 256;

static __device__ __forceinline__ int64_t thread_of_grid() {
  return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
static __device__ __forceinline__ int64_t threads_of_grid() { return static_cast<int64_t>(gridDim.x) * blockDim.x; }

static __device__ __forceinline__ bool is_aligned(const void *pointer) {
  return reinterpret_cast<uintptr_t>(pointer) % 16 == 0;
}

/// Four values of any type at a multiple of four values.
static __device__ __forceinline__ float4 load_four(const float *from) {
  return *reinterpret_cast<const float4 *>(from);
}
template <typename T>
static __device__ __forceinline__ float4 load_four(const T *from) {
  const uint2 bits = *reinterpret_cast<const uint2 *>(from);
  float4 v;
  unpack_pair<T>(bits.x, v.x, v.y);
  unpack_pair<T>(bits.y, v.z, v.w);
  return v;
}
static __device__ __forceinline__ void store_four(float *to, float4 v) { *reinterpret_cast<float4 *>(to) = v; }
template <typename T>
static __device__ __forceinline__ void store_four(T *to, float4 v) {
  *reinterpret_cast<uint2 *>(to) = make_uint2(pack_pair<T>(v.x, v.y), pack_pair<T>(v.z, v.w));
}

template <typename T>
static __device__ __forceinline__ void gelu_rows(const stapes_cuda_gelu_arguments &args) {
  T *x = static_cast<T *>(args.x);
  if (args.width % 4 == 0 && args.stride % 4 == 0 && is_aligned(x)) {
    const int64_t fours = args.width / 4;
    for (int64_t i = thread_of_grid(); i < args.rows * fours; i += threads_of_grid()) {
      T *at = x + i / fours * args.stride + i % fours * 4;
      const float4 v = load_four(at);
      store_four(at, make_float4(gelu(v.x), gelu(v.y), gelu(v.z), gelu(v.w)));
    }
  } else {
    for (int64_t i = thread_of_grid(); i < args.rows * args.width; i += threads_of_grid()) {
      T *at = x + i / args.width * args.stride + i % args.width;
      *at = from_float<T>(gelu(to_float(*at)));
    }
  }
}

template <typename X, typename Y>
static __device__ __forceinline__ void convert_values(const stapes_convert_arguments &args) {
  const X *x = static_cast<const X *>(args.x);
  Y *y = static_cast<Y *>(args.y);
  const int64_t fours = is_aligned(x) && is_aligned(y) ? args.count / 4 : 0;
  for (int64_t i = thread_of_grid(); i < fours; i += threads_of_grid()) store_four(y + i * 4, load_four(x + i * 4));
  for (int64_t i = fours * 4 + thread_of_grid(); i < args.count; i += threads_of_grid()) {
    y[i] = from_float<Y>(to_float(x[i]));
  }
}

template <typename X>
static __device__ __forceinline__ void convert_to_any(const stapes_convert_arguments &args) {
  if (args.y_type == STAPES_FLOAT32) {
    convert_values<X, float>(args);
  } else if (args.y_type == STAPES_FLOAT16) {
    convert_values<X, half_t>(args);
  } else {
    convert_values<X, bfloat_t>(args);
  }
}

template <typename T>
static __device__ __forceinline__ void random_values(const stapes_cuda_random_arguments &args) {
  T *y = static_cast<T *>(args.y);
  for (int64_t i = thread_of_grid(); i < args.count; i += threads_of_grid()) {
    uint32_t bits = args.first + static_cast<uint32_t>(i);
    bits = (bits ^ (bits >> 16)) * 0x85ebca6bu;
    bits = (bits ^ (bits >> 13) ^ args.salt) * 0xc2b2ae35u;
    bits ^= bits >> 16;
    const float value = static_cast<float>(static_cast<int32_t>(bits) >> 8);
    y[i] = from_float<T>(__fadd_rn(args.center, __fmul_rn(args.scale, value)));
  }
}

template <typename T>
static __device__ __forceinline__ void embed_row(const stapes_embed_arguments &args) {
  const int64_t row = blockIdx.x;
  if (row >= args.rows) return;
  const T *token = static_cast<const T *>(args.table) + args.tokens[row] * args.width;
  const float *position = args.position_table + args.positions[row] * args.width;
  float *y = args.y + row * args.width;
  for (int i = threadIdx.x * 4; i < args.width; i += blockDim.x * 4) {
    const float4 a = load_four(token + i), b = load_four(position + i);
    store_four(y + i, make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w));
  }
}

}  // namespace elementwise

KERNEL(gelu, elementwise::threads)(const __grid_constant__ stapes_cuda_gelu_arguments args) {
  if (args.type == STAPES_FLOAT16) {
    elementwise::gelu_rows<half_t>(args);
  } else {
    elementwise::gelu_rows<bfloat_t>(args);
  }
}

KERNEL(add, elementwise::threads)(const __grid_constant__ stapes_add_arguments args) {
  using namespace elementwise;
  float *y = args.y + blockIdx.y * args.count;
  const int64_t fours = is_aligned(args.x) && is_aligned(y) ? args.count / 4 : 0;
  for (int64_t i = thread_of_grid(); i < fours; i += threads_of_grid()) {
    const float4 a = load_four(y + i * 4), b = load_four(args.x + i * 4);
    store_four(y + i * 4, make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w));
  }
  for (int64_t i = fours * 4 + thread_of_grid(); i < args.count; i += threads_of_grid()) y[i] += args.x[i];
}

KERNEL(convert, elementwise::threads)(const __grid_constant__ stapes_convert_arguments args) {
  if (args.x_type == STAPES_FLOAT32) {
    elementwise::convert_to_any<float>(args);
  } else if (args.x_type == STAPES_FLOAT16) {
    elementwise::convert_to_any<half_t>(args);
  } else {
    elementwise::convert_to_any<bfloat_t>(args);
  }
}

KERNEL(random, elementwise::threads)(const __grid_constant__ stapes_cuda_random_arguments args) {
  if (args.type == STAPES_FLOAT32) {
    elementwise::random_values<float>(args);
  } else if (args.type == STAPES_FLOAT16) {
    elementwise::random_values<half_t>(args);
  } else {
    elementwise::random_values<bfloat_t>(args);
  }
}

// A row a block; the tables lie at multiples of 16 bytes.
KERNEL(embed, elementwise::threads)(const __grid_constant__ stapes_embed_arguments args) {
  begin_after_predecessors();
  if (args.table_type == STAPES_FLOAT32) {
    elementwise::embed_row<float>(args);
  } else if (args.table_type == STAPES_FLOAT16) {
    elementwise::embed_row<half_t>(args);
  } else {
    elementwise::embed_row<bfloat_t>(args);
  }
}

// A row a block.
KERNEL(gather, elementwise::threads)(const __grid_constant__ stapes_gather_arguments args) {
  begin_after_predecessors();
  using namespace elementwise;
  const int64_t row = blockIdx.x;
  if (row >= args.rows) return;
  const float *x = args.x + args.indices[row] * args.width;
  float *y = args.y + row * args.width;
  for (int i = threadIdx.x * 4; i < args.width; i += blockDim.x * 4) store_four(y + i, load_four(x + i));
}

KERNEL(feed, elementwise::threads)(const __grid_constant__ stapes_feed_arguments args) {
  begin_after_predecessors();
  for (int64_t row = elementwise::thread_of_grid(); row < args.rows; row += elementwise::threads_of_grid()) {
    args.tokens[row] = args.states[args.seats[row]].token;
  }
}
