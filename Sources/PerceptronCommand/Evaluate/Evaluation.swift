import FoundationEssentials
import Perceptron

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
    let metrics = ModelMetrics(of: model, outputs: outputs, targets: samples.targets, loss: loss)
    self.loss = metrics.loss.ifFinite
    accuracy = metrics.accuracy
    let errors = metrics.errors
    rmse = errors?.rootMeanSquaredError.ifFinite
    mae = errors?.meanAbsoluteError.ifFinite
    r2 = errors?.rSquared.ifFinite
    summary = metrics.description
    let (showsOutputs, isDetailed) = (depth != .metrics, depth == .details)
    switch metrics.kind {
    case .classification(let metrics):
      self.outputs = nil
      details =
        isDetailed
        ? Details(
          metrics, ProbabilityMetrics(outputs: outputs, targets: samples.targets), names: model.preparation.classNames)
        : nil
    case .multiLabel:
      let metrics = showsOutputs ? MultiLabelMetrics(outputs: outputs, targets: samples.targets) : nil
      self.outputs = metrics.map { zip($0.labels, model.preparation.outputs.names).map { Output($0, name: $1) } }
      details = isDetailed ? metrics.map { Details($0) } : nil
    case .regression(let targets):
      self.outputs = showsOutputs && targets.count > 1 ? targets.map { Output($0.errors, name: $0.name) } : nil
      details =
        isDetailed
        ? errors.map {
          Details(
            $0,
            deviance: model.loss.hasLogLink ? Deviance(metrics.loss, of: model, outputs, samples.targets) : nil)
        } : nil
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

extension Judged {
  func evaluation(
    of model: TrainedModel<Scalar>, depth: Evaluation.Depth = .metrics
  ) throws(CommandError) -> Evaluation {
    try Evaluation(model, samples, outputs: outputs, loss: loss, depth: depth)
  }
}

/// Refuses outputs that are not finite: an input far from the training data can cause overflow.
func checkFinite<Scalar>(_ outputs: Matrix<Scalar>) throws(CommandError) {
  guard let index = outputs.elements.firstIndex(where: { !$0.isFinite }) else { return }
  throw .badData("\(PredictionError.outputNotFinite(sample: index / outputs.rows))")
}

/// Encodes a value as one line of JSON. JSON has no infinities, so a metric that is infinite is absent.
func json(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
