// The instruction that integers of sixteen bits are multiplied by.
#ifndef STAPES_INT16_PRODUCTS_H
#define STAPES_INT16_PRODUCTS_H

/// sums + x * y, the products of two neighbours added up in 32 bits. The compiler's own intrinsic is taken apart again
/// into two instructions where it thinks that sums wait for each other less, which halves the rate of a block of sums.
static inline __attribute__((always_inline)) __m512i multiply_int16_pairs(__m512i sums, __m512i x, __m512i y) {
  __asm__("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(x), "v"(y));
  return sums;
}

#endif
