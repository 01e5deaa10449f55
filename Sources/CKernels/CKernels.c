// Includes kernels.inc once for each precision and instruction set, and selects the result to use at run time. No
// compiler flags are needed: pragmas select the instruction sets.

#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coefficients.h"

#if !defined(__clang__)
#error "The instruction sets are chosen with clang's pragmas."
#endif

#pragma clang fp contract(off)

#define PASTE(name, precision, set) name##_##precision##_##set
#define NAME(name, precision, set) PASTE(name, precision, set)
#define PASTE2(name, precision) name##_##precision
#define NAME2(name, precision) PASTE2(name, precision)

// The differences between the precisions. e^x is 0 below exp_low and ∞ above exp_high; e^x − 1 is −1 below expm1_low,
// and erf x is ±1 if |x| is above erf_end.
typedef float real_f32;
typedef uint32_t bits_f32;
typedef ck_float_update update_f32;
typedef ck_float_activation activation_f32;
typedef ck_float_loss loss_f32;
typedef ck_float_kernels kernels_f32;
enum { mantissa_f32 = 23, bias_f32 = 127 };
static const float exp_low_f32 = -104, exp_high_f32 = 89, expm1_low_f32 = -20, erf_end_f32 = 4;
#define fma_f32 __builtin_fmaf
// Unlike sqrt it does not set errno, so that loops around it become vector code.
#define sqrt_f32 __builtin_elementwise_sqrt

typedef double real_f64;
typedef uint64_t bits_f64;
typedef ck_double_update update_f64;
typedef ck_double_activation activation_f64;
typedef ck_double_loss loss_f64;
typedef ck_double_kernels kernels_f64;
enum { mantissa_f64 = 52, bias_f64 = 1023 };
static const double exp_low_f64 = -746, exp_high_f64 = 710, expm1_low_f64 = -40, erf_end_f64 = 6;
#define fma_f64 __builtin_fma
#define sqrt_f64 __builtin_elementwise_sqrt

enum {
  LANES = 16,    // partial totals of a reduction
  BLOCK = 256,   // numbers in a loss's buffer
  LINES = 64,    // rows that are summed at once
  GROUP = 2048,  // numbers in a group of columns
  BREADTH = 512, // columns in a block of a product
  SPAN = 32,     // samples that are embedded at once
  LONG_SUM = 64, // least terms for which a product's tile prefetches its result and is unrolled
};

// The totals of a reduction, and the same vectors at any address in memory.
typedef float lanes_f32 __attribute__((ext_vector_type(LANES)));
typedef float unaligned_lanes_f32 __attribute__((ext_vector_type(LANES), aligned(4)));
typedef double lanes_f64 __attribute__((ext_vector_type(LANES)));
typedef double unaligned_lanes_f64 __attribute__((ext_vector_type(LANES), aligned(8)));

static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;
static pthread_key_t scratch_key;

static void make_scratch_key(void) { pthread_key_create(&scratch_key, free); }

void *ck_scratch(size_t size) {
  static _Thread_local void *memory;
  static _Thread_local size_t capacity;
  if (capacity < size) {
    pthread_once(&scratch_once, make_scratch_key);
    free(memory);
    capacity = (size + 63) / 64 * 64;
    memory = aligned_alloc(64, capacity);
    if (!memory) {
      fprintf(stderr, "error: out of memory: cannot allocate %zu bytes to compute in\n", capacity);
      abort();
    }
    pthread_setspecific(scratch_key, memory);
  }
  return memory;
}

// Without interleaving, a loop of few iterations, such as a column of a narrow layer, still enters its vector code.
#define VECTORIZE _Pragma("clang loop vectorize(assume_safety) interleave(disable)")

// MARK: The baseline

#if defined(__aarch64__)
typedef float neon_f32 __attribute__((ext_vector_type(4)));
typedef float unaligned_neon_f32 __attribute__((ext_vector_type(4), aligned(4)));
typedef double neon_f64 __attribute__((ext_vector_type(2)));
typedef double unaligned_neon_f64 __attribute__((ext_vector_type(2), aligned(8)));

// Transposes a square of 16 bytes.
static inline void transpose_square_f32(const float *a, ptrdiff_t lda, float *to, ptrdiff_t step) {
  neon_f32 columns[4], pairs[4];
  for (int i = 0; i < 4; ++i) columns[i] = *(const unaligned_neon_f32 *)(a + i * lda);
  for (int i = 0; i < 2; ++i) {
    pairs[i] = __builtin_shufflevector(columns[2 * i], columns[2 * i + 1], 0, 4, 2, 6);
    pairs[i + 2] = __builtin_shufflevector(columns[2 * i], columns[2 * i + 1], 1, 5, 3, 7);
  }
  for (int i = 0; i < 2; ++i) {
    *(unaligned_neon_f32 *)(to + i * step) = __builtin_shufflevector(pairs[2 * i], pairs[2 * i + 1], 0, 1, 4, 5);
    *(unaligned_neon_f32 *)(to + (i + 2) * step) = __builtin_shufflevector(pairs[2 * i], pairs[2 * i + 1], 2, 3, 6, 7);
  }
}

