import PerceptronDatasets
import PerceptronTraining
import Tensor
import Testing

@Test("Accuracy and confusion count what was worked by hand")
func classification() {
  // Actual 0, 1, 2, 2; predicted 0, 2, 2, 1.
  let targets: Matrix<Float> = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]]
  let outputs: Matrix<Float> = [[0.8, 0.1, 0.2, 0.3], [0.1, 0.2, 0.3, 0.4], [0.1, 0.7, 0.5, 0.3]]
  let metrics = ClassificationMetrics(outputs: outputs, targets: targets)
  #expect(metrics.confusion == [[1, 0, 0], [0, 0, 1], [0, 1, 1]])
  #expect(metrics.accuracy == 0.5)
  #expect(metrics.correctCount == 2 && metrics.sampleCount == 4)
}

@Test("A single output is a yes-or-no answer")
func binary() {
  let metrics = ClassificationMetrics(outputs: [[0.4, 0.5, 0.9]] as Matrix<Double>, targets: [[0, 0, 1]])
  #expect(metrics.confusion == [[1, 1], [0, 1]])
}

@Test("Regression errors are what was worked by hand")
func regression() {
  // Errors 1, −1, 2 from targets 1, 2, 6 (mean 3, variation 4 + 1 + 9 = 14): MSE 6/3, MAE 4/3, R² 1 − 6/14.
  let metrics = RegressionMetrics(outputs: [[2, 1, 8]] as Matrix<Double>, targets: [[1, 2, 6]])
  #expect(metrics.meanSquaredError == 2)
  #expect(abs(metrics.meanAbsoluteError - 4.0 / 3) < 1e-15)
  #expect(abs(metrics.rSquared - (1 - 6.0 / 14)) < 1e-15)
  #expect(metrics.rootMeanSquaredError == 2.0.squareRoot())
}

@Test("R² takes each output's own mean")
func severalOutputs() {
  // Both rows vary by 2 around their means, and each prediction is off by 1 once.
  let metrics = RegressionMetrics(
    outputs: [[1, 4], [101, 102]] as Matrix<Double>, targets: [[1, 3], [101, 103]])
  #expect(abs(metrics.rSquared - (1 - 2.0 / 4)) < 1e-15)
}

@Test("Errors of values far from 0, and of huge and tiny ones, are what was worked by hand")
func valuesFarFromZero() {
  // Errors ½, 0, 0, −1 from targets that differ by 1 and vary by 5 around their mean: MSE 1.25/4, MAE 1.5/4, R² 1 −
  // 1.25/5.
  for (unit, offset) in [(1.0, 1e14), (1, -2_460_000), (1e200, 0), (0x1p-1000, 0)] {
    let targets = [0, 1, 2, 3].map { $0 * unit + offset }
    let outputs = [0.5, 1, 2, 2].map { $0 * unit + offset }
    let metrics = RegressionMetrics(
      outputs: Matrix(rows: 1, columns: 4, columnMajor: outputs),
      targets: Matrix(rows: 1, columns: 4, columnMajor: targets))
    #expect(abs(metrics.rootMeanSquaredError / unit / 0.3125.squareRoot() - 1) < 1e-15)
    #expect(abs(metrics.meanAbsoluteError / unit / 0.375 - 1) < 1e-15)
    #expect(abs(metrics.rSquared - 0.75) < 1e-15)
    #expect(metrics.meanSquaredError == (unit == 1 ? 0.3125 : unit > 1 ? .infinity : 0))
  }
}

@Test("Errors of scaled outputs are in the units of the data, though Float holds no value of these")
func scaledErrors() {
  // Errors ½, 0, 0, −1 of scaled values: 4, 0, 0, −8 of the first output's, whose factor is ⅛, and 2·10³⁰⁰ times as
  // much of the second's. The first output's values are 10¹⁴ − 8, 10¹⁴, 10¹⁴ + 8 and 10¹⁴ + 16.
  let outputs: Matrix<Float> = [[-0.5, 0, 1, 1], [-0.5, 0, 1, 1]]
  let targets: Matrix<Float> = [[-1, 0, 1, 2], [-1, 0, 1, 2]]
  let scaling = Scaling(method: .standard, offsets: [1e14, 0], factors: [0.125, 0.5e-300])
  let metrics = RegressionMetrics.perOutput(outputs: outputs, targets: targets, scaledBy: scaling)
  let shares = 4 / (1e14 - 8) + 8 / (1e14 + 16)
  for (metrics, unit) in zip(metrics, [8, 2e300]) {
    #expect(abs(metrics.rootMeanSquaredError / unit / 0.3125.squareRoot() - 1) < 1e-15)
    #expect(abs(metrics.meanAbsoluteError / unit / 0.375 - 1) < 1e-15)
    #expect(metrics.rSquared == 0.75)
  }
  #expect(metrics[0].meanSquaredError == 20 && metrics[1].meanSquaredError == .infinity)
  #expect(abs(metrics[0].meanAbsolutePercentageError! / (shares / 4) - 1) < 1e-15)
  #expect(metrics.map(\.zeroTargetCount) == [0, 1])
}

