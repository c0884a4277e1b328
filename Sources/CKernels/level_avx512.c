// x86-64 with AVX-512 (F, BW, VL, DQ): sixteen floats a vector.
#if defined(__x86_64__)
#include <immintrin.h>
#define VECTOR_BYTES 64
#define LEVEL(name) name##_avx512
#define LEVEL_NAME "avx512"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c,bmi2"))), apply_to = function)
#include "bodies.h"
#pragma clang attribute pop
#endif
