/// What Swift cannot reach by itself: a barrier on the kernel's futex, the processors that a process may use, and the
/// cache.
#ifndef CTHREADS_H
#define CTHREADS_H

#include <stdint.h>

/// How many processors the calling thread's affinity allows; at least 1.
int ck_allowed_processors(void);

/// Moves the calling thread, for once, to a processor that its affinity allows and that is not `processor`, if it is on
/// that now and there is another. The scheduler tends to wake a thread on the processor of the one that woke it, where
/// the two would take turns.
void ck_leave_processor(int processor);

/// The processor that the calling thread is on, or -1.
int ck_current_processor(void);

/// A barrier at which a fixed number of threads meet, over and over: it spins briefly, since the threads of a training
/// step arrive within microseconds of each other, and then parks in the kernel, so that threads that have nothing to do
/// cost nothing. Must not move while it is used.
typedef struct {
  /// How many threads meet, at least 1.
  uint32_t parties;
  /// How many turns of the waiting loop are made before parking; 0 if there are more threads than processors.
  uint32_t spins;
  /// Counts the meetings. Apart from what arriving changes, since all wait for it meanwhile.
  uint32_t phase;
  char apart[64];
  uint32_t arrived;
  uint32_t parked;
  /// The number that who takes one gets next.
  uint32_t next;
} ck_barrier;

/// Makes it a barrier of fewer threads, as long as these many have not all arrived: for a team that gets fewer than it
/// asked for.
static inline void ck_barrier_reduce(ck_barrier *barrier, uint32_t parties) {
  __atomic_store_n(&barrier->parties, parties, __ATOMIC_RELAXED);
}

/// A barrier that nobody waits at.
static inline ck_barrier ck_barrier_make(uint32_t parties, uint32_t spins) { return (ck_barrier){parties, spins}; }

/// Returns when all parties have called it: what each wrote before is then seen by all.
void ck_barrier_wait(ck_barrier *barrier);

/// Returns 0, 1, 2, …, each to one caller, from the last reset on.
static inline uint32_t ck_barrier_take(ck_barrier *barrier) {
  return __atomic_fetch_add(&barrier->next, 1, __ATOMIC_RELAXED);
}

/// Begins again with 0; a meeting has to part it from what takes numbers.
static inline void ck_barrier_reset(ck_barrier *barrier) { __atomic_store_n(&barrier->next, 0, __ATOMIC_RELAXED); }

/// How often this process has been forked from another since the first call: a number that has changed tells a child,
/// which has the calling thread alone, from its parent.
uint32_t ck_fork_count(void);

/// The calling thread's floating-point mode: rounding, the treatment of denormal numbers, and, where the processor
/// keeps them together, the exceptions that are reported and those that have been met.
typedef uint64_t ck_floating_point_mode;

/// Rounds to nearest, takes denormal numbers for 0 and reports no exception, until the mode that was in force, which it
/// returns, is restored.
///
/// Some processors take a hundred cycles and more for an operation on a denormal number.
ck_floating_point_mode ck_flush_denormals(void);

/// Puts a mode in force.
void ck_set_floating_point_mode(ck_floating_point_mode mode);

/// Begins to fetch `bytes` from `start` on into the cache.
static inline void ck_prefetch(const void *start, long bytes) {
  for (long offset = 0; offset < bytes; offset += 64) __builtin_prefetch((const char *)start + offset, 0, 2);
}

#endif
