import Perceptron
import PerceptronCharts

/// The linear model of least squares beside a network, which is not worth its keep where it is no better.
struct Baseline {
  /// The linear model's metrics, without a loss if the network's is not defined for it; nil if there is no such model.
  let metrics: Evaluation?
  /// For people.
  let lines: [String]

  /// Beyond this its memory, which grows with the square of the lesser of inputs and samples, is no longer small.
  private static let mostUnknowns = 5000
  /// So many multiplications are always worth it: less than a second.
  private static let smallWork = 5e9
  private static let ridge = 1e-4

  /// Fits it to the training samples and judges it on the same samples as the network.
  ///
  /// - Parameters:
  ///   - network: The network's metrics on the samples to judge by.
  ///   - name: What these samples are called.
  ///   - trainingWork: About how many multiplications the training took. A comparison that nobody asked for must not
  ///     take longer.
  init<Scalar>(
    _ model: TrainedModel<Scalar>, _ network: Evaluation, fittedTo samples: Samples<Scalar>,
    judgedBy judge: Samples<Scalar>,
    _ name: String, trainingWork: Double, _ team: Team
  ) {
    let inputs = model.preparation.inputCount
    let work = Matrix<Scalar>.ridgeWork(inputs: inputs, samples: samples.count)
    let isTooLarge = min(inputs, samples.count) > Self.mostUnknowns
    guard !isTooLarge, work <= max(trainingWork, Self.smallWork) else {
      metrics = nil
      lines = [
        "no linear model to compare with: for \(inputs) inputs and \(samples.count) samples it takes "
          + (isTooLarge ? "too much memory" : "longer than the training")
      ]
      return
    }
    let hasLoss = model.loss.accepts(.identity)
    var metrics: Evaluation
    do {
      let linear = try Network.linear(fittedTo: samples, ridge: Self.ridge, team: team)
      metrics = try Evaluation(
        TrainedModel(network: linear, loss: hasLoss ? model.loss : .meanSquaredError, preparation: model.preparation),
        judge, team)
    } catch {
      self.metrics = nil
      lines = ["no linear model to compare with: its numbers are not finite"]
      return
    }
    if !hasLoss { metrics.loss = nil }
    self.metrics = metrics
    let comparison =
      "linear model (least squares, ridge \(Self.ridge)): \(name) \(metrics.figure), network: \(network.figure)"
    let remark =
      "the network is no better than the linear model; train it longer, or with other layers or another learning rate"
    lines = network.isBetter(than: metrics) ? [comparison] : [comparison, remark]
  }
}

extension Evaluation {
  /// What a model is judged by, in words.
  var figure: String {
    accuracy.map { "accuracy \($0.fixed(4))" } ?? "RMSE \(rmse?.short ?? "–")"
  }

  fileprivate func isBetter(than other: Evaluation) -> Bool {
    if let accuracy, let otherAccuracy = other.accuracy { return accuracy > otherAccuracy }
    guard let rmse, let otherRMSE = other.rmse else { return false }
    return rmse < otherRMSE
  }
}
