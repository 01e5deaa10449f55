/// Element-wise loops for `float` and `double`. Each is written once (`kernels.inc`) and compiled for every instruction
/// set; the processor's set is chosen at run time.
///
/// Everything is column-major. A tile has `rows` × `columns` numbers, and its columns start `stride` ≥ `rows` numbers
/// apart. If `rows` or `columns` is 0 the tile is empty and not touched. Each function's comment states its accuracy,
/// its special values and which arguments may overlap. Threads may call all functions at the same time: the only state
/// is each thread's own ck_scratch, which is also the only function that allocates.
///
/// exp, log, erf, sigmoid and tanh, alone or in a tile, are within 4 ulp for every argument, even if the result is
/// denormal. A number's result depends only on that number, not on its position. AVX2, AVX-512 and the baseline of
/// arm64 give the same bits throughout. The baseline of x86-64 has no fused multiply-add; it gives different bits where
/// those five functions are used, and in packed products, normalisation, update, add and penalize. NaN stays NaN,
/// except that derive_relu gives 0; the payload of a NaN is unspecified.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "CThreads.h"

/// The instruction sets that the loops are compiled for. Each includes the ones before it. On arm64 the baseline has
/// NEON and FMA.
typedef enum { ck_baseline = 0, ck_avx2 = 1, ck_avx512 = 2 } ck_instruction_set;

/// How a parameter w changes, given its gradient g and its moments m and v.
typedef enum {
  /// m = beta1 · m + g, w = shrinkage · w − rate · m
  ck_momentum,
  /// m = beta1 · m + g, w = shrinkage · w − rate · (g + beta1 · m)
  ck_nesterov,
  /// m = beta1 · m + gain1 · g, v = beta2 · v + gain2 · g², w = shrinkage · w − rate · m / (correction · √v + epsilon)
  ck_adam,
  /// v = beta2 · v + gain2 · g², w = shrinkage · w − rate · g / (√v + epsilon)
  ck_rmsprop,
  /// v = v · (beta2 if g has the sign of m, beta1 if it has the opposite sign, else 1), within smallest … largest;
  /// m = 0 if the signs are opposite, else g; w = shrinkage · w − sign(m) · v
  ck_rprop,
  /// w = shrinkage · w − rate · sign(beta1 · m + gain1 · g), m = beta2 · m + gain2 · g
  ck_lion,
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

/// The shape of an embedding. Rows 0 ..< inputs of E are the inputs; below them every number has its components:
///
///     E[inputs + components · j + c] = bias[c, j] + Σ_k weights[c, k, j] cos 2π(frequencies[k, j] x + phases[k, j])
///
/// where x is row rows[j]. The parameters are scale (one for each row of E), frequencies, phases, weights and bias, in
/// this order, each with its first index varying fastest. `components` is at most MOST_COMPONENTS.
typedef struct {
  ptrdiff_t inputs, numbers, frequencies, components;
  const ptrdiff_t *rows;
} ck_embedding;
enum { MOST_COMPONENTS = 16 };

/// The pieces of numbers. Row rows[j] of E holds a number x and then its first piece. Its other pieces are in adjacent
/// rows: the first number's from row `inputs` on, the next number's behind them, and so on. The pieces of number j are
/// starts[j] ..< starts[j + 1], at least one. Piece i is
///
///     (x − lower[i]) · factors[i],   at most 1 unless it is its number's last one, at least 0 unless it is the first
typedef struct {
  ptrdiff_t inputs, numbers;
  const ptrdiff_t *rows, *starts;
  const double *lower, *factors;
} ck_pieces;

/// Groups of inputs, each of which is one-hot: group j is the inputs starts[j] ..< ends[j], behind those of the group
/// before. In E each group is replaced by `dimension` rows; the other inputs keep their order. The table of the vectors
/// has `dimension` rows and a column for each input of a group, in order.
typedef struct {
  ptrdiff_t inputs, groups, dimension;
  const ptrdiff_t *starts, *ends;
} ck_categories;

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

/// Returns work memory that belongs to the calling thread, at a 64-byte boundary. It is allocated if a call asks for
/// more than all earlier calls, and freed when the thread ends. Its content is lost at the next call. The program ends
/// if there is no memory.
void *ck_scratch(size_t size);

/// The loops compiled for `set`, or NULL if this processor lacks it.
const ck_float_kernels *ck_float_kernels_for(ck_instruction_set set);
const ck_double_kernels *ck_double_kernels_for(ck_instruction_set set);

#endif
