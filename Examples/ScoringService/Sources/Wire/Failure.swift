import Glibc
import Perceptron

/// The reason why a program ends early, with its exit code (sysexits).
public struct Failure: Error {
  private let message: String
  private let exitCode: Int32

  public init(message: String, exitCode: Int32) {
    self.message = message
    self.exitCode = exitCode
  }

  public static func usage(_ message: String) -> Failure { Failure(message: message, exitCode: EX_USAGE) }

  public init(_ error: FileError) {
    message = "\(error)"
    exitCode =
      switch error.kind {
      case .missingInput: EX_NOINPUT
      case .badData: EX_DATAERR
      case .ioFailure: EX_IOERR
      }
  }

  public init(_ error: SocketError) {
    switch error.code {
    case EADDRINUSE:
      self.init(
        message: "\(error); choose another port with --port, or 0 for any free one", exitCode: EX_UNAVAILABLE)
    case EACCES: self.init(message: "\(error); choose a port of at least 1024 with --port", exitCode: EX_NOPERM)
    default: self.init(message: "\(error)", exitCode: EX_UNAVAILABLE)
    }
  }

  /// Ends the program with a line on standard error. After a mistake on the command line, the usage follows.
  public func end(usage: String) -> Never {
    printError("error: \(message)")
    if exitCode == EX_USAGE { printError(usage) }
    exit(exitCode)
  }
}

/// Prints a line on standard error. The line stays whole even if several threads print.
public func printError(_ message: String) {
  let line = Array("\(message)\n".utf8)
  write(STDERR_FILENO, line, line.count)
}
