import Perceptron
import PerceptronFiles

/// The error with which a command ends, with its exit code (sysexits).
struct CommandError: Error {
  let message: String
  let exitCode: Int32
  /// Whether the usage line is printed after the message.
  var showsUsage = false

  /// An error in the command line.
  static func usage(_ message: String) -> CommandError {
    CommandError(message: message, exitCode: 64, showsUsage: true)
  }

  /// Data or settings that cannot lead to a result.
  static func badData(_ message: String) -> CommandError { CommandError(message: message, exitCode: 65) }

  init(message: String, exitCode: Int32, showsUsage: Bool = false) {
    self.message = message
    self.exitCode = exitCode
    self.showsUsage = showsUsage
  }

  init(_ error: any Error) {
    switch error {
    case let error as CommandError: self = error
    case let error as FileError:
      self.init(message: withOption(error.description, error.setting), exitCode: Self.exitCode(error))
    case let error as ProcessesError: self.init(message: error.description, exitCode: 69)
    default: self.init(message: "\(error)", exitCode: 65)
    }
  }

  private static func exitCode(_ error: FileError) -> Int32 {
    switch error.kind {
    case .missingInput: 66
    case .badData: 65
    case .ioFailure: 74
    }
  }
}

/// Adds to a message of the library the option that could be changed.
func withOption(_ message: String, _ setting: Setting?) -> String {
  guard let setting else { return message }
  let option =
    switch setting {
    case .header: "--header"
    case .noHeader: "--no-header"
    case .delimiter: "--delimiter"
    case .numberFormat: "--decimal, --thousands"
    case .target: "--target"
    case .columns: "--target, --sample-weight, --ignore, --only, --id"
    case .classification: "--task classification"
    case .regression: "--task regression"
    case .quantileScaling: "--scale quantile"
    case .loss: "--loss"
    case .time: "--time"
    case .notMissing(let text): "--not-missing \(text)"
    }
  return "\(message) (\(option))"
}
