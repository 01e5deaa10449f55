import Perceptron

/// How much a model's answers depend on each column, the most important first.
struct ColumnImportances: Encodable {
  /// What is measured beside the loss, in the units of the data.
  enum Metric: String {
    case accuracy
    case rmse
    case quantileLoss = "quantile_loss"

    init(_ outputs: Preparation.Outputs) {
      switch outputs {
      case .classes, .labels: self = .accuracy
      case .values: self = .rmse
      case .quantiles: self = .quantileLoss
      }
    }

    /// The name for readers.
    var name: String {
      switch self {
      case .accuracy: "accuracy"
      case .rmse: "RMSE"
      case .quantileLoss: "quantile loss"
      }
    }
  }

  /// In the units of the data, except for the loss of several targets. A value is nil if it is not finite.
  struct Row: Encodable {
    let name: String
    fileprivate let metricKind: Metric
    fileprivate let loss, lossDeviation: Double?
    fileprivate let metric, metricDeviation: Double?

    init(_ importance: Importance, _ preparation: Preparation, _ loss: Loss) {
      name = importance.column
      metricKind = Metric(preparation.outputs)
      let unit = preparation.lossUnit(of: loss)
      (self.loss, lossDeviation) = ((importance.loss.mean * unit).ifFinite, (importance.loss.deviation * unit).ifFinite)
      (metric, metricDeviation) = (importance.metric.mean.ifFinite, importance.metric.deviation.ifFinite)
    }

    /// By what the columns are sorted; nil if it is not finite.
    var increase: Double? { metricKind == .accuracy ? loss : metric }
    var deviation: Double? { metricKind == .accuracy ? lossDeviation : metricDeviation }

    /// The loss and the metric with their deviations, as text.
    fileprivate var cells: [String] {
      func cell(_ metric: Double?) -> String? { metricKind == .accuracy ? metric?.fixed(4) : metric?.short }
      return [name] + [loss?.short, lossDeviation?.short, cell(metric), cell(metricDeviation)].map { $0 ?? "–" }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(name, forKey: Key("name"))
      try container.encodeIfPresent(loss, forKey: Key("loss_increase"))
      try container.encodeIfPresent(lossDeviation, forKey: Key("loss_deviation"))
      let change = metricKind == .accuracy ? "decrease" : "increase"
      try container.encodeIfPresent(metric, forKey: Key("\(metricKind.rawValue)_\(change)"))
      try container.encodeIfPresent(metricDeviation, forKey: Key("\(metricKind.rawValue)_deviation"))
    }

    private struct Key: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }

      init(_ name: String) { stringValue = name }
      init?(stringValue: String) { self.init(stringValue) }
      init?(intValue: Int) { nil }
    }
  }

  let rows: [Row]
  /// The number of samples that were used, and of those that there are.
  let sampleCount, allCount: Int
  let metric: Metric

  static let repeats = 5
  /// More samples would hardly change the values.
  static let mostSamples = 20_000

  /// - Parameters:
  ///   - parts: The samples, in parts with a model for each. The models are for the same columns.
  ///   - most: The largest number of samples to use. They are evenly spread.
  init<Scalar>(
    _ parts: [(model: TrainedModel<Scalar>, samples: Samples<Scalar>)], most: Int = mostSamples, team: Team
  ) {
    let count = parts.reduce(0) { $0 + $1.samples.count }
    let used = parts.map { $0.samples.spread(max(1, $0.samples.count * min(count, most) / count)) }
    (allCount, sampleCount) = (count, used.reduce(0) { $0 + $1.count })
    let importances = zip(parts, used).map { part, samples in
      part.model.importances(on: samples, repeats: Self.repeats, team: team)
    }
    let model = parts[0].model
    rows = Importance.mean(of: importances, weights: used.map { Double($0.count) }, model.preparation.task).map {
      Row($0, model.preparation, model.loss)
    }
    metric = Metric(model.preparation.outputs)
  }

  func encode(to encoder: any Encoder) throws { try rows.encode(to: encoder) }

  /// How the importances were measured.
  var method: String {
    "mean and deviation of \(Self.repeats) permutations"
      + (sampleCount < allCount ? " of \(sampleCount) of the \(allCount) rows" : "")
  }

  /// Prints up to 20 columns.
  func print() throws(CommandError) {
    let most = 20
    try printLine(
      "\nimportance: what permuting a column adds to the loss and"
        + " \(metric == .accuracy ? "takes from the accuracy" : "to the \(metric.name)"), \(method)")
    try printTable([["column", "loss", "±", metric.name, "±"]] + rows.prefix(most).map(\.cells))
    if rows.count > most { try printLine("--json prints all \(rows.count) columns") }
  }
}

extension Samples {
  /// `count` of the samples, evenly spread over all of them.
  func spread(_ count: Int) -> Samples {
    count >= self.count ? self : gathered(spreadIndices(count))
  }
}
