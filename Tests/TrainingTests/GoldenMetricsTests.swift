import PerceptronTraining
import Tensor
import Testing

// The constants are scikit-learn 1.9's:
//
//   y = np.array([0, 1, 2, 2, 1, 0, 0, 2, 1, 0]); p = np.array([[.7, .2, .1], …]); guess = p.argmax(1)
//   precision_recall_fscore_support(y, guess, average=…); log_loss(y, p); roc_auc_score(y, p, multi_class="ovr")
//   top_k_accuracy_score(y, p, k=2); log_loss(y == 2, p[:, 2]); roc_auc_score(y == 2, p[:, 2])
//
//   t = np.array([[1, 0, -2, 4, 3], …]).T; a = np.array([[1.5, .25, -2, 3, 2], …]).T mean_squared_error,
//   root_mean_squared_error, mean_absolute_error, r2_score(t, a, multioutput="raw_values" or "uniform_average")
//   mean_absolute_percentage_error(t[t[:, i] != 0, i], a[t[:, i] != 0, i])
//
//   y = np.array([[1, 0, 1, 1, 0, 0], …]).T; p = np.array([[.9, .6, .7, .4, .2, .4], …]).T; guess = (p >=
//   .5).astype(int) precision_recall_fscore_support(y, guess, average=…); accuracy_score(y[:, i], guess[:, i]);
//   accuracy_score(y, guess) log_loss(y[:, i], p[:, i]); roc_auc_score(y, p, average=…)

private let labels = [0, 1, 2, 2, 1, 0, 0, 2, 1, 0]
private let probabilities = Matrix<Double>(
  rows: 3, columns: 10,
  columnMajor: [
    0.7, 0.2, 0.1, 0.3, 0.4, 0.3, 0.1, 0.2, 0.7, 0.2, 0.5, 0.3, 0.1, 0.8, 0.1, 0.4, 0.4, 0.2, 0.6, 0.3, 0.1, 0.2, 0.2,
    0.6, 0.5, 0.3, 0.2, 0.1, 0.3, 0.6,
  ])

private func oneHotTargets(_ labels: [Int], classes: Int) -> Matrix<Double> {
  var targets = Matrix<Double>(rows: classes, columns: labels.count)
  for (sample, label) in labels.enumerated() { targets[label, sample] = 1 }
  return targets
}

private func isClose(_ a: Double?, _ b: Double) -> Bool { a.map { abs($0 - b) <= 1e-14 } ?? false }

private func areClose(_ scores: ClassScores, _ precision: Double, _ recall: Double, _ f1: Double, _ count: Int) -> Bool
{
  isClose(scores.precision, precision) && isClose(scores.recall, recall) && isClose(scores.f1, f1)
    && scores.count == count
}

@Test("Precision, recall and F1 are scikit-learn's, by class and in both means")
func classScores() {
  let metrics = ClassificationMetrics(outputs: probabilities, targets: oneHotTargets(labels, classes: 3))
  #expect(areClose(metrics.classes[0], 0.75, 0.75, 0.75, 4))
  #expect(areClose(metrics.classes[1], 2 / 3.0, 2 / 3.0, 2 / 3.0, 3))
  #expect(areClose(metrics.classes[2], 2 / 3.0, 2 / 3.0, 2 / 3.0, 3))
  #expect(areClose(metrics.macro, 0.6944444444444443, 0.6944444444444443, 0.6944444444444443, 10))
  #expect(areClose(metrics.micro, 0.7, 0.7, 0.7, 10))
}

@Test("A class that is never predicted has precision 0, and one that does not occur at all is not in the mean")
func absentClasses() {
  // Actual 0, 1, 1; predicted 0, 0, 0; no sample of class 2.
  let outputs = oneHotTargets([0, 0, 0], classes: 3)
  let metrics = ClassificationMetrics(outputs: outputs, targets: oneHotTargets([0, 1, 1], classes: 3))
  #expect(areClose(metrics.classes[0], 1 / 3.0, 1, 0.5, 1))
  #expect(areClose(metrics.classes[1], 0, 0, 0, 2))
  #expect(areClose(metrics.classes[2], 0, 0, 0, 0))
  #expect(areClose(metrics.macro, 1 / 6.0, 0.5, 0.25, 3))
}

