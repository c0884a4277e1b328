// FlashInfer's paged attention for decoding and prefill behind eight calls: heads of 64 elements, as many key heads as
// query heads, float16 or bfloat16. The shim exists because FlashInfer is templates and throws exceptions; it may go
// when FlashInfer has a C interface of its own.
//
// Plan once, run per layer. A plan cuts the rows of a batch into chunks that fill the GPU, from lengths on the host; it
// costs one copy to the device. A run launches one kernel, or two where rows were cut: the second merges the chunks.
//
// In graph mode the grid, the pointers and every other launch parameter follow from the shape and the GPU alone, never
// from lengths. A captured run may be replayed after another plan with the same shape, workspace and (prefill) tokens;
// the contents of the index arrays may change in between, their addresses and the scale may not. Planning itself copies
// and stays out of the capture. Run once before the capture, so that the kernels are loaded. A padding row has one page
// of one position.
//
// Calls return 0, or another value and leave a message with `stapes_flashinfer_error`. They use the thread's current
// CUDA context.
#ifndef STAPES_FLASHINFER_H
#define STAPES_FLASHINFER_H

#include <stdbool.h>
#include <stdint.h>

/// Changes with any change of this header.
#define STAPES_FLASHINFER_ABI 1

typedef enum { STAPES_FLASHINFER_FLOAT16 = 0, STAPES_FLASHINFER_BFLOAT16 = 1 } stapes_flashinfer_type;

/// What a plan is made for. `batch` counts rows when decoding, requests in prefill; `page_size` is in positions.
typedef struct {
  int32_t batch, heads, page_size;
  stapes_flashinfer_type type;
  bool graph;
} stapes_flashinfer_shape;

typedef struct {
  int64_t float_bytes, int_bytes;
} stapes_flashinfer_sizes;

/// Memory of a plan, aligned to 16 bytes. `ints` holds the plan and belongs to one living plan; `floats` holds chunks
/// between two kernels, so all plans that run on one stream may share it. `host_ints` is page-locked, `sizes.int_bytes`
/// long, and must not be planned into again before the stream has passed the copy.
typedef struct {
  void *_Nonnull floats;
  void *_Nonnull ints;
  void *_Nonnull host_ints;
  stapes_flashinfer_sizes sizes;
} stapes_flashinfer_workspace;

/// A plan by value: FlashInfer's own numbers, and what a run needs besides. Two plans in graph mode whose bytes are
/// equal launch the same kernels with the same grids.
typedef struct {
  int64_t numbers[16];
  void *_Nullable floats;
  void *_Nullable ints;
  stapes_flashinfer_shape shape;
  /// 1 decoding, 2 prefill; 0 is no plan.
  int32_t kind;
} stapes_flashinfer_plan;

/// What a layer brings to a run. All pointers are the device's; strides are in elements and multiples of 8, pointers to
/// elements are aligned to 16 bytes.
///
/// Position n of page p and head h is at `k + p * page_stride + h * head_stride + n * 64`, and likewise for `v`. Row r
/// has the pages `indices[indptr[r] ..< indptr[r + 1]]`, and `last_page_length[r]` positions, 1 or more, in the last.
typedef struct {
  /// [rows, heads, 64], rows `q_row_stride` apart.
  const void *_Nonnull q;
  int64_t q_row_stride;
  /// [rows, heads, 64]. FlashInfer writes rows side by side: another stride than heads * 64 is refused.
  void *_Nonnull output;
  int64_t output_row_stride;
  const void *_Nonnull k;
  const void *_Nonnull v;
  int64_t page_stride, head_stride;
  const int32_t *_Nonnull indices;
  const int32_t *_Nonnull indptr;
  const int32_t *_Nonnull last_page_length;
  /// Multiplies q k^T before the softmax.
  float scale;
} stapes_flashinfer_arguments;

/// `STAPES_FLASHINFER_ABI` of the library; check it before anything else.
int32_t stapes_flashinfer_abi(void);

/// FlashInfer's version.
const char *_Nonnull stapes_flashinfer_version(void);

/// Why the last call of this thread failed.
const char *_Nonnull stapes_flashinfer_error(void);

/// Sizes that suffice for every plan of at most `shape.batch` rows and, in prefill, `tokens` query rows, in graph mode
/// or not. `tokens` 0: for decoding only.
int32_t stapes_flashinfer_workspace_sizes(
    const stapes_flashinfer_shape *_Nonnull shape, int32_t tokens, stapes_flashinfer_sizes *_Nonnull sizes);

/// Plans decoding: one query for each row. `kv_indptr` [batch + 1] is on the host and counts pages, at least one a row.
int32_t stapes_flashinfer_decode_plan(
    const stapes_flashinfer_shape *_Nonnull shape, const int32_t *_Nonnull kv_indptr,
    const stapes_flashinfer_workspace *_Nonnull workspace, void *_Nullable stream,
    stapes_flashinfer_plan *_Nonnull plan);

/// `arguments.indptr` must hold on the device what the plan was made from.
int32_t stapes_flashinfer_decode_run(
    const stapes_flashinfer_plan *_Nonnull plan, const stapes_flashinfer_arguments *_Nonnull arguments,
    void *_Nullable stream);

/// Plans prefill. `qo_indptr` and `kv_indptr` [batch + 1] are on the host and count query rows and pages. `tokens` is
/// `qo_indptr[batch]`, or in graph mode the rows the graph has room for, at least `batch`; rows past the live ones are
/// not written. A request may have no query rows, but has a page.
int32_t stapes_flashinfer_prefill_plan(
    const stapes_flashinfer_shape *_Nonnull shape, const int32_t *_Nonnull qo_indptr,
    const int32_t *_Nonnull kv_indptr, int32_t tokens, const stapes_flashinfer_workspace *_Nonnull workspace,
    void *_Nullable stream, stapes_flashinfer_plan *_Nonnull plan);

/// `qo_indptr` is on the device. `causal`: the last query of a request sees all its positions, the one before one less,
/// and so on, so a request has at least as many positions as queries. Otherwise every query sees every position.
int32_t stapes_flashinfer_prefill_run(
    const stapes_flashinfer_plan *_Nonnull plan, const stapes_flashinfer_arguments *_Nonnull arguments,
    const int32_t *_Nonnull qo_indptr, bool causal, void *_Nullable stream);

#endif
