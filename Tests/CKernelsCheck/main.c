// Checks the C kernels with every instruction set that this processor has, without Swift, so that they can be checked
// under emulation too.
//
// The last lines are `bits plain …` and `bits fused …`: checksums of results that are the same with every instruction
// set, and with every one that has fused multiply-adds, on every kind of processor.

#include "CKernels.h"
#include "check.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference.h"

/// Rows and columns of tiles, and the numbers between two columns.
static const int tile_shapes[][3] = {{1, 1, 0},  {3, 5, 0},  {4, 3, 2},  {7, 4, 1},  {16, 3, 0},
                                     {17, 2, 5}, {33, 3, 0}, {70, 4, 3}, {130, 3, 0}};

#define PASTE(name, precision) name##_##precision
#define PASTED(name, precision) PASTE(name, precision)
#define T(name) PASTED(name, PRECISION)

#define PRECISION f32
#define REAL float
#define BITS uint32_t
#define EPSILON FLT_EPSILON
#define KERNELS ck_float_kernels
#define UPDATE ck_float_update
#include "numbers.inc"
#include "products.inc"
#include "loops.inc"
#include "updates.inc"
#undef PRECISION
#undef REAL
#undef BITS
#undef EPSILON
#undef KERNELS
#undef UPDATE

#define PRECISION f64
#define REAL double
#define BITS uint64_t
#define EPSILON DBL_EPSILON
#define KERNELS ck_double_kernels
#define UPDATE ck_double_update
#include "numbers.inc"
#include "products.inc"
#include "loops.inc"
#include "updates.inc"

static const char *const set_names[] = {"baseline", "avx2", "avx512"};

/// Whether a set has fused multiply-adds.
static int is_fused(int set) {
#if defined(__aarch64__)
  return 1;
#else
  return set >= ck_avx2;
#endif
}

static void check_set(int set, results *got) {
  const ck_float_kernels *single = ck_float_kernels_for(set);
  const ck_double_kernels *twice = ck_double_kernels_for(set);
  const char *name = set_names[set];
  begin(name, "", "table");
  EXPECT((single->product != NULL) == is_fused(set) && (twice->product != NULL) == is_fused(set),
         "a product is missing, or unexpected");
  check_products_f32(name, single, got);
  check_products_f64(name, twice, got);
  check_packed_f32(name, single, got);
  check_packed_f64(name, twice, got);
  check_loops_f32(name, single, got);
  check_loops_f64(name, twice, got);
  check_updates_f32(name, single, got);
  check_updates_f64(name, twice, got);
}

/// Nothing else ends a read or a write beyond the memory that was given.
static void tell_fault(int signal) {
  fail("read or wrote beyond its memory");
  _Exit(1);
}

int main(void) {
  signal(SIGSEGV, tell_fault);
  signal(SIGBUS, tell_fault);
  check_rest();
  results first = {0};
  int has_plain = 0, has_fused = 0;
  for (int set = ck_baseline; set <= ck_avx512; ++set) {
    if (!ck_float_kernels_for(set)) {
      printf("%s: skipped, this processor lacks it\n", set_names[set]);
      continue;
    }
    results got = {no_results, no_results};
    check_set(set, &got);
    begin(set_names[set], "", "bits");
    if (!has_plain) first.plain = got.plain;
    EXPECT(got.plain == first.plain,
           "loops without elementary functions or multiply-adds have other bits than the baseline's");
    has_plain = 1;
    if (is_fused(set)) {
      if (!has_fused) first.fused = got.fused;
      EXPECT(got.fused == first.fused, "results have other bits than those of the other sets with fused multiply-adds");
      has_fused = 1;
    }
    printf("%s: products by %s\n", set_names[set],
           ck_float_kernels_for(set)->product ? "this package" : "OpenBLAS, not checked here");
  }
  printf("%ld checks, %ld failed\n", checks, failures);
  printf("bits plain %016" PRIx64 "\n", first.plain);
  if (has_fused) printf("bits fused %016" PRIx64 "\n", first.fused);
  return failures > 0;
}
