#define _GNU_SOURCE
#include "CFuzzer.h"

#include <sys/mman.h>

int open_memory_file(void) { return memfd_create("fuzzer", MFD_CLOEXEC); }

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED
#endif
#endif

#ifdef IS_SANITIZED
#include <sanitizer/allocator_interface.h>
#include <stdatomic.h>
#include <stdbool.h>

static atomic_bool is_measuring;
static atomic_long held;
static atomic_long most;

static void note_malloc(const volatile void *memory, size_t size) {
  if (!memory || !atomic_load_explicit(&is_measuring, memory_order_relaxed)) return;
  long now = atomic_fetch_add(&held, (long)size) + (long)size;
  long peak = atomic_load(&most);
  while (now > peak && !atomic_compare_exchange_weak(&most, &peak, now)) {
  }
}

static void note_free(const volatile void *memory) {
  if (!memory || !atomic_load_explicit(&is_measuring, memory_order_relaxed)) return;
  atomic_fetch_sub(&held, (long)__sanitizer_get_allocated_size(memory));
}

void start_measuring_allocations(void) {
  static bool is_installed;
  if (!is_installed) is_installed = __sanitizer_install_malloc_and_free_hooks(note_malloc, note_free);
  atomic_store(&held, 0);
  atomic_store(&most, 0);
  atomic_store(&is_measuring, true);
}

long stop_measuring_allocations(void) {
  atomic_store(&is_measuring, false);
  return atomic_load(&most);
}
#else
void start_measuring_allocations(void) {}

long stop_measuring_allocations(void) { return 0; }
#endif
