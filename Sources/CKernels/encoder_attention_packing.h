// How rows lie in the workspace, whatever a pair is.

/// Interleaves two rows of 32 values: [a0 b0 a1 b1 ...].
INLINE void interleave(__m512i a, __m512i b, __m512i *low, __m512i *high) {
  static const uint16_t order[64] __attribute__((aligned(64))) = {
      0,  32, 1,  33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39, 8,  40, 9,  41, 10, 42,
      11, 43, 12, 44, 13, 45, 14, 46, 15, 47, 16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53,
      22, 54, 23, 55, 24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63};
  *low = _mm512_permutex2var_epi16(a, _mm512_load_si512(order), b);
  *high = _mm512_permutex2var_epi16(a, _mm512_load_si512(order + 32), b);
}

INLINE __mmask16 lanes_inside(int64_t queries, int v) {
  int64_t left = queries - 16 * v;
  return left >= 16 ? 0xffff : left <= 0 ? 0 : (__mmask16)((1u << left) - 1);
}
INLINE __m512i row_offsets(int64_t stride) {
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_mullo_epi32(lanes, _mm512_set1_epi32((int)stride));
}

/// Two neighbouring positions of half of the dimensions, as the product wants them.
INLINE void store_value_pairs(workspace *w, int64_t f, int half, __m512i first, __m512i second) {
  __m512i pairs[2];
  interleave(first, second, &pairs[0], &pairs[1]);
  for (int quarter = 0; quarter < 4; quarter++) {
    __m256i eight = quarter % 2 ? _mm512_extracti64x4_epi64(pairs[quarter / 2], 1)
                                : _mm512_castsi512_si256(pairs[quarter / 2]);
    uint16_t *to = w->values + ((half * 4 + quarter) * (w->padded / 2) + f / 2) * (2 * ROWS);
    _mm256_store_si256((__m256i *)to, eight);
  }
}

