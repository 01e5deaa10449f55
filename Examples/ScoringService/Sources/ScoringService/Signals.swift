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
    // If standard descriptors are closed, the pipe must not take their numbers.
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
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

  /// The signals that have arrived. Several of a kind are one.
  static func take(from descriptor: Int32) -> Set<Int32> {
    var signals: Set<Int32> = []
    var byte: UInt8 = 0
    while read(descriptor, &byte, 1) == 1 { signals.insert(Int32(byte)) }
    return signals
  }
}
