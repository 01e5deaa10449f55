/// Functions that Swift cannot provide itself: a barrier on the kernel's futex, the processors that a process may use,
/// the floating-point mode, and cache prefetches.
#ifndef CTHREADS_H
#define CTHREADS_H

#include <stdint.h>

/// Adds the processors that the calling thread's affinity allows to a set with a bit for each; none if they are
/// unknown.
void ck_add_allowed_processors(uint8_t *set, long size);

/// Moves the calling thread once to another processor that its affinity allows, if it is on `processor` now and there
/// is another one. The scheduler tends to wake a thread on the processor of the thread that woke it, where the two
/// would take turns.
void ck_leave_processor(int processor);

/// The processor that the calling thread runs on, or -1 if it is unknown.
int ck_current_processor(void);

/// A barrier at which a fixed number of threads meet repeatedly. A waiting thread spins briefly, since the threads of a
/// training step arrive within microseconds of each other. Then it parks in the kernel, so that idle threads cost
/// nothing. The barrier must not move while it is used.
typedef struct {
  /// The number of threads that meet, at least 1.
  uint32_t parties;
  /// The number of iterations of the waiting loop before parking; 0 if there are more threads than processors.
  uint32_t spins;
  /// Counts the meetings. `apart` separates it from the members that arriving threads change, since all waiting threads
  /// read it meanwhile.
  uint32_t phase;
  char apart[64];
  uint32_t arrived;
  uint32_t parked;
  /// The number that the next ck_barrier_take returns.
  uint32_t next;
} ck_barrier;

/// Reduces the number of threads that meet, for a team that gets fewer threads than it asked for. It must be called
/// before that many threads have arrived.
static inline void ck_barrier_reduce(ck_barrier *barrier, uint32_t parties) {
  __atomic_store_n(&barrier->parties, parties, __ATOMIC_RELAXED);
}

/// Makes a barrier at which no thread waits yet.
static inline ck_barrier ck_barrier_make(uint32_t parties, uint32_t spins) { return (ck_barrier){parties, spins}; }

/// Returns when all parties have called it. All of them then see what each has written before.
void ck_barrier_wait(ck_barrier *barrier);

/// Returns 0, 1, 2, … since the last reset, each number to one caller.
static inline uint32_t ck_barrier_take(ck_barrier *barrier) {
  return __atomic_fetch_add(&barrier->next, 1, __ATOMIC_RELAXED);
}

/// Restarts the numbers at 0. A meeting must separate it from the calls that take numbers.
static inline void ck_barrier_reset(ck_barrier *barrier) { __atomic_store_n(&barrier->next, 0, __ATOMIC_RELAXED); }

/// The number of forks from the process of the first call to this one. If the number has changed, the process is a
/// child, which has only the calling thread.
uint32_t ck_fork_count(void);

/// The calling thread's floating-point mode: rounding and the treatment of denormal numbers. On processors that keep
/// them in the same register, it also holds the exceptions that are reported and those that have occurred.
typedef uint64_t ck_floating_point_mode;

/// Sets rounding to nearest, treats denormal numbers as 0 and reports no exceptions. Returns the previous mode, to be
/// restored later.
///
/// Some processors take a hundred or more cycles for an operation on a denormal number.
ck_floating_point_mode ck_flush_denormals(void);

/// Sets the calling thread's floating-point mode.
void ck_set_floating_point_mode(ck_floating_point_mode mode);

/// Starts to prefetch `bytes` bytes from `start` on into the cache.
static inline void ck_prefetch(const void *start, long bytes) {
  for (long offset = 0; offset < bytes; offset += 64) __builtin_prefetch((const char *)start + offset, 0, 2);
}

#endif
