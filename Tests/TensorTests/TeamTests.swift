import Glibc
import Synchronization
import Tensor
import Testing

@Test("Every worker runs every program once, and a meeting shows each what the others wrote", arguments: [1, 2, 3, 8])
func programs(workers: Int) {
  let team = Team(workers: workers)
  #expect(team.workerCount == workers)
  var written = Matrix<Double>(rows: workers, columns: 1)
  var sums = Matrix<Double>(rows: workers, columns: 1)
  for round in 1...200 {
    written.withTile { written in
      sums.withTile { sums in
        team.run { worker in
          written[worker.index] += 1
          worker.meet()
          var sum = 0.0
          for index in 0..<workers { sum += written[index] }
          sums[worker.index] = sum
        }
      }
    }
    #expect(sums.elements.allSatisfy { $0 == Double(round * workers) })
  }
}

@Test("The shares of the workers are all tiles, each once", arguments: [0, 1, 2, 7, 8, 100])
func shares(tiles: Int) {
  for workers in [1, 2, 3, 8] {
    var visits = Matrix<Double>(rows: tiles, columns: 1)
    visits.withTile { visits in
      Team(workers: workers).run { worker in
        for tile in worker.share(of: tiles) { visits[tile] += 1 }
      }
    }
    #expect(visits == Matrix(rows: tiles, columns: 1, repeating: 1))
  }
}

@Test("Results come in the order of their indices, whichever worker made them", arguments: [1, 2, 3, 8])
func map(workers: Int) {
  let team = Team(workers: workers)
  for count in [0, 1, 2, 100] {
    // Texts rather than numbers, so that one that is never made or made twice would be found.
    #expect(team.map(count) { String(repeating: "x", count: $0 + 20) }.map(\.count) == (0..<count).map { $0 + 20 })
  }
}

private final class Counter: Sendable {
  let running = Atomic<Int>(0)
  let most = Atomic<Int>(0)
}

@Test("Programs of several threads on one team take turns")
func turns() async {
  let team = Team(workers: 2)
  let counter = Counter()
  await withTaskGroup(of: Void.self) { group in
    for _ in 0..<4 {
      group.addTask {
        for _ in 0..<50 {
          team.run { worker in
            guard worker.index == 0 else { return }
            counter.most.max(counter.running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
            counter.running.subtract(1, ordering: .relaxed)
          }
        }
      }
    }
  }
  #expect(counter.most.load(ordering: .relaxed) == 1)
}

@Test("A team below one worker is refused")
func noWorkers() async {
  let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = Team(workers: 0) }
  #expect(standardError(result).contains("cannot make a team of 0 workers"))
}

@Test("A worker that traps ends the process with its message, though others wait for it", .timeLimit(.minutes(5)))
func trappingWorker() async {
  let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    Team(workers: 3).run { worker in
      if worker.index == 2 { _ = Matrix<Float>(rows: 1, columns: 1)[1, 0] }
      worker.meet()
    }
  }
  #expect(standardError(result).contains("no element (1, 0) in a 1×1 matrix"))
}

/// The C library's, which Swift keeps from its callers.
@_silgen_name("fork") private func forked() -> pid_t

@Test("A forked child, which has none of the team's threads, does the work alone, and may have a team of its own")
func forkedChild() async {
  await #expect(processExitsWith: .success) {
    func isWhole(_ team: Team) -> Bool {
      var visits = Matrix<Double>(rows: 100, columns: 1)
      visits.withTile { visits in team.run { worker in for tile in worker.share(of: 100) { visits[tile] += 1 } } }
      return visits == Matrix(rows: 100, columns: 1, repeating: 1)
    }
    var team: Team? = Team(workers: 3)
    guard isWhole(team!) else { exit(1) }
    let child = forked()
    if child == 0 {
      alarm(60)
      let isRight = isWhole(team!) && isWhole(Team(workers: 2))
      team = nil
      _exit(isRight ? 0 : 1)
    }
    var status: Int32 = 0
    waitpid(child, &status, 0)
    exit(status == 0 && isWhole(team!) ? 0 : 1)
  }
}

@Test("If the system gives no more threads, a team is smaller, and does all of the work")
func fewerThreads() async {
  await #expect(processExitsWith: .success) {
    // No more room for stacks of 2 MiB than for a part of the team.
    let file = fopen("/proc/self/statm", "r")!
    var line = [CChar](repeating: 0, count: 200)
    fgets(&line, 200, file)
    let pages = rlim_t(strtoul(line, nil, 10))
    let addressSpace = __rlimit_resource_t(9)  // RLIMIT_AS, a macro that Swift does not see.
    var old = rlimit()
    getrlimit(addressSpace, &old)
    var limit = old
    limit.rlim_cur = pages * 4096 + 96 << 20
    setrlimit(addressSpace, &limit)
    let team = Team(workers: 200)
    setrlimit(addressSpace, &old)
    #expect((1..<200).contains(team.workerCount))
    var visits = Matrix<Double>(rows: 1000, columns: 1)
    for _ in 0..<50 {
      visits.withTile { visits in
        team.run { worker in
          #expect(worker.count == team.workerCount)
          for tile in worker.share(of: 1000) { visits[tile] += 1 }
        }
      }
    }
    #expect(visits == Matrix(rows: 1000, columns: 1, repeating: 50))
  }
}

@Test("The time of a divided team: a thread that is free begins the next task")
func dividedTime() {
  #expect(Team(workers: 2).secondsDivided(among: [3, 1, 1, 1]) == 3)
  #expect(Team(workers: 2).secondsDivided(among: [1, 1, 1, 3]) == 4)
  #expect(Team(workers: 3).secondsDivided(among: [2, 2, 2, 2]) == 4)
  #expect(Team(workers: 1).secondsDivided(among: [1, 2, 3]) == 6)
  #expect(Team(workers: 2).secondsDivided(among: []) == 0)
}

@Test("A divided team calls each index once, and shares out its threads", arguments: 1...5)
func dividedTeam(workers: Int) {
  let team = Team(workers: workers)
  for count in 0...7 {
    let calls = Guarded<[Int: Int]>([:])
    let running = Guarded(0)
    team.divided(among: count) { index, team in
      running.withLock {
        $0 += team.workerCount
        // The last calls have more threads if they are fewer, while others may still run.
        if count == 0 || count % min(count, workers) == 0 { #expect($0 <= workers) }
      }
      let added = calls.withLock { $0.updateValue(team.workerCount, forKey: index) }
      #expect(added == nil)
      running.withLock { $0 -= team.workerCount }
    }
    let sizes = calls.withLock { $0 }
    #expect(sizes.keys.sorted() == Array(0..<count))
    // A single call has all threads, and as many calls as threads have one each.
    if count == 1 { #expect(sizes[0] == workers) }
    if count == workers { #expect(sizes.values.allSatisfy { $0 == 1 }) }
  }
}
