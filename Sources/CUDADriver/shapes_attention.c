// How the kernels of attention, of the cache and of the choice of tokens are launched.
#include "include/stapes_cuda_kernels.h"

static unsigned parts(int64_t count, int64_t size) { return count > size ? (unsigned)((count + size - 1) / size) : 1; }

static stapes_cuda_shape shape(unsigned x, unsigned y, unsigned z, unsigned threads, unsigned shared_bytes) {
  return (stapes_cuda_shape){{x, y, z}, threads, shared_bytes};
}

stapes_cuda_shape stapes_cuda_shape_store_kv(const void *arguments) {
  const stapes_store_kv_arguments *a = arguments;
  return shape(parts(a->rows, 1), parts(a->cache.heads * STAPES_HEAD_WIDTH / 8, 128), 1, 128, 0);
}

stapes_cuda_shape stapes_cuda_shape_paged_attention(const void *arguments) {
  const stapes_paged_attention_arguments *a = &((const stapes_cuda_attention_arguments *)arguments)->attention;
  // Sums of 64 dimensions and 4 floats of padding, a maximum and a total of 8 tokens for each of 4 warps; the arrivals.
  return shape(parts(a->longest, STAPES_CUDA_CHUNK), parts(a->cache.heads, 1), parts(a->groups, 1), 128,
               4 * STAPES_GROUP * (STAPES_HEAD_WIDTH + 4 + 2) * 4 + 16);
}

stapes_cuda_shape stapes_cuda_shape_encoder_attention(const void *arguments) {
  const stapes_encoder_attention_arguments *a = arguments;
  // Two blocks of 64 keys and two of 64 values, in two bytes.
  return shape(parts(a->frames, 64), parts(a->heads, 1), parts(a->windows, 1), 128, 4 * 64 * STAPES_HEAD_WIDTH * 2);
}

stapes_cuda_shape stapes_cuda_shape_select(const void *arguments) {
  const stapes_select_arguments *a = arguments;
  // A float for every 64 ids, and what the warps tell each other.
  return shape(parts(a->rows, 1), 1, 1, 1024, 1024 + 4 * parts(a->vocabulary, 64));
}

stapes_cuda_shape stapes_cuda_shape_copy_pages(const void *arguments) {
  const stapes_copy_pages_arguments *a = arguments;
  return shape(parts(a->count, 1), parts(a->page_bytes, 16384), 1, 256, 0);
}

stapes_cuda_shape stapes_cuda_shape_cross_scores(const void *arguments) {
  const stapes_cross_scores_arguments *a = arguments;
  return shape(parts(a->positions, STAPES_CUDA_CHUNK), parts(a->count, 1), parts(a->tokens, 16), 128, 0);
}

stapes_cuda_shape stapes_cuda_shape_token_probability(const void *arguments) {
  const stapes_token_probability_arguments *a = arguments;
  return shape(parts(a->rows, 1), 1, 1, 1024, 1024);
}

int64_t stapes_cuda_partial_count(int64_t groups, int64_t heads, int64_t longest) {
  return groups * heads * parts(longest, STAPES_CUDA_CHUNK) * STAPES_GROUP * STAPES_CUDA_PARTIAL;
}
