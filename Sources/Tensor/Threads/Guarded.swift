#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A value that one thread at a time may use.
///
/// Uses a mutex of the C library, which Thread Sanitizer understands. It reports the standard library's mutex as a race
/// (seen with Swift 6.3.1 on Linux).
package final class Guarded<Value>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private var value: Value

  package init(_ value: sending Value) {
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    self.value = value
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Calls `body` with the value, after waiting until no other thread uses it.
  package func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
