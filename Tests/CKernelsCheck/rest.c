#define _GNU_SOURCE
#include "CChecksum.h"
#include "CKernels.h"
#include "check.h"

#include <fenv.h>
#include <float.h>
#include <pthread.h>
#include <string.h>

#include "reference.h"

// MARK: The barrier

enum { parties = 4, meetings = 400 };

typedef struct {
  ck_barrier barrier;
  int numbers[parties]; // written before a meeting, read after it
  unsigned taken[parties * meetings];
  int wrong;
} meeting;

typedef struct {
  meeting *all;
  int index;
} party;

static void *meet(void *argument) {
  const party *own = argument;
  meeting *all = own->all;
  for (int turn = 1; turn <= meetings; ++turn) {
    all->numbers[own->index] = turn;
    __atomic_fetch_add(&all->taken[ck_barrier_take(&all->barrier)], 1, __ATOMIC_RELAXED);
    ck_barrier_wait(&all->barrier);
    for (int i = 0; i < parties; ++i)
      if (all->numbers[i] != turn) __atomic_fetch_add(&all->wrong, 1, __ATOMIC_RELAXED);
    ck_barrier_wait(&all->barrier);
  }
  return NULL;
}

static void check_barrier(uint32_t spins) {
  static meeting all;
  memset(&all, 0, sizeof all);
  all.barrier = ck_barrier_make(parties, spins);
  pthread_t threads[parties];
  party own[parties];
  for (int i = 0; i < parties; ++i) {
    own[i] = (party){&all, i};
    EXPECT(pthread_create(&threads[i], NULL, meet, &own[i]) == 0, "no thread");
  }
  for (int i = 0; i < parties; ++i) pthread_join(threads[i], NULL);
  EXPECT(all.wrong == 0, "with %u turns before parking, %d numbers from before a meeting were not seen after it", spins,
         all.wrong);
  int once = 1;
  for (int i = 0; i < parties * meetings; ++i) once &= all.taken[i] == 1;
  EXPECT(once, "a number was not taken once");
}

// MARK: Denormal numbers

static int has_denormal_result(void) {
  volatile float small = FLT_MIN;
  volatile double tiny = DBL_MIN;
  return small / 2 > 0 || tiny / 2 > 0;
}

static int has_denormal_operand(void) {
  uint32_t bits = 1 << 22;
  float denormal;
  memcpy(&denormal, &bits, sizeof bits);
  volatile float operand = denormal;
  return operand * 4 > 0;
}

// The C library's fegetround has only the mode of the x87 on x86-64.
static int rounds_upward(void) {
  volatile float one = 1, little = FLT_EPSILON / 8;
  return one + little > 1;
}

static void check_denormals(void) {
  EXPECT(has_denormal_result() && has_denormal_operand(), "denormal numbers are 0 before anything is changed");
  fesetround(FE_UPWARD);
  EXPECT(rounds_upward(), "the C library did not change the rounding");
  ck_floating_point_mode before = ck_flush_denormals();
  EXPECT(!rounds_upward(), "rounding is not to nearest");
  EXPECT(!has_denormal_result() && !has_denormal_operand(), "denormal numbers are not taken for 0");
  float x = -100, y = 1;
  ck_float_kernels_for(ck_baseline)->exp(1, &x, &y);
  EXPECT(y == 0, "a loop gives a denormal result");
  ck_set_floating_point_mode(before);
  EXPECT(rounds_upward(), "rounding is not as it was");
  EXPECT(has_denormal_result() && has_denormal_operand(), "denormal numbers are 0 after the mode was put back");
  fesetround(FE_TONEAREST);
}

// MARK: CRC-32 and random numbers

static uint32_t crc_of(uint32_t state, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    state ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) state = state >> 1 ^ (state & 1 ? 0xEDB88320 : 0);
  }
  return state;
}

static void check_crc(void) {
  EXPECT(~crc_of(~0u, (const uint8_t *)"123456789", 9) == 0xCBF43926, "the plain CRC-32 is wrong");
  seed_random(5);
  for (int count = 0; count <= 400; count += 1 + count % 7) {
    uint8_t *bytes = place(0, count), folded[16] = {0};
    for (int i = 0; i < count; ++i) bytes[i] = (uint8_t)next_random();
    uint32_t start = (uint32_t)next_random();
    intptr_t done = ck_fold_crc32(start, bytes, count, folded);
    EXPECT(done % 64 == 0 && done <= count, "%d bytes: folded %ld", count, (long)done);
    uint32_t state = done ? crc_of(crc_of(0, folded, 16), bytes + done, count - done) : crc_of(~start, bytes, count);
    EXPECT(state == crc_of(~start, bytes, count), "the CRC-32 of %d bytes is wrong", count);
  }
}

/// The published answers of Philox4x32-10 (Random123's kat_vectors), for the formula that dropout is compared with.
static void check_philox(void) {
  static const uint32_t answers[][4] = {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
                                        {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}};
  for (int i = 0; i < 2; ++i) {
    uint32_t ones = i ? ~0u : 0, words[4] = {ones, ones, ones, ones};
    philox(words, i ? ~(uint64_t)0 : 0);
    EXPECT(memcmp(words, answers[i], sizeof words) == 0, "Philox's answer %d", i);
  }
}

void check_rest(void) {
  begin("barrier", "", "threads");
  check_barrier(0);
  check_barrier(2000);
  begin("floating-point mode", "", "denormal numbers");
  check_denormals();
  begin("integers", "", "CRC-32 and Philox");
  check_crc();
  check_philox();
}
