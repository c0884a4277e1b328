// How kernels of Kernels/cuda are launched: products, layer norm, and what treats values one by one.
#include "stapes_cuda_kernels.h"

enum {
  /// Threads of a block of what treats values one by one.
  THREADS = 256,
  /// Blocks that fill a GPU; each thread then takes several values.
  MOST_BLOCKS = 2048,
  /// Blocks that a product should have rather than wider ones: about as many as there are multiprocessors.
  ENOUGH_BLOCKS = 128,
};

static int64_t divided_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/// A grid is never empty, even if there is nothing to do.
static stapes_cuda_shape shape(int64_t x, int64_t y, unsigned threads, int64_t shared_bytes) {
  stapes_cuda_shape shape = {
      .grid = {(unsigned)(x > 0 ? x : 1), (unsigned)(y > 0 ? y : 1), 1},
      .threads = threads,
      .shared_bytes = (unsigned)shared_bytes,
  };
  return shape;
}

/// Threads that take four values each.
static stapes_cuda_shape shape_of_values(int64_t count) {
  return shape(smaller(divided_up(count, 4 * THREADS), MOST_BLOCKS), 1, THREADS, 0);
}

/// A row a block, whose threads take four values each.
static stapes_cuda_shape shape_of_rows(int64_t rows, int64_t width) {
  return shape(rows, 1, (unsigned)smaller(divided_up(width, 128) * 32, THREADS), 0);
}

stapes_cuda_shape stapes_cuda_shape_layer_norm(const void *arguments) {
  const stapes_layer_norm_arguments *a = arguments;
  return shape(divided_up(a->rows, 4), 1, 128, 0);
}

/// Strips of 8 outputs that a block of product_few computes, of `all`: more where the rows it fetches for them are many, and
/// where outputs are.
static int64_t strips_of_few(int tiles, int64_t all) {
  if (tiles <= 2 && all >= 4 * ENOUGH_BLOCKS) return 4;
  return tiles > 1 || all >= 2 * ENOUGH_BLOCKS ? 2 : 1;
}

int stapes_cuda_product_few_tiles(int64_t m, int64_t n) {
  const int64_t all = divided_up(n, 8);
  int tiles = m <= 16 ? 1 : m <= 32 ? 2 : 4;
  // Where most multiprocessors would have nothing, each block fetches fewer rows: they are what takes long.
  while (tiles > 1 && divided_up(all, strips_of_few(tiles, all)) * divided_up(m, 16 * tiles) < ENOUGH_BLOCKS / 2) {
    tiles /= 2;
  }
  return tiles;
}

stapes_cuda_shape stapes_cuda_shape_product_few(const void *arguments) {
  const stapes_cuda_product_arguments *a = arguments;
  int tiles = stapes_cuda_product_few_tiles(a->m, a->n);
  int64_t all = divided_up(a->n, 8), strips = strips_of_few(tiles, all);
  // The partial sums of eight warps; what a layer norm needs of each row; gamma and beta.
  int64_t bytes = 8 * tiles * 128 * 4;
  if (a->gamma) bytes += tiles * 16 * 8 + 2 * a->k * 4;
  return shape(divided_up(all, strips), divided_up(a->m, 16 * tiles), 256, bytes);
}

stapes_cuda_shape stapes_cuda_shape_product_many(const void *arguments) {
  const stapes_cuda_product_arguments *a = arguments;
  int64_t down = divided_up(a->m, 128), across = divided_up(a->n, 128), batch = a->batch > 1 ? a->batch : 1;
  // Wide blocks where there are enough of them. Their tiles take 48 KB either way.
  bool wide = a->n > 64 && batch * down * across >= ENOUGH_BLOCKS;
  stapes_cuda_shape wanted = shape(wide ? across : divided_up(a->n, 64), down, 256, 48 * 1024);
  wanted.grid[2] = (unsigned)batch;
  return wanted;
}

stapes_cuda_shape stapes_cuda_shape_gelu(const void *arguments) {
  const stapes_cuda_gelu_arguments *a = arguments;
  return shape_of_values(a->rows * a->width);
}

stapes_cuda_shape stapes_cuda_shape_embed(const void *arguments) {
  const stapes_embed_arguments *a = arguments;
  return shape_of_rows(a->rows, a->width);
}

stapes_cuda_shape stapes_cuda_shape_gather(const void *arguments) {
  const stapes_gather_arguments *a = arguments;
  return shape_of_rows(a->rows, a->width);
}

stapes_cuda_shape stapes_cuda_shape_add(const void *arguments) {
  const stapes_add_arguments *a = arguments;
  stapes_cuda_shape shape = shape_of_values(a->count);
  if (a->repeats > 1) shape.grid[1] = (unsigned)a->repeats;
  return shape;
}

stapes_cuda_shape stapes_cuda_shape_convert(const void *arguments) {
  const stapes_convert_arguments *a = arguments;
  return shape_of_values(a->count);
}

stapes_cuda_shape stapes_cuda_shape_random(const void *arguments) {
  const stapes_cuda_random_arguments *a = arguments;
  return shape_of_values(a->count);
}

stapes_cuda_shape stapes_cuda_shape_log_mel(const void *arguments) {
  const stapes_cuda_log_mel_arguments *a = arguments;
  return shape(divided_up(a->frames, STAPES_CUDA_MEL_FRAMES), a->count, THREADS, STAPES_CUDA_MEL_SHARED);
}

stapes_cuda_shape stapes_cuda_shape_feed(const void *arguments) {
  const stapes_feed_arguments *a = arguments;
  return shape(divided_up(a->rows, THREADS), 1, THREADS, 0);
}
