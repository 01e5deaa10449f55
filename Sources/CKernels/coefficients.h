// Written by Scripts/polynomials.py; do not edit. Coefficients stand constant term first. The error beside each
// polynomial is the relative error, after rounding the coefficients, of the function that it serves.
#ifndef CKERNELS_COEFFICIENTS_H
#define CKERNELS_COEFFICIENTS_H

// (e^r − 1 − r) / r², |r| ≤ ln 2 / 2: relative error 0.036 · 2^-24.
static const float exp_polynomial_f32[] = {
    0.500000000f, 0.166666657f, 0.0416663624f, 0.00833338965f, 0.00139406265f, 0.000198458874f,
};
// (log((1 + s) / (1 − s)) / s − 2) / s² in z = s², |s| ≤ (√2 − 1) / (√2 + 1): relative error 0.0074 · 2^-24.
static const float log_polynomial_f32[] = {
    0.666666627f,
    0.400003344f,
    0.285372943f,
    0.235824317f,
};
// erf(x) / x − 1 in t = x², |x| ≤ 1: relative error 0.039 · 2^-24.
static const float erf_polynomial_f32[] = {
    0.128379166f, -0.376126260f, 0.112835854f, -0.0268538129f, 0.00518832775f, -0.000801019487f, 7.85386583e-05f,
};
// log(erfc(x)) in u = x − 1, 1 ≤ x ≤ 4: relative error 0.16 · 2^-24.
static const float erfc_polynomial_f32[] = {
    -1.84960556f,    -2.63896751f,    -0.843107104f,    -0.0415623933f,   0.0100404127f,
    -0.00199654279f, 0.000268817617f, -6.69422025e-06f, -5.50293953e-06f, 7.98907081e-07f,
};
static const float ln2_high_f32 = 0.693145752f;
static const float ln2_low_f32 = 1.42860677e-06f;
static const float log2_e_f32 = 1.44269502f;
static const float sqrt_half_f32 = 0.707106769f;

// (e^r − 1 − r) / r², |r| ≤ ln 2 / 2: relative error 0.0082 · 2^-53.
static const double exp_polynomial_f64[] = {
    0.50000000000000000,    0.16666666666666677,    0.041666666666666512,   0.0083333333333216915,
    0.0013888888888962340,  0.00019841269885966200, 2.4801587172592847e-05, 2.7557244373776223e-06,
    2.7557402599128548e-07, 2.5108979046345219e-08, 2.0875342864900365e-09,
};
// (log((1 + s) / (1 − s)) / s − 2) / s² in z = s², |s| ≤ (√2 − 1) / (√2 + 1): relative error 0.018 · 2^-53.
static const double log_polynomial_f64[] = {
    0.66666666666667340, 0.39999999999413965, 0.28571428742561861, 0.22222198553793879,
    0.18183565407347130, 0.15314021115116408, 0.14796261124110452,
};
// erf(x) / x − 1 in t = x², |x| ≤ 1: relative error 0.1 · 2^-53.
static const double erf_polynomial_f64[] = {
    0.12837916709551259,    -0.37612638903183748,    0.11283791670954857,    -0.026866170645072896,
    0.0052239776247808671,  -0.00085483269787423120, 0.00012055331036905455, -1.4925593507050892e-05,
    1.6460972819719146e-06, -1.6350025251398480e-07, 1.4657880034063603e-08, -1.1365666695869012e-09,
    5.9452629825890144e-11,
};
// log(erfc(x)) in u = x − 1, 1 ≤ x ≤ 6: relative error 0.024 · 2^-53.
static const double erfc_polynomial_f64[] = {
    -1.8496055099332482,     -2.6389675142347908,     -0.84310725635851191,    -0.041561098045827492,
    0.010033825424906471,    -0.0019779029458284318,  0.00023732431728507424,  2.6271754534085280e-05,
    -2.7144568009245189e-05, 9.5836187454501257e-06,  -2.0270623495914621e-06, 1.1104320296585354e-07,
    1.2095090347305117e-07,  -6.5014574841987615e-08, 2.0290466874892511e-08,  -4.5011059676269318e-09,
    7.2251959056770722e-10,  -8.0316326313760010e-11, 5.5397820712664505e-12,  -1.7839940532553644e-13,
};
static const double ln2_high_f64 = 0.69314718055989033;
static const double ln2_low_f64 = 5.4979230187083712e-14;
static const double log2_e_f64 = 1.4426950408889634;
static const double sqrt_half_f64 = 0.70710678118654757;

#endif
