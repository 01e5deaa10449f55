import PerceptronDatasets
import Tensor

/// Compares predicted values a with the actual values y, in their units, for one output or as the mean over several.
public struct RegressionMetrics: Sendable, Equatable {
  /// The mean of (a − y)².
  public let meanSquaredError: Double
  /// The root of the mean of (a − y)²; for several outputs, the mean of their roots.
  public let rootMeanSquaredError: Double
  /// The mean of |a − y|.
  public let meanAbsoluteError: Double
  /// R² = 1 − Σ (a − y)² / Σ (y − ȳ)², where ȳ is the mean of y; −∞ or NaN if the targets do not vary.
  public let rSquared: Double
  /// The mean of |a − y| / |y| over the targets that are not 0, as a fraction, not in percent; nil if an output has no
  /// such targets.
  public let meanAbsolutePercentageError: Double?
  /// The number of targets that are 0 and therefore not in ``meanAbsolutePercentageError``; for several outputs, the
  /// sum.
  public let zeroTargetCount: Int

  /// Takes the means of the outputs' metrics. Each output has the same weight.
  ///
  /// - Shapes: outputs and targets outputs × samples.
  /// - Precondition: Traps if the shapes differ, or there are no rows.
  public init<Scalar>(outputs: Matrix<Scalar>, targets: Matrix<Scalar>) {
    self.init(meanOf: Self.perOutput(outputs: outputs, targets: targets))
  }

  /// The metrics of each output.
  ///
  /// - Shapes: outputs and targets outputs × samples.
  /// - Precondition: Traps if the shapes differ, or there are no rows.
  public static func perOutput<Scalar>(outputs: Matrix<Scalar>, targets: Matrix<Scalar>) -> [RegressionMetrics] {
    perOutput(outputs: outputs, targets: targets, .unscaled(targets.rows), rounding: 0)
  }

  /// The metrics of each output in the units of the data, from a network's outputs and targets. Both are scaled as in
  /// training. Outputs beyond the limits of the scaling count as these limits.
  ///
  ///     a − y = (a' − y') / factor
  ///
  /// Errors are differences of the scaled numbers, which keep their digits in `Float` however far the data are from 0.
  /// A target that was 0 before scaling counts as 0, although scaling leaves a rounding error of the offset.
  ///
  /// - Shapes: outputs and targets outputs × samples.
  /// - Precondition: Traps if the shapes differ, or there are no rows.
  package static func perOutput<Scalar>(
    outputs: Matrix<Scalar>, targets: Matrix<Scalar>, scaledBy scaling: Scaling
  ) -> [RegressionMetrics] {
    guard scaling.method == .quantile else {
      return perOutput(outputs: outputs, targets: targets, scaling, rounding: 2 * Double(Scalar.ulpOfOne))
    }
    // A map that is not affine has no single factor for errors.
    func values(_ scaled: Matrix<Scalar>, areLimited: Bool) -> Matrix<Double> {
      var values = Matrix<Double>(rows: scaled.rows, columns: scaled.columns)
      values.withTile { values in
        scaled.withReadOnlyTile { scaling.invert($0, into: values) }
        if areLimited { scaling.limit(values) }
      }
      return values
    }
    return perOutput(outputs: values(outputs, areLimited: true), targets: values(targets, areLimited: false))
  }

  /// - Parameter rounding: The rounding error of a target that was 0, as a share of its offset.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private static func perOutput<Scalar>(
    outputs: Matrix<Scalar>, targets: Matrix<Scalar>, _ scaling: Scaling, rounding: Double
  ) -> [RegressionMetrics] {
    checkComparable(outputs, targets)
    let (rows, samples) = (targets.rows, targets.columns)
    return outputs.withSpan { outputs in
      targets.withSpan { targets in
        (0..<rows).map { row in
          let (factor, offset) = (scaling.factors[row], scaling.offsets[row])
          let limits = scaling.scaledLimits(ofFeature: row) ?? -.infinity ... .infinity
          return RegressionMetrics(
            predicted: (0..<samples).map { limited(Double(outputs[row + $0 * rows]), to: limits) },
            actual: (0..<samples).map { Double(targets[row + $0 * rows]) },
            factor: factor, offset: offset, zero: rounding * offset.magnitude)
        }
      }
    }
  }

  /// - Parameters:
  ///   - predicted: a' = (a − offset) · factor.
  ///   - actual: y' = (y − offset) · factor.
  ///   - zero: The largest magnitude of y that counts as 0.
  private init(predicted: [Double], actual: [Double], factor: Double, offset: Double, zero: Double) {
    let samples = Double(actual.count)
    // The targets are taken relative to the first of them, since a sum of numbers far from 0 would round their
    // differences away. The errors and targets are divided by powers of two, which changes no digit, so that squares
    // stay in range.
    let first = actual.first ?? 0
    let errorUnit = Scaling.powerOfTwo(below: zip(predicted, actual).reduce(0) { max($0, abs($1.0 - $1.1)) })
    let unit = Scaling.powerOfTwo(below: actual.reduce(0) { max($0, abs($1 - first)) })
    let average = actual.reduce(0) { $0 + ($1 - first) / unit } / samples
    var (squares, magnitudes, variation, shares) = (0.0, 0.0, 0.0, 0.0)
    var zeros = 0
    for (a, y) in zip(predicted, actual) {
      let (error, deviation) = ((a - y) / errorUnit, (y - first) / unit - average)
      squares += error * error
      magnitudes += abs(error)
      variation += deviation * deviation
      let value = y / factor + offset
      if value.magnitude <= zero { zeros += 1 } else { shares += abs((a - y) / factor / value) }
    }
    rootMeanSquaredError = (squares / samples).squareRoot() * errorUnit / factor
    meanSquaredError = squares / samples * (errorUnit / factor) * (errorUnit / factor)
    meanAbsoluteError = magnitudes / samples * errorUnit / factor
    rSquared = 1 - squares / variation * (errorUnit / unit) * (errorUnit / unit)
    meanAbsolutePercentageError = zeros < actual.count ? shares / Double(actual.count - zeros) : nil
    zeroTargetCount = zeros
  }

  /// The means of the metrics of outputs; NaN if there are none.
  package init(meanOf outputs: [RegressionMetrics]) {
    func average(_ figure: (RegressionMetrics) -> Double) -> Double { mean(outputs.map(figure)) ?? .nan }
    meanSquaredError = average(\.meanSquaredError)
    rootMeanSquaredError = average(\.rootMeanSquaredError)
    meanAbsoluteError = average(\.meanAbsoluteError)
    rSquared = average(\.rSquared)
    meanAbsolutePercentageError = mean(outputs.map(\.meanAbsolutePercentageError))
    zeroTargetCount = outputs.reduce(0) { $0 + $1.zeroTargetCount }
  }
}
