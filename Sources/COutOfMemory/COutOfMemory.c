#include "COutOfMemory.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED
#endif
#endif

#if defined(__GLIBC__) && !defined(IS_SANITIZED)
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_bool ends;

void end_when_out_of_memory(void) { atomic_store(&ends, true); }

/// Returns memory that is not NULL, and ends the process otherwise. It uses only system calls, since there may be no
/// memory for anything else.
static void *checked(void *memory, size_t size) {
  static atomic_flag is_ending = ATOMIC_FLAG_INIT;
  if (memory || size == 0 || !atomic_load_explicit(&ends, memory_order_relaxed)) return memory;
  // Another thread prints the message.
  if (atomic_flag_test_and_set(&is_ending))
    for (;;) pause();
  static const char line[] = "error: out of memory; give less data, smaller layers, or a higher limit\n";
  ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
  (void)written;
  _exit(71);
}

// Weak, so that a test can define its own versions.
#define WEAK __attribute__((weak))

WEAK void *malloc(size_t size) { return checked(__libc_malloc(size), size); }

WEAK void *calloc(size_t count, size_t size) { return checked(__libc_calloc(count, size), count ? size : 0); }

WEAK void *realloc(void *memory, size_t size) { return checked(__libc_realloc(memory, size), size); }

WEAK void *memalign(size_t alignment, size_t size) { return checked(__libc_memalign(alignment, size), size); }

WEAK void *aligned_alloc(size_t alignment, size_t size) { return checked(__libc_memalign(alignment, size), size); }

WEAK int posix_memalign(void **memory, size_t alignment, size_t size) {
  void *result = checked(__libc_memalign(alignment, size), size);
  if (!result) return ENOMEM;
  *memory = result;
  return 0;
}
#else
void end_when_out_of_memory(void) {}
#endif
