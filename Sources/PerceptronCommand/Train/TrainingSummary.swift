/// The output of `train --json`.
struct TrainingSummary: Encodable {
  struct Training: Encodable {
    /// The loss of the last epoch; nil if it is not finite.
    let loss: Double?
    // Present if there are no test data.
    var accuracy: Double?
    var rmse: Double?
    var mae: Double?
    var r2: Double?

    init(loss: Double) { self.loss = loss.ifFinite }

    mutating func add(_ evaluation: Evaluation) {
      (accuracy, rmse, mae, r2) = (evaluation.accuracy, evaluation.rmse, evaluation.mae, evaluation.r2)
    }
  }

  /// How many networks were trained again, and from how many samples they learnt.
  struct Refit: Encodable {
    let networks, samples: Int
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
  /// For an ensemble, the totals of all networks.
  let epochs: Int
  let seconds: Double
  /// Nil if no time was measured.
  let samplesPerSecond: Double?
  var train: Training
  /// The evaluations after the last epoch and after the best epoch. For an ensemble and for a calibrated model, the
  /// first is the evaluation of the whole model, before a refit; an ensemble does not have the second.
  let validation: Evaluation?
  let bestEpoch: Int?
  let best: Evaluation?
  /// The epoch after which the networks were kept, if it is the end of an earlier cycle of the learning rate.
  let keptEpoch: Int?
  /// The temperature of a calibrated model.
  let temperature: Double?
  /// The share of a calibrated model's answers that is the same for all classes; nil if there is none.
  let uniformShare: Double?
  /// Nil without `--refit`. All other metrics but those of the test are of the networks before, which had not learnt
  /// from the validation samples; so are the epochs and the time.
  let refit: Refit?
  let members: [Member]?
  /// The metrics of cross-validation, of the whole model.
  let folds: [FoldMetrics.Fold]?
  let mean, deviation: FoldMetrics.Values?
  /// The trials of a search, the best first.
  let trials: [TrialSummary]?
  let test: Evaluation?
  var baseline: Evaluation?

  private enum CodingKeys: String, CodingKey {
    case task, parameters, epochs, seconds, train, validation, best, temperature, members, folds, mean, deviation
    case trials, test, baseline, refit
    case bestEpoch = "best_epoch"
    case keptEpoch = "kept_epoch"
    case uniformShare = "uniform_share"
    case samplesPerSecond = "samples_per_second"
  }
}
