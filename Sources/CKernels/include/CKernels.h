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

#include "CChecksum.h"
#include "CThreads.h"

/// The instruction sets that the loops are compiled for, each including the ones before it. On arm64 the baseline has
/// NEON and FMA.
typedef enum { ck_baseline = 0, ck_avx2 = 1, ck_avx512 = 2 } ck_instruction_set;

/// What becomes of a parameter w, given its gradient g and its moments m and v.
typedef enum {
  ck_momentum, ///< m = beta1 · m + g, w = kept · w − rate · m
  ck_nesterov, ///< m = beta1 · m + g, w = kept · w − rate · (g + beta1 · m)
  ck_adam,     ///< m = beta1 · m + rest1 · g, v = beta2 · v + rest2 · g², w = kept · w − rate · m / (correction · √v + epsilon)
  ck_rmsprop,  ///< v = beta2 · v + rest2 · g², w = kept · w − rate · g / (√v + epsilon)
  /// v = v · (beta2 if g has the sign of m, beta1 if it has the other, else 1), kept between rest1 and rest2;
  /// m = 0 if it has the other, else g; w = kept · w − sign(m) · v
  ck_rprop,
} ck_rule;

/// A rule with its factors, which are the same for all parameters, and where the moments stand; NULL for one that the
/// rule has not.
#define CK_UPDATE(real)                                                                                                        \
  struct {                                                                                                                     \
    ck_rule rule;                                                                                                              \
    real rate, beta1, rest1, beta2, rest2, correction, epsilon, kept;                                                          \
    real *m, *v;                                                                                                               \
  }
typedef CK_UPDATE(float) ck_float_update;
typedef CK_UPDATE(double) ck_double_update;

/// The activations, in the order of activations.def, and their names.
typedef enum {
#define ACTIVATION(name, form, derivative) ck_activation_##name,
#include "../activations.def"
  ck_activation_count
} ck_activation;
extern const char *const ck_activation_names[ck_activation_count];

#define CK_ACTIVATION(real)                                                                                                    \
  struct {                                                                                                                     \
    /* Z = g(Z + bias 1ᵀ), in place, `bias` of `rows` numbers. If the activation keeps slopes, and unless `slopes` is NULL, it \
       becomes g′(Z + bias 1ᵀ). A column's largest number is subtracted before softmax, so only columns that hold ∞ or NaN, or \
       nothing but −∞, become NaN. Returns the largest magnitude in the result, NaN if one is NaN; if no result is above 1     \
       (sigmoid, tanh, softmax) simply 1. */                                                                                   \
    real (*bias)(ptrdiff_t rows, ptrdiff_t columns, real *z, ptrdiff_t stride, const real *bias, real *slopes,                 \
                 ptrdiff_t slopes_stride);                                                                                     \
    /* delta = delta ∘ g′, in place, g′ from the activation's output a, or from the slopes if it keeps them. Relu: delta       \
       if a > 0 or a is NaN, else 0, whatever delta is there. Softmax: delta = a ∘ (delta − 1 (deltaᵀa)ᵀ) by columns. Returns  \
       the largest magnitude in the result, NaN if one is NaN. */                                                              \
    real (*derive)(ptrdiff_t rows, ptrdiff_t columns, real *delta, ptrdiff_t delta_stride, const real *a, ptrdiff_t a_stride); \
    int keeps_slopes;                                                                                                          \
  }
typedef CK_ACTIVATION(float) ck_float_activation;
typedef CK_ACTIVATION(double) ck_double_activation;

/// The losses, in the order of losses.def, and their names.
typedef enum {
#define LOSS(name, kernel, weight, slope, is_mean) ck_loss_##name,
#include "../losses.def"
  ck_loss_count
} ck_loss;
extern const char *const ck_loss_names[ck_loss_count];

#define CK_LOSS(real)                                                                                                          \
  struct {                                                                                                                     \
    /* A loss summed over the tile, and its error: delta = scale · ∂L/∂(first argument). delta may be the first argument       \
       itself, or NULL if only the loss is wanted; it has the first argument's stride. y holds the targets, any numbers.       \
       A column's terms are computed in `real` and added in double, and the columns' sums in order.                            \
       softmax_cross_entropy: Σ_columns Σ_i y_i (logsumexp(z) − z_i); delta = scale · (softmax(z) Σ_i y_i − y).                \
       sigmoid_cross_entropy: Σ max(z,0) − y z + log1p(e^−|z|);       delta = scale · (sigmoid(z) − y).                        \
       squared_error:         Σ (a − y)²;                             delta = scale · (a − y) (the factor 2 is the slope's).   \
       absolute:              Σ |a − y|;                              delta = scale · sign(a − y), 0 if they are equal.        \
       huber:                 Σ (a − y)² / 2, |a − y| − ½ beyond 1;   delta = scale · (a − y), clipped to ±scale. */           \
    double (*sum)(ptrdiff_t rows, ptrdiff_t columns, const real *a, ptrdiff_t stride, const real *y, ptrdiff_t y_stride,       \
                  real scale, real *delta);                                                                                    \
    double weight, slope;                                                                                                      \
    int is_mean;                                                                                                               \
  }
