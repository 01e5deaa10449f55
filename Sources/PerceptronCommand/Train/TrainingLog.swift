import Perceptron
import PerceptronFiles

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// `--log`: a CSV file (RFC 4180) that gets a line as each epoch ends, so that other programs can follow.
final class TrainingLog {
  private typealias Column = (name: String, value: (EpochRecord) -> String?)

  private let path: String
  private let descriptor: Int32
  private let columns: [Column]
  /// Whether a line says which network it is of.
  private let hasSeveral: Bool
  /// The error number of the first write that failed.
  private var failure: Int32?

  /// Empties the file, or makes it, and writes the header.
  ///
  /// - Parameters:
  ///   - task: Chooses the columns of the metrics.
  ///   - networks: How many are trained; of several there is a column with the number of each, counted from 1.
  ///   - hasValidation: Whether there are such columns at all.
  init(_ path: String, _ task: Preparation.Task, networks: Int, hasValidation: Bool) throws(CommandError) {
    let metrics: [Column] =
      switch task {
      case .classification: [("validation_accuracy", { text($0.accuracy) })]
      case .regression:
        [
          ("validation_rmse", { text($0.rmse) }), ("validation_mae", { text($0.mae) }),
          ("validation_r2", { text($0.r2) }),
        ]
      }
    columns =
      [("epoch", { "\($0.epoch)" }), ("training_loss", { text($0.trainingLoss) })]
      + (hasValidation ? [("validation_loss", { text($0.validationLoss) })] + metrics : [])
      + [("learning_rate", { text($0.learningRate) }), ("seconds", { text($0.seconds) })]
    hasSeveral = networks > 1
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw Self.error(path, errno) }
    write((hasSeveral ? ["network"] : []) + columns.map(\.name))
  }

  deinit { close(descriptor) }

  /// Writes an epoch's line. A failure does not end the training; ``finish()`` tells of it.
  func append(_ record: EpochRecord, ofNetwork number: Int) {
    write((hasSeveral ? ["\(number + 1)"] : []) + columns.map { $0.value(record) ?? "" })
  }

  /// Throws if a line could not be written.
  func finish() throws(CommandError) {
    if let failure { throw Self.error(path, failure) }
  }

  /// The fields are numbers and names without commas, so that none is quoted. One call writes all of the line, or as
  /// much as there is room for.
  private func write(_ fields: [String]) {
    guard failure == nil else { return }
    let code = AtomicFile.writeAll(Array((fields.joined(separator: ",") + "\r\n").utf8), to: descriptor)
    if code != 0 { failure = code }
  }

  private static func error(_ path: String, _ code: Int32) -> CommandError {
    CommandError(message: "\(path): cannot be written: \(String(cString: strerror(code)))", exitCode: 74)
  }
}

/// The shortest digits that give the number back.
private func text(_ number: Double?) -> String? { number.map { "\($0)" } }
