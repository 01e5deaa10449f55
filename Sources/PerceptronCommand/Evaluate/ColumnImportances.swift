import Perceptron
import PerceptronCharts

/// How much a model's answers depend on each column, the most important first.
struct ColumnImportances: Encodable {
  /// In the units of the data, except for the loss of several targets.
  struct Row: Encodable {
    let name: String
    let loss, lossDeviation: Double?
    // One of them is present.
    private(set) var accuracy, accuracyDeviation: Double?
    private(set) var rmse, rmseDeviation: Double?

    private enum CodingKeys: String, CodingKey {
      case name
      case loss = "loss_increase"
      case accuracy = "accuracy_decrease"
      case rmse = "rmse_increase"
      case lossDeviation = "loss_deviation"
      case accuracyDeviation = "accuracy_deviation"
      case rmseDeviation = "rmse_deviation"
    }

    init(_ importance: Importance, _ preparation: Preparation, _ loss: Loss) {
      name = importance.column
      let unit = preparation.lossUnit(of: loss)
      (self.loss, lossDeviation) = ((importance.loss.mean * unit).ifFinite, (importance.loss.deviation * unit).ifFinite)
      let metric = (importance.metric.mean.ifFinite, importance.metric.deviation.ifFinite)
      if preparation.task == .classification {
        (accuracy, accuracyDeviation) = metric
      } else {
        (rmse, rmseDeviation) = metric
      }
    }

    private var isRegression: Bool { accuracy == nil }

    /// By what the columns are sorted; nil if it is not finite.
    var increase: Double? { isRegression ? rmse : loss }
    var deviation: Double? { isRegression ? rmseDeviation : lossDeviation }

    /// The loss and the metric with their deviations, as text.
    fileprivate var cells: [String] {
      let metric =
        isRegression ? [rmse?.short, rmseDeviation?.short] : [accuracy?.fixed(4), accuracyDeviation?.fixed(4)]
      return [name] + ([loss?.short, lossDeviation?.short] + metric).map { $0 ?? "–" }
    }
  }

  let rows: [Row]
  /// The number of samples that were used, and of those that there are.
  let sampleCount, allCount: Int
  let isRegression: Bool

  static let repeats = 5
  /// More samples would hardly change the figures.
  static let mostSamples = 20_000

  /// - Parameter most: The largest number of samples to use. They are evenly spread.
  init<Scalar>(
    _ model: TrainedModel<Scalar>, _ samples: Samples<Scalar>, most: Int = mostSamples, team: Team
  ) {
    allCount = samples.count
    sampleCount = min(samples.count, most)
    let used = samples.spread(sampleCount)
    rows = model.importances(on: used, repeats: Self.repeats, team: team).map { Row($0, model.preparation, model.loss) }
    isRegression = model.preparation.task == .regression
  }

  func encode(to encoder: any Encoder) throws { try rows.encode(to: encoder) }

  /// How the figures were measured.
  var method: String {
    "mean and deviation of \(Self.repeats) permutations"
      + (sampleCount < allCount ? " of \(sampleCount) of the \(allCount) rows" : "")
  }

  /// Prints up to 20 columns.
  func print() throws(CommandError) {
    let most = 20
    try printLine(
      "\nimportance: what permuting a column adds to the loss and"
        + " \(isRegression ? "to the RMSE" : "takes from the accuracy"), \(method)")
    try printTable(
      [["column", "loss", "±", isRegression ? "RMSE" : "accuracy", "±"]] + rows.prefix(most).map(\.cells))
    if rows.count > most { try printLine("--json prints all \(rows.count) columns") }
  }
}

extension Samples {
  /// `count` of the samples, evenly spread over all of them.
  func spread(_ count: Int) -> Samples {
    count >= self.count ? self : gathered((0..<count).map { $0 * self.count / count })
  }
}
