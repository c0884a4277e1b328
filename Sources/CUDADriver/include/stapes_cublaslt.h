// Matrix products of many rows through cuBLASLt, found at run time. The shim exists because the library is half a
// gigabyte that few machines have where we would link it, and because its descriptors are attributes behind `void *`.
// It may go when our own kernel is as fast. The declarations are our own: no CUDA header is needed to build it.
//
// c [M, N] = a [M, K] * weight [N, K]^T + bias [N], added to what c held if asked for; products and sums are float32.
// What may be combined, with and without bias, with and without accumulation, and with both:
//
//   a and weight   c                    bias
//   float16        float16 or float32   of c's type
//   bfloat16       bfloat16 or float32  of c's type
//
// So the caller has the bias of a 16-bit c in that type: cuBLASLt takes a float32 one for a float32 c alone.
// GELU is the caller's, in a pass of its own: cuBLASLt's is the approximation with tanh, and Whisper's is not.
//
// The device's context has to be current on the thread that calls, but for what only reads or destroys a product.
#ifndef STAPES_CUBLASLT_H
#define STAPES_CUBLASLT_H

#include "stapes_cuda.h"
#include "stapes_kernels.h"

typedef enum {
  STAPES_CUBLASLT_OK = 0,
  /// The library has nothing for this product: the caller's own kernel has to do it.
  STAPES_CUBLASLT_UNSUPPORTED = 1,
  /// The caller's mistake.
  STAPES_CUBLASLT_INVALID = 2,
  STAPES_CUBLASLT_FAILED = 3,
} stapes_cublaslt_status;

enum {
  /// What a, weight, bias, c and the workspace are multiples of, in bytes. Rows need not be.
  STAPES_CUBLASLT_ALIGNMENT = 16,
  /// A workspace that lets every algorithm take part.
  STAPES_CUBLASLT_WORKSPACE_BYTES = 32 << 20,
};

/// What of the library is called: `version` is cublasLtGetVersion, and so on. The descriptors are the library's own.
typedef struct {
  size_t (*_Nonnull version)(void);
  const char *_Nonnull (*_Nonnull status_text)(int status);
  int (*_Nonnull create)(void *_Nullable *_Nonnull handle);
  int (*_Nonnull destroy)(void *_Nonnull handle);
  int (*_Nonnull operation_create)(void *_Nullable *_Nonnull operation, int compute_type, int scale_type);
  int (*_Nonnull operation_destroy)(void *_Nonnull operation);
  int (*_Nonnull operation_set)(void *_Nonnull operation, int attribute, const void *_Nonnull value, size_t bytes);
  int (*_Nonnull layout_create)(void *_Nullable *_Nonnull layout, int type, uint64_t rows, uint64_t columns,
                                int64_t leading);
  int (*_Nonnull layout_destroy)(void *_Nonnull layout);
  int (*_Nonnull preference_create)(void *_Nullable *_Nonnull preference);
  int (*_Nonnull preference_destroy)(void *_Nonnull preference);
  int (*_Nonnull preference_set)(void *_Nonnull preference, int attribute, const void *_Nonnull value, size_t bytes);
  int (*_Nonnull choose)(void *_Nonnull handle, void *_Nonnull operation, void *_Nonnull a, void *_Nonnull b,
                         void *_Nonnull c, void *_Nonnull d, void *_Nonnull preference, int limit,
                         void *_Nonnull candidates, int *_Nonnull count);
  int (*_Nonnull multiply)(void *_Nonnull handle, void *_Nonnull operation, const void *_Nonnull alpha,
                           const void *_Nonnull a, void *_Nonnull a_layout, const void *_Nonnull b,
                           void *_Nonnull b_layout, const void *_Nonnull beta, const void *_Nonnull c,
                           void *_Nonnull c_layout, void *_Nonnull d, void *_Nonnull d_layout,
                           const void *_Nonnull algorithm, void *_Nullable workspace, size_t workspace_bytes,
                           stapes_cu_stream _Nonnull stream);
} stapes_cublaslt_functions;

/// The library, opened for the device whose context was current.
typedef struct stapes_cublaslt stapes_cublaslt;

/// The product of one shape, with the algorithm chosen for it.
typedef struct stapes_cublaslt_product stapes_cublaslt_product;

/// Strides count elements from row to row. Rows of a may not overlap, as a convolution's windows do: a product with
/// `a_stride` < K is unsupported. Such a convolution is a sum of products of those parts of the windows that do not,
/// each with the same part of the weight's rows, which is what `weight_stride` > K is for.
typedef struct {
  int64_t m, n, k, a_stride, weight_stride, c_stride;
  /// Of a and weight.
  stapes_type type;
  stapes_type c_type;
  bool bias, accumulate;
  /// The most that the algorithm may use.
  size_t workspace_bytes;
} stapes_cublaslt_shape;

/// Opens `path`; or the environment's STAPES_CUBLASLT; or else the first that works of libcublasLt.so.13 and .12 where
/// the loader looks, in /usr/local/cuda*/lib64, and beside a Python (in $VIRTUAL_ENV, then the system's). One that was
/// named is not replaced by another. Null on failure, with the reason in `message`.
stapes_cublaslt *_Nullable stapes_cublaslt_create(const char *_Nullable path, char *_Nonnull message,
                                                  size_t message_bytes);

/// The same over functions from elsewhere, for tests.
stapes_cublaslt *_Nullable stapes_cublaslt_create_with(const stapes_cublaslt_functions *_Nonnull functions,
                                                       const char *_Nonnull name, char *_Nonnull message,
                                                       size_t message_bytes);

/// After all its products. The library stays in memory: captured graphs may hold kernels of it.
void stapes_cublaslt_destroy(stapes_cublaslt *_Nonnull library);

/// The file that was taken, or the name that was given.
const char *_Nonnull stapes_cublaslt_path(const stapes_cublaslt *_Nonnull library);

/// 130100 for 13.1.0.
size_t stapes_cublaslt_version(const stapes_cublaslt *_Nonnull library);

/// Chooses the algorithm. It takes far longer than a launch, and is not allowed while the thread captures a stream.
stapes_cublaslt_status stapes_cublaslt_product_create(stapes_cublaslt *_Nonnull library,
                                                      const stapes_cublaslt_shape *_Nonnull shape,
                                                      stapes_cublaslt_product *_Nullable *_Nonnull product);
void stapes_cublaslt_product_destroy(stapes_cublaslt_product *_Nonnull product);

/// Bytes of workspace that a run uses: the shape's or fewer.
size_t stapes_cublaslt_product_workspace_bytes(const stapes_cublaslt_product *_Nonnull product);

/// Enqueues the product on `stream`; all pointers are the device's. One thread at a time runs a product, and one stream
/// at a time has the workspace. Nothing is allocated here and nothing waits, so `stream` may be captured; but the
/// library loads a kernel at its first launch, so run the product once before.
stapes_cublaslt_status stapes_cublaslt_product_run(stapes_cublaslt_product *_Nonnull product, const void *_Nonnull a,
                                                   const void *_Nonnull weight, const void *_Nullable bias,
                                                   void *_Nonnull c, void *_Nullable workspace,
                                                   stapes_cu_stream _Nonnull stream);

/// Why the last call of this thread that gave a status failed.
const char *_Nonnull stapes_cublaslt_error(void);

#endif