static inline void transpose_square_f64(const double *a, ptrdiff_t lda, double *to, ptrdiff_t step) {
  neon_f64 first = *(const unaligned_neon_f64 *)a, second = *(const unaligned_neon_f64 *)(a + lda);
  *(unaligned_neon_f64 *)to = __builtin_shufflevector(first, second, 0, 2);
  *(unaligned_neon_f64 *)(to + step) = __builtin_shufflevector(first, second, 1, 3);
}

// There are 32 registers: 24 sums leave eight for a column of A and the numbers of B. The cache sizes are Neoverse's,
// 64 KB and 1 MB.
#define PRODUCT_UNROLLED 1 // more inner indices at once would not stay in registers
#define PRODUCT_REGISTERS 32
#define PRODUCT_NEAR (32 << 10)
#define PRODUCT_PANEL (32 << 10)
#define PRODUCT_BLOCK (512 << 10)
#define HAS_PRODUCT 1
#define PACKED_PANELS 2
#define PACKED_COLUMNS 3
#define MADD(a, b, c) FOR_PRECISION(fma)(a, b, c)
#define VECTOR_MADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#else
#define HAS_PRODUCT 0
#define PACKED_PANELS 1
#define PACKED_COLUMNS 1
#define MADD(a, b, c) ((a) * (b) + (c))
#define VECTOR_MADD(a, b, c) ((a) * (b) + (c))
#endif
#define SET baseline
#define HAS_MASKS 0
#define HAS_COMPRESSION 0
#define HAS_DIVISION 0
#define PACKED_VECTOR 16
#define PACKED_DEPTH 128
#define VECTORIZE_REST VECTORIZE
#define PRECISION f32
#include "kernels.inc"
#undef PRECISION
#define PRECISION f64
#include "kernels.inc"
#undef PRECISION
#undef MADD
#undef VECTOR_MADD
#undef VECTORIZE_REST
#undef PACKED_DEPTH
#undef PACKED_COLUMNS
#undef PACKED_PANELS
#undef PACKED_VECTOR
#undef HAS_COMPRESSION
#undef HAS_DIVISION
#undef HAS_PRODUCT
#undef HAS_MASKS
#undef SET
#undef PRODUCT_REGISTERS
#undef PRODUCT_UNROLLED
#undef PRODUCT_NEAR
#undef PRODUCT_PANEL
#undef PRODUCT_BLOCK

#if defined(__x86_64__)
#define MADD(a, b, c) FOR_PRECISION(fma)(a, b, c)
#define VECTOR_MADD(a, b, c) __builtin_elementwise_fma(a, b, c)

// MARK: AVX2

#pragma clang attribute push(__attribute__((target("avx2,fma,bmi"))), apply_to = function)
// Transposes a square of 32 bytes. Its columns are read by halves; the remaining steps then move numbers only within
// halves of vectors, two a cycle.
static inline void transpose_square_f32(const float *a, ptrdiff_t lda, float *to, ptrdiff_t step) {
  for (int half = 0; half < 2; ++half, a += 4, to += 4 * step) {
    __m256 columns[4], pairs[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; ++i)
      columns[i] =
          _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(a + i * lda)), _mm_loadu_ps(a + (i + 4) * lda), 1);
    for (int i = 0; i < 2; ++i) {
      pairs[2 * i] = _mm256_unpacklo_ps(columns[2 * i], columns[2 * i + 1]);
      pairs[2 * i + 1] = _mm256_unpackhi_ps(columns[2 * i], columns[2 * i + 1]);
    }
    _mm256_storeu_ps(to, _mm256_shuffle_ps(pairs[0], pairs[2], 0x44));
    _mm256_storeu_ps(to + step, _mm256_shuffle_ps(pairs[0], pairs[2], 0xEE));
    _mm256_storeu_ps(to + 2 * step, _mm256_shuffle_ps(pairs[1], pairs[3], 0x44));
    _mm256_storeu_ps(to + 3 * step, _mm256_shuffle_ps(pairs[1], pairs[3], 0xEE));
  }
}

static inline void transpose_square_f64(const double *a, ptrdiff_t lda, double *to, ptrdiff_t step) {
  for (int half = 0; half < 2; ++half, a += 2, to += 2 * step) {
    __m256d columns[2];
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; ++i)
      columns[i] =
          _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(a + i * lda)), _mm_loadu_pd(a + (i + 2) * lda), 1);
    _mm256_storeu_pd(to, _mm256_unpacklo_pd(columns[0], columns[1]));
    _mm256_storeu_pd(to + step, _mm256_unpackhi_pd(columns[0], columns[1]));
  }
}

