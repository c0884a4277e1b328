// Attention over cached pages: the decoder's self-attention and its cross-attention alike.
//
// A block reads 128 positions of one group and one head, a warp 32 of them, all of its keys and values at once into
// registers. The tokens of the group are the rows of one product of fragments, so keys and values are read once for all
// of them, and a token's bits depend neither on its row nor on the other rows. Every warp has a softmax of its own; the
// block puts its four together, and the last block of a group and head those of all.
#include "attention.cuh"

namespace paged {

constexpr int warps = 4;
constexpr int warp_positions = STAPES_CUDA_CHUNK / warps;
constexpr int tile_values = STAPES_TILE * STAPES_HEAD_WIDTH;
/// Floats of a token in shared memory: its sums, padded against conflicts of banks.
constexpr int sums_stride = STAPES_HEAD_WIDTH + 4;
/// Chunks that the last block reads at once: those of a whole window.
constexpr int merged_chunks = 12;

struct shared_sums {
  float sums[warps][STAPES_GROUP][sums_stride];
  float maxima[warps][STAPES_GROUP];
  float totals[warps][STAPES_GROUP];
  unsigned arrived;
};

/// Four sums, the maximum that their weights are below, in powers of 2, and the sum of the weights.
struct partial {
  float sums[4] = {0, 0, 0, 0};
  float maximum = -INFINITY, total = 0;

