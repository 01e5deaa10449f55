import Perceptron

extension Evaluation {
  /// The metrics beyond those that are used to judge a training.
  struct Details: Encodable {
    /// The scores of a class, or their mean over all classes.
    struct Scores: Encodable {
      /// The class's name; nil for the mean.
      let name: String?
      let precision: Double
      let recall: Double
      let f1: Double
      let count: Int

      init(_ scores: ClassScores, name: String? = nil) {
        self.name = name
        precision = scores.precision
        recall = scores.recall
        f1 = scores.f1
        count = scores.count
      }
    }

    // For a classification. For several labels, the metrics are means over the labels.
    private(set) var confusion: [[Int]]?
    private(set) var classes: [Scores]?
    private(set) var macro: Scores?
    /// The scores of all labels together, if there are several.
    private(set) var micro: Scores?
    /// The share of samples whose labels are all correct.
    private(set) var exactMatch: Double?
    private(set) var logLoss: Double?
    private(set) var calibrationError: Double?
    /// The reliability curve of a classification with one target.
    private(set) var reliability: [Reliability.Bin]?
    private(set) var rocAUC: Double?
    /// Present if there are more than five classes.
    private(set) var top5Accuracy: Double?

    // For a regression.
    private(set) var mape: Double?
    /// The number of targets that are 0. They are left out of the mean absolute percentage error.
    private(set) var zeroTargets: Int?
    // If the loss is a deviance.
    private(set) var deviance: Double?
    private(set) var d2: Double?

    private enum CodingKeys: String, CodingKey {
      case confusion, classes, macro, micro, mape, reliability, deviance, d2
      case calibrationError = "calibration_error"
      case exactMatch = "exact_match"
      case logLoss = "log_loss"
      case rocAUC = "roc_auc"
      case top5Accuracy = "top5_accuracy"
      case zeroTargets = "zero_targets"
    }

    init(_ metrics: ClassificationMetrics, _ probabilities: ProbabilityMetrics, names: [String]) {
      confusion = metrics.confusion
      classes = zip(metrics.classes, names).map { Scores($0, name: $1) }
      macro = Scores(metrics.macro)
      logLoss = probabilities.logLoss
      calibrationError = probabilities.reliability?.calibrationError
      reliability = probabilities.reliability?.bins
      rocAUC = probabilities.rocAUC
      top5Accuracy = names.count > 5 ? probabilities.topKAccuracy(5) : nil
    }

    init(_ metrics: MultiLabelMetrics) {
      macro = Scores(metrics.macro.scores)
      micro = Scores(metrics.micro)
      logLoss = metrics.macro.logLoss
      calibrationError = metrics.macro.calibrationError
      rocAUC = metrics.macro.rocAUC
      exactMatch = metrics.exactMatch
    }

    init(_ metrics: RegressionMetrics, deviance: Deviance?) {
      (self.deviance, d2) = (deviance?.mean, deviance?.explained)
      mape = metrics.meanAbsolutePercentageError?.ifFinite
      zeroTargets = metrics.zeroTargetCount
    }
  }
}

extension Evaluation.Details {
  /// Prints one line of metrics. For a classification, also prints the scores of up to 20 classes, the confusion matrix
  /// if it fits `width`, and the reliability curve if there are enough samples.
  func print(width: Int) throws(CommandError) {
    let metrics = [
      logLoss.map { "log loss \($0.short)" }, calibrationError.map { "calibration error \($0.fixed(4))" },
      rocAUC.map { "ROC AUC \($0.fixed(4))" },
      top5Accuracy.map { "top-5 accuracy \($0.fixed(4))" },
      exactMatch.map { "samples with all labels right \($0.fixed(4))" },
      micro.map { micro in "F1 \(macro!.f1.fixed(4)) (mean of the labels), \(micro.f1.fixed(4)) (all together)" },
      deviance.map { "mean deviance \($0.short)" }, d2.map { "D² \($0.fixed(4))" },
      mape.map {
        "mean absolute error \((100 * $0).short) % of the values" + (zeroTargets == 0 ? "" : " that are not 0")
      },
    ].compactMap(\.self)
    if !metrics.isEmpty { try printLine(metrics.joined(separator: ", ")) }
    guard let classes, let macro, let confusion else { return }
    try printLine("")
    try printTable(
      [["class", "precision", "recall", "F1", "count"]] + (classes.count <= 20 ? classes : []).map { row($0, $0.name!) }
        + [row(macro, "mean")])
    let matrix =
      [[""] + classes.map { $0.name! }]
      + zip(classes, confusion).map { [$0.name!] + $1.map(String.init) }
    if tableWidth(matrix) <= width {
      try printLine("\nactual \\ predicted")
      try printTable(matrix)
    } else {
      try printLine("\nthe confusion matrix is wider than \(width) columns; --json prints it")
    }
    if let reliability, reliability.allSatisfy({ $0.count >= Self.leastInBin }) {
      try printLine("\nhow often answers are right (█), by the probability that they have (|)")
      try printTable([["probability", "right", "count", ""]] + reliability.map(row))
    }
  }

  /// How often answers are right says little about fewer samples.
  private static var leastInBin: Int { 10 }

  /// A line of the reliability curve, with a bar from 0 to 1.
  private func row(_ bin: Reliability.Bin) -> [String] {
    let width = 25
    let filled = Int((bin.accuracy * Double(width)).rounded())
    var bar = Array(repeating: Character("█"), count: filled) + Array(repeating: " ", count: width - filled)
    bar[min(Int(bin.probability * Double(width)), width - 1)] = "|"
    return [bin.probability.fixed(4), bin.accuracy.fixed(4), "\(bin.count)", String(bar)]
  }

  private func row(_ scores: Scores, _ name: String) -> [String] {
    [name, scores.precision.fixed(4), scores.recall.fixed(4), scores.f1.fixed(4), "\(scores.count)"]
  }
}
