import Glibc

/// What the system did not do with a socket, and why.
public struct SocketError: Error, CustomStringConvertible {
  public let operation: String
  /// As in `errno`.
  public let code: Int32

  init(_ operation: String, _ code: Int32 = errno) {
    self.operation = operation
    self.code = code
  }

  public var description: String { "cannot \(operation): \(String(cString: strerror(code)))" }
}
