import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Where the signal handler writes the numbers of signals.
private let writeEnd = Atomic<Int32>(-1)

/// The signals that a service obeys: SIGTERM and SIGINT end it, SIGHUP lets it read its models again.
///
/// The handler runs on any thread, such as one of OpenBLAS, so it only writes into a pipe, at whose other end the
/// service waits.
struct Signals {
  private let readEnd: Int32

  /// Begins to obey. If SIGTERM or SIGINT is ignored, as SIGINT is in the background of a script, it stays ignored.
  /// SIGHUP is obeyed under nohup, too, because it does not end the service.
  init() throws(CommandError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0, ends.allSatisfy({ fcntl($0, F_SETFL, O_NONBLOCK) == 0 }) else {
      throw CommandError(message: "cannot make a pipe: \(String(cString: strerror(errno)))", exitCode: 71)
    }
    readEnd = ends[0]
    writeEnd.store(ends[1], ordering: .relaxed)
    var numbers = sigset_t()
    sigemptyset(&numbers)
    for number in [SIGTERM, SIGINT, SIGHUP] {
      sigaddset(&numbers, number)
      let before = signal(number) { number in
        let code = errno
        var byte = UInt8(number)
        // If the pipe is full, many signals are waiting, and one more makes no difference.
        _ = write(writeEnd.load(ordering: .relaxed), &byte, 1)
        errno = code
      }
      let wasIgnored = unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
      if wasIgnored, number != SIGHUP { signal(number, SIG_IGN) }
    }
    // The process that started the service may have blocked them.
    pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
  }

  /// The signals that have come since the last call. Waits for one, but not longer than so many seconds.
  func wait(seconds: Int) -> Set<Int32> {
    var end = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
    _ = poll(&end, 1, Int32(1000 * seconds))
    var numbers: Set<Int32> = []
    while true {
      let bytes = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
        Array(buffer.prefix(max(0, read(readEnd, buffer.baseAddress, buffer.count))))
      }
      guard !bytes.isEmpty else { return numbers }
      numbers.formUnion(bytes.map { Int32($0) })
    }
  }
}
