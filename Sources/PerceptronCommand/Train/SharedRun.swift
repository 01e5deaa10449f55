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
  let shardsOfCheckpoint: Int?

  /// All processes make this at the same time.
  init<Scalar: BLASScalar>(_ processes: Processes, _ arguments: Arguments, _: Scalar.Type) throws {
    self.processes = processes
    threads = processes.fairThreadCount()
    shareMemory(among: processes.countHere())
    if processes.count > 1, arguments.string("--threads") == nil {
      let (allowed, online) = (processorAffinity().bitCount, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
      if 0 < allowed && allowed < online {
        printError(
          "note: this process may use \(allowed) of \(online) processors; if it is the launcher that binds it to them,"
            + " mpirun --bind-to none frees it\n")
      }
    }
    let shards = try processes.together {
      try processes.isFirst ? CheckpointDirectory<Scalar>.shards(arguments) : nil
    }
    let first = Int(processes.gather(Double(shards ?? 0))[0])
    shardsOfCheckpoint = first > 0 ? first : nil
  }
}

/// A machine of a run.
struct Machine {
  let host: String
  /// The number of threads of each of its processes.
  let threads: [Int]

  var summary: String {
    let all = threads.reduce(0, +)
    return "\(threads.count) process\(threads.count == 1 ? "" : "es"), \(all) thread\(all == 1 ? "" : "s")"
  }
}

extension Processes {
  /// The names of the machines of all processes. All processes must ask for them.
  private func hosts() -> [String] { gather(Array(host.utf8)).map { String(decoding: $0, as: UTF8.self) } }

  /// The machines of all processes, in the order of their first processes. All processes must ask for it.
  ///
  /// - Parameter threads: The number of threads of this process.
  func machines(threads: Int) -> [Machine] {
    let (hosts, counts) = (hosts(), gather(Double(threads)).map { Int($0) })
    var ofHost: [String: [Int]] = [:]
    var order: [String] = []
    for (host, count) in zip(hosts, counts) {
      if ofHost[host] == nil { order.append(host) }
      ofHost[host, default: []].append(count)
    }
    return order.map { Machine(host: $0, threads: ofHost[$0]!) }
  }

  /// The number of processes on this machine. All processes must ask for it.
  func countHere() -> Int { hosts().count { $0 == host } }

  /// The number of threads of this process with which all processes of the machine together use each processor once.
  /// All processes must ask for it.
  func fairThreadCount() -> Int {
    let usable = usableProcessorCount()
    guard count > 1 else { return usable }
    // Processes that are not bound to processors of their own may use the same ones.
    let here = zip(hosts(), gather(processorAffinity())).filter { $0.0 == host }.map(\.1)
    let union = here.reduce(processorAffinity()) { zip($0, $1).map { $0 | $1 } }
    let share = Double(union.bitCount) / Double(max(here.reduce(0) { $0 + $1.bitCount }, 1))
    return max(1, Int(Double(usable) * share))
  }
}
