#include <pthread.h>

#include "include/stapes_kernels.h"

extern const stapes_kernels stapes_kernels_generic;
#if defined(__x86_64__)
extern const stapes_kernels stapes_kernels_avx2;
extern const stapes_kernels stapes_kernels_avx512;

void stapes_encoder_attention_bf16(const void *arguments, int thread, int threads);
void stapes_pack_int16(const void *arguments, int thread, int threads);
void stapes_matmul_int16(const void *arguments, int thread, int threads);
void stapes_encoder_attention_int16(const void *arguments, int thread, int threads);

/// The kernels of AVX-512 but for those that multiply bfloat16 in hardware.
static stapes_kernels avx512_bf16;
static void make_avx512_bf16(void) {
  avx512_bf16 = stapes_kernels_avx512;
  avx512_bf16.name = "avx512_bf16";
  avx512_bf16.encoder_attention = stapes_encoder_attention_bf16;
}
static const stapes_kernels *kernels_avx512_bf16(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_avx512_bf16);
  return &avx512_bf16;
}

static bool has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") &&
         __builtin_cpu_supports("bmi2");
}
static bool has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
#endif

const stapes_kernels *stapes_kernels_at(stapes_level level) {
  switch (level) {
    case STAPES_GENERIC:
      return &stapes_kernels_generic;
#if defined(__x86_64__)
    case STAPES_AVX2:
      return has_avx2() ? &stapes_kernels_avx2 : 0;
    case STAPES_AVX512:
      return has_avx512() ? &stapes_kernels_avx512 : 0;
    case STAPES_AVX512_BF16:
      return stapes_has_bfloat16() ? kernels_avx512_bf16() : 0;
#endif
    default:
      return 0;
  }
}

stapes_level stapes_best_level(void) {
  if (stapes_kernels_at(STAPES_AVX512_BF16)) return STAPES_AVX512_BF16;
  if (stapes_kernels_at(STAPES_AVX512)) return STAPES_AVX512;
  if (stapes_kernels_at(STAPES_AVX2)) return STAPES_AVX2;
  return STAPES_GENERIC;
}

const stapes_int16_kernels *stapes_int16_kernels_here(void) {
#if defined(__x86_64__)
  static const stapes_int16_kernels kernels = {
      stapes_pack_int16, stapes_matmul_int16, stapes_encoder_attention_int16};
  return has_avx512() && __builtin_cpu_supports("avx512vnni") ? &kernels : 0;
#else
  return 0;
#endif
}

bool stapes_has_fast_bfloat16(void) {
#if defined(__x86_64__)
  return stapes_has_bfloat16() && __builtin_cpu_is("amd");
#else
  return false;
#endif
}

bool stapes_has_bfloat16(void) {
#if defined(__x86_64__)
  return has_avx512() && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}