  /// Adds what has weights below `other` to what has weights below `maximum`, which is no less.
  __device__ __forceinline__ void add(const float (&more)[4], float other, float other_total) {
    float weight = weight_below(other, maximum);
#pragma unroll
    for (int i = 0; i < 4; i++) sums[i] += more[i] * weight;
    total += other_total * weight;
  }
};

template <typename T>
__device__ __forceinline__ void store_four(T *to, const float (&x)[4], float scale) {
  uint2 bits;
  bits.x = packed(from_float<T>(x[0] * scale), from_float<T>(x[1] * scale));
  bits.y = packed(from_float<T>(x[2] * scale), from_float<T>(x[3] * scale));
  *reinterpret_cast<uint2 *>(to) = bits;
}

template <typename T>
__device__ __forceinline__ void store_output(const stapes_paged_attention_arguments &a, int token, int head, int part,
                                             const partial &sums) {
  T *to = static_cast<T *>(a.output) + token * a.output_stride + head * STAPES_HEAD_WIDTH + part * 4;
  // A length of 0 has no weights: zeros.
  store_four(to, sums.sums, sums.maximum == -INFINITY ? 0.0f : 1.0f / sums.total);
}

/// sums[dimension, token] += values^T . weights of the positions that the fragments hold, 16 of them.
/// `cached_rows` are positions 2 pair, 2 pair + 1 and those + 8, dimensions 8 quad ... 8 quad + 7.
template <typename T, typename V>
__device__ __forceinline__ void add_values(float (&sums)[4][4], const V (&cached_rows)[4],
                                           const uint32_t (&weights)[2]) {
  const uint4 rows[4] = {widened<T>(cached_rows[0]), widened<T>(cached_rows[1]), widened<T>(cached_rows[2]),
                         widened<T>(cached_rows[3])};
#define STAPES_ADD(I, FIELD)                                                           \
  {                                                                                    \
    const uint32_t a[4] = {low_halves(rows[0].FIELD, rows[1].FIELD),                   \
                           high_halves(rows[0].FIELD, rows[1].FIELD),                  \
                           low_halves(rows[2].FIELD, rows[3].FIELD),                   \
                           high_halves(rows[2].FIELD, rows[3].FIELD)};                 \
    mma_16x8x16<T>(sums[I], a, weights);                                               \
  }
  STAPES_ADD(0, x)
  STAPES_ADD(1, y)
  STAPES_ADD(2, z)
  STAPES_ADD(3, w)
#undef STAPES_ADD
}

/// Of the four rows of values in a tile that a lane holds, how far row r is from the first.
__device__ __forceinline__ constexpr int value_row(int r) { return r / 2 * 8 + r % 2; }

/// T is the type of queries and outputs, C that of the cache. Nothing is appended to a cache of another type.
template <typename T, typename C>
__device__ __forceinline__ void paged_attention(const stapes_cuda_attention_arguments &args) {
  typedef typename cached<C>::key key_part;
  typedef typename cached<C>::value value_part;
  constexpr bool can_append = std::is_same<T, C>::value;
  const stapes_paged_attention_arguments &a = args.attention;
  const int chunk = blockIdx.x, head = blockIdx.y, group = blockIdx.z;
  const unsigned thread = threadIdx.x, warp = thread / 32, lane = thread % 32;
  const int quad = lane / 4, pair = lane % 4;
  auto &shared = *reinterpret_cast<shared_sums *>(shared_memory());

  // What is read waits for lengths and pages, and these for the group; so each time all that can be is asked for.
  const int count = a.group_counts[group];
  // Of a group without tokens, whatever it says of its first, token 0 is looked up. (No branch: both are asked for.)
  const int first = min(a.group_firsts[group], count > 0 ? INT32_MAX : 0);
  const int sequence = a.group_rows[group];
  const int begin = chunk * STAPES_CUDA_CHUNK + warp * warp_positions;
  // A lane asks for its own token's length; lanes without a token for the last one's.
  int length = a.lengths[first + max(min(quad, count - 1), 0)];
  const unsigned tiles_per_page = static_cast<unsigned>(a.cache.tiles_per_page);
  const unsigned columns = static_cast<unsigned>(a.page_table_stride);
  const unsigned tile = static_cast<unsigned>(begin) / STAPES_TILE, column = tile / tiles_per_page;
  unsigned in_page[2] = {tile - column * tiles_per_page, tile - column * tiles_per_page + 1};
  const bool crosses = in_page[1] == tiles_per_page;
  if (crosses) in_page[1] = 0;
  // Past the last page there is nothing to read, but any page may be looked up.
  const unsigned row = static_cast<unsigned>(sequence) * columns;
  const int page[2] = {a.page_table[row + min(column, columns - 1)],
                       a.page_table[row + min(column + crosses, columns - 1)]};
  const bool appends = can_append && args.key != nullptr;
  const int slot = appends ? args.slots[first] : 0;
  // Never past the pages, nor past what the grid was made for.
  length = min(length, min(static_cast<int>(a.longest), static_cast<int>(columns * tiles_per_page * STAPES_TILE)));
  const int longest = warp_greatest(length), shortest = warp_least(length);
  const int chunks = longest > STAPES_CUDA_CHUNK ? (longest + STAPES_CUDA_CHUNK - 1) / STAPES_CUDA_CHUNK : 1;
  // No page has this number. To ask keeps the loads of pages here, beside that of the length: they would be put behind
  // the branch, and so behind the wait for the length.
  if (count <= 0 || chunk >= chunks || page[0] == INT32_MIN || page[1] == INT32_MIN) return;

  uint4 q[4] = {zeros_16(), zeros_16(), zeros_16(), zeros_16()};
  if (quad < count) {
    uint4 row[2];
    load_query<C>(row, static_cast<const T *>(a.query) + (first + quad) * a.query_stride + head * STAPES_HEAD_WIDTH +
                           pair * cached<C>::quarter);
    q[0] = row[0], q[1] = row[1];
  }
  // Of keys, the lane's rows are 8 i + quad. Of values they are `value_row(r)` of tile s; past the longest sequence
  // there are zeros, because a weight of 0 does not keep what is not a number away.
  const C *keys[2], *values[2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const int64_t at = page[i] * a.cache.page_stride + head * a.cache.head_stride + in_page[i] * tile_values;
    keys[i] = static_cast<const C *>(a.cache.keys) + at + quad * STAPES_HEAD_WIDTH + pair * cached<C>::quarter;
    values[i] = static_cast<const C *>(a.cache.values) + at + pair * 2 * STAPES_HEAD_WIDTH + quad * 8;
  }
  // With a new position, the cache holds all but that one.
  const int last = longest - 1, stored = appends ? last : longest;
  const bool appends_here = appends && last >= begin && last < begin + warp_positions;
  const int key_position = begin + quad, value_position = begin + pair * 2;
  key_part k[4];
  value_part v[2][4];
  if (begin + warp_positions <= stored) {
#pragma unroll
    for (int i = 0; i < 4; i++) load_key(k[i], keys[i / 2] + i % 2 * 8 * STAPES_HEAD_WIDTH);
#pragma unroll
    for (int s = 0; s < 2; s++)
#pragma unroll
      for (int r = 0; r < 4; r++) v[s][r] = load_value(values[s] + value_row(r) * STAPES_HEAD_WIDTH);
  } else {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      k[i] = {};
      if (key_position + i * 8 < stored) load_key(k[i], keys[i / 2] + i % 2 * 8 * STAPES_HEAD_WIDTH);
    }
#pragma unroll
    for (int s = 0; s < 2; s++)
#pragma unroll
      for (int r = 0; r < 4; r++) {
        v[s][r] = {};
        if (value_position + s * 16 + value_row(r) < stored)
          v[s][r] = load_value(values[s] + value_row(r) * STAPES_HEAD_WIDTH);
      }
  }
  // That one is taken from where it was made. Its copy to the cache is begun here too: eight lanes have the key, eight
  // the value.
  uint4 copied = zeros_16();
  if constexpr (can_append) if (appends_here) {
    const T *new_key = static_cast<const T *>(args.key) + first * args.key_stride + head * STAPES_HEAD_WIDTH;
    const T *new_value = static_cast<const T *>(args.value) + first * args.value_stride + head * STAPES_HEAD_WIDTH;
#pragma unroll
    for (int i = 0; i < 4; i++)
      if (key_position + i * 8 == last) load_key(k[i], new_key + pair * cached<C>::quarter);
#pragma unroll
    for (int s = 0; s < 2; s++)
#pragma unroll
      for (int r = 0; r < 4; r++)
        if (value_position + s * 16 + value_row(r) == last) v[s][r] = load_16(new_value + quad * 8);
    copied = load_16((lane & 8 ? new_value : new_key) + lane % 8 * 8);
  }

