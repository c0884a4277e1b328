// What both attentions of pairs of 16 bits work in: see encoder_attention_pairs.h.
#include <immintrin.h>
#include <string.h>

#include "include/stapes_kernels.h"

#include "encoder_window.h"
#include "scratch.h"

#define INLINE static inline __attribute__((always_inline))
#define VECTORS 3
#define QUERY_BLOCK (16 * VECTORS)
#define KEY_BLOCK 64
/// Rows of a register block: keys in the first product, dimensions in the second.
#define ROWS 8
#define PAIRS (STAPES_HEAD_WIDTH / 2)
#define GROUPS (STAPES_HEAD_WIDTH / ROWS)
/// Below every score, and finite, so that no difference is NaN.
#define LOWEST -1e30f
#define LOG2_E 1.44269504088896341f

// In each array of 16 bits, a pair of neighbours that are multiplied together lies in 32.
typedef struct {
  uint16_t *keys;       // [padded, 64]
  uint16_t *values;     // [8, padded / 2, 8 dimensions, 2 positions]
  uint16_t *queries;    // [32, 48, 2]
  uint16_t *weights;    // [32 pairs of keys, 48, 2]
  float *scores;        // [64, 48]
  float *sums;          // [64 dimensions, 48]
  float *coefficients;  // [48]: exp(scale * score) = 2^(coefficient * sum)
  float key_scale;      // what one of a key's numbers stands for
  float value_scale;    // what one of the sums of values stands for
  int64_t padded;       // frames rounded up to whole register blocks
} workspace;


#define TARGET(more) \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c,bmi2," more)))
