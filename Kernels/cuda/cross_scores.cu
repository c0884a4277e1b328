// Scores of some heads' cross-attention: a block for a head, 16 tokens and 128 positions, a warp for 32 positions.
#include "attention.cuh"

namespace cross {

/// T is the type of queries, C that of the cache.
template <typename T, typename C>
__device__ __forceinline__ void cross_scores(const stapes_cross_scores_arguments &a) {
  const int lane = threadIdx.x % 32, quad = lane / 4, pair = lane % 4, head = a.heads[blockIdx.y];
  const int begin = blockIdx.x * STAPES_CUDA_CHUNK + threadIdx.x / 32 * 32;
  const int64_t token = static_cast<int64_t>(blockIdx.z) * 16 + quad;
  const C *keys = static_cast<const C *>(a.cache.keys) + a.page * a.cache.page_stride + head * a.cache.head_stride +
                  pair * cached<C>::quarter;
  const T *query = static_cast<const T *>(a.query) + token * a.query_stride + head * STAPES_HEAD_WIDTH +
                   pair * cached<C>::quarter;

  // Tiles follow each other, so the page is [positions, 64]. Past the last position nothing is read.
  typename cached<C>::key k[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const int position = begin + i * 8 + quad;
    k[i] = {};
    if (position < a.positions) load_key(k[i], keys + static_cast<int64_t>(position) * STAPES_HEAD_WIDTH);
  }
  uint4 q[4];
#pragma unroll
  for (int r = 0; r < 2; r++) {
    uint4 row[2] = {zeros_16(), zeros_16()};
    if (token + r * 8 < a.tokens) load_query<C>(row, query + r * 8 * a.query_stride);
    q[r * 2] = row[0], q[r * 2 + 1] = row[1];
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    float scores[4] = {0, 0, 0, 0};
    uint4 key[2];
    widen<T>(key, k[i]);
    add_scores<T>(scores, q, key);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      const int64_t position = begin + i * 8 + pair * 2 + j % 2, of_token = token + j / 2 * 8;
      // Rows of an odd number of positions begin anywhere, so each float is stored alone.
      if (of_token < a.tokens && position < a.positions)
        a.scores[(blockIdx.y * a.tokens + of_token) * a.positions + position] = scores[j] * a.scale;
    }
  }
}

}  // namespace cross

KERNEL(cross_scores, 128)(const __grid_constant__ stapes_cross_scores_arguments args) {
  const bool halves = args.type == STAPES_FLOAT16;
  if (args.cache.type == STAPES_FLOAT8)
    halves ? cross::cross_scores<half_t, float8_t>(args) : cross::cross_scores<bfloat_t, float8_t>(args);
  else
    halves ? cross::cross_scores<half_t, half_t>(args) : cross::cross_scores<bfloat_t, bfloat_t>(args);
}
