// FlashInfer's attention as a library that is found at run time: `libstapes_flashinfer.so`, which
// Scripts/build-flashinfer makes.
#ifndef STAPES_FLASHINFER_LIBRARY_H
#define STAPES_FLASHINFER_LIBRARY_H

#include <stddef.h>

#include "stapes_flashinfer.h"

/// The calls of stapes_flashinfer.h.
typedef struct {
  const char *_Nonnull (*_Nonnull version)(void);
  const char *_Nonnull (*_Nonnull error)(void);
  int32_t (*_Nonnull workspace_sizes)(const stapes_flashinfer_shape *_Nonnull shape, int32_t tokens,
                                      stapes_flashinfer_sizes *_Nonnull sizes);
  int32_t (*_Nonnull decode_plan)(const stapes_flashinfer_shape *_Nonnull shape, const int32_t *_Nonnull kv_indptr,
                                  const stapes_flashinfer_workspace *_Nonnull workspace, void *_Nullable stream,
                                  stapes_flashinfer_plan *_Nonnull plan);
  int32_t (*_Nonnull decode_run)(const stapes_flashinfer_plan *_Nonnull plan,
                                 const stapes_flashinfer_arguments *_Nonnull arguments, void *_Nullable stream);
  int32_t (*_Nonnull prefill_plan)(const stapes_flashinfer_shape *_Nonnull shape, const int32_t *_Nonnull qo_indptr,
                                   const int32_t *_Nonnull kv_indptr, int32_t tokens,
                                   const stapes_flashinfer_workspace *_Nonnull workspace, void *_Nullable stream,
                                   stapes_flashinfer_plan *_Nonnull plan);
  int32_t (*_Nonnull prefill_run)(const stapes_flashinfer_plan *_Nonnull plan,
                                  const stapes_flashinfer_arguments *_Nonnull arguments,
                                  const int32_t *_Nonnull qo_indptr, bool causal, void *_Nullable stream);
} stapes_flashinfer_library;

/// Opens `path`; null looks at the environment's STAPES_FLASHINFER, then beside the program, then where the system
/// looks. False if there is none of this header's ABI, with the reason in `message`.
bool stapes_flashinfer_open(const char *_Nullable path, stapes_flashinfer_library *_Nonnull library,
                            char *_Nonnull message, size_t message_bytes);

#endif
