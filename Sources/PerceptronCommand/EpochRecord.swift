import FoundationEssentials
import Perceptron

/// What came of an epoch, in the units of the data: a line of the log, a point of each of the report's curves.
struct EpochRecord: Codable, Equatable {
  /// Counted from 1.
  let epoch: Int
  let trainingLoss: Double
  // On the validation samples; nil where there are none.
  let validationLoss: Double?
  let accuracy: Double?
  let rmse: Double?
  let mae: Double?
  let r2: Double?
  /// Whether no epoch before had as low a validation loss.
  let isBest: Bool
  /// That of the next step; nil where the optimizer has none.
  let learningRate: Double?
  let seconds: Double

  /// - Parameters:
  ///   - lossUnit: What the losses of scaled targets are multiplied by.
  ///   - validation: The network's figures on the validation samples after the epoch.
  init(_ report: EpochReport, lossUnit: Double, validation: Evaluation?) {
    epoch = report.epoch
    trainingLoss = report.trainingLoss * lossUnit
    validationLoss = report.validationLoss.map { $0 * lossUnit }
    (accuracy, rmse, mae, r2) = (validation?.accuracy, validation?.rmse, validation?.mae, validation?.r2)
    isBest = report.isBest
    learningRate = report.learningRate
    seconds = report.seconds
  }
}

extension [EpochRecord] {
  /// What a checkpoint keeps of the epochs before it.
  var json: String {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let data = try? encoder.encode(self) else { fatalError("cannot encode numbers") }
    return String(decoding: data, as: UTF8.self)
  }

  /// The epochs that a checkpoint has kept; nil where the text is no such list.
  init?(json: String) {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let records = try? decoder.decode([EpochRecord].self, from: Data(json.utf8)) else { return nil }
    self = records
  }
}
