/// A function that is applied to each element separately. Its error is at most 4 ulp over its whole range.
public enum ElementwiseFunction: String, Sendable, CaseIterable {
  /// eˣ.
  case exp
  /// The natural logarithm: −∞ at 0, NaN below.
  case log
  /// The error function, 2/√π ∫₀ˣ e^(−t²) dt.
  case erf
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
  /// The hyperbolic tangent.
  case tanh
  /// max(0, x); NaN and −0 are kept.
  case relu
}
