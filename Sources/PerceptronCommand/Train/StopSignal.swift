import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The first of SIGINT and SIGTERM that came while they were watched; 0 for none.
private let first = Atomic<Int32>(0)

/// SIGINT and SIGTERM, for who can stop in good order.
enum StopSignal {
  /// From now on a signal is only noted, each once: the second of a kind ends the process.
  static func watch() {
    // Made here, for a handler may not make it.
    _ = received
    handle { number in
      signal(number, SIG_DFL)
      _ = first.compareExchange(expected: 0, desired: number, ordering: .relaxed)
    }
  }

  /// From now on a signal ends the process again.
  static func unwatch() { handle(SIG_DFL) }

  /// A signal that is ignored, as in what a shell runs in the background, stays so.
  private static func handle(_ handler: (@convention(c) (Int32) -> Void)?) {
    for number in [SIGINT, SIGTERM] {
      let before = signal(number, handler)
      if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(number, SIG_IGN) }
    }
  }

  /// The signal that came; nil while there was none.
  static var received: Int32? {
    let number = first.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }
}

/// Why a command ends before its work is done, though nothing is wrong; its exit code is that of shells, 128 and the
/// signal's number.
struct Interruption: Error {
  let signal: Int32
  let message: String

  var exitCode: Int32 { 128 + signal }
}
