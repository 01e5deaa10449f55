import Glibc

/// The descriptor to which the handler writes.
nonisolated(unsafe) private var writingEnd: Int32 = -1

/// The signals that control the service, as bytes of a pipe, so that the service can wait for signals and connections
/// together.
enum Signals {
  /// Makes SIGTERM, SIGINT and SIGHUP readable from a descriptor, and ignores SIGPIPE.
  ///
  /// - Returns: The descriptor.
  static func watch() -> Int32 {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { fatalError("cannot make a pipe") }
    for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    writingEnd = ends[1]
    signal(SIGPIPE, SIG_IGN)
    var numbers = sigset_t()
    sigemptyset(&numbers)
    for number in [SIGTERM, SIGINT, SIGHUP] {
      sigaddset(&numbers, number)
      signal(number) { number in
        let code = errno
        var byte = UInt8(number)
        write(writingEnd, &byte, 1)
        errno = code
      }
    }
    // The process that started the service may have blocked them.
    pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
    return ends[0]
  }

  /// The next signal that has arrived, or nil.
  static func next(from descriptor: Int32) -> Int32? {
    var byte: UInt8 = 0
    return read(descriptor, &byte, 1) == 1 ? Int32(byte) : nil
  }
}
