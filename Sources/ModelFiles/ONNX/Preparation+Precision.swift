import PerceptronDatasets

// Finds the numbers that float32 cannot represent well enough. The graph of a model in Float must have them as double.

extension Preparation {
  /// The columns of numbers or dates that need double in a graph.
  var inputsThatNeedDouble: [String] {
    // A number that marks a missing value must not change by rounding.
    let hasInexactMissing = missing.numbers.contains { Double(Float($0)) != $0 }
    return encoders.filter { encoder in
      encoder.scales.contains { hasInexactMissing || $0.needsDouble }
    }.map(\.column.name)
  }

  /// The targets that need double in a graph.
  var targetsThatNeedDouble: [String] {
    guard let (columns, scaling) = outputs.targets else { return [] }
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
    // A number that occurs many times in the data must not change by rounding.
    let isTied = zip(values, values.dropFirst()).contains { $0 == $1 && Double(Float($0)) != $0 }
    let width = Quantiles.quantile(values, 0.75) - Quantiles.quantile(values, 0.25)
    return isTied || Self.needsDouble(offset: Quantiles.quantile(values, 0.5), factor: width > 0 ? 1 / width : 1)
  }

  /// Whether `Float` rounds a number by more than 10⁻⁵ of its spread, or cannot represent it.
  ///
  ///     2⁻²⁴ |offset| factor > 10⁻⁵
  ///
  /// This holds for a distance from 0 of more than 168 times the spread.
  fileprivate static func needsDouble(offset: Double, factor: Double) -> Bool {
    let spread = 1 / factor
    // The limits are well within Float's range of normal numbers, because data can be further out than one spread.
    let isInRange = spread > 1e-30 && spread + offset.magnitude < 1e35
    return !isInRange || 0x1p-24 * offset.magnitude * factor > 1e-5
  }
}
