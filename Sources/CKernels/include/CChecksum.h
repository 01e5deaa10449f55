#ifndef C_CHECKSUM_H
#define C_CHECKSUM_H

#include <stdint.h>

/// Folds bytes to 16 that have the same CRC-32, zlib's, by the processor's product of polynomials over GF(2): some twenty times as fast as zlib.
///
/// The checksum of what came before, `crc`, goes into them: that of all is what zlib's crc32 makes of the 16 bytes and those that are left, beginning
/// with 0xFFFFFFFF.
///
/// Source: Gopal et al., Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction (Intel, 2009).
/// @return How many of the bytes were folded, a multiple of 64; 0, with `folded` as it was, where the processor cannot or they are fewer.
intptr_t ck_fold_crc32(uint32_t crc, const uint8_t *bytes, intptr_t count, uint8_t folded[16]);

#endif
