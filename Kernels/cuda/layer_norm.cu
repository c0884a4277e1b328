// Layer norm, a row a warp.
#include "numbers.cuh"

namespace layer_norms {

template <typename T>
static __device__ __forceinline__ void store_four(T *y, const float (&v)[4]) {
  *reinterpret_cast<uint2 *>(y) = make_uint2(pack_pair<T>(v[0], v[1]), pack_pair<T>(v[2], v[3]));
}
template <>
__device__ __forceinline__ void store_four<float>(float *y, const float (&v)[4]) {
  *reinterpret_cast<float4 *>(y) = make_float4(v[0], v[1], v[2], v[3]);
}

template <typename T>
static __device__ __forceinline__ void row(const stapes_layer_norm_arguments &args, int64_t index) {
  const int lane = threadIdx.x % 32, width = static_cast<int>(args.width);
  const float *x = args.x + index * args.x_stride;
  T *y = static_cast<T *>(args.y) + index * args.y_stride;
  const float2 moments = row_moments(x, width, args.epsilon);
#pragma unroll 4
  for (int i = lane * 4; i < width; i += 128) {
    const float4 v = *reinterpret_cast<const float4 *>(x + i);
    const float4 gamma = *reinterpret_cast<const float4 *>(args.gamma + i);
    const float4 beta = *reinterpret_cast<const float4 *>(args.beta + i);
    const float out[4] = {normalised(v.x, moments, gamma.x, beta.x), normalised(v.y, moments, gamma.y, beta.y),
                          normalised(v.z, moments, gamma.z, beta.z), normalised(v.w, moments, gamma.w, beta.w)};
    store_four(y + i, out);
  }
}

}  // namespace layer_norms

KERNEL(layer_norm, 128)(const __grid_constant__ stapes_layer_norm_arguments args) {
  begin_after_predecessors();
  const int64_t row = static_cast<int64_t>(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32;
  if (row >= args.rows) return;
  if (args.y_type == STAPES_FLOAT32) {
    layer_norms::row<float>(args, row);
  } else if (args.y_type == STAPES_FLOAT16) {
    layer_norms::row<half_t>(args, row);
  } else {
    layer_norms::row<bfloat_t>(args, row);
  }
}
