/// What `train --json` prints.
struct TrainingSummary: Encodable {
  struct Training: Encodable {
    /// Of the last epoch; nil if it is not finite.
    let loss: Double?
    // Where there are no test data.
    var accuracy: Double?
    var rmse: Double?
    var mae: Double?
    var r2: Double?

    init(loss: Double) { self.loss = loss.ifFinite }

    mutating func add(_ evaluation: Evaluation) {
      (accuracy, rmse, mae, r2) = (evaluation.accuracy, evaluation.rmse, evaluation.mae, evaluation.r2)
    }
  }

  /// One network of an ensemble.
  struct Member: Encodable {
    let seed: UInt64
    let epochs: Int
    let train: Training
    let validation: Evaluation?
    let bestEpoch: Int?
    let best: Evaluation?

    private enum CodingKeys: String, CodingKey {
      case seed, epochs, train, validation, best
      case bestEpoch = "best_epoch"
    }
  }

  let task: String
  let parameters: Int
  /// Of an ensemble those of all networks together.
  let epochs: Int
  let seconds: Double
  /// Nil if the clock stood still.
  let samplesPerSecond: Double?
  var train: Training
  /// After the last epoch, and after the best one; of an ensemble that of the model alone.
  let validation: Evaluation?
  let bestEpoch: Int?
  let best: Evaluation?
  let members: [Member]?
  let test: Evaluation?
  var baseline: Evaluation?

  private enum CodingKeys: String, CodingKey {
    case task, parameters, epochs, seconds, train, validation, best, members, test, baseline
    case bestEpoch = "best_epoch"
    case samplesPerSecond = "samples_per_second"
  }
}
