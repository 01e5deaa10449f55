import Datasets

extension Scaling {
  /// Which of the features `Float` does not hold well enough, so that a graph in single precision has to take or give them as double.
  package var featuresThatNeedDouble: [Int] { offsets.indices.filter(needsDouble) }

  /// Whether there is such a feature.
  var needsDouble: Bool { offsets.indices.contains(where: needsDouble) }

  private func needsDouble(_ feature: Int) -> Bool {
    guard method == .quantile else { return Self.needsDouble(offset: offsets[feature], factor: factors[feature]) }
    let values = quantiles[feature].values
    // A number that is in the data many times has to stay the same number.
    let isTied = zip(values, values.dropFirst()).contains { $0 == $1 && Double(Float($0)) != $0 }
    let width = Quantiles.quantile(values, 0.75) - Quantiles.quantile(values, 0.25)
    return isTied || Self.needsDouble(offset: Quantiles.quantile(values, 0.5), factor: width > 0 ? 1 / width : 1)
  }

  /// Whether `Float` rounds a feature by more than 10⁻⁵ of its spread, or cannot hold it.
  ///
  ///     2⁻²⁴ |offset| factor > 10⁻⁵
  ///
  /// That is a distance from 0 of more than 168 times the spread.
  static func needsDouble(offset: Double, factor: Double) -> Bool {
    let spread = 1 / factor
    // Some way within Float's range of normal numbers, since data are further out than one spread.
    let isInRange = spread > 1e-30 && spread + offset.magnitude < 1e35
    return !isInRange || 0x1p-24 * offset.magnitude * factor > 1e-5
  }
}
