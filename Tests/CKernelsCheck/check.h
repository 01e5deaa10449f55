/// What all checks of the C kernels share: how a failure is told, random numbers, memory that ends at a page that
/// cannot be touched, and a checksum of results.
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>
#include <stdint.h>

/// Counts a check, and tells where it failed: the subject in force, and what the format says.
#define EXPECT(holds, ...)           \
  do {                               \
    ++checks;                        \
    if (!(holds)) fail(__VA_ARGS__); \
  } while (0)

extern long checks, failures;
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// What is checked from now on, for messages.
void begin(const char *set, const char *precision, const char *what);

/// The next of a fixed sequence of random numbers, which begins anew with a seed.
uint64_t next_random(void);
void seed_random(uint64_t seed);

enum { slot_count = 10 };

/// Memory of `size` bytes that ends where a page begins that must be neither read nor written; the 64 bytes before it
/// are filled. A slot's memory is lost when it is placed anew.
void *place(int slot, size_t size);

/// Whether the 64 bytes before a slot's memory are as they were.
int is_intact(int slot);

/// A checksum of the bits of results (FNV-1a).
typedef uint64_t checksum;
static const checksum no_results = 0xcbf29ce484222325;

static inline void note_bits(checksum *sum, uint64_t bits) {
  for (int i = 0; i < 8; ++i, bits >>= 8) *sum = (*sum ^ (bits & 0xFF)) * 0x100000001b3;
}

static inline uint64_t bits_f64_of(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}

/// The results of an instruction set: those that are the same with every set, and those that are the same with every
/// set that has fused multiply-adds.
typedef struct {
  checksum plain, fused;
} results;

/// Σ a[p] b[p] with twice the digits of double (Ogita, Rump and Oishi 2005, Dot2), and Σ |a[p] b[p]|.
typedef struct {
  double value, error, magnitude;
} precise_sum;
void add_product(precise_sum *sum, double a, double b);

void check_rest(void);

#endif
