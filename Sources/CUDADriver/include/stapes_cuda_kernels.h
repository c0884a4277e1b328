// The kernels of Kernels/cuda: what each is called, what it is given and how it is launched. Where an operation is the
// CPU's, so are its arguments (stapes_kernels.h); a kernel takes its struct by value.
//
// Shape legend: T tokens (or rows) of a step, D model width, H heads, M x K activations, N x K weights, W windows.
// Strides count elements. Rows of 16-bit activations and weights begin at multiples of 16 bytes.
#ifndef STAPES_CUDA_KERNELS_H
#define STAPES_CUDA_KERNELS_H

#include "stapes_kernels.h"

/// How a kernel is launched: blocks, threads a block, bytes of dynamic shared memory.
typedef struct {
  unsigned grid[3];
  unsigned threads;
  unsigned shared_bytes;
} stapes_cuda_shape;

/// Positions that one block of an attention kernel reads.
#define STAPES_CUDA_CHUNK 128
/// Floats of a partial result of attention: 64 sums, the maximum, the sum of exponentials, padding.
#define STAPES_CUDA_PARTIAL 68

/// c = f(a) * weight^T + bias; then GELU (the exact one, with erf) if `gelu`; then added to c if `accumulate`.
/// f normalises each row of a, as a layer norm with `gamma` and `beta` does, if they are given; a is float32 then.
/// a is [M, K], weight [N, K] in the kernel's 16-bit type, c [M, N]. K is a multiple of 8.
/// A product of many rows may be of `batch` pairs of a and c, which lie so many elements apart; 0 is one.
typedef struct {
  const void *_Nonnull a;
  const void *_Nonnull weight;
  const float *_Nullable bias;
  const float *_Nullable gamma;
  const float *_Nullable beta;
  void *_Nonnull c;
  int64_t m, n, k, a_stride, c_stride;
  stapes_type a_type, c_type;
  float epsilon;
  bool gelu, accumulate;
  int64_t batch, a_batch_stride, c_batch_stride;
} stapes_cuda_product_arguments;

/// Tiles of 16 rows that one block of product_few computes for M rows and N outputs: 1, 2 or 4. It changes no row's bits.
/// There is a kernel each.
int stapes_cuda_product_few_tiles(int64_t m, int64_t n);

/// x = GELU(x), rows of the kernel's 16-bit type: for products that cannot do it themselves.
typedef struct {
  void *_Nonnull x;
  int64_t rows, width, stride;
  stapes_type type;
} stapes_cuda_gelu_arguments;

/// As `stapes_paged_attention_arguments` says, but that a tile of keys is [16 positions, 64 dimensions] as one of values
/// is, and that query, output and cache are of one type, or the cache is of float8. A block reads STAPES_CUDA_CHUNK
/// positions of one group and one head; the last block of a group and head to finish puts the partial results together, in
/// the order of the chunks.
///
/// With `key`, which a cache of float8 does not take, each group has one token, whose key and value are written to slot
/// `slots[t]`, the last position of its sequence, before it is attended to.
typedef struct {
  stapes_paged_attention_arguments attention;
  const void *_Nullable key;
  const void *_Nullable value;
  const int32_t *_Nullable slots;
  int64_t key_stride, value_stride;
  /// [groups, H, chunks, STAPES_GROUP, STAPES_CUDA_PARTIAL]; not used where a single chunk holds `longest`.
  float *_Nonnull partials;
  /// [groups, H], zeros before and after.
  unsigned *_Nonnull arrivals;
} stapes_cuda_attention_arguments;

/// y[i] = center + scale * (hash(first + i) >> 8), the values of a random model, in `type`.
typedef struct {
  void *_Nonnull y;
  int64_t count;
  float center, scale;
  /// The hash's input of the first value, and its salt: see GeneratedArray.
  uint32_t first, salt;
  stapes_type type;
} stapes_cuda_random_arguments;

/// The run of non-zero weights of a mel filter over the points of a spectrum, 0 to 200.
typedef struct {
  int32_t first, count;
  /// Its first weight's index in `weights`.
  int32_t weight;
} stapes_cuda_mel_filter;

