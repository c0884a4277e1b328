// One window of the encoder's attention, which may be of several.
#ifndef STAPES_ENCODER_WINDOW_H
#define STAPES_ENCODER_WINDOW_H

#include "include/stapes_kernels.h"

/// The same arguments for window `index` alone.
static inline stapes_encoder_attention_arguments stapes_encoder_window(
    const stapes_encoder_attention_arguments *_Nonnull a, int64_t index
) {
  int64_t size = a->type == STAPES_FLOAT32 ? 4 : 2;
  int64_t bytes = index * a->frames * a->stride * size;
  stapes_encoder_attention_arguments window = *a;
  window.windows = 1;
  window.query = (const char *)a->query + bytes;
  window.key = (const char *)a->key + bytes;
  window.value = (const char *)a->value + bytes;
  window.output = (char *)a->output + index * a->frames * a->output_stride * size;
  return window;
}

#endif