// Masks for the first `count` numbers of a vector, at least 1. A masked load sets the other numbers to 0, and a masked
// store leaves them as they are.
typedef __m256i mask_f32_avx2, mask_f64_avx2;
static inline __m256i mask_of_f32_avx2(ptrdiff_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count < 8 ? (int)count : 8), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline __m256i mask_of_f64_avx2(ptrdiff_t count) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count < 4 ? count : 4), _mm256_setr_epi64x(0, 1, 2, 3));
}
static inline __m256 load_masked_f32_avx2(const float *x, __m256i mask) { return _mm256_maskload_ps(x, mask); }
static inline __m256d load_masked_f64_avx2(const double *x, __m256i mask) { return _mm256_maskload_pd(x, mask); }
static inline void store_masked_f32_avx2(float *x, __m256 numbers, __m256i mask) {
  _mm256_maskstore_ps(x, mask, numbers);
}
static inline void store_masked_f64_avx2(double *x, __m256d numbers, __m256i mask) {
  _mm256_maskstore_pd(x, mask, numbers);
}

#define PRODUCT_UNROLLED 4
#define PRODUCT_REGISTERS 16
#define PRODUCT_NEAR (16 << 10)
#define PRODUCT_PANEL (16 << 10)
#define PRODUCT_BLOCK (192 << 10)
#define SET avx2
#define HAS_MASKS 1
#define HAS_PRODUCT 1
#define HAS_COMPRESSION 0
#define HAS_DIVISION 0
#define PACKED_VECTOR 32
#define PACKED_PANELS 2
#define PACKED_COLUMNS 3
// A part of a panel, 16 KB, stays in the first-level cache.
#define PACKED_DEPTH 128
#define VECTORIZE_REST VECTORIZE
#define PRECISION f32
#include "kernels.inc"
#undef PRECISION
#define PRECISION f64
#include "kernels.inc"
#undef PRECISION
#undef PRODUCT_REGISTERS
#undef PRODUCT_UNROLLED
#undef PRODUCT_NEAR
#undef PRODUCT_PANEL
#undef PRODUCT_BLOCK
#undef VECTORIZE_REST
#undef PACKED_DEPTH
#undef PACKED_COLUMNS
#undef PACKED_PANELS
#undef PACKED_VECTOR
#undef HAS_COMPRESSION
#undef HAS_DIVISION
#undef HAS_PRODUCT
#undef HAS_MASKS
#undef SET
#pragma clang attribute pop

// MARK: AVX-512

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,bmi"))), \
                             apply_to = function)
