#include <string.h>

#include "include/stapes_kernels.h"

/// float16 has ten bits of fraction, exponents from -14 to 15, and multiples of 2^-24 below.
static int fits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t magnitude = bits & 0x7fffffff;
  int normal = magnitude >= 0x38800000 && magnitude < 0x47800000 && (bits & 0x1fff) == 0;
  // Not above 1024 where it counts, so that the conversion to an integer is exact.
  float multiple = magnitude < 0x38800000 ? value * 0x1p24f : 0.5f;
  return normal | (multiple == (float)(int32_t)multiple);
}

bool stapes_fits_float16(const void *values, int64_t count) {
  enum { BLOCK = 1024 };
  for (int64_t begin = 0; begin < count; begin += BLOCK) {
    int64_t length = count - begin < BLOCK ? count - begin : BLOCK;
    float block[BLOCK];
    memcpy(block, (const char *)values + begin * (int64_t)sizeof *block, (size_t)length * sizeof *block);
    int all = 1;
    for (int64_t i = 0; i < length; i++) all &= fits(block[i]);
    if (!all) return false;
  }
  return true;
}
