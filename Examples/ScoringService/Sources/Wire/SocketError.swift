import Glibc

/// A failed operation on a socket, and its cause.
public struct SocketError: Error, CustomStringConvertible {
  public let operation: String
  /// The value of `errno`.
  public let code: Int32

  init(_ operation: String, _ code: Int32 = errno) {
    self.operation = operation
    self.code = code
  }

  public var description: String { "cannot \(operation): \(String(cString: strerror(code)))" }
}
