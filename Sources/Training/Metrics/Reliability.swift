/// How far the probabilities that a classifier gives its answers agree with how often the answers are right: the
/// reliability curve and the expected calibration error.
///
/// A sample's probability p is that of its most probable class, and the sample is right if that class is the true one.
/// The samples, sorted by p, are divided into B = 15 bins of equal size, or into one for each sample if there are fewer
/// than 15: bin b holds the places ⌊b n / B⌋ ..< ⌊(b + 1) n / B⌋. Samples with the same p each count as right to the
/// share of them that is right, so that their order does not matter.
///
///     ECE = Σ_b n_b / n · |accuracy_b − mean p_b|
///
/// Sources: Naeini, Cooper and Hauskrecht 2015 for the error; Nguyen and O'Connor 2015 and Roelofs et al. 2022 for bins
/// of equal size, which estimate it better than bins of equal width.
public struct Reliability: Sendable, Equatable {
  /// Samples whose probabilities are neighbours.
  public struct Bin: Sendable, Equatable, Encodable {
    /// The mean of the samples' p.
    public let probability: Double
    /// The share of the samples that is right.
    public let accuracy: Double
    /// The number of samples.
    public let count: Int
  }

  /// The points of the reliability curve, in the order of their probabilities.
  public let bins: [Bin]

  /// The expected calibration error.
  public var calibrationError: Double {
    let count = bins.reduce(0) { $0 + $1.count }
    return bins.reduce(0) { $0 + Double($1.count) * abs($1.accuracy - $1.probability) } / Double(count)
  }

  /// A sample's p, and 1 if the sample is right, or else 0.
  typealias Prediction = (probability: Double, hits: Double)

  /// - Parameter predictions: At least one; no probability is NaN.
  init(_ predictions: [Prediction]) {
    var sorted = predictions.sorted { $0.probability < $1.probability }
    var start = 0
    while start < sorted.count {
      var (end, hits) = (start, 0.0)
      while end < sorted.count, sorted[end].probability == sorted[start].probability {
        hits += sorted[end].hits
        end += 1
      }
      for place in start..<end { sorted[place].hits = hits / Double(end - start) }
      start = end
    }
    let count = min(15, sorted.count)
    bins = (0..<count).map { bin in
      let places = sorted[bin * sorted.count / count..<(bin + 1) * sorted.count / count]
      let size = Double(places.count)
      return Bin(
        probability: places.reduce(0) { $0 + $1.probability } / size,
        accuracy: places.reduce(0) { $0 + $1.hits } / size, count: places.count)
    }
  }
}
