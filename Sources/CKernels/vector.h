// The vector vocabulary of every kernel body. One source is compiled once per instruction level (levels/*.c):
// `VECTOR_BYTES` decides how wide `vf` is, and clang lowers the operations to what the level's target has.
// A kernel written with these names is therefore the same kernel at every level.
#ifndef STAPES_VECTOR_H
#define STAPES_VECTOR_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline, unused))
#define LANES ((int)(VECTOR_BYTES / sizeof(float)))

typedef float vf __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t vi __attribute__((vector_size(VECTOR_BYTES)));
typedef uint32_t vu __attribute__((vector_size(VECTOR_BYTES)));
typedef uint16_t vh __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef int16_t vs16 __attribute__((vector_size(VECTOR_BYTES)));
typedef uint16_t vu16 __attribute__((vector_size(VECTOR_BYTES)));
typedef int8_t vb __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef int8_t vq __attribute__((vector_size(VECTOR_BYTES / 4)));
typedef float vf_unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(4)));
typedef uint16_t vh_unaligned __attribute__((vector_size(VECTOR_BYTES / 2), aligned(2)));
typedef int8_t vb_unaligned __attribute__((vector_size(VECTOR_BYTES / 2), aligned(1)));
typedef int8_t vq_unaligned __attribute__((vector_size(VECTOR_BYTES / 4), aligned(1)));
typedef _Float16 vhf __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef _Float16 vhf_unaligned __attribute__((vector_size(VECTOR_BYTES / 2), aligned(2)));

INLINE vf vf_load(const float *p) { return *(const vf_unaligned *)p; }
INLINE void vf_store(float *p, vf v) { *(vf_unaligned *)p = v; }
// Subtracting zero changes no float, so the compiler drops it; adding zero would turn -0 into 0 and has to stay.
INLINE vf vf_splat(float x) { return x - (vf){0}; }
INLINE vi vi_splat(int32_t x) { return (vi){0} + x; }
/// Lane-wise `mask ? a : b`; `mask` holds all ones or all zeros, as comparisons give.
INLINE vf vf_select(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }
INLINE vf vf_max(vf a, vf b) { return vf_select(a > b, a, b); }
INLINE vf vf_min(vf a, vf b) { return vf_select(a < b, a, b); }

