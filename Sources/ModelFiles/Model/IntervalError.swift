/// The reason why there are no prediction intervals.
public enum IntervalError: Error, Equatable, CustomStringConvertible {
  /// The model predicts classes or labels, not values.
  case notValues
  /// The level needs more samples.
  case tooFewSamples(found: Int, needed: Int)
  /// The model predicts quantiles, but neither the two that the level needs nor the median.
  case noFittingQuantiles(level: Double, levels: [Double])
  /// An answer or a target is not finite.
  case notFinite

  public var description: String {
    switch self {
    case .notValues: "intervals are for predicted numbers; this model predicts classes"
    case .tooFewSamples(let found, let needed):
      "found \(found) validation samples, expected \(needed) or more for this level; add validation samples or choose a"
        + " lower level"
    case .noFittingQuantiles(let level, let levels):
      "found the quantiles \(levels.map { "\($0)" }.joined(separator: ",")), expected \(Self.rounded((1 - level) / 2))"
        + " and \(Self.rounded((1 + level) / 2)), or 0.5, among them"
    case .notFinite: "an answer for a validation sample is not finite"
    }
  }

  /// A level without the rounding errors of its computation.
  private static func rounded(_ level: Double) -> Double { (level * 1e9).rounded() / 1e9 }
}
