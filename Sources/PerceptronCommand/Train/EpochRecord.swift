import Perceptron
import PerceptronFiles

/// The results of an epoch, in the units of the data: a line of the log, and a point of each curve in the report.
struct EpochRecord: Equatable {
  /// Counted from 1.
  let epoch: Int
  let trainingLoss: Double
  /// The loss on the validation samples; nil if there are none.
  let validationLoss: Double?
  let metrics: Metrics
  /// Whether the validation loss is lower than in all earlier epochs.
  let isBest: Bool
  /// The learning rate of the next step; nil if the optimizer has none.
  let learningRate: Double?
  let seconds: Double

  var accuracy: Double? { metrics.accuracy }
  var rmse: Double? { metrics.rmse }
  var mae: Double? { metrics.mae }
  var r2: Double? { metrics.r2 }

  /// A network's metrics on the validation samples after an epoch. Each is finite or nil.
  struct Metrics: Equatable {
    var accuracy, rmse, mae, r2: Double?

    init(_ evaluation: Evaluation?) {
      (accuracy, rmse, mae, r2) = (evaluation?.accuracy, evaluation?.rmse, evaluation?.mae, evaluation?.r2)
    }
  }

  /// - Parameter lossUnit: The factor by which losses of scaled targets are multiplied.
  init(_ report: EpochReport, lossUnit: Double, _ metrics: Metrics) {
    epoch = report.epoch
    trainingLoss = report.trainingLoss * lossUnit
    validationLoss = report.validationLoss.map { $0 * lossUnit }
    self.metrics = metrics
    isBest = report.isBest
    learningRate = report.learningRate
    seconds = report.seconds
  }
}

// MARK: - As a checkpoint keeps them

extension EpochRecord.Metrics {
  fileprivate static let count = 4

  /// Reads the metrics from a row of numbers, in which NaN stands for nil.
  fileprivate init(_ row: ArraySlice<Double>) {
    self.init(nil)
    let start = row.startIndex
    (accuracy, rmse, mae, r2) = (
      row[start].ifFinite, row[start + 1].ifFinite, row[start + 2].ifFinite, row[start + 3].ifFinite
    )
  }
}

extension [EpochRecord] {
  /// The metrics of all epochs, one row of numbers for each; the trainer keeps the rest.
  fileprivate var metrics: [Double] {
    var numbers: [Double] = []
    numbers.reserveCapacity(count * EpochRecord.Metrics.count)
    for record in self {
      let metrics = record.metrics
      numbers.append(metrics.accuracy ?? .nan)
      numbers.append(metrics.rmse ?? .nan)
      numbers.append(metrics.mae ?? .nan)
      numbers.append(metrics.r2 ?? .nan)
    }
    return numbers
  }

  /// Makes the records of a trainer's epochs; nil if the number of metrics does not match.
  fileprivate init?(_ reports: [EpochReport], metrics: [Double], lossUnit: Double) {
    let width = EpochRecord.Metrics.count
    guard metrics.count == width * reports.count else { return nil }
    self = reports.enumerated().map { index, report in
      EpochRecord(report, lossUnit: lossUnit, EpochRecord.Metrics(metrics[width * index..<width * (index + 1)]))
    }
  }
}

private let metricsName = "figures"

extension Checkpoint {
  /// Records the state of a training with the metrics of its epochs.
  init(_ trainer: Trainer<Scalar>, _ records: [EpochRecord]) {
    self.init(trainer)
    series[metricsName] = records.metrics
  }

  /// Restores a trainer, and returns the records of its epochs; nil if the checkpoint does not have them all.
  func restore(
    _ trainer: inout Trainer<Scalar>, lossUnit: Double, sampleCount: Int
  ) throws(FileError) -> [EpochRecord]? {
    try trainer.restore(self, sampleCount: sampleCount)
    let records = [EpochRecord](trainer.reports, metrics: series[metricsName] ?? [], lossUnit: lossUnit)
    return records?.count == trainer.epoch ? records : nil
  }
}