// bfloat16 is the upper half of a float; stores round to nearest, ties to even, and keep NaN a NaN.
INLINE vf vf_load_bf16(const uint16_t *p) {
  vh h = *(const vh_unaligned *)p;
  return (vf)(__builtin_convertvector(h, vu) << 16);
}
INLINE vu vu_bf16_bits(vf v) {
  vu bits = (vu)v;
  vu rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  vu nan = (vu)(v != v);
  return (nan & ((bits >> 16) | 0x40)) | (~nan & rounded);
}
INLINE void vf_store_bf16(uint16_t *p, vf v) {
  *(vh_unaligned *)p = __builtin_convertvector(vu_bf16_bits(v), vh);
}
INLINE float float_from_bf16(uint16_t h) {
  uint32_t bits = (uint32_t)h << 16;
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}
INLINE uint16_t bf16_from_float(float f) {
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  if (f != f) return (uint16_t)((bits >> 16) | 0x40);
  return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// A store in float16 rounds to nearest, ties to even; what is too large becomes the largest number, infinities too.
#define FLOAT16_MAXIMUM 65504.0f
INLINE vf vf_load_f16(const uint16_t *p) { return __builtin_convertvector((vhf) * (const vhf_unaligned *)p, vf); }
INLINE void vf_store_f16(uint16_t *p, vf v) {
  // What is not a number loses every comparison and so stays what it is.
  v = vf_min(vf_splat(FLOAT16_MAXIMUM), vf_max(vf_splat(-FLOAT16_MAXIMUM), v));
  *(vhf_unaligned *)p = __builtin_convertvector(v, vhf);
}
INLINE float float_from_f16(uint16_t h) {
  _Float16 f;
  memcpy(&f, &h, sizeof f);
  return (float)f;
}
INLINE uint16_t f16_from_float(float f) {
  if (f > FLOAT16_MAXIMUM) f = FLOAT16_MAXIMUM;
  if (f < -FLOAT16_MAXIMUM) f = -FLOAT16_MAXIMUM;
  _Float16 h = (_Float16)f;
  uint16_t bits;
  memcpy(&bits, &h, sizeof bits);
  return bits;
}

// float8 is E4M3. A store rounds to nearest, ties to even; what is too large becomes the largest number, infinities too.
#define FLOAT8_MAXIMUM 448.0f
#define FLOAT8_NAN 0x7f
/// Codes are read in 256ths, and what is made of them is multiplied by this once: a power of two changes no other bit.
#define FLOAT8_UNIT 256.0f
/// Two vectors of neighbours, in 256ths: as float16 they are, whose exponents begin 8 lower, fraction under fraction.
INLINE void vf_load_two_f8(const uint8_t *p, vf two[2]) {
#if defined(__aarch64__) || VECTOR_BYTES >= 32
  vb codes = *(const vb_unaligned *)p;
  union {
    vs16 all;
    vh part[2];
  } halves;
  vu16 bits = ((vu16)__builtin_convertvector(codes, vs16) << 7) & 0xbfff;
  // Where nothing but the sign is missing from a code, a step more carries into the exponent's highest bit, which makes
  // it a NaN there.
  halves.all = (vs16)(bits | ((bits + 0x80) & 0x4000));
  two[0] = __builtin_convertvector((vhf)halves.part[0], vf);
  two[1] = __builtin_convertvector((vhf)halves.part[1], vf);
#else
  // Without an instruction that widens float16.
  for (int i = 0; i < 2; i++) {
    vi wide = {p[i * 4], p[i * 4 + 1], p[i * 4 + 2], p[i * 4 + 3]};
    vi magnitude = wide & 0x7f;
    vf small = __builtin_convertvector(magnitude, vf) * 0x1p-17f;
    vi bits = (vi)vf_select(magnitude < 8, small, (vf)((magnitude << 20) + (112 << 23)));
    bits |= (magnitude == FLOAT8_NAN) & 0x7fc00000;
    two[i] = (vf)(bits | (wide << 24 & INT32_MIN));
  }
#endif
}
INLINE void vf_store_f8(uint8_t *p, vf v) {
  vu bits = (vu)vf_min(vf_splat(FLOAT8_MAXIMUM), vf_max(vf_splat(-FLOAT8_MAXIMUM), v));
  vu magnitude = bits & INT32_MAX;
  vu normal = ((magnitude + 0x7ffff + ((magnitude >> 20) & 1)) >> 20) - (120 << 3);
  // 2^14 has steps of 2^-9 above it, as float8 has below 2^-6: the sum is rounded to one, which stands in its last bits.
  vu small = (vu)((vf)magnitude + 0x1p14f) - 0x46800000;
  vu nan = (vu)(v != v), tiny = (vu)(magnitude < 0x3c800000);
  vu code = (tiny & small) | (~tiny & normal);
  code = (nan & FLOAT8_NAN) | (~nan & code);
  *(vq_unaligned *)p = __builtin_convertvector((vi)(code | (bits >> 24 & 0x80)), vq);
}

/// Asks for what will be read soon. A core alone fetches too little ahead of a loop that only reads: weights in two
/// bytes, which come by once a step, are read 1.4 to 2 times as fast with it, those in four are not (docs/Lab.md).
INLINE void fetch_ahead(const void *p, int64_t bytes) {
  enum { AHEAD = 4096, LINE = 64 };
  for (int64_t i = 0; i < bytes; i += LINE) __builtin_prefetch((const char *)p + AHEAD + i, 0, 2);
}

// Horizontal reductions add lanes in one fixed order, so a result depends on the level but never on the call.
INLINE float vf_sum(vf v) {
  float lanes[LANES];
  memcpy(lanes, &v, sizeof v);
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
  return lanes[0];
}
INLINE float vf_maximum(vf v) {
  float lanes[LANES];
  memcpy(lanes, &v, sizeof v);
  float best = lanes[0];
  for (int i = 1; i < LANES; i++) best = lanes[i] > best ? lanes[i] : best;
  return best;
}

/// exp(x) to about 2 units in the last place; below -87.3 it gives 0, above 88.7 it saturates.
INLINE vf vf_exp(vf x) {
  vi tiny = x < -87.3f;
  x = vf_min(vf_max(x, vf_splat(-87.3f)), vf_splat(88.7f));
  vf shifted = x * 1.44269504088896341f + 12582912.0f;  // 1.5 * 2^23: the integer part lands in the low bits
  vi n = (vi)shifted - 0x4b400000;
  vf whole = shifted - 12582912.0f;
  vf r = x - whole * 0.693359375f;
  r = r + whole * 2.12194440e-4f;
  vf p = vf_splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  vf scaled = (vf)((vi)p + (n << 23));
  return vf_select(tiny, vf_splat(0.0f), scaled);
}

/// The half-open share of `count` items that belongs to `thread` of `threads`; shares differ by one item at most.
INLINE void share(int64_t count, int thread, int threads, int64_t *begin, int64_t *end) {
  *begin = count * thread / threads;
  *end = count * (thread + 1) / threads;
}

#endif