  float scores[4][4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) scores[i][j] = 0;
    uint4 key[2];
    widen<T>(key, k[i]);
    add_scores<T>(scores[i], q, key);
  }

  if (appends_here && lane < 16) {
    // Nobody reads the slot in this launch.
    const unsigned page_positions = tiles_per_page * STAPES_TILE;
    const unsigned to_page = static_cast<unsigned>(slot) / page_positions;
    const int64_t at = to_page * a.cache.page_stride + head * a.cache.head_stride +
                       (static_cast<unsigned>(slot) - to_page * page_positions) * STAPES_HEAD_WIDTH + lane % 8 * 8;
    *reinterpret_cast<uint4 *>(static_cast<T *>(lane & 8 ? a.cache.values : a.cache.keys) + at) = copied;
  }

  // Softmax over the warp's positions of token `quad`: this lane has positions 8 i + 2 pair and the next.
  const float scale = a.scale * LOG2_E;
  float maximum = -INFINITY;
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int j = 0; j < 2; j++) {
      scores[i][j] = value_position + i * 8 + j < length ? scores[i][j] * scale : -INFINITY;
      maximum = fmaxf(maximum, scores[i][j]);
    }
  maximum = fmaxf(maximum, __shfl_xor_sync(0xffffffff, maximum, 1));
  maximum = fmaxf(maximum, __shfl_xor_sync(0xffffffff, maximum, 2));
  // Where no position counts, all weights are to be 0.
  const float below = maximum == -INFINITY ? 0.0f : maximum;
  uint32_t weights[2][2];
  float total = 0;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    uint32_t two = packed_weights<T>(exponential_2(scores[i][0] - below), exponential_2(scores[i][1] - below));
    T rounded[2];
    memcpy(rounded, &two, 4);
    // Of what the sums are made with, so that the rounding of large weights cancels out.
    total += to_float(rounded[0]) + to_float(rounded[1]);
    weights[i / 2][i % 2] = two;
  }
  total += __shfl_xor_sync(0xffffffff, total, 1);
  total += __shfl_xor_sync(0xffffffff, total, 2);

  float sums[4][4];
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int j = 0; j < 4; j++) sums[i][j] = 0;
  if (shortest >= longest || begin + warp_positions <= shortest) {
#pragma unroll
    for (int s = 0; s < 2; s++) add_values<T>(sums, v[s], weights[s]);
  } else {
    // Some tokens do not see all that others see: one by one, each with zeros past its own length.
#pragma unroll 1
    for (int t = 0; t < count; t++) {
      const int end = __shfl_sync(0xffffffff, length, t * 4);
#pragma unroll
      for (int s = 0; s < 2; s++) {
        value_part seen[4];
#pragma unroll
        for (int r = 0; r < 4; r++) {
          seen[r] = {};
          if (value_position + s * 16 + value_row(r) < end) seen[r] = v[s][r];
        }
        float with[4][4];
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
          for (int j = 0; j < 4; j++) with[i][j] = sums[i][j];
        add_values<T>(with, seen, weights[s]);
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
          for (int j = 0; j < 4; j++)
            if (pair * 2 + j % 2 == t) sums[i][j] = with[i][j];
      }
    }
  }

  // Of token 2 pair + j this lane has dimensions 8 quad + 2 i and, in j + 2, the next.
