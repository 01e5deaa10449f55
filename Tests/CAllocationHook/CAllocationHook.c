#define _GNU_SOURCE
#include "CAllocationHook.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_bool is_counting;
static atomic_long allocations;
/// Where the BLAS is loaded.
static void *blas;

/// Where the library or the program that holds an address is loaded; null if none is.
static void *loaded_at(void *address) {
  Dl_info info;
  return address && dladdr(address, &info) ? info.dli_fbase : 0;
}

void start_counting_allocations(void) {
  blas = loaded_at(dlsym(RTLD_DEFAULT, "cblas_dgemm"));
  atomic_store(&allocations, 0);
  atomic_store(&is_counting, true);
}

long stop_counting_allocations(void) {
  atomic_store(&is_counting, false);
  return atomic_load(&allocations);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED
#endif
#endif

#if defined(__GLIBC__) && !defined(IS_SANITIZED)
bool allocations_are_countable(void) { return true; }

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void note(void *caller) {
  if (!atomic_load_explicit(&is_counting, memory_order_relaxed)) return;
  if (!blas || loaded_at(caller) != blas) atomic_fetch_add(&allocations, 1);
}

void *malloc(size_t size) {
  note(__builtin_return_address(0));
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  note(__builtin_return_address(0));
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  note(__builtin_return_address(0));
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  note(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  note(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  note(__builtin_return_address(0));
  void *result = __libc_memalign(alignment, size);
  if (!result) return ENOMEM;
  *memory = result;
  return 0;
}
#else
bool allocations_are_countable(void) { return false; }
#endif
