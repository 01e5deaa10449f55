import Tensor

/// Samples to learn from: the features and the targets of each in one column, and perhaps a weight.
public struct Samples<Scalar: BLASScalar>: Sendable, Equatable {
  /// Features × samples.
  public let features: Matrix<Scalar>
  /// Outputs × samples.
  public let targets: Matrix<Scalar>
  /// How much each sample counts, 1 × samples: finite, not negative and not all 0. nil if all count alike.
  public let weights: Matrix<Scalar>?

  /// The samples at these 0-based indices, in their order; traps if one is out of range.
  public func chosen(_ indices: some Sequence<Int>) -> Samples {
    let indices = Array(indices)
    return Samples(
      features: features.gathered(indices), targets: targets.gathered(indices), weights: weights?.gathered(indices))
  }

  /// The number of samples.
  public var count: Int { features.columns }

  /// The largest magnitude in the features; NaN where one is NaN.
  package let featureBound: Double

  /// Joins features, targets and weights, which have to be equally many columns; traps if they are not.
  public init(features: Matrix<Scalar>, targets: Matrix<Scalar>, weights: Matrix<Scalar>? = nil) {
    guard features.columns == targets.columns else {
      fail(
        "cannot join \(features.rows)×\(features.columns) features and \(targets.rows)×\(targets.columns) targets: they"
          + " differ in the number of samples")
    }
    if let weights, weights.rows != 1 || weights.columns != features.columns {
      fail("cannot weigh \(features.columns) samples by \(weights.shape) weights: one row of as many is needed")
    }
    self.features = features
    featureBound = Double(features.maxMagnitude())
    self.targets = targets
    self.weights = weights
  }
}
