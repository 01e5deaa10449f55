import Perceptron

extension Evaluation {
  /// The metrics of one of several outputs.
  struct Output: Encodable {
    let name: String

    // For a label, which is a yes-or-no question.
    private(set) var accuracy: Double?
    private(set) var precision: Double?
    private(set) var recall: Double?
    private(set) var f1: Double?
    private(set) var count: Int?
    private(set) var rocAUC: Double?
    private(set) var logLoss: Double?
    private(set) var calibrationError: Double?

    // For a value, in its units.
    private(set) var rmse: Double?
    private(set) var mae: Double?
    private(set) var r2: Double?
    private(set) var mape: Double?
    private(set) var zeroTargets: Int?

    private enum CodingKeys: String, CodingKey {
      case name, accuracy, precision, recall, f1, count, rmse, mae, r2, mape
      case rocAUC = "roc_auc"
      case logLoss = "log_loss"
      case calibrationError = "calibration_error"
      case zeroTargets = "zero_targets"
    }

    init(_ label: MultiLabelMetrics.Label, name: String) {
      self.name = name
      accuracy = label.accuracy
      (precision, recall, f1) = (label.scores.precision, label.scores.recall, label.scores.f1)
      count = label.scores.count
      (rocAUC, logLoss, calibrationError) = (label.rocAUC, label.logLoss, label.calibrationError)
    }

    init(_ metrics: RegressionMetrics, name: String) {
      self.name = name
      rmse = metrics.rootMeanSquaredError.ifFinite
      mae = metrics.meanAbsoluteError.ifFinite
      r2 = metrics.rSquared.ifFinite
      mape = metrics.meanAbsolutePercentageError?.ifFinite
      zeroTargets = metrics.zeroTargetCount
    }

    /// The cells of a table's row.
    var row: [String] {
      func cell(_ figure: Double?) -> String { figure?.fixed(4) ?? "–" }
      guard let count else {
        return [name, rmse?.short ?? "–", mae?.short ?? "–", cell(r2), mape.map { (100 * $0).short } ?? "–"]
      }
      return [name, cell(accuracy), cell(precision), cell(recall), cell(f1), cell(rocAUC), "\(count)"]
    }

    fileprivate var isLabel: Bool { count != nil }
  }

  /// Prints the metrics of up to 20 outputs, if there are any, and those of quantiles and intervals.
  func printOutputs() throws(CommandError) {
    try printMetricsOfOutputs()
    for rows in [quantileRows, intervalRows].compactMap(\.self) {
      guard rows.count <= 21 else {
        try printLine("\n--json prints the metrics of each of the \(rows.count - 1) \(rows[0][0])s")
        continue
      }
      try printLine("")
      try printTable(rows)
    }
  }

  private func printMetricsOfOutputs() throws(CommandError) {
    guard let outputs, let first = outputs.first else { return }
    guard outputs.count <= 20 else {
      return try printLine("\n--json prints the metrics of each of the \(outputs.count) outputs")
    }
    try printLine("")
    try printTable(
      [
        first.isLabel
          ? ["label", "accuracy", "precision", "recall", "F1", "ROC AUC", "count"]
          : ["target", "RMSE", "MAE", "R²", "error %"]
      ] + outputs.map(\.row))
  }
}
