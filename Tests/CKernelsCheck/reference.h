/// The formulas of the element-wise loops in double, by the C library.
#ifndef REFERENCE_H
#define REFERENCE_H

#include <math.h>

static inline double sigmoid_at(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static inline double identity_at(double x) { return x; }
static inline double relu_at(double x) { return x < 0 ? 0 : x; }
static inline double leaky_relu_at(double x) { return x < 0 ? 0.01 * x : x; }
static inline double elu_at(double x) { return x < 0 ? expm1(x) : x; }
static const double selu_scale = 1.0507009873554804934, selu_limit = 1.7580993408473768600;
static inline double selu_at(double x) { return x < 0 ? selu_limit * expm1(x) : selu_scale * x; }
static inline double softplus_at(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }
static inline double softsign_at(double x) { return x / (1 + fabs(x)); }
static inline double normal_at(double x) { return 0.5 * erfc(-x * 0.70710678118654752440); }
static inline double silu_at(double x) { return x * sigmoid_at(x); }
static inline double gelu_at(double x) { return x * normal_at(x); }
static inline double gelu_tanh_gate(double x) { return 1.5957691216057307117 * (x + 0.044715 * x * x * x); }
static inline double gelu_tanh_at(double x) { return x * sigmoid_at(gelu_tanh_gate(x)); }
static inline double mish_at(double x) { return x * tanh(softplus_at(x)); }
static inline double hard_swish_at(double x) { return x * fmin(fmax(x / 6 + 0.5, 0), 1); }

// Derivatives from the output.
static inline double one_from(double a) { return 1; }
static inline double sigmoid_from(double a) { return a * (1 - a); }
static inline double tanh_from(double a) { return 1 - a * a; }
static inline double relu_from(double a) { return a > 0; }
static inline double leaky_relu_from(double a) { return a > 0 ? 1 : 0.01; }
static inline double elu_from(double a) { return a > 0 ? 1 : a + 1; }
static inline double selu_from(double a) { return a > 0 ? selu_scale : a + selu_limit; }
static inline double softplus_from(double a) { return -expm1(-a); }
static inline double self_from(double a) { return a; }
static inline double softsign_from(double a) { return (1 - fabs(a)) * (1 - fabs(a)); }

// Derivatives from the input.
static inline double silu_slope(double x) { return sigmoid_at(x) * (1 + x * sigmoid_at(-x)); }
static inline double gelu_slope(double x) { return normal_at(x) + x * 0.39894228040143267794 * exp(-0.5 * x * x); }
static inline double gelu_tanh_slope(double x) {
  double v = gelu_tanh_gate(x);
  return sigmoid_at(v) * (1 + x * sigmoid_at(-v) * 1.5957691216057307117 * (1 + 3 * 0.044715 * x * x));
}
static inline double mish_slope(double x) {
  double t = tanh(softplus_at(x));
  return t + x * (1 - t * t) * sigmoid_at(x);
}
static inline double hard_swish_slope(double x) { return x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5; }

// A parametric activation, and an embedding's waves, whose argument is in turns.
static inline double blend_at(double z, double difference, double alpha) { return z + alpha * difference; }
static inline double wave_at(double t) { return cos(6.28318530717958647693 * (t - rint(t))); }
static inline double wave_slope(double t) {
  return -6.28318530717958647693 * sin(6.28318530717958647693 * (t - rint(t)));
}

// Losses' terms and errors.
static inline double binary_loss(double z, double y) { return (z > 0 ? z : 0) - y * z + log1p(exp(-fabs(z))); }
static inline double binary_error(double z, double y) { return sigmoid_at(z) - y; }
static inline double squared_loss(double a, double y) { return (a - y) * (a - y); }
static inline double difference(double a, double y) { return a - y; }
static inline double absolute_loss(double a, double y) { return fabs(a - y); }
static inline double absolute_error(double a, double y) { return (a > y) - (a < y); }
static inline double huber_loss(double a, double y) {
  return fabs(a - y) > 1 ? fabs(a - y) - 0.5 : 0.5 * (a - y) * (a - y);
}
static inline double huber_error(double a, double y) { return fmax(-1, fmin(1, a - y)); }
#define LEVEL 0.875
static inline double quantile_loss(double a, double y) { return fmax(LEVEL * (y - a), (1 - LEVEL) * (a - y)); }
static inline double quantile_error(double a, double y) { return a > y ? 1 - LEVEL : a < y ? -LEVEL : 0; }
static inline double poisson_loss(double z, double y) { return (y > 0 ? y * log(y) : 0) - y * z - y + exp(z); }
static inline double poisson_error(double z, double y) { return exp(z) - y; }
#define POWER 1.25
static inline double tweedie_loss(double z, double y) {
  double q = 1 - POWER, r = 2 - POWER;
  return pow(y, r) / (q * r) - y * exp(q * z) / q + exp(r * z) / r;
}
static inline double tweedie_error(double z, double y) { return exp((2 - POWER) * z) - y * exp((1 - POWER) * z); }

/// Philox4x32-10 (Salmon et al. 2011): the counter becomes four random words.
static inline void philox(uint32_t c[4], uint64_t key) {
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9, k1 += 0xBB67AE85) {
    uint64_t p0 = (uint64_t)c[0] * 0xD2511F53, p1 = (uint64_t)c[2] * 0xCD9E8D57;
    uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ k0, (uint32_t)p1, (uint32_t)(p0 >> 32) ^ c[3] ^ k1, (uint32_t)p0};
    for (int i = 0; i < 4; ++i) c[i] = next[i];
  }
}

#endif
