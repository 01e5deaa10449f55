import Tensor

/// Compares predicted quantiles a of one level τ with the actual values y.
public struct QuantileMetrics: Sendable, Equatable {
  /// The level τ.
  public let level: Double
  /// The mean of τ (y − a) if y ≥ a, else (1 − τ) (a − y), in the units of the values (the pinball loss).
  public let loss: Double
  /// The share of the values with y ≤ a. For a good model it is near the level.
  public let coverage: Double

  /// The metrics of each level of each target.
  ///
  /// - Parameters:
  ///   - answers: For each target a row for each level, as a model answers for quantiles.
  ///   - values: A row for each target.
  /// - Shapes: answers (targets · levels) × samples, values targets × samples.
  /// - Precondition: Traps if the shapes do not match the levels.
  public static func perOutput(answers: Matrix<Double>, values: Matrix<Double>, levels: [Double]) -> [QuantileMetrics] {
    guard answers.rows == values.rows * levels.count, answers.columns == values.columns else {
      fail("cannot compare \(answers.shape) quantiles of \(levels.count) levels with \(values.shape) values")
    }
    let samples = Double(values.columns)
    return (0..<answers.rows).map { row in
      let (level, target) = (levels[row % levels.count], row / levels.count)
      var (sum, count) = (0.0, 0)
      for sample in 0..<values.columns {
        let difference = values[target, sample] - answers[row, sample]
        sum += difference >= 0 ? level * difference : (level - 1) * difference
        if difference <= 0 { count += 1 }
      }
      return QuantileMetrics(level: level, loss: sum / samples, coverage: Double(count) / samples)
    }
  }
}
