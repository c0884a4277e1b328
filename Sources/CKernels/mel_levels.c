#include <stddef.h>

#include "stapes_mel.h"

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
  switch (level) {
    case 0: return &generic;
#if defined(__x86_64__)
    case 1:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") ? &avx2
                                                                                                               : NULL;
    case 2:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
                 ? &avx512
                 : NULL;
#endif
    default: return NULL;
  }
}

const stapes_mel_kernels *stapes_mel_kernels_best(void) {
  for (int level = 2; level > 0; level--) {
    const stapes_mel_kernels *kernels = stapes_mel_kernels_for_level(level);
    if (kernels) return kernels;
  }
  return &generic;
}
