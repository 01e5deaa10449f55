import CPerceptronKernels

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A team of threads that run one program together; the calling thread is one of them.
///
/// The threads are created once and live as long as the team. Between programs they sleep, so an idle team costs
/// nothing. The team has its own threads because the tasks of Swift's cooperative pool must not wait for each other.
///
/// Functions that take a team use the calling thread alone unless they are given one. Only ``Trainer``, whose work is
/// long, uses all usable processors by default.
///
/// The result of a program must not depend on the number of workers; see `Worker.share(of:)`.
public final class Team: Sendable {
  /// The number of threads, including the calling one: the requested number, or fewer if the system could not create
  /// more.
  public let workerCount: Int
  nonisolated(unsafe) private let shared: UnsafeMutablePointer<Shared>
  /// Held while a program runs: a second caller waits, or runs its program without the team.
  nonisolated(unsafe) private let lock: UnsafeMutablePointer<pthread_mutex_t>
  /// Changed only while the lock is held. It is separate from `Shared` because Thread Sanitizer treats a change of one
  /// member as a change of the whole.
  nonisolated(unsafe) private let pace: UnsafeMutablePointer<Pace>
  private let threads: [pthread_t]
  /// Shows whether this process created the threads, or was forked from the one that did.
  private let forkCount = ck_fork_count()

  /// The state that the threads share; it does not move in memory.
  private struct Shared {
    var barrier: ck_barrier
    /// The current program; nil makes the threads end.
    var program: ErasedProgram?
    /// The processor on which the caller ran when it started the program.
    var processor: Int32 = -1
  }

  /// Measures whether short programs run faster on the whole team or on the caller alone.
  ///
  /// The answer depends on how far apart the processors are, on their other load, and on whether the workers fall
  /// asleep between programs. The results are the same either way.
  private struct Pace {
    /// How many programs run together, and how many alone, in a trial.
    private static let trial = 8
    /// How many programs pass from the start of a trial to the start of the next.
    private static let term = 2000
    /// The number of programs since the trial began. Program 0 only wakes the workers.
    private var count = 0
    /// The fewest nanoseconds per multiplication in each trial. The minimum ignores the occasional interruption of a
    /// thread.
    private var together = Double.infinity
    private var alone = Double.infinity

    /// Whether the next program should run on the caller alone.
    var isAlone: Bool { count > 2 * Self.trial ? alone < together : count > Self.trial }

    /// Records how long a program took.
    mutating func note(_ nanoseconds: UInt64, work: Int) {
      if (1...Self.trial).contains(count) { together = min(together, Double(nanoseconds) / Double(work)) }
      if (Self.trial + 1...2 * Self.trial).contains(count) { alone = min(alone, Double(nanoseconds) / Double(work)) }
      count += 1
      if count == Self.term { self = Pace() }
    }
  }

  /// Starts a team.
  ///
  /// A process that is forked later has none of the threads; there the caller does all the work.
  ///
  /// - Parameter workers: At least 1. More than the usable processors is allowed, but slower. If the system cannot
  ///   create this many threads, the team is smaller.
  /// - Precondition: Traps below 1 and above 1024.
  public init(workers: Int = usableProcessorCount()) {
    guard (1...1024).contains(workers) else { fail("cannot make a team of \(workers) workers: 1 to 1024 are possible") }
    shared = .allocate(capacity: 1)
    // About 30 µs of spinning, or none if a spinning worker would keep another one from its processor.
    let spins: UInt32 = workers > 1 && workers <= usableProcessorCount() ? 2000 : 0
    shared.initialize(
      to: Shared(barrier: ck_barrier_make(UInt32(workers), spins)))
    lock = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    pace = .allocate(capacity: 1)
    pace.initialize(to: Pace())
    var threads: [pthread_t] = []
    for index in 1..<workers {
      // The thread owns its `Start`, a box with the address of the shared state and the worker's index.
      let start = Unmanaged.passRetained(Start(shared: shared, index: index)).toOpaque()
      var thread = pthread_t()
      var attributes = pthread_attr_t()
      pthread_attr_init(&attributes)
      defer { pthread_attr_destroy(&attributes) }
      pthread_attr_setstacksize(&attributes, threadStackSize)
      let code = pthread_create(
        &thread, &attributes, { Team.work(Unmanaged<Start>.fromOpaque($0!).takeRetainedValue()) }, start)
      guard code == 0 else {
        Unmanaged<Start>.fromOpaque(start).release()
        break
      }
      threads.append(thread)
    }
    self.threads = threads
    workerCount = threads.count + 1
    // No thread can have passed the first meeting, as this thread has not arrived.
    ck_barrier_reduce(Team.barrier(of: shared), UInt32(workerCount))
  }

  /// Whether the team's threads are in this process.
  private var hasThreads: Bool { forkCount == ck_fork_count() }

