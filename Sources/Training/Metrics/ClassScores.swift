/// How well the samples of one class are found, or the mean or sum of that over classes.
///
///     precision = TP / (TP + FP)      recall = TP / (TP + FN)      F₁ = 2 TP / (2 TP + FP + FN)
///
/// TP counts the samples of the class that were predicted as such, FP the others that were, FN those that were missed.
/// Where a denominator is 0 the score is 0: a class that is never predicted has precision 0, one that never occurs
/// recall 0.
public struct ClassScores: Sendable, Equatable {
  public let precision: Double
  public let recall: Double
  /// F₁, the harmonic mean of precision and recall.
  public let f1: Double
  /// The samples that are of the class.
  public let count: Int

  /// - Parameters:
  ///   - hits: The samples of the class that were predicted as such.
  ///   - predicted: All samples that were predicted as such.
  ///   - actual: All samples of the class.
  init(hits: Int, predicted: Int, actual: Int) {
    func share(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
    precision = share(hits, predicted)
    recall = share(hits, actual)
    f1 = share(2 * hits, predicted + actual)
    count = actual
  }

  /// The plain means of the scores, and the sum of the counts; all 0 if there are none.
  init(meanOf scores: [ClassScores]) {
    precision = mean(scores.map(\.precision)) ?? 0
    recall = mean(scores.map(\.recall)) ?? 0
    f1 = mean(scores.map(\.f1)) ?? 0
    count = scores.reduce(0) { $0 + $1.count }
  }
}

/// The mean; nil if there are no numbers.
func mean(_ numbers: [Double]) -> Double? {
  numbers.isEmpty ? nil : numbers.reduce(0, +) / Double(numbers.count)
}

/// The mean of numbers that may be missing; nil if one is, or there are none.
func mean(_ numbers: [Double?]) -> Double? {
  let known = numbers.compactMap(\.self)
  return known.count == numbers.count ? mean(known) : nil
}
