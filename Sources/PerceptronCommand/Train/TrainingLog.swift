import Perceptron
import PerceptronFiles
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// `--log`: a CSV file (RFC 4180) that gets a line after each epoch, so that other programs can follow the training.
/// Lines of networks that are trained at the same time are in the order of their ends.
final class TrainingLog: Sendable {
  private typealias Column = (name: String, value: @Sendable (EpochRecord) -> String?)

  private let path: String
  private let descriptor: Int32
  private let columns: [Column]
  /// Whether each line has the number of its network.
  private let hasSeveral: Bool
  /// The error number of the first write that failed; 0 for none.
  private let failure = Atomic<Int32>(0)

  /// Creates or empties the file and writes the header.
  ///
  /// - Parameters:
  ///   - task: Determines the columns of the metrics.
  ///   - networks: The number of networks. If there are several, a column has each network's number, counted from 1.
  ///   - hasValidation: Whether there are columns for validation.
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
    var columns: [Column] = [("epoch", { "\($0.epoch)" }), ("training_loss", { text($0.trainingLoss) })]
    if hasValidation {
      columns.append(("validation_loss", { text($0.validationLoss) }))
      columns += metrics
    }
    columns.append(("learning_rate", { text($0.learningRate) }))
    columns.append(("seconds", { text($0.seconds) }))
    self.columns = columns
    hasSeveral = networks > 1
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw Self.error(path, errno) }
    write((hasSeveral ? ["network"] : []) + columns.map(\.name))
  }

  deinit { close(descriptor) }

  /// Writes an epoch's line. A failure does not end the training; ``finish()`` reports it.
  func append(_ record: EpochRecord, ofNetwork number: Int) {
    write((hasSeveral ? ["\(number + 1)"] : []) + columns.map { $0.value(record) ?? "" })
  }

  /// Throws if a line could not be written.
  func finish() throws(CommandError) {
    let code = failure.load(ordering: .relaxed)
    if code != 0 { throw Self.error(path, code) }
  }

  /// The fields are numbers and names without commas, so no quotes are needed. One call writes the whole line, unless
  /// there is not enough room.
  private func write(_ fields: [String]) {
    guard failure.load(ordering: .relaxed) == 0 else { return }
    let code = AtomicFile.writeAll(Array((fields.joined(separator: ",") + "\r\n").utf8), to: descriptor)
    if code != 0 { failure.store(code, ordering: .relaxed) }
  }

  private static func error(_ path: String, _ code: Int32) -> CommandError {
    CommandError(message: "\(path): cannot be written: \(String(cString: strerror(code)))", exitCode: 74)
  }
}

/// The shortest digits from which the number can be read back exactly.
private func text(_ number: Double?) -> String? { number.map { "\($0)" } }
