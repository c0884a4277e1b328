// Keys and values to the slots of the cache: a block for a row, a thread for eight dimensions of both.
#include "attention.cuh"
#include "numbers.cuh"

namespace store {

/// Eight numbers of `from` as floats.
__device__ __forceinline__ void load_floats(float (&x)[8], const void *from, int64_t at, stapes_type type) {
  if (type == STAPES_FLOAT32) {
    const float *part = static_cast<const float *>(from) + at;
    const uint4 low = load_16(part), high = load_16(part + 4);
    memcpy(x, &low, 16);
    memcpy(x + 4, &high, 16);
    return;
  }
  const uint4 eight = load_16(static_cast<const uint16_t *>(from) + at);
  const uint32_t pairs[4] = {eight.x, eight.y, eight.z, eight.w};
#pragma unroll
  for (int i = 0; i < 4; i++) {
    if (type == STAPES_FLOAT16)
      unpack_pair<half_t>(pairs[i], x[i * 2], x[i * 2 + 1]);
    else
      unpack_pair<bfloat_t>(pairs[i], x[i * 2], x[i * 2 + 1]);
  }
}

/// Eight numbers of `from` as those of the cache, which is of T.
template <typename T>
__device__ __forceinline__ uint4 converted(const void *from, int64_t at, stapes_type type) {
  if (type != STAPES_FLOAT32) return load_16(static_cast<const T *>(from) + at);
  float eight[8];
  load_floats(eight, from, at, type);
  uint4 bits;
  bits.x = packed(from_float<T>(eight[0]), from_float<T>(eight[1]));
  bits.y = packed(from_float<T>(eight[2]), from_float<T>(eight[3]));
  bits.z = packed(from_float<T>(eight[4]), from_float<T>(eight[5]));
  bits.w = packed(from_float<T>(eight[6]), from_float<T>(eight[7]));
  return bits;
}

/// As those of a cache of float8.
__device__ __forceinline__ uint2 rounded(const void *from, int64_t at, stapes_type type) {
  float x[8];
  load_floats(x, from, at, type);
  return make_uint2(float8_pair(x[0], x[1]) | float8_pair(x[2], x[3]) << 16,
                    float8_pair(x[4], x[5]) | float8_pair(x[6], x[7]) << 16);
}
template <typename C>
__device__ __forceinline__ typename cached<C>::value for_cache(const void *from, int64_t at, stapes_type type) {
  if constexpr (std::is_same<C, float8_t>::value)
    return rounded(from, at, type);
  else
    return converted<C>(from, at, type);
}

template <typename C>
__device__ __forceinline__ void store_kv(const stapes_store_kv_arguments &a) {
  const int64_t row = blockIdx.x;
  const int eighth = blockIdx.y * blockDim.x + threadIdx.x, head = eighth / 8, part = eighth % 8;
  if (head >= a.cache.heads) return;
  typedef typename cached<C>::value part_of_row;
  const part_of_row key = for_cache<C>(a.key, row * a.key_stride + eighth * 8, a.type);
  const part_of_row value = for_cache<C>(a.value, row * a.value_stride + eighth * 8, a.type);
  const int slot = a.slots[row], page_positions = static_cast<int>(a.cache.tiles_per_page) * STAPES_TILE;
  const int page = slot / page_positions, position = slot - page * page_positions;
  const int64_t at = page * a.cache.page_stride + head * a.cache.head_stride +
                     static_cast<int64_t>(position) * STAPES_HEAD_WIDTH + part * 8;
  *reinterpret_cast<part_of_row *>(static_cast<C *>(a.cache.keys) + at) = key;
  *reinterpret_cast<part_of_row *>(static_cast<C *>(a.cache.values) + at) = value;
}

}  // namespace store

KERNEL(store_kv, 128)(const __grid_constant__ stapes_store_kv_arguments args) {
  begin_after_predecessors();
  if (args.cache.type == STAPES_FLOAT8)
    store::store_kv<float8_t>(args);
  else if (args.cache.type == STAPES_FLOAT16)
    store::store_kv<half_t>(args);
  else
    store::store_kv<bfloat_t>(args);
}
