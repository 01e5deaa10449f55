import Tensor
import Testing
import Training

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
  #expect(abs(metrics.determination - (1 - 6.0 / 14)) < 1e-15)
  #expect(metrics.rootMeanSquaredError == 2.0.squareRoot())
}

@Test("R² takes each output's own mean")
func severalOutputs() {
  // Both rows vary by 2 around their means, and each prediction is off by 1 once.
  let metrics = RegressionMetrics(
    outputs: [[1, 4], [101, 102]] as Matrix<Double>, targets: [[1, 3], [101, 103]])
  #expect(abs(metrics.determination - (1 - 2.0 / 4)) < 1e-15)
}
