import Tensor

/// The quality of a classifier's probabilities, beyond which class has the largest.
public struct ProbabilityMetrics: Sendable, Equatable {
  /// −Σ log p / samples, where p is the probability of each sample's class. p is kept at least the precision's ε away
  /// from 0 and 1, so that one sample cannot make the result infinite. Nil without samples, and if the outputs are not
  /// probabilities: an output is not in 0 … 1, or the outputs of a sample do not add up to 1 within √ε.
  public let logLoss: Double?

  /// The area under the curve of the true positive rate over the false positive rate. It is the probability that a
  /// sample of the class has a greater output than a sample of another class; equal outputs count half.
  ///
  ///     AUC = (Σ ranks of the class's samples − n₁ (n₁ + 1) / 2) / (n₁ n₀)
  ///     equal outputs share the mean of their ranks
  ///
  /// With two classes or a single row, this is the area of the second class. With more classes, it is the mean over the
  /// classes, each against the rest. Nil if a class has no samples or all of them, and if an output is NaN. Source:
  /// Hanley and McNeil 1982.
  public let rocAUC: Double?

  /// How far the probability of each sample's most probable class agrees with how often that class is right. Nil under
  /// the same conditions as ``logLoss``.
  public let reliability: Reliability?

  /// `rankCounts[r]` is the number of samples for which r classes come before the correct one.
  private let rankCounts: [Int]

  /// Compares outputs with targets.
  ///
  /// - Shapes: outputs and targets classes × samples, or 1 × samples with a yes-or-no answer each. The class of a
  ///   sample is the row of its target's largest element.
  /// - Precondition: Traps if the shapes differ, or there are no rows.
  /// - Complexity: A sort of the samples, and one for each class.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init<Scalar>(outputs: Matrix<Scalar>, targets: Matrix<Scalar>) {
    checkComparable(outputs, targets)
    let actual = targets.predictedClasses()
    let rows = outputs.rows
    let classes = max(rows, 2)
    let values = outputs.elements
    var rankCounts = [Int](repeating: 0, count: classes)
    var logs = 0.0
    var areProbabilities = !actual.isEmpty
    var predictions: [Reliability.Prediction] = []
    predictions.reserveCapacity(actual.count)
    let tolerance = Double(Scalar.ulpOfOne)
    for (sample, label) in actual.enumerated() {
      func output(_ label: Int) -> Scalar {
        rows > 1 ? values[sample * rows + label] : label == 1 ? values[sample] : 1 - values[sample]
      }
      let own = output(label)
      var rank = 0
      var (sum, largest) = (0.0, 0.0)
      for other in 0..<classes {
        let value = output(other)
        // As in the prediction, the first of equal outputs comes first, and NaN last.
        if value > own || value == own && other < label || own.isNaN && !value.isNaN { rank += 1 }
        if !(value >= 0 && value <= 1) { areProbabilities = false }
        sum += Double(value)
        largest = max(largest, Double(value))
      }
      if rows == 1 { rank = (values[sample] >= 0.5) == (label == 1) ? 0 : 1 }
      rankCounts[rank] += 1
      predictions.append((largest, rank == 0 ? 1 : 0))
      if abs(sum - 1) > tolerance.squareRoot() { areProbabilities = false }
      logs += portableLogarithm(min(max(Double(own), tolerance), 1 - tolerance))
    }
    self.rankCounts = rankCounts
    logLoss = areProbabilities ? -logs / Double(actual.count) : nil
    reliability = areProbabilities ? Reliability(predictions) : nil
    let judged = classes == 2 ? 1..<2 : 0..<classes
    rocAUC = mean(
      judged.map { label in
        Self.area(stride(from: min(label, rows - 1), to: values.count, by: rows).map { values[$0] }, actual, label)
      })
  }

  /// The share of samples whose class is among the k with the largest outputs; NaN without samples.
  /// - Precondition: Traps if k is below 1.
  public func topKAccuracy(_ k: Int) -> Double {
    guard k >= 1 else { fail("cannot take the accuracy of the top \(k) classes: at least 1 is needed") }
    return Double(rankCounts.prefix(k).reduce(0, +)) / Double(rankCounts.reduce(0, +))
  }

  /// The area for the samples of one class.
  private static func area<Scalar: BLASScalar>(_ outputs: [Scalar], _ actual: [Int], _ label: Int) -> Double? {
    let positives = actual.reduce(0) { $0 + ($1 == label ? 1 : 0) }
    let negatives = actual.count - positives
    guard positives > 0, negatives > 0, !outputs.contains(where: \.isNaN) else { return nil }
    let order = outputs.indices.sorted { outputs[$0] < outputs[$1] }
    var rankSum = 0.0
    var start = 0
    while start < order.count {
      var end = start
      var hits = 0
      while end < order.count && outputs[order[end]] == outputs[order[start]] {
        if actual[order[end]] == label { hits += 1 }
        end += 1
      }
      // Ranks count from 1, so those of start ..< end have the mean (start + 1 + end) / 2.
      rankSum += Double(hits) * Double(start + 1 + end) / 2
      start = end
    }
    let (n1, n0) = (Double(positives), Double(negatives))
    return (rankSum - n1 * (n1 + 1) / 2) / (n1 * n0)
  }
}
