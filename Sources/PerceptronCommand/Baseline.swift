import Charts
import Perceptron

/// The linear model of least squares beside a network, which is not worth its keep where it is no better.
struct Baseline {
  /// The linear model's figures, without a loss where the network's is not defined for it; nil where there is no such model.
  let figures: Evaluation?
  /// For people.
  let lines: [String]

  /// Beyond this its cost, which grows with the square, is no longer small beside training.
  private static let mostInputs = 5000
  private static let ridge = 1e-4

  /// Fits it to the training samples and judges it on the same samples as the network.
  ///
  /// - Parameters:
  ///   - network: The network's figures on the samples to judge by.
  ///   - name: What these samples are called.
  init<Scalar>(
    _ model: Model<Scalar>, _ network: Evaluation, fittedTo samples: Samples<Scalar>, judgedBy judge: Samples<Scalar>,
    _ name: String, _ team: Team
  ) {
    let inputs = model.preparation.inputCount
    guard inputs <= Self.mostInputs else {
      figures = nil
      lines = ["no linear model to compare with: \(inputs) inputs are more than \(Self.mostInputs)"]
      return
    }
    let hasLoss = model.loss.accepts(.identity)
    var figures: Evaluation
    do {
      let linear = try Network.linear(fittedTo: samples, ridge: Self.ridge, team: team)
      figures = try Evaluation(
        Model(network: linear, loss: hasLoss ? model.loss : .meanSquaredError, preparation: model.preparation),
        judge, team)
    } catch {
      self.figures = nil
      lines = ["no linear model to compare with: its numbers are not finite"]
      return
    }
    if !hasLoss { figures.loss = nil }
    self.figures = figures
    let comparison =
      "linear model (least squares, ridge \(Self.ridge)): \(name) \(figures.figure), network: \(network.figure)"
    let remark =
      "the network is no better than the linear model; train it longer, or with other layers or another learning rate"
    lines = network.isBetter(than: figures) ? [comparison] : [comparison, remark]
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