@Test("A scaled target that was 0 counts as 0", arguments: [0.1, 1 / 3.0, 1e6])
func scaledZeros(offset: Double) {
  func zeros<Scalar: BLASScalar>(_: Scalar.Type) -> Int {
    let scaling = Scaling(method: .standard, offsets: [offset], factors: [0.7])
    var targets = Matrix<Scalar>(rows: 1, columns: 2)
    for (sample, value) in [0, offset / 1000].enumerated() { targets[0, sample] = Scalar((value - offset) * 0.7) }
    return RegressionMetrics.perOutput(outputs: targets, targets: targets, scaledBy: scaling)[0].zeroTargetCount
  }
  #expect(zeros(Float.self) == 1 && zeros(Double.self) == 1)
}

@Test("Errors of outputs that are scaled by quantiles are those of the values")
func quantileErrors() {
  // Φ⁻¹(½) is the median, and what is far below or above stands for the least and the largest: values 2, 1, 10 and
  // errors 0, 1, 8 from the targets 2, 2, 2.
  let scaling = Scaling([Quantiles([1, 2, 10])])
  let metrics = RegressionMetrics.perOutput(
    outputs: [[0, -9, 9]] as Matrix<Float>, targets: [[0, 0, 0]], scaledBy: scaling)
  #expect(metrics[0].meanAbsoluteError == 3 && abs(metrics[0].meanSquaredError - 65.0 / 3) < 1e-12)
}

@Test("Reliability and calibration error are what was worked by hand")
func reliability() throws {
  // Two classes; the probability of the predicted one, and whether it is right. Fewer than 15 samples have a bin each,
  // and the two at 0.6, one of which is right, count half each.
  let few = ProbabilityMetrics(
    outputs: [[0.9, 0.4, 0.2, 0.6], [0.1, 0.6, 0.8, 0.4]] as Matrix<Double>,
    targets: [[1, 0, 1, 0], [0, 1, 0, 1]])
  let bins = try #require(few.reliability).bins
  #expect(bins.map(\.probability) == [0.6, 0.6, 0.8, 0.9] && bins.map(\.accuracy) == [0.5, 0.5, 0, 1])
  #expect(abs(few.reliability!.calibrationError - (0.1 + 0.1 + 0.8 + 0.1) / 4) < 1e-15)

  // A yes-or-no answer of 0.2 is "no" with probability 0.8.
  let binary = ProbabilityMetrics(outputs: [[0.2, 0.7]] as Matrix<Double>, targets: [[0, 0]])
  #expect(binary.reliability?.bins.map(\.probability) == [0.7, 0.8])
  #expect(binary.reliability?.bins.map(\.accuracy) == [0, 1])

  // 32 samples in 15 bins: of 2 samples, and every 15th of 3.
  let values = (0..<32).map { 0.5 + Double($0) / 64 }
  let outputs = Matrix(rows: 2, columns: 32, columnMajor: values.flatMap { [$0, 1 - $0] })
  let right = (0..<32).map { $0 % 4 != 0 }
  let targets = Matrix(rows: 2, columns: 32, columnMajor: right.flatMap { $0 ? [1.0, 0] : [0.0, 1] })
  let many = try #require(ProbabilityMetrics(outputs: outputs, targets: targets).reliability)
  #expect(many.bins.map(\.count) == [2, 2, 2, 2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 2, 3])
  let starts = [0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 32]
  var error = 0.0
  for bin in 0..<15 {
    let places = starts[bin]..<starts[bin + 1]
    error += abs(places.reduce(0) { $0 + values[$1] - (right[$1] ? 1 : 0) }) / 32
  }
  #expect(abs(many.calibrationError - error) < 1e-15)

  // Outputs that are not probabilities have none, and labels have their mean.
  #expect(ProbabilityMetrics(outputs: [[2, 3]] as Matrix<Double>, targets: [[0, 1]]).reliability == nil)
  let labels = MultiLabelMetrics(outputs: [[0.2, 0.7], [0.9, 0.8]] as Matrix<Double>, targets: [[0, 1], [1, 0]])
  #expect(abs(labels.labels[1].calibrationError! - 0.45) < 1e-15 && abs(labels.macro.calibrationError! - 0.35) < 1e-15)
}
