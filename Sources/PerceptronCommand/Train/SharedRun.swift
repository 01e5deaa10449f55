import Perceptron

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// How the processes of a run share it. A run of one process is shared with nobody.
struct SharedRun {
  let processes: Processes
  /// The number of threads of this process, unless it is given.
  let threads: Int
  /// The number of shards of the training to be resumed, unless it is given; nil if there is none.
  let resumedShards: Int?

  /// All processes make this at the same time.
  init<Scalar: BLASScalar>(_ processes: Processes, _ arguments: Arguments, _: Scalar.Type) throws {
    self.processes = processes
    threads = processes.fairThreadCount()
    let (allowed, online) = (allowedProcessorCount(), sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    if processes.count > 1, allowed < online, arguments.string("--threads") == nil {
      printError(
        "note: this process may use \(allowed) of \(online) processors; if it is the launcher that binds it to them,"
          + " mpirun --bind-to none frees it\n")
    }
    let resumed = try processes.together {
      try processes.isFirst ? CheckpointDirectory<Scalar>.shards(arguments) : nil
    }
    let shards = Int(processes.numbers(Double(resumed ?? 0))[0])
    resumedShards = shards > 0 ? shards : nil
  }
}

extension Processes {
  /// The number of threads with which the processes of this machine use its processors once. All processes must ask for
  /// it.
  fileprivate func fairThreadCount() -> Int {
    let usable = usableProcessorCount()
    guard count > 1 else { return usable }
    let hosts = gather(Array(host.utf8))
    // Processes that are not bound to processors of their own are allowed to use the same ones.
    let allowed = zip(hosts, numbers(Double(allowedProcessorCount()))).reduce(0) {
      $1.0 == hosts[rank] ? $0 + $1.1 : $0
    }
    let share = min(1, Double(sysconf(Int32(_SC_NPROCESSORS_ONLN))) / allowed)
    return max(1, Int(Double(usable) * share))
  }
}