typedef CK_LOSS(float) ck_float_loss;
typedef CK_LOSS(double) ck_double_loss;

#define CK_TABLE(real)                                                                                                         \
  struct {                                                                                                                     \
    /* y[i] = f(x[i]), i < n. y may be x; otherwise they do not overlap. exp overflows to ∞ and underflows by way of the       \
       denormal numbers to 0; log 0 = −∞ and log x = NaN for x < 0; erf and tanh keep the sign of 0; relu x = x < 0 ? 0 : x. */\
    void (*exp)(ptrdiff_t n, const real *x, real *y);                                                                          \
    void (*log)(ptrdiff_t n, const real *x, real *y);                                                                          \
    void (*erf)(ptrdiff_t n, const real *x, real *y);                                                                          \
    void (*sigmoid)(ptrdiff_t n, const real *x, real *y);                                                                      \
    void (*tanh)(ptrdiff_t n, const real *x, real *y);                                                                         \
    void (*relu)(ptrdiff_t n, const real *x, real *y);                                                                         \
    /* The activations, by ck_activation. */                                                                                   \
    const ck_##real##_activation *activations;                                                                                 \
    /* delta = delta ∘ a, in place. Returns the same. */                                                                      \
    real (*multiply)(                                                                                                          \
        ptrdiff_t rows, ptrdiff_t columns, real *delta, ptrdiff_t delta_stride, const real *a, ptrdiff_t a_stride);            \
    /* Dropout: each number of A, and of `slopes` unless that is NULL, becomes 0 with the probability, below 1, and is divided by 1 −      \
       probability elsewhere. What happens to the number in row first_row + i and column first_column + j of the whole depends on that \
       place, the key and the stream alone, which are Philox's. */                                                              \
    void (*drop)(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t first_row, ptrdiff_t first_column, uint64_t key, uint64_t stream, \
                 double probability, real *a, ptrdiff_t stride, real *slopes, ptrdiff_t slopes_stride);                        \
    /* Batch normalisation: each row's mean, variance (over all columns) and inverse = 1 / √(variance + epsilon); N = (Z − mean) ∘    \
       inverse, Z = gamma ∘ N. `mean`, `variance`, `inverse` and `gamma` have `rows` numbers. Columns are added in order. */   \
    void (*normalize_rows)(ptrdiff_t rows, ptrdiff_t columns, real *z, ptrdiff_t stride, const real *gamma, real epsilon,      \
                           real *normal, ptrdiff_t normal_stride, real *mean, real *variance, real *inverse);                  \
    /* Its way back: sums[i] = Σ delta N over the columns and sums[sums_stride + i] = Σ delta, and delta = gamma inverse (delta −     \
       mean delta − N mean (delta N)). Returns the largest magnitude in delta, NaN if one is NaN. */                        \
    real (*normalize_rows_back)(ptrdiff_t rows, ptrdiff_t columns, real *delta, ptrdiff_t stride, const real *normal,          \
                                ptrdiff_t normal_stride, const real *gamma, const real *inverse, real *sums,                   \
                                ptrdiff_t sums_stride);                                                                        \
    /* Z = gamma (Z − mean) / √(variance + epsilon), with statistics that are given. */                                        \
    void (*standardize_rows)(ptrdiff_t rows, ptrdiff_t columns, real *z, ptrdiff_t stride, const real *gamma, real epsilon,    \
                             const real *mean, const real *variance);                                                          \
    /* Layer normalisation: the same by columns; `inverse` has `columns` numbers. With NULL for `normal` only Z is wanted. */  \
    void (*normalize_columns)(ptrdiff_t rows, ptrdiff_t columns, real *z, ptrdiff_t stride, const real *gamma, real epsilon,   \
                              real *normal, ptrdiff_t normal_stride, real *inverse);                                           \
    /* Its way back, with sums of 2 · rows numbers over these columns. */                                                      \
    real (*normalize_columns_back)(ptrdiff_t rows, ptrdiff_t columns, real *delta, ptrdiff_t stride, const real *normal,       \
                                   ptrdiff_t normal_stride, const real *gamma, const real *inverse, real *sums);               \
    /* The losses, by ck_loss. */                                                                                              \
    const ck_##real##_loss *losses;                                                                                            \
    /* out[i] = accumulator · out[i] + scale · Σ_columns x[i, column], columns added in order. An accumulator of 0 does not read  \
       out. */                                                                                                                 \
    void (*row_sums)(ptrdiff_t rows, ptrdiff_t columns, const real *x, ptrdiff_t stride, real scale, real accumulator,         \
                     real *out);                                                                                               \
    /* Σ x[i] in a fixed order that is the same for every instruction set. */                                                  \
    real (*sum)(ptrdiff_t n, const real *x);                                                                                   \
    /* Σ x[i] y[i] in double and in a fixed order that is the same for every instruction set. */                               \
    double (*dot)(ptrdiff_t n, const real *x, const real *y);                                                                  \
    /* max |x[i]|; 0 if n = 0; NaN if any x[i] is NaN. */                                                                \
    real (*max_magnitude)(ptrdiff_t n, const real *x);                                                                         \
    /* C = alpha · op(A) op(B) + beta · C, where op transposes or not; C is m × n, k the inner size, all at least 1. beta = 0    \
       does not read C. An element's bits depend neither on the size of C nor on the instruction set. Computes in ck_scratch,  \
       of which it needs 1.5 MiB. NULL in the baseline of x86-64, where OpenBLAS knows the processor better. */                  \
    void (*product)(int transpose_a, int transpose_b, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, real alpha, const real *a,         \
                    ptrdiff_t lda, const real *b, ptrdiff_t ldb, real beta, real *c, ptrdiff_t ldc);                            \
    /* The parameters W, m × n, change as by update with the gradient A Bᵀ, which is written to memory, to g, only if k is      \
       above 2048 / sizeof(real). W's stride is also that of g and of the moments. The same bits as by product and update.    \
       NULL if product is. */                                                                                               \
    void (*update_by_product)(const ck_##real##_update *update, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const real *a,           \
                              ptrdiff_t lda, const real *b, ptrdiff_t ldb, real *g, real *w, ptrdiff_t stride);                 \
    /* A matrix that is packed once and multiplied often. The numbers that `packed` needs for rows × k, both at least 1; it starts on a boundary of 64 bytes. */ \
    ptrdiff_t (*packed_count)(ptrdiff_t rows, ptrdiff_t k);                                                                   \
    void (*pack_panels)(ptrdiff_t rows, ptrdiff_t k, const real *a, ptrdiff_t lda, real *packed);                              \
    /* Z = A X for `rows` rows of A from row `first` on, those of some panels; A is all_rows × k and packed. An element's bits do not depend on which  \
       others are computed. Where X has many zeros they are left out, which changes nothing if A is finite. */                                                                                   \
    void (*multiply_packed)(ptrdiff_t all_rows, ptrdiff_t first, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t k, const real *packed, \
                            const real *x, ptrdiff_t x_stride, real *z, ptrdiff_t z_stride);                                                                      \
    /* y = y + factor · x. */                                                                                                   \
    void (*add)(ptrdiff_t n, real factor, const real *x, real *y);                                                             \
    /* n steps of many multiply-adds with numbers[0] and numbers[1] in registers, and a sum in numbers[2], so that they are wanted;  \
       returns the operations, a multiply-add being two. So the processor's own rate is measured. */                           \
    double (*multiply_adds)(ptrdiff_t n, real *numbers);                                                                       \
    /* x = factor · x: every number is multiplied, so 0 · NaN stays NaN. */                                                    \
    void (*scale)(ptrdiff_t n, real factor, real *x);                                                                          \
    /* w[i] changes by the update's rule and the gradient g[i], and the moments with it; see ck_rule. */                        \
    void (*update)(const ck_##real##_update *update, ptrdiff_t n, const real *g, real *w);                                     \
    /* y[i] += scale · (l1 · sign(w[i]) + l2 · w[i]), where sign 0 is 0. y may be w itself, or NULL if only the result is   \
       wanted: Σ l1 |w[i]| + ½ l2 w[i]² of the old w, summed as dot does. */                                                   \
    double (*penalize)(ptrdiff_t n, const real *w, real l1, real l2, real scale, real *y);                                     \
    /* Scales the rows whose Euclidean norm is above `limit` down to it. */                                                    \
    void (*limit_rows)(ptrdiff_t rows, ptrdiff_t columns, real *x, ptrdiff_t stride, real limit);                              \
  }

typedef CK_TABLE(float) ck_float_kernels;
typedef CK_TABLE(double) ck_double_kernels;

/// Memory of the calling thread's own to compute in, on a boundary of 64 bytes: allocated if a call asks for more than
/// those before it, and freed when the thread ends. What is in it is lost at the next call. Ends the program if there
/// is none.
void *ck_scratch(size_t size);

/// The loops compiled for `set`, or NULL if this processor lacks it.
const ck_float_kernels *ck_float_kernels_for(ck_instruction_set set);
const ck_double_kernels *ck_double_kernels_for(ck_instruction_set set);

#endif
