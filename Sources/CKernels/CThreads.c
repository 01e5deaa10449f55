#define _GNU_SOURCE
#include "CThreads.h"

#include <pthread.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

void ck_add_allowed_processors(uint8_t *set, long size) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof allowed, &allowed);
  for (long byte = 0; byte < size; ++byte)
    for (int bit = 0; bit < 8; ++bit) set[byte] |= (uint8_t)((CPU_ISSET(8 * byte + bit, &allowed) != 0) << bit);
}

int ck_current_processor(void) { return sched_getcpu(); }

void ck_leave_processor(int processor) {
  if (processor < 0 || sched_getcpu() != processor) return;
  cpu_set_t allowed, others;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) return;
  others = allowed;
  CPU_CLR(processor, &others);
  // The thread moves at once; then its former processors are allowed again. If another program has changed the affinity
  // meanwhile, as `taskset -a -p` does, its choice stays.
  cpu_set_t now;
  if (sched_setaffinity(0, sizeof others, &others) == 0 && sched_getaffinity(0, sizeof now, &now) == 0 &&
      CPU_EQUAL(&now, &others))
    sched_setaffinity(0, sizeof allowed, &allowed);
}

/// Sleeps while *word equals `value`; may return early.
static void park(uint32_t *word, uint32_t value) { syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, 0, 0, 0); }

static void wake_all(uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, 0, 0, 0); }
#else
#include <sched.h>
#include <unistd.h>

void ck_add_allowed_processors(uint8_t *set, long size) {
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  for (long bit = 0; bit < online && bit < 8 * size; ++bit) set[bit / 8] |= (uint8_t)(1 << bit % 8);
}

int ck_current_processor(void) { return -1; }

void ck_leave_processor(int processor) {}

static void park(uint32_t *word, uint32_t value) { sched_yield(); }

static void wake_all(uint32_t *word) {}
#endif

static void pause_briefly(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#if defined(__x86_64__)
ck_floating_point_mode ck_flush_denormals(void) {
  unsigned before = __builtin_ia32_stmxcsr();
  // All exceptions masked, round to nearest, flush to zero (bit 15) and denormals are zeros (bit 6).
  __builtin_ia32_ldmxcsr(0x1F80 | 1 << 15 | 1 << 6);
  return before;
}

void ck_set_floating_point_mode(ck_floating_point_mode mode) { __builtin_ia32_ldmxcsr((unsigned)mode); }
#elif defined(__aarch64__)
ck_floating_point_mode ck_flush_denormals(void) {
  uint64_t before, flushing = 1 << 24; // FZ, for operands and results; all else as after reset
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" : : "r"(flushing));
  return before;
}

void ck_set_floating_point_mode(ck_floating_point_mode mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#else
ck_floating_point_mode ck_flush_denormals(void) { return 0; }

void ck_set_floating_point_mode(ck_floating_point_mode mode) {}
#endif

static uint32_t fork_count;

static void count_fork(void) { __atomic_add_fetch(&fork_count, 1, __ATOMIC_RELAXED); }

static void watch_forks(void) { pthread_atfork(0, 0, count_fork); }

uint32_t ck_fork_count(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, watch_forks);
  return __atomic_load_n(&fork_count, __ATOMIC_RELAXED);
}

void ck_barrier_wait(ck_barrier *barrier) {
  if (__atomic_load_n(&barrier->parties, __ATOMIC_RELAXED) == 1) return;
  uint32_t phase = __atomic_load_n(&barrier->phase, __ATOMIC_ACQUIRE);
  if (__atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL) ==
      __atomic_load_n(&barrier->parties, __ATOMIC_RELAXED)) {
    // No thread can arrive for the next meeting before the phase changes.
    __atomic_store_n(&barrier->arrived, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&barrier->phase, phase + 1, __ATOMIC_SEQ_CST);
    // A thread counts itself before it sleeps, and does not sleep once the phase has changed, so none is missed.
    if (__atomic_load_n(&barrier->parked, __ATOMIC_SEQ_CST) > 0) wake_all(&barrier->phase);
    return;
  }
  for (uint32_t spin = 0; spin < barrier->spins; ++spin) {
    if (__atomic_load_n(&barrier->phase, __ATOMIC_ACQUIRE) != phase) return;
    pause_briefly();
  }
  __atomic_add_fetch(&barrier->parked, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&barrier->phase, __ATOMIC_SEQ_CST) == phase) park(&barrier->phase, phase);
  __atomic_sub_fetch(&barrier->parked, 1, __ATOMIC_SEQ_CST);
}