/// find_numbers of packed.inc, one vector at a time. Each step stores a whole vector; the next step overwrites the part
/// behind the numbers that were found.
static inline ptrdiff_t find_numbers_f32_avx512(ptrdiff_t n, const float *x, float *numbers, int32_t *places) {
  ptrdiff_t count = 0;
  __m512i place = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (ptrdiff_t p = 0; p < n; p += 16, place = _mm512_add_epi32(place, _mm512_set1_epi32(16))) {
    __m512 some = _mm512_maskz_loadu_ps(n - p < 16 ? (1 << (n - p)) - 1 : 0xFFFF, x + p);
    __mmask16 taken = _mm512_cmp_ps_mask(some, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    _mm512_storeu_ps(numbers + count, _mm512_maskz_compress_ps(taken, some));
    _mm512_storeu_si512(places + count, _mm512_maskz_compress_epi32(taken, place));
    count += __builtin_popcount(taken);
  }
  return count;
}

static inline ptrdiff_t find_numbers_f64_avx512(ptrdiff_t n, const double *x, double *numbers, int32_t *places) {
  ptrdiff_t count = 0;
  __m256i place = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  for (ptrdiff_t p = 0; p < n; p += 8, place = _mm256_add_epi32(place, _mm256_set1_epi32(8))) {
    __m512d some = _mm512_maskz_loadu_pd(n - p < 8 ? (1 << (n - p)) - 1 : 0xFF, x + p);
    __mmask8 taken = _mm512_cmp_pd_mask(some, _mm512_setzero_pd(), _CMP_NEQ_UQ);
    _mm512_storeu_pd(numbers + count, _mm512_maskz_compress_pd(taken, some));
    _mm256_storeu_si256((__m256i *)(places + count), _mm256_maskz_compress_epi32(taken, place));
    count += __builtin_popcount(taken);
  }
  return count;
}

/// a / b computed with multiply-adds from an approximation of 14 bits (Markstein 1990), because the processor divides
/// and takes roots in the same unit, one after the other. The bits are the same as those of a division; only below
/// 2⁻¹⁰⁰ the last bit may differ, where the remainder is denormal.
static inline __m512 quotient_f32_avx512(__m512 a, __m512 b) {
  const __m512 one = _mm512_set1_ps(1);
  __m512 inverse = _mm512_rcp14_ps(b);
  inverse = _mm512_fmadd_ps(inverse, _mm512_fnmadd_ps(b, inverse, one), inverse);
  inverse = _mm512_fmadd_ps(inverse, _mm512_fnmadd_ps(b, inverse, one), inverse);
  __m512 quotient = _mm512_mul_ps(a, inverse);
  return _mm512_fmadd_ps(_mm512_fnmadd_ps(b, quotient, a), inverse, quotient);
}

static inline __m512d quotient_f64_avx512(__m512d a, __m512d b) { return _mm512_div_pd(a, b); }

typedef __mmask16 mask_f32_avx512;
typedef __mmask8 mask_f64_avx512;
static inline __mmask16 mask_of_f32_avx512(ptrdiff_t count) { return count < 16 ? (1 << count) - 1 : 0xFFFF; }
static inline __mmask8 mask_of_f64_avx512(ptrdiff_t count) { return count < 8 ? (1 << count) - 1 : 0xFF; }
static inline __m512 load_masked_f32_avx512(const float *x, __mmask16 mask) { return _mm512_maskz_loadu_ps(mask, x); }
static inline __m512d load_masked_f64_avx512(const double *x, __mmask8 mask) { return _mm512_maskz_loadu_pd(mask, x); }
static inline void store_masked_f32_avx512(float *x, __m512 numbers, __mmask16 mask) {
  _mm512_mask_storeu_ps(x, mask, numbers);
}
static inline void store_masked_f64_avx512(double *x, __m512d numbers, __mmask8 mask) {
  _mm512_mask_storeu_pd(x, mask, numbers);
}

#define PRODUCT_UNROLLED 4
#define PRODUCT_REGISTERS 32
#define PRODUCT_NEAR (32 << 10)
#define PRODUCT_PANEL (26 << 10)
#define PRODUCT_BLOCK (512 << 10)
#define SET avx512
#define HAS_MASKS 1
#define HAS_PRODUCT 1
#define HAS_COMPRESSION 1
#define HAS_DIVISION 1
#define PACKED_VECTOR 64
#define PACKED_PANELS 4
#define PACKED_COLUMNS 8
// Six or eight columns read each vector of a panel so rarely that it may come from the second-level cache.
#define PACKED_DEPTH 4096
// Uses masked vectors, which are as fast as whole ones only with AVX-512. Unrolling is disabled, because a loop
// that was unrolled first would get none.
#define VECTORIZE_REST \
  _Pragma("clang loop vectorize(assume_safety) interleave(disable) vectorize_predicate(enable) unroll(disable)")
#define PRECISION f32
#include "kernels.inc"
#undef PRECISION
#define PRECISION f64
#include "kernels.inc"
#undef PRECISION
#undef PRODUCT_REGISTERS
#undef PRODUCT_UNROLLED
#undef PRODUCT_NEAR
#undef PRODUCT_PANEL
#undef PRODUCT_BLOCK
#undef VECTORIZE_REST
#undef PACKED_DEPTH
#undef PACKED_COLUMNS
#undef PACKED_PANELS
#undef PACKED_VECTOR
#undef HAS_COMPRESSION
#undef HAS_DIVISION
#undef HAS_PRODUCT
#undef HAS_MASKS
#undef SET
#pragma clang attribute pop

#endif

// MARK: The names

const char *const ck_activation_names[] = {
#define ACTIVATION(name, form, derivative) #name,
#include "activations.def"
};
const char *const ck_loss_names[] = {
#define LOSS(name, kernel, weight, slope, is_mean) #name,
#include "losses.def"
};

// MARK: The choice

static int has(ck_instruction_set set) {
  switch (set) {
  case ck_baseline: return 1;
#if defined(__x86_64__)
  case ck_avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi");
  case ck_avx512:
    return has(ck_avx2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
  default: return 0;
  }
}

#if defined(__x86_64__)
#define CHOICES(precision) \
  { &NAME(table, precision, baseline), &NAME(table, precision, avx2), &NAME(table, precision, avx512) }
#else
#define CHOICES(precision) \
  { &NAME(table, precision, baseline) }
#endif
static const ck_float_kernels *const float_choices[] = CHOICES(f32);
static const ck_double_kernels *const double_choices[] = CHOICES(f64);

const ck_float_kernels *ck_float_kernels_for(ck_instruction_set set) { return has(set) ? float_choices[set] : NULL; }

const ck_double_kernels *ck_double_kernels_for(ck_instruction_set set) { return has(set) ? double_choices[set] : NULL; }
