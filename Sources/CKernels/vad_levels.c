#include <stddef.h>

#include "include/stapes_kernels.h"
#include "include/stapes_vad.h"

#define DECLARE(level)                                                                                             \
  void stapes_vad_##level(const stapes_vad_plan *plan, const float *samples, int64_t sample_count, int64_t first,  \
                          int64_t count, stapes_vad_state *state, float *probabilities)

DECLARE(generic);
#if defined(__x86_64__)
DECLARE(avx2);
DECLARE(avx512);
#endif

stapes_vad_kernel stapes_vad_kernel_for_level(int level) {
  if (!stapes_kernels_at((stapes_level)level)) return NULL;
  switch (level) {
#if defined(__x86_64__)
    case STAPES_AVX2:
      return stapes_vad_avx2;
    case STAPES_AVX512:
    case STAPES_AVX512_BF16:
      return stapes_vad_avx512;
#endif
    default:
      return stapes_vad_generic;
  }
}

stapes_vad_kernel stapes_vad_kernel_best(void) { return stapes_vad_kernel_for_level(stapes_best_level()); }
