/// What `train --json` prints.
struct TrainingSummary: Encodable {
  struct Training: Encodable {
    let loss: Double
    // Where there are no test data.
    var accuracy: Double?
    var rmse: Double?
    var mae: Double?
    var r2: Double?

    init(loss: Double) { self.loss = loss }

    mutating func add(_ evaluation: Evaluation) {
      (accuracy, rmse, mae, r2) = (evaluation.accuracy, evaluation.rmse, evaluation.mae, evaluation.r2)
    }
  }

  let task: String
  let parameters: Int
  let epochs: Int
  let seconds: Double
  let samplesPerSecond: Double
  var train: Training
  /// After the last epoch, and after the best one.
  let validation: Evaluation?
  let bestEpoch: Int?
  let best: Evaluation?
  let test: Evaluation?
  var baseline: Evaluation?

  private enum CodingKeys: String, CodingKey {
    case task, parameters, epochs, seconds, train, validation, best, test, baseline
    case bestEpoch = "best_epoch"
    case samplesPerSecond = "samples_per_second"
  }
}