/// Frames that one block of log_mel makes, and bytes that it needs at most for that.
#define STAPES_CUDA_MEL_FRAMES 8
#define STAPES_CUDA_MEL_SHARED 32768

/// features [W, frames, bins] = (max(log10 of the mel power, loudest - 8) + 4) / 4 of windows of samples, float32.
///
/// Frame f of a window sees 400 samples from sample 160 f - `lead` on: what lies before its first sample is the reflection
/// of what lies after it, what lies past its last is silence. Frames past `content` are 0. A window whose `content` is
/// negative is left as it is.
typedef struct {
  /// [W, sample_stride]
  const float *_Nonnull samples;
  /// [W, 4]: the number of samples, lead, content, and the bits of the loudest log10 of the file.
  const int32_t *_Nonnull windows;
  /// [400], the window that a frame is multiplied by.
  const float *_Nonnull window;
  /// [25, 2], cosine and sine of 2 pi i / 25.
  const float *_Nonnull roots;
  /// [bins]
  const stapes_cuda_mel_filter *_Nonnull filters;
  const float *_Nonnull weights;
  float *_Nonnull features;
  int64_t count, frames, bins, sample_stride, feature_stride;
} stapes_cuda_log_mel_arguments;

// Shapes, from the arguments that the kernel of the same name is launched with.
stapes_cuda_shape stapes_cuda_shape_layer_norm(const void *_Nonnull arguments);         // stapes_layer_norm_arguments
stapes_cuda_shape stapes_cuda_shape_product_few(const void *_Nonnull arguments);        // stapes_cuda_product_arguments
stapes_cuda_shape stapes_cuda_shape_product_many(const void *_Nonnull arguments);       // stapes_cuda_product_arguments
stapes_cuda_shape stapes_cuda_shape_gelu(const void *_Nonnull arguments);               // stapes_cuda_gelu_arguments
stapes_cuda_shape stapes_cuda_shape_embed(const void *_Nonnull arguments);              // stapes_embed_arguments
stapes_cuda_shape stapes_cuda_shape_gather(const void *_Nonnull arguments);             // stapes_gather_arguments
stapes_cuda_shape stapes_cuda_shape_add(const void *_Nonnull arguments);                // stapes_add_arguments
stapes_cuda_shape stapes_cuda_shape_convert(const void *_Nonnull arguments);            // stapes_convert_arguments
stapes_cuda_shape stapes_cuda_shape_random(const void *_Nonnull arguments);             // stapes_cuda_random_arguments
stapes_cuda_shape stapes_cuda_shape_log_mel(const void *_Nonnull arguments);            // stapes_cuda_log_mel_arguments
stapes_cuda_shape stapes_cuda_shape_store_kv(const void *_Nonnull arguments);           // stapes_store_kv_arguments
stapes_cuda_shape stapes_cuda_shape_paged_attention(const void *_Nonnull arguments);    // stapes_cuda_attention_arguments
stapes_cuda_shape stapes_cuda_shape_encoder_attention(const void *_Nonnull arguments);  // stapes_encoder_attention_arguments
stapes_cuda_shape stapes_cuda_shape_select(const void *_Nonnull arguments);             // stapes_select_arguments
stapes_cuda_shape stapes_cuda_shape_feed(const void *_Nonnull arguments);               // stapes_feed_arguments
stapes_cuda_shape stapes_cuda_shape_copy_pages(const void *_Nonnull arguments);         // stapes_copy_pages_arguments
stapes_cuda_shape stapes_cuda_shape_cross_scores(const void *_Nonnull arguments);       // stapes_cross_scores_arguments
stapes_cuda_shape stapes_cuda_shape_token_probability(const void *_Nonnull arguments);  // stapes_token_probability_arguments

/// Floats of `partials` for so many groups and heads, and so many positions at most.
int64_t stapes_cuda_partial_count(int64_t groups, int64_t heads, int64_t longest);

#endif
