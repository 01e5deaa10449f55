import Tensor

/// Samples to learn from. Each sample is one column of features and one of targets, with an optional weight.
public struct Samples<Scalar: BLASScalar>: Sendable, Equatable {
  /// Features × samples.
  ///
  /// - Precondition: Traps if other processes hold features of these samples; ``gathered(_:)`` has them.
  public var features: Matrix<Scalar> {
    guard holders == nil else { fail("other processes hold features of these samples: gather them first") }
    return ownFeatures
  }
  /// Outputs × samples.
  public let targets: Matrix<Scalar>
  /// How much each sample counts in training, 1 × samples: finite, not negative and not all 0. Nil if all count alike.
  ///
  /// A step's loss is Σ wᵢ ℓᵢ / (w̄ · batch), where w̄ is the mean over all samples. Only the ratios of the weights
  /// matter; equal weights change nothing.
  public let weights: Matrix<Scalar>?
  /// The weights divided by their mean.
  package let relativeWeights: Matrix<Scalar>?

  /// The features of the samples that this process holds.
  package let ownFeatures: Matrix<Scalar>
  /// Which process holds the features of each sample; nil if this process holds all.
  package let holders: SampleHolders?
  /// The number of samples of the whole set: ``count``, unless these are a copied part of an epoch.
  package let wholeCount: Int

  /// The samples at these 0-based indices, in the order of the indices; traps if an index is out of range. If several
  /// processes hold the samples, each gets all of them, and all ask together.
  public func gathered(_ indices: some Sequence<Int>) -> Samples {
    let indices = Array(indices)
    return Samples(
      features: features(of: indices), targets: targets.gathered(indices), weights: weights?.gathered(indices))
  }

  /// The features of the samples at these indices, features × indices. If several processes hold the samples, each gets
  /// all of them, and all ask together.
  package func features(of indices: [Int]) -> Matrix<Scalar> {
    guard let holders else { return ownFeatures.gathered(indices) }
    let atOnce = max(Self.movedBytes / (MemoryLayout<Scalar>.size * max(featureCount, 1)), 1)
    var features = Matrix<Scalar>(rows: featureCount, columns: indices.count)
    for start in stride(from: 0, to: indices.count, by: atOnce) {
      let places = start..<min(start + atOnce, indices.count)
      features[columns: places] = MatrixFiles.keep(in: nil) {
        holders.move(indices[places], to: nil, of: ownFeatures)
      }
    }
    return features
  }

  /// The samples at these indices, each held by the process that holds it now.
  package func kept(_ indices: [Int]) -> Samples {
    guard let holders else { return gathered(indices) }
    let own = indices.lazy.map { holders[$0] }.filter { $0.owner == holders.processes.rank }.map(\.place)
    return Samples(
      ownFeatures: ownFeatures.gathered(Array(own)), targets: targets.gathered(indices),
      weights: weights?.gathered(indices), holders.keeping(indices))
  }

  /// The bytes of features that a process gets at once from others, on average.
  package static var movedBytes: Int { 1 << 26 }

  /// Copies the samples at these indices to memory, in the order of the indices, for the steps of a part of an epoch.
  ///
  /// - Parameter takers: For each sample, the process that takes it, if several processes hold the samples. Each gets
  ///   only what it takes.
  /// - Returns: The samples, and the place of each index among them; 0 for what other processes take.
  package func copied(
    _ indices: ArraySlice<Int>, takers: @autoclosure () -> [Int]
  ) -> (samples: Samples, places: [Int]) {
    guard let holders else {
      let indices = Array(indices)
      return (copied(indices) { ownFeatures.copied(indices, inOrder: $0) }, Array(indices.indices))
    }
    let (takers, rank) = (takers(), holders.processes.rank)
    var own: [Int] = []
    let places = zip(indices, takers).map { index, taker in
      guard taker == rank else { return 0 }
      own.append(index)
      return own.count - 1
    }
    return (copied(own) { _ in holders.move(indices, to: takers, of: ownFeatures) }, places)
  }

