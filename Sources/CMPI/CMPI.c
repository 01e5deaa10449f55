// on_exit and RTLD_GLOBAL
#define _GNU_SOURCE
#include "CMPI.h"
#include "CLibrary.h"

#include <dlfcn.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/// The calls of the interface that was loaded.
struct calls {
  void (*send)(const void *bytes, int count, int other);
  void (*receive)(void *bytes, int count, int other);
  int (*test)(void);
  void (*end)(void);
  void (*end_all)(int status);
};

static const struct calls *calls;
static int process_rank = 0, process_count = 1;
/// Whether this file has started MPI, and so ends it.
static int owns_mpi = 0;

typedef void *pointer;
typedef int integer;

#define LOAD(function, name)                                               \
  do {                                                                     \
    if (!clibrary_find(library, name, &(function))) return "has no " name; \
  } while (0)

// Open MPI (documented as stable from 3.0 to 5.x): handles are the addresses of objects.
#define HANDLE pointer
#define OF(name) open_##name
#define STATUSES_IGNORE NULL
#define THREAD_FUNNELED 1
#include "calls.inc"

// MPICH and those that share its binary interface since 2014 (Intel MPI, Cray MPICH, MVAPICH): handles are integers.
#define HANDLE integer
#define OF(name) mpich_##name
#define STATUSES_IGNORE ((void *)1)
#define THREAD_FUNNELED 1
#include "calls.inc"

// The binary interface of MPI 5 (2025): handles are pointers whose values are fixed.
#define HANDLE pointer
#define OF(name) mpi5_##name
#define STATUSES_IGNORE NULL
#define THREAD_FUNNELED 1024
#include "calls.inc"

#if defined(__GLIBC__)
/// Called when the process exits: nobody waits for a process that has failed.
static void at_exit(int status, void *unused) {
  (void)unused;
  if (!calls) return;
  if (status == 0) {
    cmpi_end();
    return;
  }
  // MPICH's launcher drops what it has not yet read of a process's output when it ends all.
  nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
  calls->end_all(status);
}
#endif

/// Starts MPI by the binary interface that a library has.
static const char *start(void *library, const char *name) {
  const char *slash = strrchr(name, '/');
  if (strstr(slash ? slash : name, "mpi_abi")) {
    calls = &mpi5_calls;
    return mpi5_start(library, (void *)0x101, (void *)0x247);
  }
  void *world = dlsym(library, "ompi_mpi_comm_world"), *byte = dlsym(library, "ompi_mpi_byte");
  if (world && byte) {
    calls = &open_calls;
    return open_start(library, world, byte);
  }
  calls = &mpich_calls;
  return mpich_start(library, 0x44000000, 0x4c00010d);
}

const char *cmpi_start(const char *name) {
  if (!clibrary_can_load()) return "cannot be loaded by a statically linked program";
  // Plug-ins of Open MPI look for its symbols among the global ones.
  void *library = dlopen(name, RTLD_NOW | RTLD_GLOBAL);
  if (!library) return dlerror();
  const char *problem = start(library, name);
  if (problem) {
    calls = NULL;
    return problem;
  }
#if defined(__GLIBC__)
  if (owns_mpi) on_exit(at_exit, NULL);
#endif
  return NULL;
}

int cmpi_rank(void) { return process_rank; }

int cmpi_count(void) { return process_count; }

/// The most bytes of one message: counts are of type int. Both sides cut in the same way.
#define MOST ((size_t)1 << 30)

void cmpi_send(const void *bytes, size_t size, int other) {
  for (size_t done = 0; done < size; done += MOST)
    calls->send((const char *)bytes + done, (int)(size - done < MOST ? size - done : MOST), other);
}

void cmpi_receive(void *bytes, size_t size, int other) {
  for (size_t done = 0; done < size; done += MOST)
    calls->receive((char *)bytes + done, (int)(size - done < MOST ? size - done : MOST), other);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void cmpi_finish(void) {
  if (calls->test()) return;
  const double start = seconds(), patience = 1;
  while (!calls->test())
    if (seconds() - start < patience)
      sched_yield();
    else
      nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

void cmpi_end(void) {
  if (calls && owns_mpi) calls->end();
  calls = NULL;
}
