import Tensor

/// How one feature that is a number is scaled.
package struct FeatureScale: Sendable {
  package let offset: Double
  /// 0 for a feature that was constant in training, which has no influence.
  package let factor: Double
  /// Instead of offset and factor.
  package let quantiles: Quantiles?

  @inline(__always)
  func scaled(_ value: Double) -> Double { quantiles?.scaled(value) ?? (value - offset) * factor }

  /// Whether every number becomes the same.
  var isConstant: Bool { quantiles.map { $0.values[0] == $0.values[$0.values.count - 1] } ?? (factor == 0) }
}
