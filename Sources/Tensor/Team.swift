import CKernels

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Threads that run one program together, the calling thread among them.
///
/// The threads are made once and live as long as the team. Between two programs they sleep, so a team that trains nothing costs nothing. They are
/// threads of their own: nothing runs on Swift's cooperative pool, whose tasks must not wait for each other.
///
/// What a program computes must not depend on the number of workers; see ``Worker/share(of:)``.
public final class Team: Sendable {
  /// How many threads work, the calling one included.
  public let workerCount: Int
  nonisolated(unsafe) private let shared: UnsafeMutablePointer<Shared>
  private let threads: [pthread_t]

  /// What the threads share; it does not move.
  private struct Shared {
    var barrier: ck_barrier
    /// Held while a program runs: a second caller waits.
    var lock = pthread_mutex_t()
    /// The program; nil ends the threads.
    var program: ((Worker) -> Void)?
  }

  /// Starts a team.
  ///
  /// - Parameter workers: At least 1; more than the processors that may be used is allowed, and slower.
  /// - Precondition: Traps below 1, above 1024, and where the system gives no more threads.
  public init(workers: Int = usableProcessorCount()) {
    guard (1...1024).contains(workers) else { fail("cannot make a team of \(workers) workers: 1 to 1024 are possible") }
    workerCount = workers
    shared = .allocate(capacity: 1)
    // About 30 µs of spinning; none where a spinning worker would keep another from its processor.
    let spins: UInt32 = workers <= usableProcessorCount() ? 2000 : 0
    shared.initialize(
      to: Shared(barrier: ck_barrier(parties: UInt32(workers), spins: spins, arrived: 0, parked: 0, phase: 0)))
    pthread_mutex_init(&shared.pointee.lock, nil)
    threads = (1..<workers).map { [shared] index in
      // The thread owns its start: a box with where the shared part is and which worker it is.
      let start = Unmanaged.passRetained(Start(shared: shared, index: index)).toOpaque()
      var thread = pthread_t()
      let code = pthread_create(
        &thread, nil, { Team.work(Unmanaged<Start>.fromOpaque($0!).takeRetainedValue()) }, start)
      guard code == 0 else { fail("cannot start worker \(index) of \(workers): \(String(cString: strerror(code)))") }
      return thread
    }
  }

  deinit {
    if workerCount > 1 {
      shared.pointee.program = nil
      ck_barrier_wait(&shared.pointee.barrier)
      for thread in threads { pthread_join(thread, nil) }
    }
    pthread_mutex_destroy(&shared.pointee.lock)
    shared.deinitialize(count: 1)
    shared.deallocate()
  }

  /// Runs a program on every worker at once and returns when all have ended it.
  ///
  /// Calls from several threads take turns. A program must not run another on the same team: that would never end.
  ///
  /// - Parameter alone: Whether the calling thread is to do all by itself, for work that is not worth a meeting.
  package func run(alone: Bool = false, _ program: (Worker) -> Void) {
    if alone || workerCount == 1 { program(Worker.alone) } else { runTogether(program) }
  }

  private func runTogether(_ program: (Worker) -> Void) {
    pthread_mutex_lock(&shared.pointee.lock)
    defer { pthread_mutex_unlock(&shared.pointee.lock) }
    withoutActuallyEscaping(program) { program in
      shared.pointee.program = program
      ck_barrier_wait(&shared.pointee.barrier)
      program(Worker(index: 0, count: workerCount, barrier: Team.barrier(of: shared)))
      ck_barrier_wait(&shared.pointee.barrier)
      shared.pointee.program = nil
    }
  }

  private final class Start {
    let shared: UnsafeMutablePointer<Shared>
    let index: Int

    init(shared: UnsafeMutablePointer<Shared>, index: Int) {
      self.shared = shared
      self.index = index
    }
  }

  /// What a thread does: program after program, between two meetings each.
  private static func work(_ start: Start) -> UnsafeMutableRawPointer? {
    let barrier = barrier(of: start.shared)
    let worker = Worker(index: start.index, count: Int(barrier.pointee.parties), barrier: barrier)
    ck_barrier_wait(barrier)
    while runProgram(of: start.shared, worker) {
      ck_barrier_wait(barrier)  // the end of this program
      ck_barrier_wait(barrier)  // the start of the next
    }
    return nil
  }

  /// Runs the program, or returns false where there is none. Out of line, so that the reference to it is given up before the workers meet: the
  /// caller must be the last to hold it.
  @inline(never)
  private static func runProgram(of shared: UnsafeMutablePointer<Shared>, _ worker: Worker) -> Bool {
    guard let program = shared.pointee.program else { return false }
    program(worker)
    return true
  }

  private static func barrier(of shared: UnsafeMutablePointer<Shared>) -> UnsafeMutablePointer<ck_barrier> {
    UnsafeMutableRawPointer(shared).advanced(by: MemoryLayout<Shared>.offset(of: \.barrier)!)
      .assumingMemoryBound(to: ck_barrier.self)
  }
}

/// One of the threads of a team, as its program sees it.
package struct Worker: @unchecked Sendable {
  /// Which one, from 0; worker 0 is the thread that called.
  package let index: Int
  package let count: Int
  fileprivate let barrier: UnsafeMutablePointer<ck_barrier>?

  /// The only worker of a program that runs on the calling thread.
  package static let alone = Worker(index: 0, count: 1, barrier: nil)

  /// Waits until all workers are here; what they wrote before is then seen by all.
  package func meet() {
    if let barrier { ck_barrier_wait(barrier) }
  }

  /// This worker's part of so many tiles: neighbours, and all parts together each tile once.
  ///
  /// What is computed for a tile must depend on the tile alone. Then the result has the same bits for any number of workers.
  package func share(of tiles: Int) -> Range<Int> { tiles * index / count..<tiles * (index + 1) / count }
}
