/// What Swift cannot reach by itself: a barrier on the kernel's futex, and the processors that a process may use.
#ifndef CTHREADS_H
#define CTHREADS_H

#include <stdint.h>

/// How many processors the calling thread's affinity allows; at least 1.
int ck_allowed_processors(void);

/// A barrier at which a fixed number of threads meet, over and over: it spins briefly, since the threads of a training step arrive within
/// microseconds of each other, and then parks in the kernel, so that threads that have nothing to do cost nothing.
/// All zero but for `parties` before its first use; must not move while it is used.
typedef struct {
  /// How many threads meet, at least 1.
  uint32_t parties;
  /// How many turns of the waiting loop are made before parking; 0 where there are more threads than processors.
  uint32_t spins;
  uint32_t arrived;
  uint32_t parked;
  /// Counts the meetings.
  uint32_t phase;
} ck_barrier;

/// Returns when all parties have called it: what each wrote before is then seen by all.
void ck_barrier_wait(ck_barrier *barrier);

#endif
