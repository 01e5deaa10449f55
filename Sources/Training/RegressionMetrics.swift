import Tensor

/// How far predicted values a are from the actual ones y, in their units: for one output, or as the mean over several.
public struct RegressionMetrics: Sendable, Equatable {
  /// The mean of (a − y)².
  public let meanSquaredError: Double
  /// The root of the mean of (a − y)²; of several outputs the mean of their roots.
  public let rootMeanSquaredError: Double
  /// The mean of |a − y|.
  public let meanAbsoluteError: Double
  /// R² = 1 − Σ (a − y)² / Σ (y − ȳ)², ȳ the mean of y; −∞ or NaN where the targets do not vary.
  public let determination: Double
  /// The mean of |a − y| / |y| over the targets that are not 0, as a share, not in hundredths; nil where an output has none.
  public let meanAbsolutePercentageError: Double?
  /// How many targets are 0 and therefore not in ``meanAbsolutePercentageError``; of several outputs the sum.
  public let zeroTargetCount: Int

  /// The means of the outputs' figures, each output counting as much as any other.
  ///
  /// - Shapes: outputs and targets outputs × samples.
  /// - Precondition: Traps where the shapes differ, or there are no rows.
  public init<Scalar>(outputs: Matrix<Scalar>, targets: Matrix<Scalar>) {
    self.init(meanOf: Self.perOutput(outputs: outputs, targets: targets))
  }

  /// The figures of each output.
  ///
  /// - Shapes: outputs and targets outputs × samples.
  /// - Precondition: Traps where the shapes differ, or there are no rows.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func perOutput<Scalar>(outputs: Matrix<Scalar>, targets: Matrix<Scalar>) -> [RegressionMetrics] {
    checkComparable(outputs, targets)
    let predicted = outputs.elements.map { Double($0) }
    let actual = targets.elements.map { Double($0) }
    return (0..<targets.rows).map { row in
      let indices = stride(from: row, to: actual.count, by: targets.rows)
      return RegressionMetrics(indices.map { predicted[$0] }, indices.map { actual[$0] })
    }
  }

  private init(_ predicted: [Double], _ actual: [Double]) {
    let samples = Double(actual.count)
    let average = actual.reduce(0, +) / samples
    var (squares, magnitudes, variation, shares) = (0.0, 0.0, 0.0, 0.0)
    var zeros = 0
    for (a, y) in zip(predicted, actual) {
      squares += (a - y) * (a - y)
      magnitudes += abs(a - y)
      variation += (y - average) * (y - average)
      if y == 0 { zeros += 1 } else { shares += abs((a - y) / y) }
    }
    meanSquaredError = squares / samples
    rootMeanSquaredError = meanSquaredError.squareRoot()
    meanAbsoluteError = magnitudes / samples
    determination = 1 - squares / variation
    meanAbsolutePercentageError = zeros < actual.count ? shares / Double(actual.count - zeros) : nil
    zeroTargetCount = zeros
  }

  /// The means of the figures of outputs; NaN where there are none.
  public init(meanOf outputs: [RegressionMetrics]) {
    func average(_ figure: (RegressionMetrics) -> Double) -> Double { mean(outputs.map(figure)) ?? .nan }
    meanSquaredError = average(\.meanSquaredError)
    rootMeanSquaredError = average(\.rootMeanSquaredError)
    meanAbsoluteError = average(\.meanAbsoluteError)
    determination = average(\.determination)
    meanAbsolutePercentageError = mean(outputs.map(\.meanAbsolutePercentageError))
    zeroTargetCount = outputs.reduce(0) { $0 + $1.zeroTargetCount }
  }
}
