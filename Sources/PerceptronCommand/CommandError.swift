import Perceptron

/// Why a command ends, with its exit code (sysexits).
struct CommandError: Error {
  let message: String
  let exitCode: Int32
  /// Whether the usage line follows.
  var showsUsage = false

  /// A mistake on the command line.
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
    case let error as DataError: self.init(message: "\(error)", exitCode: Self.exitCode(error))
    case ModelError.unreadable(let error), CheckpointError.unreadable(let error):
      self.init(message: "\(error)", exitCode: Self.exitCode(error))
    default: self.init(message: "\(error)", exitCode: 65)
    }
  }

  private static func exitCode(_ error: DataError) -> Int32 {
    switch error.kind {
    case .missingInput: 66
    case .badData: 65
    case .ioFailure: 74
    }
  }
}