  /// - Parameter features: Makes the features; gets the places of the indices in ascending order of these.
  private func copied(_ indices: [Int], features: (_ order: [Int]) -> Matrix<Scalar>) -> Samples {
    let order = indices.ascendingPlaces
    return Samples(
      features: features(order), targets: targets.copied(indices, inOrder: order), weights: nil,
      relativeWeights: relativeWeights?.copied(indices, inOrder: order), featureBound: featureBound,
      wholeCount: wholeCount)
  }

  private init(
    features: Matrix<Scalar>, targets: Matrix<Scalar>, weights: Matrix<Scalar>?, relativeWeights: Matrix<Scalar>?,
    featureBound: Double, wholeCount: Int
  ) {
    (ownFeatures, holders, self.targets, self.weights) = (features, nil, targets, weights)
    (self.relativeWeights, self.featureBound, self.wholeCount) = (relativeWeights, featureBound, wholeCount)
  }

  /// The same samples with other weights; nil if all are to count alike.
  package func weighted(by weights: Matrix<Scalar>?) -> Samples {
    Samples(ownFeatures: ownFeatures, targets: targets, weights: weights, holders)
  }

  /// These samples and then others, each counting alike. If several processes hold these samples, each adds its share
  /// of the others, which all have.
  ///
  /// - Precondition: Traps if the samples have different numbers of features or targets, and if other processes hold
  ///   some of the others.
  package func joined(with others: Samples) -> Samples {
    let added = others.features
    let own = holders.map { $0.processes.share(of: others.count, rank: $0.processes.rank) }
    return Samples(
      ownFeatures: ownFeatures.joined(with: own.map { added.gathered(Array($0)) } ?? added),
      targets: targets.joined(with: others.targets), weights: nil, holders?.adding(others.count))
  }

  /// The number of samples.
  public var count: Int { targets.columns }

  /// The indices of at most so many samples, evenly spread over all.
  package func spreadIndices(_ most: Int) -> [Int] {
    let chosen = min(count, most)
    return (0..<chosen).map { $0 * count / chosen }
  }

  /// The number of features of a sample.
  package var featureCount: Int { ownFeatures.rows }

  /// The largest magnitude in the features; NaN if one is NaN.
  package let featureBound: Double

  /// Joins features, targets and weights.
  ///
  /// - Precondition: Traps if features, targets and weights have different numbers of columns, if the weights have
  ///   other than one row, and on weights that are negative, not finite or all 0.
  public init(features: Matrix<Scalar>, targets: Matrix<Scalar>, weights: Matrix<Scalar>? = nil) {
    self.init(ownFeatures: features, targets: targets, weights: weights, nil)
  }

  /// Joins features of the samples that this process holds, and the targets and weights of all.
  package init(
    ownFeatures: Matrix<Scalar>, targets: Matrix<Scalar>, weights: Matrix<Scalar>?, _ holders: SampleHolders?
  ) {
    let counts = holders.map { ($0.count, $0.ownCount) } ?? (ownFeatures.columns, ownFeatures.columns)
    guard (targets.columns, ownFeatures.columns) == counts else {
      fail(
        "cannot join \(ownFeatures.shape) features and \(targets.shape) targets: they differ in the number of samples")
    }
    if let weights, weights.rows != 1 || weights.columns != targets.columns {
      fail("cannot weigh \(targets.columns) samples by \(weights.shape) weights: one row, a weight each, is needed")
    }
    (self.ownFeatures, self.holders, wholeCount) = (ownFeatures, holders, targets.columns)
    let bound = Double(ownFeatures.maxMagnitude())
    featureBound = holders?.processes.largest(bound) ?? bound
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

extension Matrix {
  /// These columns in memory, in the order of the indices.
  ///
  /// - Parameter order: The places of the indices in the order in which the columns are read. In ascending order of the
  ///   indices, a file is read from its beginning to its end.
  func copied(_ indices: [Int], inOrder order: [Int]) -> Matrix {
    var copy = MatrixFiles.keep(in: nil) { Matrix(rows: rows, columns: indices.count) }
    copy.withTile { copy in
      withReadOnlyTile { matrix in
        for place in order {
          copy[columns: place..<place + 1].copy(matrix[columns: indices[place]..<indices[place] + 1])
        }
      }
    }
    return copy
  }
}

extension [Int] {
  /// The places of the elements, in ascending order of the elements.
  var ascendingPlaces: [Int] { indices.sorted { self[$0] < self[$1] } }
}