#pragma unroll
  for (int j = 0; j < 2; j++) {
    float *to = shared.sums[warp][pair * 2 + j] + quad * 8;
#pragma unroll
    for (int i = 0; i < 4; i += 2) {
      float4 four;
      four.x = sums[i][j], four.y = sums[i][j + 2], four.z = sums[i + 1][j], four.w = sums[i + 1][j + 2];
      *reinterpret_cast<float4 *>(to + i * 2) = four;
    }
  }
  if (pair == 0) {
    shared.maxima[warp][quad] = maximum;
    shared.totals[warp][quad] = total;
  }
  __syncthreads();

  // From here on a thread has four dimensions of one token.
  const int token = thread / 16, part = thread % 16;
  partial merged;
#pragma unroll
  for (int w = 0; w < warps; w++) merged.maximum = fmaxf(merged.maximum, shared.maxima[w][token]);
#pragma unroll
  for (int w = 0; w < warps; w++) {
    const float4 four = *reinterpret_cast<const float4 *>(shared.sums[w][token] + part * 4);
    const float more[4] = {four.x, four.y, four.z, four.w};
    merged.add(more, shared.maxima[w][token], shared.totals[w][token]);
  }
  if (chunks == 1) {
    if (token < count) store_output<T>(a, first + token, head, part, merged);
    return;
  }

  const int64_t item = static_cast<int64_t>(group) * a.cache.heads + head;
  constexpr int chunk_floats = STAPES_GROUP * STAPES_CUDA_PARTIAL;
  float *partials = args.partials + item * gridDim.x * chunk_floats + token * STAPES_CUDA_PARTIAL;
  if (token < count) {
    float *to = partials + chunk * chunk_floats;
    float4 four;
    four.x = merged.sums[0], four.y = merged.sums[1], four.z = merged.sums[2], four.w = merged.sums[3];
    *reinterpret_cast<float4 *>(to + part * 4) = four;
    if (part == 0) to[STAPES_HEAD_WIDTH] = merged.maximum, to[STAPES_HEAD_WIDTH + 1] = merged.total;
  }
  __syncthreads();
  // The barriers on both sides make it the arrival of the whole block.
  if (thread == 0) shared.arrived = arrive(args.arrivals + item);
  __syncthreads();
  if (shared.arrived != static_cast<unsigned>(chunks) - 1) return;
  if (thread == 0) args.arrivals[item] = 0;
  if (token >= count) return;

  partial whole;
  for (int from = 0; from < chunks; from += merged_chunks) {
    float sums_of[merged_chunks][4], maxima[merged_chunks], totals[merged_chunks];
    partial next;
    next.maximum = whole.maximum;
#pragma unroll
    for (int c = 0; c < merged_chunks; c++) {
      maxima[c] = -INFINITY, totals[c] = 0;
#pragma unroll
      for (int i = 0; i < 4; i++) sums_of[c][i] = 0;
      if (from + c < chunks) {
        const float *row = partials + (from + c) * chunk_floats;
        const float4 four = *reinterpret_cast<const float4 *>(row + part * 4);
        sums_of[c][0] = four.x, sums_of[c][1] = four.y, sums_of[c][2] = four.z, sums_of[c][3] = four.w;
        maxima[c] = row[STAPES_HEAD_WIDTH], totals[c] = row[STAPES_HEAD_WIDTH + 1];
      }
    }
#pragma unroll
    for (int c = 0; c < merged_chunks; c++) next.maximum = fmaxf(next.maximum, maxima[c]);
    next.add(whole.sums, whole.maximum, whole.total);
#pragma unroll
    for (int c = 0; c < merged_chunks; c++) next.add(sums_of[c], maxima[c], totals[c]);
    whole = next;
  }
  store_output<T>(a, first + token, head, part, whole);
}

}  // namespace paged

KERNEL(paged_attention_f16, 128)(const __grid_constant__ stapes_cuda_attention_arguments args) {
  begin_after_predecessors();
  paged::paged_attention<half_t, half_t>(args);
}

KERNEL(paged_attention_bf16, 128)(const __grid_constant__ stapes_cuda_attention_arguments args) {
  begin_after_predecessors();
  paged::paged_attention<bfloat_t, bfloat_t>(args);
}

// Kernels of their own: they need two thirds of the registers.
KERNEL(paged_attention_f16_f8, 128)(const __grid_constant__ stapes_cuda_attention_arguments args) {
  begin_after_predecessors();
  paged::paged_attention<half_t, float8_t>(args);
}

KERNEL(paged_attention_bf16_f8, 128)(const __grid_constant__ stapes_cuda_attention_arguments args) {
  begin_after_predecessors();
  paged::paged_attention<bfloat_t, float8_t>(args);
}
