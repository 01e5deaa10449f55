import Tensor

/// How far predicted values are from the actual ones, over all outputs and samples and in their units.
public struct RegressionMetrics: Sendable, Equatable {
  /// The mean of (a − y)².
  public let meanSquaredError: Double
  /// The mean of |a − y|.
  public let meanAbsoluteError: Double
  /// R² = 1 − Σ (a − y)² / Σ (y − ȳ)², ȳ each output's mean; −∞ or NaN where the targets do not vary.
  public let determination: Double

  /// The root of the mean of (a − y)².
  public var rootMeanSquaredError: Double { meanSquaredError.squareRoot() }

  /// - Shapes: outputs and targets outputs × samples.
  /// - Precondition: Traps where the shapes differ.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init<Scalar>(outputs: Matrix<Scalar>, targets: Matrix<Scalar>) {
    guard outputs.rows == targets.rows, outputs.columns == targets.columns else {
      fail("cannot compare \(outputs.shape) outputs with \(targets.shape) targets")
    }
    let samples = Double(targets.columns)
    let predicted = outputs.elements.map { Double($0) }
    let actual = targets.elements.map { Double($0) }
    var squares = 0.0
    var magnitudes = 0.0
    for (a, y) in zip(predicted, actual) {
      squares += (a - y) * (a - y)
      magnitudes += abs(a - y)
    }
    var variation = 0.0
    for row in 0..<targets.rows {
      let values = stride(from: row, to: actual.count, by: targets.rows).map { actual[$0] }
      let mean = values.reduce(0, +) / samples
      variation += values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }
    meanSquaredError = squares / Double(actual.count)
    meanAbsoluteError = magnitudes / Double(actual.count)
    determination = 1 - squares / variation
  }
}
