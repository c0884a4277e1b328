#include <stddef.h>

#include "include/stapes_kernels.h"
#include "include/stapes_mel.h"

#define DECLARE(level)                                                                                             \
  float stapes_log_mel_##level(const stapes_mel_plan *plan, const float *samples, int64_t sample_count,            \
                               int64_t first, int64_t count, float *out);                                          \
  void stapes_mel_normalise_##level(float *values, int64_t count, float maximum);                                  \
  static const stapes_mel_kernels level = {stapes_log_mel_##level, stapes_mel_normalise_##level}

DECLARE(generic);
#if defined(__x86_64__)
DECLARE(avx2);
DECLARE(avx512);
#endif

const stapes_mel_kernels *stapes_mel_kernels_for_level(int level) {
  if (!stapes_kernels_at((stapes_level)level)) return NULL;
  switch (level) {
#if defined(__x86_64__)
    case STAPES_AVX2:
      return &avx2;
    case STAPES_AVX512:
    case STAPES_AVX512_BF16:
      return &avx512;
#endif
    default:
      return &generic;
  }
}

const stapes_mel_kernels *stapes_mel_kernels_best(void) { return stapes_mel_kernels_for_level(stapes_best_level()); }
