#include "CChecksum.h"

#if defined(__x86_64__)
#include <immintrin.h>

/// Folds `block` into `next`, which is `distance` bits after it; `powers` holds x^distance mod P for each half of the
/// block.
__attribute__((target("pclmul"))) static inline __m128i fold(__m128i block, __m128i powers, __m128i next) {
  __m128i low = _mm_clmulepi64_si128(block, powers, 0x00), high = _mm_clmulepi64_si128(block, powers, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__attribute__((target("pclmul"))) static void fold_all(uint32_t crc, const uint8_t *bytes, intptr_t count,
                                                       uint8_t folded[16]) {
  // The bits of bytes and of powers are reflected, so a power has one bit more.
  const __m128i by_four = _mm_set_epi64x(0x1c6e41596, 0x154442bd4), by_one = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
  const __m128i *blocks = (const __m128i *)bytes;
  __m128i sums[4];
  for (int i = 0; i < 4; ++i) sums[i] = _mm_loadu_si128(blocks + i);
  sums[0] = _mm_xor_si128(sums[0], _mm_cvtsi32_si128((int)~crc));
  // Four blocks at once, since a product takes several cycles.
  for (intptr_t block = 4; block < count / 16; block += 4)
    for (int i = 0; i < 4; ++i) sums[i] = fold(sums[i], by_four, _mm_loadu_si128(blocks + block + i));
  for (int i = 1; i < 4; ++i) sums[i] = fold(sums[i - 1], by_one, sums[i]);
  _mm_storeu_si128((__m128i *)folded, sums[3]);
}

intptr_t ck_fold_crc32(uint32_t crc, const uint8_t *bytes, intptr_t count, uint8_t folded[16]) {
  count = count / 64 * 64;
  if (count == 0 || !__builtin_cpu_supports("pclmul")) return 0;
  fold_all(crc, bytes, count, folded);
  return count;
}
#else
intptr_t ck_fold_crc32(uint32_t crc, const uint8_t *bytes, intptr_t count, uint8_t folded[16]) { return 0; }
#endif
