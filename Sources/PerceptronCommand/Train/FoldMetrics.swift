import Perceptron

/// The result of cross-validation: the metrics of each fold, from the networks that have not learnt from it, with their
/// means and deviations.
struct FoldMetrics {
  /// One fold, with all metrics that `evaluate` reports.
  struct Fold: Encodable {
    let evaluation: Evaluation
    let trainingCount, validationCount: Int

    private enum CodingKeys: String, CodingKey {
      case trainingCount = "train_count"
      case validationCount = "validation_count"
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(trainingCount, forKey: .trainingCount)
      try container.encode(validationCount, forKey: .validationCount)
      // The metrics are encoded into the same object.
      try evaluation.encode(to: encoder)
    }
  }

  /// A value for each metric; nil if it is not finite in some fold.
  struct Values: Encodable {
    fileprivate(set) var accuracy, rocAUC, f1, calibrationError, rmse, mae, r2, loss: Double?

    private enum CodingKeys: String, CodingKey {
      case accuracy, f1, rmse, mae, r2, loss
      case rocAUC = "roc_auc"
      case calibrationError = "calibration_error"
    }
  }

  let folds: [Fold]
  /// The means over the folds, which count alike.
  private(set) var mean = Values()
  /// The sample standard deviations.
  private(set) var deviation = Values()

  init(_ folds: [Fold]) {
    self.folds = folds
    for metric in Self.metrics {
      let values = folds.compactMap { metric.ofFold($0.evaluation) }
      guard values.count == folds.count else { continue }
      let count = Double(values.count)
      let mean = values.reduce(0, +) / count
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      self.mean[keyPath: metric.value] = mean.ifFinite
      deviation[keyPath: metric.value] = (squares / (count - 1)).squareRoot().ifFinite
    }
  }

  private struct Metric {
    let name: String
    let value: WritableKeyPath<Values, Double?>
    let ofFold: (Evaluation) -> Double?
    let text: (Double) -> String
  }

  private static var metrics: [Metric] {
    [
      Metric(name: "accuracy", value: \.accuracy, ofFold: \.accuracy) { $0.fixed(4) },
      Metric(name: "ROC AUC", value: \.rocAUC, ofFold: \.details?.rocAUC) { $0.fixed(4) },
      Metric(name: "F1", value: \.f1, ofFold: \.details?.macro?.f1) { $0.fixed(4) },
      Metric(name: "calibration error", value: \.calibrationError, ofFold: \.details?.calibrationError) { $0.fixed(4) },
      Metric(name: "RMSE", value: \.rmse, ofFold: \.rmse, text: \.short),
      Metric(name: "MAE", value: \.mae, ofFold: \.mae, text: \.short),
      Metric(name: "R²", value: \.r2, ofFold: \.r2) { $0.fixed(4) },
      Metric(name: "loss", value: \.loss, ofFold: \.loss, text: \.short),
    ]
  }

  /// The metrics that have a mean.
  private var known: [Metric] { Self.metrics.filter { mean[keyPath: $0.value] != nil } }

  // MARK: As text

  /// A line for each fold, and one with means and deviations.
  var lines: [String] {
    let summary = known.map { metric in
      let (mean, deviation) = (mean[keyPath: metric.value]!, deviation[keyPath: metric.value])
      return "\(metric.name) \(metric.text(mean)) ± \(deviation.map(metric.text) ?? "–")"
    }
    return folds.enumerated().map { number, fold in "fold \(number + 1) of \(folds.count): \(fold.evaluation.summary)" }
      + ["\(folds.count) folds: \(summary.isEmpty ? "no finite metric" : summary.joined(separator: ", "))"]
  }

  /// A table of the folds: names, then a row for each fold, the means and the deviations.
  var table: (header: [String], rows: [[String]]) {
    func cells(_ value: (Metric) -> Double?) -> [String] {
      known.map { metric in value(metric).map(metric.text) ?? "–" }
    }
    return (
      ["fold", "training", "validation"] + known.map(\.name),
      folds.enumerated().map { number, fold in
        ["\(number + 1)", "\(fold.trainingCount)", "\(fold.validationCount)"] + cells { $0.ofFold(fold.evaluation) }
      } + [
        ["mean", "", ""] + cells { mean[keyPath: $0.value] },
        ["deviation", "", ""] + cells { deviation[keyPath: $0.value] },
      ]
    )
  }
}

extension TrainingRun {
  /// The metrics of cross-validation; nil without `--folds`.
  func foldMetrics(_ trained: TrainedModel<Scalar>) throws(CommandError) -> FoldMetrics? {
    guard options.folds != nil, let heldOut else { return nil }
    return FoldMetrics(
      try zip(heldOut.parts(of: trained), data.splits).map { part, split throws(CommandError) in
        FoldMetrics.Fold(
          evaluation: try Evaluation(part.model, part.samples, team, depth: .details),
          trainingCount: split.training.count,
          validationCount: split.validation.count)
      })
  }
}
