import PerceptronDatasets
import PerceptronLayers
import Tensor

/// Finds the bins of numbers, as `rtdl_num_embeddings` does (Gorishniy, Rubachev and Babenko 2022).
///
/// The weights of the samples are not considered.
package struct BinFit<Scalar: BLASScalar> {
  private let features, targets: Matrix<Scalar>
  /// The samples that are used, evenly spread, and the columns of their features.
  private let chosen, columns: [Int]
  /// The most bins.
  private let count: Int
  /// Whether the bins are those of a tree that predicts the targets.
  private let usesTargets: Bool

  /// - Precondition: Traps if there are no samples or the count is below 1.
  package init(_ samples: Samples<Scalar>, count: Int, usesTargets: Bool) {
    guard samples.count > 0, count > 0 else { fail("cannot find \(count) bins in \(samples.count) samples") }
    self.count = count
    self.usesTargets = usesTargets
    // Each split of a tree looks at all outputs.
    chosen = samples.spreadIndices(min(1 << 16, max(1 << 22 / samples.targets.rows, 1 << 10)))
    targets = samples.targets
    (features, columns) =
      samples.holders == nil
      ? (samples.ownFeatures, chosen) : (samples.features(of: chosen), Array(chosen.indices))
  }

  /// The edges of a feature's bins, in increasing order; a single one, or none, if the feature is constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func edges(ofFeature feature: Int) -> [Double] {
    let order = zip(chosen, columns).map { (value: Double(features[feature, $1]), sample: $0) }
      .sorted { ($0.value, $0.sample) < ($1.value, $1.sample) }
    let values = order.map(\.value)
    let edges =
      usesTargets
      ? [values[0]] + thresholds(values, order.map(\.sample)).sorted() + [values[values.count - 1]]
      : (0...count).map { Quantiles.quantile(values, Double($0) / Double(count)) }
    return edges.reduce(into: []) { kept, edge in
      if kept.last.map({ Embedding.isBin($0, edge) }) ?? true { kept.append(edge) }
    }
  }

  // MARK: The tree

  /// A range of samples in the order of their values, and the best place to split it.
  private struct Leaf {
    let range: Range<Int>
    /// The first sample of the right part; nil if no split is allowed.
    let place: Int?
    /// By how much the split lowers the sum of the squared deviations from the parts' means.
    let gain: Double
  }

  /// The thresholds of a regression tree (Breiman et al. 1984) of one feature, grown leaf by leaf where the gain is
  /// largest. For classes, whose targets are 0 or 1, the squared deviations are Gini's impurity.
  private func thresholds(_ values: [Double], _ order: [Int]) -> [Double] {
    // As by default there, but fewer samples are enough in a leaf if there are few.
    let leastSamples = min(64, 1 + values.count / 64)
    let leastGain = 1e-4 * Double(values.count)
    var thresholds: [Double] = []
    var leaves = [leaf(0..<values.count, values, order, leastSamples)]
    while leaves.count < count {
      let best = leaves.indices.max { leaves[$0].gain < leaves[$1].gain }!
      guard let place = leaves[best].place, leaves[best].gain >= leastGain else { break }
      let range = leaves[best].range
      thresholds.append(values[place - 1] / 2 + values[place] / 2)
      leaves[best] = leaf(range.lowerBound..<place, values, order, leastSamples)
      leaves.append(leaf(place..<range.upperBound, values, order, leastSamples))
    }
    return thresholds
  }

  private func leaf(_ range: Range<Int>, _ values: [Double], _ order: [Int], _ leastSamples: Int) -> Leaf {
    let rows = targets.rows
    return targets.withSpan { targets in
      // The sums of the targets on the left and on the right, and the sums of their squares.
      var (left, right) = ([Double](repeating: 0, count: rows), [Double](repeating: 0, count: rows))
      for place in range {
        for row in 0..<rows { right[row] += Double(targets[order[place] * rows + row]) }
      }
      var (ofLeft, ofRight) = (0.0, right.reduce(0) { $0 + $1 * $1 })
      let whole = ofRight / Double(range.count)
      var (best, gain) = (Int?.none, 0.0)
      for place in range.dropFirst() {
        for row in 0..<rows {
          let target = Double(targets[order[place - 1] * rows + row])
          guard target != 0 else { continue }
          ofLeft += (2 * left[row] + target) * target
          ofRight -= (2 * right[row] - target) * target
          left[row] += target
          right[row] -= target
        }
        let (before, behind) = (place - range.lowerBound, range.upperBound - place)
        guard before >= leastSamples, behind >= leastSamples, values[place - 1] < values[place] else { continue }
        let found = ofLeft / Double(before) + ofRight / Double(behind) - whole
        if found > gain { (best, gain) = (place, found) }
      }
      return Leaf(range: range, place: best, gain: gain)
    }
  }
}
