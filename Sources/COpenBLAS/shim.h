#if __has_include(<cblas.h>)
#include <cblas.h>
#else
#error "cblas.h was not found. Install it with: sudo apt-get install libopenblas-dev"
#endif

// What OpenBLAS's products take their buffers with; no header declares it, and another build may hide it.
extern void *blas_memory_alloc(int position) __attribute__((weak));
extern void blas_memory_free(void *buffer) __attribute__((weak));

// What chooses the kernels of a library that has those of many processors.
extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));

// Has OpenBLAS choose its kernels again; returns 0 if it cannot. No other thread may use it meanwhile.
static inline int choose_blas_kernels(void) {
  if (!gotoblas_dynamic_init || !gotoblas_dynamic_quit) return 0;
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  return 1;
}

// Makes OpenBLAS map the buffers that so many threads need at the same time, at most 1024; it keeps them.
static inline void reserve_blas_buffers(int count) {
  void *buffers[1024];
  if (!blas_memory_alloc || !blas_memory_free) return;
  if (count > 1024) count = 1024;
  for (int i = 0; i < count; i++) buffers[i] = blas_memory_alloc(0);
  for (int i = 0; i < count; i++) blas_memory_free(buffers[i]);
}
