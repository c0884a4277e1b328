// Keys and values to the slots of the cache: a block for a row, a thread for eight dimensions of both.
#include "attention.cuh"

namespace store {

/// Eight numbers of `from` as those of the cache.
template <typename T>
__device__ __forceinline__ uint4 converted(const void *from, int64_t at, stapes_type type) {
  if (type != STAPES_FLOAT32) return load_16(static_cast<const T *>(from) + at);
  const float *x = static_cast<const float *>(from) + at;
  const uint4 low = load_16(x), high = load_16(x + 4);
  float eight[8];
  memcpy(eight, &low, 16);
  memcpy(eight + 4, &high, 16);
  uint4 bits;
  bits.x = packed(from_float<T>(eight[0]), from_float<T>(eight[1]));
  bits.y = packed(from_float<T>(eight[2]), from_float<T>(eight[3]));
  bits.z = packed(from_float<T>(eight[4]), from_float<T>(eight[5]));
  bits.w = packed(from_float<T>(eight[6]), from_float<T>(eight[7]));
  return bits;
}

template <typename T>
__device__ __forceinline__ void store_kv(const stapes_store_kv_arguments &a) {
  const int64_t row = blockIdx.x;
  const int eighth = blockIdx.y * blockDim.x + threadIdx.x, head = eighth / 8, part = eighth % 8;
  if (head >= a.cache.heads) return;
  const uint4 key = converted<T>(a.key, row * a.key_stride + eighth * 8, a.type);
  const uint4 value = converted<T>(a.value, row * a.value_stride + eighth * 8, a.type);
  const int slot = a.slots[row], page_positions = static_cast<int>(a.cache.tiles_per_page) * STAPES_TILE;
  const int page = slot / page_positions, position = slot - page * page_positions;
  const int64_t at = page * a.cache.page_stride + head * a.cache.head_stride +
                     static_cast<int64_t>(position) * STAPES_HEAD_WIDTH + part * 8;
  *reinterpret_cast<uint4 *>(static_cast<T *>(a.cache.keys) + at) = key;
  *reinterpret_cast<uint4 *>(static_cast<T *>(a.cache.values) + at) = value;
}

}  // namespace store

KERNEL(store_kv, 128)(const __grid_constant__ stapes_store_kv_arguments args) {
  begin_after_predecessors();
  if (args.cache.type == STAPES_FLOAT16)
    store::store_kv<half_t>(args);
  else
    store::store_kv<bfloat_t>(args);
}
