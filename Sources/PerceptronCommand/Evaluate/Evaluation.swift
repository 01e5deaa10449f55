import FoundationEssentials
import Perceptron
import PerceptronCharts

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The metrics of a model on labelled data: loss and accuracy of a classifier, or a regression's errors in the data's
/// units.
struct Evaluation: Encodable {
  var loss: Double?
  var accuracy: Double?
  var rmse: Double?
  var mae: Double?
  var r2: Double?
  /// The metrics of each output, if several labels or values are predicted.
  let outputs: [Output]?
  /// The metrics of each quantile, if the model predicts quantiles, and of each target's interval, if it has intervals.
  let quantiles: [Quantile]?
  let intervals: [Interval]?
  /// Additional metrics that `evaluate` reports.
  let details: Details?
  /// How much the answers depend on each column, if that was asked for.
  var importance: ColumnImportances?
  /// A summary as text.
  let summary: String

  /// The level of detail; each level includes the ones before it.
  enum Depth {
    /// The metrics that are used to judge a training.
    case metrics
    /// Also the metrics of each output.
    case outputs
    /// All metrics.
    case details
  }

  init<Scalar>(_ model: TrainedModel<Scalar>, _ samples: Samples<Scalar>, _ team: Team, depth: Depth = .metrics)
    throws(CommandError)
  {
    let outputs = model.outputs(prepared: samples.features, team: team)
    try self.init(
      model, samples, outputs: outputs, loss: model.meanLoss(ofOutputs: outputs, on: samples, team: team),
      depth: depth)
  }

  /// - Parameters:
  ///   - outputs: The model's outputs for the samples.
  ///   - loss: The mean loss of the outputs, in the units of the scaled targets.
  init<Scalar>(
    _ model: TrainedModel<Scalar>, _ samples: Samples<Scalar>, outputs: Matrix<Scalar>, loss: Double,
    depth: Depth = .metrics
  ) throws(CommandError) {
    try checkFinite(outputs)
    let preparation = model.preparation
    let loss = loss * preparation.lossUnit(of: model.loss)
    self.loss = loss.ifFinite
    let (showsOutputs, isDetailed) = (depth != .metrics, depth == .details)
    switch preparation.outputs {
    case .classes:
      let metrics = ClassificationMetrics(outputs: outputs, targets: samples.targets)
      accuracy = metrics.accuracy
      summary =
        "accuracy \(metrics.accuracy.fixed(4)) (\(metrics.correctCount) of \(metrics.sampleCount)), loss \(loss.shown)"
      self.outputs = nil
      details =
        isDetailed
        ? Details(
          metrics, ProbabilityMetrics(outputs: outputs, targets: samples.targets), names: preparation.classNames)
        : nil
    case .labels(let columns, _):
      // All labels of all samples as one row of yes-or-no questions.
      let row = { (matrix: Matrix<Scalar>) in matrix.reshaped(rows: 1, columns: matrix.count) }
      let total = ClassificationMetrics(outputs: row(outputs), targets: row(samples.targets))
      accuracy = total.accuracy
      summary =
        "accuracy \(total.accuracy.fixed(4)) (\(total.correctCount) of \(total.sampleCount) labels), loss \(loss.shown)"
      let metrics = showsOutputs ? MultiLabelMetrics(outputs: outputs, targets: samples.targets) : nil
      self.outputs = metrics.map { zip($0.labels, columns).map { Output($0, name: $1) } }
      details = isDetailed ? metrics.map { Details($0) } : nil
    case .quantiles where model.preparation.outputs.median == nil:
      summary = "loss \(loss.shown)"
      self.outputs = nil
      details = nil
    case .values(let columns, let scaling), .quantiles(let columns, _, let scaling):
      let perOutput = Self.regressionMetrics(model.preparation.outputs, scaling, outputs, samples.targets)
      let metrics = RegressionMetrics(meanOf: perOutput)
      rmse = metrics.rootMeanSquaredError.ifFinite
      mae = metrics.meanAbsoluteError.ifFinite
      r2 = metrics.rSquared.ifFinite
      summary =
        "RMSE \(metrics.rootMeanSquaredError.shown), MAE \(metrics.meanAbsoluteError.shown),"
        + " R² \(r2?.fixed(4) ?? "–"), loss \(loss.shown)"
      self.outputs = showsOutputs && columns.count > 1 ? zip(perOutput, columns).map { Output($0, name: $1) } : nil
      details =
        isDetailed
        ? Details(metrics, deviance: model.loss.hasLogLink ? Deviance(loss, of: model, outputs, samples.targets) : nil)
        : nil
    }
    let distributions = showsOutputs ? Distributions(model, outputs, samples.targets) : nil
    (quantiles, intervals) = (distributions?.quantiles, distributions?.intervals)
  }

  private enum CodingKeys: CodingKey {
    case loss, accuracy, rmse, mae, r2, outputs, importance, quantiles, intervals
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(loss, forKey: .loss)
    try container.encodeIfPresent(accuracy, forKey: .accuracy)
    try container.encodeIfPresent(rmse, forKey: .rmse)
    try container.encodeIfPresent(mae, forKey: .mae)
    try container.encodeIfPresent(r2, forKey: .r2)
    try container.encodeIfPresent(outputs, forKey: .outputs)
    try container.encodeIfPresent(importance, forKey: .importance)
    try container.encodeIfPresent(quantiles, forKey: .quantiles)
    try container.encodeIfPresent(intervals, forKey: .intervals)
    // The details are encoded into the same object.
    try details?.encode(to: encoder)
  }
}

/// Refuses outputs that are not finite: an input far from the training data can cause overflow.
func checkFinite<Scalar>(_ outputs: Matrix<Scalar>) throws(CommandError) {
  guard let index = outputs.elements.firstIndex(where: { !$0.isFinite }) else { return }
  throw .badData("\(PredictionError.outputNotFinite(sample: index / outputs.rows))")
}

extension Preparation {
  /// The factor that converts a loss on scaled targets to the units of the data: for a squared loss, the square of the
  /// target's scale. The loss of several targets stays that of the scaled targets, because their units differ.
  func lossUnit(of loss: Loss) -> Double {
    guard let scaling = outputs.targets?.scaling, scaling.factors.count == 1 else { return 1 }
    return pow(scaling.factors[0], -loss.degree)
  }
}

extension Double {
  /// The number, or nil if it is not finite.
  var ifFinite: Double? { isFinite ? self : nil }

  /// The number with few digits, or a dash if it is not finite.
  var shown: String { ifFinite?.short ?? "–" }
}

/// Encodes a value as one line of JSON. JSON has no infinities, so a metric that is infinite is absent.
func json(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
