/// Element-wise loops for `float` and `double`, each written once (`kernels.inc`) and compiled for every instruction
/// set; the set that the processor has is chosen at run time.
///
/// Everything is column-major. A tile is `rows` × `columns` numbers whose columns start `stride` ≥ `rows` numbers
/// apart; where either is 0 the tile is empty and not touched. Accuracy, special values and what may overlap stand
/// beside each function. Threads may call all functions at the same time: the only state is each thread's own
/// ck_scratch, which alone allocates.
///
/// exp, log, erf, sigmoid and tanh, alone or in a tile, are within 4 ulp, denormal results included, for every
/// argument. A number's result depends on that number alone, not on its place. AVX2, AVX-512 and the baseline of arm64
/// give the same bits throughout; the baseline of x86-64, which has no fused multiply-add, differs where those five
/// functions enter, and in packed products, normalisation, update, add and penalize. NaN stays NaN, except that
/// derive_relu gives 0; its payload is unspecified.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "CThreads.h"

/// The instruction sets that the loops are compiled for, each including the ones before it. On arm64 the baseline has
/// NEON and FMA.
typedef enum { ck_baseline = 0, ck_avx2 = 1, ck_avx512 = 2 } ck_instruction_set;

/// What becomes of a parameter w, given its gradient g and its moments m and v.
typedef enum {
  /// m = beta1 · m + g, w = shrinkage · w − rate · m
  ck_momentum,
  /// m = beta1 · m + g, w = shrinkage · w − rate · (g + beta1 · m)
  ck_nesterov,
  /// m = beta1 · m + gain1 · g, v = beta2 · v + gain2 · g², w = shrinkage · w − rate · m / (correction · √v + epsilon)
  ck_adam,
  /// v = beta2 · v + gain2 · g², w = shrinkage · w − rate · g / (√v + epsilon)
  ck_rmsprop,
  /// v = v · (beta2 if g has the sign of m, beta1 if it has the other, else 1), but within smallest … largest;
  /// m = 0 if g has the other sign, else g; w = shrinkage · w − sign(m) · v
  ck_rprop,
} ck_rule;

/// The activations, in the order of activations.def, and their names.
typedef enum {
#define ACTIVATION(name, form, derivative) ck_activation_##name,
#include "../activations.def"
  ck_activation_count
} ck_activation;
extern const char *const ck_activation_names[ck_activation_count];

/// The losses, in the order of losses.def, and their names.
typedef enum {
#define LOSS(name, kernel, weight, slope, is_mean) ck_loss_##name,
#include "../losses.def"
  ck_loss_count
} ck_loss;
extern const char *const ck_loss_names[ck_loss_count];

#define REAL float
#define TYPE(name) ck_float_##name
#include "../precision.def"
#undef REAL
#undef TYPE
#define REAL double
#define TYPE(name) ck_double_##name
#include "../precision.def"
#undef REAL
#undef TYPE

/// Memory of the calling thread's own to compute in, on a boundary of 64 bytes: allocated if a call asks for more than
/// those before it, and freed when the thread ends. What is in it is lost at the next call. Ends the program if there
/// is none.
void *ck_scratch(size_t size);

/// The loops compiled for `set`, or NULL if this processor lacks it.
const ck_float_kernels *ck_float_kernels_for(ck_instruction_set set);
const ck_double_kernels *ck_double_kernels_for(ck_instruction_set set);

#endif
