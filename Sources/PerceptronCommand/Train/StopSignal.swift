import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The first signal that was received while signals were watched; 0 for none.
private let first = Atomic<Int32>(0)

/// Watches SIGINT, SIGTERM and SIGUSR1, so that a command can stop cleanly.
///
/// Launchers of several processes pass SIGUSR1 on, and unlike SIGTERM it does not make them end the processes soon
/// after.
enum StopSignal {
  /// From now on, the first signal of each kind is only recorded. The second of a kind ends the process.
  static func watch() {
    // The global is initialised here, because a signal handler must not do it.
    _ = received
    handle { number in
      signal(number, SIG_DFL)
      _ = first.compareExchange(expected: 0, desired: number, ordering: .relaxed)
    }
  }

  /// From now on a signal ends the process again.
  static func unwatch() { handle(SIG_DFL) }

  /// A signal that is already ignored, as in a shell's background job, stays ignored.
  private static func handle(_ handler: (@convention(c) (Int32) -> Void)?) {
    for number in [SIGINT, SIGTERM, SIGUSR1] {
      let before = signal(number, handler)
      if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { signal(number, SIG_IGN) }
    }
  }

  /// The signal that was received; nil if there was none.
  static var received: Int32? {
    let number = first.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }
}

/// The reason why a command ends before its work is done, although nothing is wrong. The exit code follows the shells'
/// convention: 128 plus the signal's number.
struct Interruption: Error {
  let signal: Int32
  let message: String

  var exitCode: Int32 { 128 + signal }
}
