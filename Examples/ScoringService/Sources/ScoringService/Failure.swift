import Glibc
import Perceptron
import Wire

/// Why the service does not start, with its exit code (sysexits).
struct Failure: Error {
  let message: String
  let exitCode: Int32

  static func usage(_ message: String) -> Failure {
    Failure(message: "\(message)\n\(Options.usage)", exitCode: 64)
  }

  init(message: String, exitCode: Int32) {
    self.message = message
    self.exitCode = exitCode
  }

  init(_ error: ModelError) {
    message = "\(error)"
    exitCode =
      switch error {
      case .unreadable(let error) where error.kind == .missingInput: 66
      case .unreadable(let error) where error.kind == .ioFailure: 74
      default: 65
      }
  }

  init(_ error: SocketError) {
    switch error.code {
    case EADDRINUSE:
      self.init(message: "\(error); choose another port with --port, or 0 for one that is free", exitCode: 69)
    case EACCES: self.init(message: "\(error); choose a port from 1024 on with --port", exitCode: 77)
    case EINVAL: self = .usage("\(error); --host takes an IPv4 address")
    default: self.init(message: "\(error)", exitCode: 69)
    }
  }
}
