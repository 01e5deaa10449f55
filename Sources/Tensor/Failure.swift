/// Ends the process because of a caller's mistake, with a message that is printed in release builds too.
///
/// - Parameter message: The operation and every shape that took part in it.
@inline(never)
@usableFromInline
package func fail(
  _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) -> Never {
  fatalError(message(), file: file, line: line)
}

/// A size as OpenBLAS counts it, or a trap: the system's OpenBLAS takes 32-bit sizes.
@inlinable
package func blasSize(_ size: Int, _ operation: @autoclosure () -> String) -> Int32 {
  guard let narrow = Int32(exactly: size) else {
    fail("cannot \(operation()): a size of \(size) is beyond the 32-bit sizes of BLAS (2147483647)")
  }
  return narrow
}

/// What the process does if the system gives no memory for a matrix of so many bytes.
///
/// Without it the process ends as for a caller's mistake. A program may set it once, before it starts threads, to end
/// with a message of its own.
package nonisolated(unsafe) var outOfMemory: (@Sendable (_ bytes: Int) -> Never)?
