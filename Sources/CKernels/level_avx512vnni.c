// Products of integers where AVX-512 multiplies bytes (VNNI). Levels call them if the processor has that.
#if defined(__x86_64__)
#include <immintrin.h>
#define VECTOR_BYTES 64
#define LEVEL(name) name##_avx512vnni
#define INT8_VNNI
#pragma clang diagnostic ignored "-Wunused-function"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c,bmi2"))), apply_to = function)
#pragma clang fp contract(fast)
#include "vector.h"

#include "include/stapes_kernels.h"

#include "scratch.h"

#include "rows_body.h"
#include "matmul_body.h"
#include "int8_body.h"
#include "int16_body.h"
#pragma clang attribute pop
#endif
