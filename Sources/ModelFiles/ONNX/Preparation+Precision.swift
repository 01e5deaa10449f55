import PerceptronDatasets

// Which numbers float32 does not hold well enough, so that the graph of a model in Float has to take or give them as
// double.

extension Preparation {
  /// The columns of numbers, or of dates, that need double in a graph.
  var inputsThatNeedDouble: [String] {
    // A number that stands for a missing one has to stay the same number.
    let hasInexactMissing = missing.numbers.contains { Double(Float($0)) != $0 }
    return encoders.filter { encoder in
      encoder.scales.contains { hasInexactMissing || $0.needsDouble }
    }.map(\.column.name)
  }

  /// The targets that need double in a graph.
  var targetsThatNeedDouble: [String] {
    guard case .values(let columns, let scaling) = outputs else { return [] }
    return columns.indices.filter {
      FeatureScale.needsDouble(offset: scaling.offsets[$0], factor: scaling.factors[$0])
    }.map { columns[$0] }
  }
}

extension FeatureScale {
  fileprivate var needsDouble: Bool {
    // A feature without influence may be rounded.
    guard let values = quantiles?.values else { return factor != 0 && Self.needsDouble(offset: offset, factor: factor) }
    if values[0] == values[values.count - 1] { return false }
    // A number that the data hold many times has to stay the same number.
    let isTied = zip(values, values.dropFirst()).contains { $0 == $1 && Double(Float($0)) != $0 }
    let width = Quantiles.quantile(values, 0.75) - Quantiles.quantile(values, 0.25)
    return isTied || Self.needsDouble(offset: Quantiles.quantile(values, 0.5), factor: width > 0 ? 1 / width : 1)
  }

  /// Whether `Float` rounds a number by more than 10⁻⁵ of its spread, or cannot hold it.
  ///
  ///     2⁻²⁴ |offset| factor > 10⁻⁵
  ///
  /// That is a distance from 0 of more than 168 times the spread.
  fileprivate static func needsDouble(offset: Double, factor: Double) -> Bool {
    let spread = 1 / factor
    // Some way within Float's range of normal numbers, since data are further out than one spread.
    let isInRange = spread > 1e-30 && spread + offset.magnitude < 1e35
    return !isInRange || 0x1p-24 * offset.magnitude * factor > 1e-5
  }
}