@Test("Log loss, ROC AUC and top-k accuracy are scikit-learn's")
func probabilityMetrics() {
  let metrics = ProbabilityMetrics(outputs: probabilities, targets: oneHotTargets(labels, classes: 3))
  #expect(isClose(metrics.logLoss, 0.8501256852117883))
  #expect(isClose(metrics.rocAUC, 0.8134920634920634))
  #expect([1, 2, 3, 4].map(metrics.topKAccuracy) == [0.7, 0.9, 1, 1])
  // One row is the probability of yes.
  let yes = ProbabilityMetrics(
    outputs: Matrix(rows: 1, columns: 10, columnMajor: (0..<10).map { probabilities[2, $0] }),
    targets: Matrix(rows: 1, columns: 10, columnMajor: labels.map { $0 == 2 ? 1 : 0 }))
  #expect(isClose(yes.logLoss, 0.41068076974454454))
  #expect(isClose(yes.rocAUC, 0.9047619047619048))
  // And so are two, whose second is that.
  let two = ProbabilityMetrics(
    outputs: [[0.9, 0.3, 0.6], [0.1, 0.7, 0.4]] as Matrix<Float>, targets: [[1, 0, 0], [0, 1, 1]])
  #expect(two.rocAUC == 1)
}

@Test("Equal outputs count half in the area under the curve")
func ties() {
  // Of the four pairs of a yes and a no, two are in order and two are equal.
  let metrics = ProbabilityMetrics(outputs: [[0.2, 0.5, 0.5, 0.2]] as Matrix<Float>, targets: [[0, 1, 1, 1]])
  #expect(isClose(metrics.rocAUC, (2 + 0.5) / 3))
  let constant = ProbabilityMetrics(outputs: [[0.5, 0.5, 0.5]] as Matrix<Float>, targets: [[0, 1, 0]])
  #expect(constant.rocAUC == 0.5)
}

@Test("Figures that are not defined are nil, and a probability of 0 does not make the loss infinite")
func undefinedFigures() {
  func metrics(_ outputs: Matrix<Double>, _ targets: Matrix<Double>) -> ProbabilityMetrics {
    ProbabilityMetrics(outputs: outputs, targets: targets)
  }
  #expect(metrics([[0.2, 0.3]], [[1, 1]]).rocAUC == nil)
  #expect(metrics([[0.2, .nan]], [[1, 0]]).rocAUC == nil)
  #expect(metrics([[0.2, .nan]], [[1, 0]]).logLoss == nil)
  #expect(metrics([[0.2, 1.5]], [[1, 0]]).logLoss == nil)
  // Outputs of separate sigmoids do not add up to 1.
  #expect(metrics([[0.9, 0.1], [0.8, 0.2]], [[1, 0], [0, 1]]).logLoss == nil)
  #expect(isClose(metrics([[0, 1]], [[1, 1]]).logLoss, 52 * 0.6931471805599453 / 2))
}

@Test("The top class is the predicted one where outputs are equal or NaN", arguments: [3, 1])
func topOne(rows: Int) {
  let outputs: Matrix<Float> =
    rows == 1 ? [[0.5, 0.5, 0.4, .nan]] : [[0.4, 0.2, .nan, 0.3], [0.4, 0.4, 0.5, .nan], [0.2, 0.4, 0.5, 0.7]]
  let targets: Matrix<Float> = rows == 1 ? [[1, 0, 0, 1]] : [[1, 0, 0, 0], [0, 1, 1, 1], [0, 0, 0, 0]]
  let accuracy = ClassificationMetrics(outputs: outputs, targets: targets).accuracy
  #expect(ProbabilityMetrics(outputs: outputs, targets: targets).topKAccuracy(1) == accuracy)
}