  deinit {
    if workerCount > 1 && hasThreads {
      shared.pointee.program = nil
      ck_barrier_wait(&shared.pointee.barrier)
      for thread in threads { pthread_join(thread, nil) }
    }
    pthread_mutex_destroy(lock)
    lock.deallocate()
    pace.deallocate()
    shared.deinitialize(count: 1)
    shared.deallocate()
  }

  /// Runs a program on all workers at once, and returns when all have finished it.
  ///
  /// Calls from several threads take turns if they need the team. A program must not run another program on the same
  /// team, since that would never end. Nothing is allocated.
  ///
  /// - Parameter work: The approximate number of multiplications that the program takes. The caller does a small amount
  ///   of work alone.
  @inlinable
  package func run(_ program: some TeamProgram, work: Int = .max) {
    if work < Self.leastWork || workerCount == 1 {
      program.run(Worker.alone)
    } else {
      withUnsafePointer(to: program) { runTogether(ErasedProgram($0), work: work) }
    }
  }

  /// Runs a program on all workers if the team is free, otherwise on the caller alone. A caller never waits for another
  /// caller's program.
  ///
  /// The result must be the same either way. Nothing is allocated.
  @inlinable
  package func runIfFree(_ program: some TeamProgram, work: Int) {
    if work < Self.leastWork || workerCount == 1 || !lockIfFree() {
      program.run(Worker.alone)
    } else {
      withUnsafePointer(to: program) { runLocked(ErasedProgram($0), work: work) }
    }
  }

  /// Below this number of multiplications, a few microseconds of work, the meetings cost more time than the team saves.
  @usableFromInline static var leastWork: Int { 1 << 18 }
  /// From this number of multiplications on, about 0.2 ms of work, the team is certainly faster.
  private static let longWork = 1 << 23

  /// Runs a closure on all workers; this allocates memory.
  package func run(_ program: (Worker) -> Void) {
    struct Closure: TeamProgram {
      let body: (Worker) -> Void

      func run(_ worker: Worker) { body(worker) }
    }
    withoutActuallyEscaping(program) { run(Closure(body: $0)) }
  }

  @usableFromInline
  func runTogether(_ program: ErasedProgram, work: Int) {
    guard hasThreads else { return program.run(Worker.alone) }
    pthread_mutex_lock(lock)
    runLocked(program, work: work)
  }

  @usableFromInline
  func lockIfFree() -> Bool { hasThreads && pthread_mutex_trylock(lock) == 0 }

  /// Runs a program on a team whose lock is held, and releases the lock.
  @usableFromInline
  func runLocked(_ program: ErasedProgram, work: Int) {
    defer { pthread_mutex_unlock(lock) }
    guard work < Self.longWork else { return meetAndRun(program) }
    let start = Self.nanoseconds()
    if pace.pointee.isAlone { program.run(Worker.alone) } else { meetAndRun(program) }
    pace.pointee.note(Self.nanoseconds() - start, work: work)
  }

  private static func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  private func meetAndRun(_ program: ErasedProgram) {
    let barrier = Team.barrier(of: shared)
    shared.pointee.program = program
    shared.pointee.processor = ck_current_processor()
    ck_barrier_reset(barrier)
    ck_barrier_wait(barrier)
    program.run(Worker(index: 0, count: workerCount, barrier: barrier))
    ck_barrier_wait(barrier)
    shared.pointee.program = nil
  }

  private final class Start {
    let shared: UnsafeMutablePointer<Shared>
    let index: Int

    init(shared: UnsafeMutablePointer<Shared>, index: Int) {
      self.shared = shared
      self.index = index
    }
  }

  /// The main function of a thread: it runs one program after another, each between two meetings.
  private static func work(_ start: Start) -> UnsafeMutableRawPointer? {
    let barrier = barrier(of: start.shared)
    ck_barrier_wait(barrier)
    // The number of parties is final from the first meeting on.
    let worker = Worker(index: start.index, count: Int(barrier.pointee.parties), barrier: barrier)
    while let program = start.shared.pointee.program {
      if barrier.pointee.spins > 0 { ck_leave_processor(start.shared.pointee.processor) }
      program.run(worker)
      ck_barrier_wait(barrier)  // the end of this program
      ck_barrier_wait(barrier)  // the start of the next
    }
    return nil
  }

  private static func barrier(of shared: UnsafeMutablePointer<Shared>) -> UnsafeMutablePointer<ck_barrier> {
    UnsafeMutableRawPointer(shared).advanced(by: MemoryLayout<Shared>.offset(of: \.barrier)!)
      .assumingMemoryBound(to: ck_barrier.self)
  }
}

/// The stack size of a computing thread; some C libraries provide only 128 KiB.
package let threadStackSize = 1 << 21
