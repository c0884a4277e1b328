// x86-64 with AVX2 and FMA: eight floats a vector.
#if defined(__x86_64__)
#include <immintrin.h>
#define VECTOR_BYTES 32
#define LEVEL(name) name##_avx2
#define LEVEL_NAME "avx2"
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,bmi2"))), apply_to = function)
#include "bodies.h"
#pragma clang attribute pop
#endif
