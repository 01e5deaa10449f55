/// The precision, recall and F₁ of one class, or their mean or sum over classes.
///
///     precision = TP / (TP + FP)      recall = TP / (TP + FN)      F₁ = 2 TP / (2 TP + FP + FN)
///
/// TP counts the samples of the class that were predicted as that class, FP the other samples that were predicted as
/// it, and FN the samples of the class that were missed. If a denominator is 0, the score is 0: a class that is never
/// predicted has precision 0, and a class that never occurs has recall 0.
public struct ClassScores: Sendable, Equatable {
  /// The share of the samples predicted as this class that are of it; 0 if there is none.
  public let precision: Double
  /// The share of the samples of this class that are predicted as it; 0 if there is none.
  public let recall: Double
  /// F₁, the harmonic mean of precision and recall.
  public let f1: Double
  /// The number of samples of the class.
  public let count: Int

  /// - Parameters:
  ///   - hits: The number of samples of the class that were predicted as that class.
  ///   - predicted: The number of all samples that were predicted as that class.
  ///   - actual: The number of all samples of the class.
  init(hits: Int, predicted: Int, actual: Int) {
    func share(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
    precision = share(hits, predicted)
    recall = share(hits, actual)
    f1 = share(2 * hits, predicted + actual)
    count = actual
  }

  /// Takes the plain means of the scores and the sum of the counts; all are 0 if there are no scores.
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

/// The mean of numbers that may be missing; nil if one is missing, or there are none.
func mean(_ numbers: [Double?]) -> Double? {
  let known = numbers.compactMap(\.self)
  return known.count == numbers.count ? mean(known) : nil
}
