/// Ends the process because of a caller's mistake. The message is printed in release builds too.
///
/// - Parameter message: The operation and all shapes involved.
@inline(never)
@usableFromInline
package func fail(
  _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) -> Never {
  fatalError(message(), file: file, line: line)
}

/// Converts a size to the 32-bit integer that the system's OpenBLAS takes; traps if it does not fit.
@inlinable
package func blasSize(_ size: Int, _ operation: @autoclosure () -> String) -> Int32 {
  guard let narrow = Int32(exactly: size) else {
    fail("cannot \(operation()): a size of \(size) is beyond the 32-bit sizes of BLAS (2147483647)")
  }
  return narrow
}

/// The handler that is called if the system has no memory for a matrix of `bytes` bytes, or no room in the directory
/// of ``MatrixFiles``.
///
/// If it is nil, the process ends in the same way as for a caller's mistake. A program may set it once, before it
/// starts threads, to end with its own message.
package nonisolated(unsafe) var outOfMemory: (@Sendable (_ bytes: Int, _ directory: String?) -> Never)?
