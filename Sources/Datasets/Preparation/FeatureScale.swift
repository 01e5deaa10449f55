import Tensor

/// How one numeric feature is scaled.
package struct FeatureScale: Sendable {
  package let offset: Double
  /// 0 for a feature that was constant in training and therefore has no influence.
  package let factor: Double
  /// Whether the scaled number is clipped smoothly to ±3.
  package let isClipped: Bool
  /// If not nil, they are used instead of offset and factor.
  package let quantiles: Quantiles?

  @inline(__always)
  func scaled(_ value: Double) -> Double {
    if let quantiles { return quantiles.scaled(value) }
    let affine = (value - offset) * factor
    return isClipped ? smoothlyClipped(affine) : affine
  }

  /// How far apart the numbers of the training data usually are: their scaled range of 1, or the distance of their
  /// quartiles; nil if all were the same.
  package var spread: Double? {
    if isConstant { return nil }
    guard let values = quantiles?.values else { return 1 / factor }
    return Quantiles.quantile(values, 0.75) - Quantiles.quantile(values, 0.25)
  }

  /// Whether every number becomes the same value.
  var isConstant: Bool { quantiles.map { $0.values[0] == $0.values[$0.values.count - 1] } ?? (factor == 0) }
}
