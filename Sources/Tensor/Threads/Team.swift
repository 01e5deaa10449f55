import CPerceptronKernels

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Threads that run one program together, the calling thread among them.
///
/// The threads are made once and live as long as the team. Between two programs they sleep, so a team that trains
/// nothing costs nothing. They are threads of their own: nothing runs on Swift's cooperative pool, whose tasks must not
/// wait for each other.
///
/// What a program computes must not depend on the number of workers; see ``Worker/share(of:)``.
public final class Team: Sendable {
  /// How many threads work, the calling one included: as many as were asked for, or fewer if the system gave no more.
  public let workerCount: Int
  nonisolated(unsafe) private let shared: UnsafeMutablePointer<Shared>
  /// Held while a program runs: a second caller waits, or does without the team.
  nonisolated(unsafe) private let lock: UnsafeMutablePointer<pthread_mutex_t>
  /// Changes under the lock only. Apart from what is shared, as a change of a part counts as one of the whole to Thread
  /// Sanitizer.
  nonisolated(unsafe) private let pace: UnsafeMutablePointer<Pace>
  private let threads: [pthread_t]
  /// Tells whether the process is the one that has the threads, or was forked from it.
  private let forkCount = ck_fork_count()

  /// What the threads share; it does not move.
  private struct Shared {
    var barrier: ck_barrier
    /// The program; nil ends the threads.
    var program: ErasedProgram?
    /// The processor that the caller was on when it started the program.
    var processor: Int32 = -1
  }

  /// Whether short programs are faster on the whole team or on the caller alone, by trial: that depends on how far the
  /// processors are from each other, on what else they have to do, and on whether the workers fall asleep in between.
  /// What is computed is the same.
  private struct Pace {
    private static let trial = 8
    private static let term = 2000
    /// The programs since the trial began. The first only wakes the workers.
    private var count = 0
    /// The fewest nanoseconds for a multiplication in each trial: a thread that is interrupted now and then decides
    /// nothing.
    private var together = Double.infinity
    private var alone = Double.infinity

    /// Whether the next program is to be done alone.
    var isAlone: Bool { count > 2 * Self.trial ? alone < together : count > Self.trial }

    /// Notes how long a program took.
    mutating func note(_ nanoseconds: UInt64, work: Int) {
      if (1...Self.trial).contains(count) { together = min(together, Double(nanoseconds) / Double(work)) }
      if (Self.trial + 1...2 * Self.trial).contains(count) { alone = min(alone, Double(nanoseconds) / Double(work)) }
      count += 1
      if count == Self.term { self = Pace() }
    }
  }

  /// Starts a team.
  ///
  /// In a process that is forked later, which has none of the threads, the caller does all of the work.
  ///
  /// - Parameter workers: At least 1; more than the processors that may be used is allowed, and slower. If the system
  ///   gives no more threads, the team is smaller.
  /// - Precondition: Traps below 1 and above 1024.
  public init(workers: Int = usableProcessorCount()) {
    guard (1...1024).contains(workers) else { fail("cannot make a team of \(workers) workers: 1 to 1024 are possible") }
    shared = .allocate(capacity: 1)
    // About 30 µs of spinning; none if a spinning worker would keep another from its processor.
    let spins: UInt32 = workers > 1 && workers <= usableProcessorCount() ? 2000 : 0
    shared.initialize(
      to: Shared(barrier: ck_barrier_make(UInt32(workers), spins)))
    lock = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    pace = .allocate(capacity: 1)
    pace.initialize(to: Pace())
    var threads: [pthread_t] = []
    for index in 1..<workers {
      // The thread owns its start: a box with where the shared part is and which worker it is.
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
    // None can have passed the first meeting, as this thread has not arrived.
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

  /// Runs a program on every worker at once and returns when all have ended it.
  ///
  /// Calls from several threads take turns, where the team is needed. A program must not run another on the same team:
  /// that would never end. Nothing is allocated.
  ///
  /// - Parameter work: About how many multiplications the program takes. Little work the caller does alone.
  @inlinable
  package func run(_ program: some TeamProgram, work: Int = .max) {
    if work < Self.leastWork || workerCount == 1 {
      program.run(Worker.alone)
    } else {
      withUnsafePointer(to: program) { runTogether(ErasedProgram($0), work: work) }
    }
  }

  /// Runs a program on every worker if none runs on the team now, and else on the caller alone: nobody waits for
  /// another's program.
  ///
  /// What is computed must be the same either way. Nothing is allocated.
  @inlinable
  package func runIfFree(_ program: some TeamProgram, work: Int) {
    if work < Self.leastWork || workerCount == 1 || !lockIfFree() {
      program.run(Worker.alone)
    } else {
      withUnsafePointer(to: program) { runLocked(ErasedProgram($0), work: work) }
    }
  }

  /// Below this, some microseconds' work, meetings take longer than what they save.
  @usableFromInline static var leastWork: Int { 1 << 18 }
  /// From here on, about 0.2 ms of work, the team is surely worth it.
  private static let longWork = 1 << 23

  /// The same for a closure; it allocates.
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

  /// Runs a program on a team whose lock is held, and gives it up.
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

  /// What a thread does: program after program, between two meetings each.
  private static func work(_ start: Start) -> UnsafeMutableRawPointer? {
    let barrier = barrier(of: start.shared)
    ck_barrier_wait(barrier)
    // Known from the first meeting on.
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

/// The stack of a thread that computes; some C libraries leave 128 KiB.
package let threadStackSize = 1 << 21