@Test("The figures of several labels are scikit-learn's")
func multiLabel() {
  let metrics = MultiLabelMetrics(
    outputs: [
      [0.9, 0.6, 0.7, 0.4, 0.2, 0.4], [0.1, 0.3, 0.3, 0.2, 0.4, 0.8], [0.55, 0.3, 0.6, 0.7, 0.5, 0.1],
    ] as Matrix<Double>,
    targets: [[1, 0, 1, 1, 0, 0], [0, 0, 1, 0, 0, 1], [1, 1, 0, 1, 1, 0]])
  #expect(areClose(metrics.labels[0].scores, 2 / 3.0, 2 / 3.0, 2 / 3.0, 3))
  #expect(areClose(metrics.labels[1].scores, 1, 0.5, 2 / 3.0, 2))
  #expect(areClose(metrics.labels[2].scores, 0.75, 0.75, 0.75, 4))
  #expect(areClose(metrics.macro.scores, 0.8055555555555555, 0.6388888888888888, 0.6944444444444443, 9))
  #expect(areClose(metrics.micro, 0.75, 0.6666666666666666, 0.7058823529411765, 9))
  for (label, figures) in zip(
    metrics.labels,
    [
      (4 / 6.0, 0.5047643497375115, 0.8333333333333333), (5 / 6.0, 0.4371868317194842, 0.8125),
      (4 / 6.0, 0.6455471961853693, 0.625),
    ])
  {
    #expect(isClose(label.accuracy, figures.0) && isClose(label.logLoss, figures.1) && isClose(label.rocAUC, figures.2))
  }
  #expect(metrics.exactMatch == 0.5)
  #expect(isClose(metrics.macro.rocAUC, 0.7569444444444443))
}

@Test("A mean over labels is missing where one label's figure is")
func multiLabelMean() {
  let metrics = MultiLabelMetrics(
    outputs: [[0.9, 0.6], [0.1, 0.3]] as Matrix<Double>, targets: [[1, 0], [0, 0]])
  #expect(metrics.labels[0].rocAUC == 1 && metrics.labels[1].rocAUC == nil && metrics.macro.rocAUC == nil)
}

@Test("Regression figures are scikit-learn's, for each output and in the mean")
func regressionOutputs() {
  let outputs: Matrix<Double> = [[1.5, 0.25, -2, 3, 2], [12, 19, 1, -1, 4.5]]
  let targets: Matrix<Double> = [[1, 0, -2, 4, 3], [10, 20, 0, 0, 5]]
  let each = RegressionMetrics.perOutput(outputs: outputs, targets: targets)
  let golden: [(Double, Double, Double, Double, Double, Int)] = [
    (0.4625, 0.6800735254367721, 0.55, 0.8985745614035088, 0.2708333333333333, 1),
    (1.45, 1.2041594578792296, 1.1, 0.9741071428571428, 0.11666666666666665, 2),
    (0.95625, 0.9421164916580009, 0.8250000000000001, 0.9363408521303258, 0.19375, 3),
  ]
  #expect(each.count == 2)
  for (metrics, figures) in zip(each + [RegressionMetrics(outputs: outputs, targets: targets)], golden) {
    #expect(isClose(metrics.meanSquaredError, figures.0))
    #expect(isClose(metrics.rootMeanSquaredError, figures.1))
    #expect(isClose(metrics.meanAbsoluteError, figures.2))
    #expect(isClose(metrics.rSquared, figures.3))
    #expect(isClose(metrics.meanAbsolutePercentageError, figures.4))
    #expect(metrics.zeroTargetCount == figures.5)
  }
  let zeros = RegressionMetrics(outputs: [[1, 2]] as Matrix<Float>, targets: [[0, 0]])
  #expect(zeros.meanAbsolutePercentageError == nil && zeros.zeroTargetCount == 2)
}

@Test("Outputs and targets of different shapes are refused")
func differentShapes() async {
  let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = ProbabilityMetrics(outputs: [[1, 2]] as Matrix<Float>, targets: [[1]])
  }
  #expect(standardError(result).contains("cannot compare 1×2 outputs with 1×1 targets"))
}
