#ifndef CALLOCATION_HOOK_H
#define CALLOCATION_HOOK_H

#include <stdbool.h>

// Counts the allocations of a process, on all its threads. The program that links this has its own malloc and the rest
// of that family, which hand everything on to the C library's.
//
// What the BLAS allocates is not counted, as nobody here can change it: OpenBLAS's kernels for small Double products
// (seen with 0.3.21 and AVX-512) take a buffer from malloc for a part of the product and give it back.

/// Whether allocations can be counted: with glibc, and without a sanitizer, which has its own malloc.
bool allocations_are_countable(void);

/// Starts to count, from 0.
void start_counting_allocations(void);

/// Stops counting, and returns the number of allocations since the start.
long stop_counting_allocations(void);

#endif
