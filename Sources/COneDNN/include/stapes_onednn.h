// oneDNN's matrix products behind seven calls. The shim exists because oneDNN 2 and 3 create descriptors differently
// and because attributes and post-operations are macros and variadic enough to be unpleasant from Swift.
#ifndef STAPES_ONEDNN_H
#define STAPES_ONEDNN_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { STAPES_ONEDNN_FLOAT32 = 0, STAPES_ONEDNN_BFLOAT16 = 1 } stapes_onednn_type;

/// Weights of one linear layer, [N, K], in the layout that oneDNN chose for them.
typedef struct stapes_onednn_weights stapes_onednn_weights;

/// The product of one shape: a primitive for each thread of the caller's team, over that thread's rows.
///
/// oneDNN itself runs on one thread everywhere. Its own team (OpenMP's) would spin on the cores while ours works.
typedef struct stapes_onednn_matmul stapes_onednn_matmul;

/// c [M, N] = a [M, K] * weights^T + bias, then GELU (with erf), then added to what c held. Strides are in elements;
/// rows that do not lie side by side go through a copy.
typedef struct {
  int64_t m, a_stride, c_stride;
  stapes_onednn_type a_type, c_type;
  bool bias, gelu, accumulate;
} stapes_onednn_shape;

typedef struct {
  stapes_onednn_matmul *_Nonnull matmul;
  const void *_Nonnull a;
  const float *_Nullable bias;
  void *_Nonnull c;
} stapes_onednn_arguments;

/// Whether this build has oneDNN at all.
bool stapes_onednn_available(void);

/// Packs `weight` [N, K] of float32 for products of about `typical_m` rows. Null on failure: see `stapes_onednn_error`.
stapes_onednn_weights *_Nullable stapes_onednn_weights_create(
    const float *_Nonnull weight, int64_t n, int64_t k, stapes_onednn_type type, int64_t typical_m);
void stapes_onednn_weights_destroy(stapes_onednn_weights *_Nonnull weights);
int64_t stapes_onednn_weights_bytes(const stapes_onednn_weights *_Nonnull weights);

/// The product of `shape` on `weights`, which must outlive it, for a team of `threads`. Null on failure; a reference
/// implementation, which is thousands of times slower, is a failure.
stapes_onednn_matmul *_Nullable stapes_onednn_matmul_create(
    stapes_onednn_weights *_Nonnull weights, const stapes_onednn_shape *_Nonnull shape, int threads);
void stapes_onednn_matmul_destroy(stapes_onednn_matmul *_Nonnull matmul);

/// One thread's part of the product of `stapes_onednn_arguments`: a kernel like ours.
void stapes_onednn_execute(const void *_Nonnull arguments, int thread, int threads);

/// Why the last call of this thread failed.
const char *_Nonnull stapes_onednn_error(void);

#endif
