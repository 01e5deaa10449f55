import Perceptron

/// A linear least-squares model to compare a network with. A network that is no better than this model is not worth its
/// cost.
struct Baseline {
  /// The linear model's metrics, or nil if there is no such model. They have no loss if the network's loss is not
  /// defined for it.
  let metrics: Evaluation?
  /// The comparison as lines of text for the user.
  let lines: [String]

  /// The maximum of min(inputs, samples). The memory grows with its square and is no longer small beyond this.
  private static let mostUnknowns = 5000
  /// This many multiplications are always acceptable: they take less than a second.
  private static let smallWork = 5e9
  private static let ridge = 1e-4

  /// Fits the linear model to the training samples and evaluates it on the same samples as the network.
  ///
  /// - Parameters:
  ///   - network: The network's metrics on the evaluation samples.
  ///   - all: The samples that the network has learnt from.
  ///   - folds: The held-out samples, if cross-validation evaluates. Each is then answered by a linear model that was
  ///     fitted without its fold.
  ///   - trainingWork: Approximate number of multiplications of the training. The comparison runs without being
  ///     requested, so it must not take longer than the training.
  init<Scalar>(
    _ model: TrainedModel<Scalar>, _ network: Evaluation, _ data: TrainingData<Scalar>,
    learntFrom all: Samples<Scalar>, _ judged: Judged<Scalar>, leavingOut folds: HeldOut<Scalar>?,
    trainingWork: Double, _ team: Team
  ) {
    let (inputs, name) = (model.preparation.inputCount, judged.name)
    let counts = folds == nil ? [all.count] : data.splits.map(\.training.count)
    let work = counts.reduce(0) { $0 + Matrix<Scalar>.ridgeWork(inputs: inputs, samples: $1) }
    let isTooLarge = min(inputs, counts.max() ?? 0) > Self.mostUnknowns
    guard !isTooLarge, work <= max(trainingWork, Self.smallWork) else {
      metrics = nil
      lines = [
        "no linear model to compare with: for \(inputs) inputs and \(all.count) samples it would take "
          + (isTooLarge ? "too much memory" : "longer than the training")
      ]
      return
    }
    let hasLoss = model.loss.accepts(.identity)
    var metrics: Evaluation
    do {
      func linear(_ samples: Samples<Scalar>) throws -> TrainedModel<Scalar> {
        TrainedModel(
          network: try Network.linear(fittedOn: samples, ridge: Self.ridge, team: team),
          loss: hasLoss ? model.loss : .meanSquaredError, preparation: model.preparation)
      }
      if let folds {
        let models = try data.splits.map { try linear(data.samples.gathered($0.training)) }
        let outputs = folds.joined(
          zip(models, data.splits).map { model, split in
            model.outputs(prepared: data.samples.features.gathered(split.validation), team: team)
          })
        metrics = try Evaluation(
          models[0], folds.samples, outputs: outputs,
          loss: models[0].loss.mean(ofOutputs: outputs, targets: folds.samples.targets))
      } else {
        metrics = try Evaluation(linear(all), judged.samples, team)
      }
    } catch {
      self.metrics = nil
      lines = ["no linear model to compare with: its outputs are not finite"]
      return
    }
    if !hasLoss { metrics.loss = nil }
    self.metrics = metrics
    // A quantile is not meant to be near the mean, so its RMSE says nothing.
    let isQuantile = if case .quantile = model.loss { true } else { !model.loss.levels.isEmpty }
    if isQuantile, let loss = network.loss, let linearLoss = metrics.loss {
      lines = [
        "linear model (least squares, ridge \(Self.ridge)): \(name) \(model.loss.rawValue) loss \(linearLoss.short),"
          + " network: \(loss.short)"
      ]
      return
    }
    let comparison =
      "linear model (least squares, ridge \(Self.ridge)): \(name) \(metrics.figure), network: \(network.figure)"
    let remark =
      "the network is no better than the linear model; try --auto, or other --epochs, --hidden or --learning-rate"
    lines = network.isBetter(than: metrics) ? [comparison] : [comparison, remark]
  }
}

extension Evaluation {
  /// The main metric of a model, as text.
  var figure: String {
    accuracy.map { "accuracy \($0.fixed(4))" } ?? rmse.map { "RMSE \($0.short)" } ?? "loss \(loss?.short ?? "–")"
  }

  fileprivate func isBetter(than other: Evaluation) -> Bool {
    if let accuracy, let otherAccuracy = other.accuracy { return accuracy > otherAccuracy }
    guard let rmse, let otherRMSE = other.rmse else { return false }
    return rmse < otherRMSE
  }
}
