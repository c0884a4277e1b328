// FlashInfer's library without a GPU, for tests: plans and plain attention on the fake driver. A run reads only the
// pages that were planned for, so that a plan from other lengths, or from a batch before, shows.
#ifndef STAPES_FAKE_FLASHINFER_H
#define STAPES_FAKE_FLASHINFER_H

#include "stapes_flashinfer_library.h"

#ifdef __cplusplus
extern "C" {
#endif

void stapes_fake_flashinfer_open(stapes_flashinfer_library *_Nonnull library);

/// Plans made since the library was opened: of decoding, of prefill.
typedef struct {
  int64_t decode, prefill;
} stapes_fake_flashinfer_plans;
stapes_fake_flashinfer_plans stapes_fake_flashinfer_planned(void);

#ifdef __cplusplus
}
#endif

#endif
