import Tensor

/// Samples to learn from. Each sample is one column of features and one of targets, with an optional weight.
public struct Samples<Scalar: BLASScalar>: Sendable, Equatable {
  /// Features × samples.
  public let features: Matrix<Scalar>
  /// Outputs × samples.
  public let targets: Matrix<Scalar>
  /// How much each sample counts in training, 1 × samples: finite, not negative and not all 0. Nil if all count alike.
  ///
  /// A step's loss is Σ wᵢ ℓᵢ / (w̄ · batch), where w̄ is the mean over all samples. Only the ratios of the weights
  /// matter; equal weights change nothing.
  public let weights: Matrix<Scalar>?
  /// The weights divided by their mean.
  package let relativeWeights: Matrix<Scalar>?

  /// The number of samples of the whole set: ``count``, unless these are a copied part of an epoch.
  package let wholeCount: Int

  /// The samples at these 0-based indices, in the order of the indices; traps if an index is out of range.
  public func gathered(_ indices: some Sequence<Int>) -> Samples {
    let indices = Array(indices)
    return Samples(
      features: features.gathered(indices), targets: targets.gathered(indices), weights: weights?.gathered(indices))
  }

  /// Copies the samples at these indices to memory, in the order of the indices, for the steps of a part of an epoch.
  /// They are read by ascending index, so that a file is read from its beginning to its end.
  package func copied(_ indices: ArraySlice<Int>) -> Samples {
    let indices = Array(indices)
    let places = indices.indices.sorted { indices[$0] < indices[$1] }
    func copy(_ matrix: Matrix<Scalar>) -> Matrix<Scalar> {
      var copy = Matrix<Scalar>(rows: matrix.rows, columns: indices.count)
      copy.withTile { copy in
        matrix.withReadOnlyTile { matrix in
          for place in places {
            copy[columns: place..<place + 1].copy(matrix[columns: indices[place]..<indices[place] + 1])
          }
        }
      }
      return copy
    }
    return Samples(
      features: copy(features), targets: copy(targets), weights: nil,
      relativeWeights: relativeWeights.map(copy), featureBound: featureBound, wholeCount: wholeCount)
  }

  private init(
    features: Matrix<Scalar>, targets: Matrix<Scalar>, weights: Matrix<Scalar>?, relativeWeights: Matrix<Scalar>?,
    featureBound: Double, wholeCount: Int
  ) {
    (self.features, self.targets, self.weights) = (features, targets, weights)
    (self.relativeWeights, self.featureBound, self.wholeCount) = (relativeWeights, featureBound, wholeCount)
  }

  /// The number of samples.
  public var count: Int { features.columns }

  /// The largest magnitude in the features; NaN if one is NaN.
  package let featureBound: Double

  /// Joins features, targets and weights.
  ///
  /// - Precondition: Traps if features, targets and weights have different numbers of columns, if the weights have
  ///   other than one row, and on weights that are negative, not finite or all 0.
  public init(features: Matrix<Scalar>, targets: Matrix<Scalar>, weights: Matrix<Scalar>? = nil) {
    guard features.columns == targets.columns else {
      fail(
        "cannot join \(features.rows)×\(features.columns) features and \(targets.rows)×\(targets.columns) targets: they"
          + " differ in the number of samples")
    }
    if let weights, weights.rows != 1 || weights.columns != features.columns {
      fail("cannot weigh \(features.columns) samples by \(weights.shape) weights: one row, a weight each, is needed")
    }
    self.features = features
    wholeCount = features.columns
    featureBound = Double(features.maxMagnitude())
    self.targets = targets
    self.weights = weights
    relativeWeights = weights.map { weights in
      let sum = weights.elements.reduce(0) { $0 + Double($1) }
      guard weights.elements.allSatisfy({ $0 >= 0 }), sum > 0, sum.isFinite else {
        fail("cannot weigh samples by weights that are negative, not finite or all 0")
      }
      let factor = Double(weights.columns) / sum
      return Matrix(
        rows: 1, columns: weights.columns, columnMajor: weights.elements.map { Scalar(Double($0) * factor) })
    }
  }
}
