#!/usr/bin/env python3
"""Writes Sources/CKernels/coefficients.h: the polynomials and constants of the elementary functions.

Each polynomial p is the one that makes the largest weighted error |w(x) (p(x) - f(x))| on an interval least, found by
Remez's exchange algorithm in 60-digit arithmetic. The weights turn the error of p into a relative error of the function
that it serves. What is left after rounding the coefficients is printed and written beside them, as a fraction of the
unit roundoff (half an ulp of 1).

    python3 Scripts/polynomials.py > Sources/CKernels/coefficients.h     (needs mpmath)
"""

import struct
import sys

from mpmath import mp, mpf, cos, erf, erfc, expm1, floor, log, lu_solve, matrix, pi, polyval, sin, sqrt

mp.dps = 60


def remez(f, weight, low, high, degree, iterations=30):
  """The coefficients, constant term first, and the grid (x, f(x), w(x)) on which the error was levelled."""
  size = 60 * (degree + 2)
  nodes = [low + (high - low) * (1 - cos(pi * (i + mpf(0.5)) / size)) / 2 for i in range(size)]
  grid = [(x, f(x), weight(x)) for x in nodes]
  chosen = [round((size - 1) * (1 - cos(pi * i / (degree + 1))) / 2) for i in range(degree + 2)]
  chosen = [min(max(c, 1), size - 2) for c in chosen]  # a weight may vanish at an end
  for _ in range(iterations):
    rows, right = [], []
    for i, c in enumerate(chosen):
      x, y, w = grid[c]
      rows.append([x**k for k in range(degree + 1)] + [(-1) ** i / w if w else mpf(0)])
      right.append(y)
    coefficients = list(lu_solve(matrix(rows), matrix(right)))[:-1]
    errors = [w * (polyval(coefficients[::-1], x) - y) for x, y, w in grid]
    # The largest error of each run of equal sign; surplus runs are dropped from the ends.
    peaks = []
    for i, error in enumerate(errors):
      if peaks and (error > 0) == (errors[peaks[-1]] > 0):
        if abs(error) > abs(errors[peaks[-1]]):
          peaks[-1] = i
      else:
        peaks.append(i)
    while len(peaks) > degree + 2:
      peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
    if len(peaks) < degree + 2:
      raise ArithmeticError("the error does not alternate often enough")
    settled = peaks == chosen
    chosen = peaks
    if settled:
      break
  return coefficients, grid


def rounded(x, precision):
  """x as the nearest number of the precision, and the text that C reads as that number."""
  if precision == 24:
    value = struct.unpack("f", struct.pack("f", float(x)))[0]
    return mpf(value), f"{value:#.9g}f"
  return mpf(float(x)), f"{float(x):#.17g}"


def polynomial(name, meaning, f, weight, low, high, degree, precision, kind="relative"):
  coefficients, grid = remez(f, weight, mpf(low), mpf(high), degree)
  pairs = [rounded(c, precision) for c in coefficients]
  unit = mpf(2) ** -precision
  error = max(abs(w * (polyval([p[0] for p in pairs][::-1], x) - y)) for x, y, w in grid) / unit
  type_name, suffix = ("float", "f32") if precision == 24 else ("double", "f64")
  print(f"{name}_{suffix}: degree {degree}, error {mp.nstr(error, 3)} of the unit roundoff", file=sys.stderr)
  print(f"// {meaning}: {kind} error {mp.nstr(error, 2)} · 2^-{precision}.")
  print(f"static const {type_name} {name}_{suffix}[] = {{")
  for i in range(0, len(pairs), 4):
    print("    " + " ".join(text + "," for _, text in pairs[i : i + 4]))
  print("};")


def constant(name, x, precision):
  print(f"static const {'float' if precision == 24 else 'double'} {name} = {rounded(x, precision)[1]};")


# The series stands in where the closed form loses digits (or divides by zero) near 0.
def exp_tail(r):  # (e^r - 1 - r) / r²
  return (expm1(r) - r) / r**2 if abs(r) > 1e-10 else mpf(1) / 2 + r / 6 + r**2 / 24


def log_tail(z):  # (log((1 + s) / (1 - s)) / s - 2) / s², s = √z
  s = sqrt(z)
  return (log((1 + s) / (1 - s)) / s - 2) / z if z > 1e-20 else mpf(2) / 3 + 2 * z / 5


def erf_small(t):  # erf(x) / x - 1, x = √t
  x = sqrt(t)
  return erf(x) / x - 1 if t > 1e-30 else 2 / sqrt(pi) * (1 - t / 3) - 1


def sine_ratio(u):  # sin(2πr) / r, r = √u
  r = sqrt(u)
  return sin(2 * pi * r) / r if u > 1e-30 else 2 * pi


print("""\
// Written by Scripts/polynomials.py; do not edit. Coefficients stand constant term first. The error beside each
// polynomial is the error, after rounding the coefficients, of the function that it serves.
#ifndef CKERNELS_COEFFICIENTS_H
#define CKERNELS_COEFFICIENTS_H
""")
half_ln2 = log(2) / 2 * mpf("1.0001")  # the reduced argument may pass the middle by a rounding error
s_max = (sqrt(2) - 1) / (sqrt(2) + 1) * mpf("1.0001")
#                          exp  log  erf below 1  above  end  bits that the exponent k may have
for precision, degrees in [(24, (5, 3, 6, 9, 4, 8)), (53, (10, 6, 12, 19, 6, 11))]:
  exp_degree, log_degree, below, above, end, exponent_bits = degrees
  suffix = "f32" if precision == 24 else "f64"
  polynomial("exp_polynomial", "(e^r − 1 − r) / r², |r| ≤ ln 2 / 2", exp_tail,
             lambda r: r**2 / abs(expm1(r)), -half_ln2, half_ln2, exp_degree, precision)
  polynomial("log_polynomial", "(log((1 + s) / (1 − s)) / s − 2) / s² in z = s², |s| ≤ (√2 − 1) / (√2 + 1)", log_tail,
             lambda z: z / 2, 0, s_max**2, log_degree, precision)
  polynomial("erf_polynomial", "erf(x) / x − 1 in t = x², |x| ≤ 1", erf_small,
             lambda t: 1 / (1 + erf_small(t)), 0, 1, below, precision)
  polynomial("erfc_polynomial", f"log(erfc(x)) in u = x − 1, 1 ≤ x ≤ {end}", lambda u: log(erfc(1 + u)),
             lambda u: erfc(1 + u) / erf(1 + u), 0, end - 1, above, precision)
  # The error is absolute: beside a cosine of 1, the last digits of one near 0 do not matter.
  cosine, sine = (7, 6) if precision == 24 else (11, 11)
  polynomial("cosine_polynomial", "cos 2πr in u = r², |r| ≤ ½", lambda u: cos(2 * pi * sqrt(u)), lambda u: mpf(1), 0,
             mpf(0.25), cosine, precision, "absolute")
  polynomial("sine_polynomial", "sin(2πr) / r in u = r², |r| ≤ ½", sine_ratio, lambda u: sqrt(u), 0, mpf(0.25), sine,
             precision, "absolute")
  # ln 2 in two parts, the first so short that k times it is exact.
  high = floor(log(2) * mpf(2) ** (precision - exponent_bits)) / mpf(2) ** (precision - exponent_bits)
  constant(f"ln2_high_{suffix}", high, precision)
  constant(f"ln2_low_{suffix}", log(2) - high, precision)
  constant(f"log2_e_{suffix}", 1 / log(2), precision)
  constant(f"sqrt_half_{suffix}", sqrt(mpf(0.5)), precision)
  print()
print("#endif")
