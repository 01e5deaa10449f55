extension Team {
  /// Calls a closure for each index below `count`, several at the same time. Each call has a team of its own, among
  /// which the threads of this team are divided.
  ///
  /// This suits long, independent work: its parts do not wait for each other. The result of a call must not depend on
  /// the number of workers of its team. On a team that is in use, the call waits for the program that runs.
  ///
  /// - Parameter body: Called on the team's threads. Calls must not change shared values without a lock.
  package func divided(among count: Int, _ body: (_ index: Int, _ team: Team) -> Void) {
    guard count > 1, workerCount > 1 else {
      for index in 0..<count { body(index, self) }
      return
    }
    let atOnce = min(count, workerCount)
    run { worker in
      worker.takeTiles(count) { index in
        // If the last ones are fewer, each has more threads.
        let beside = index < count - count % atOnce ? atOnce : count % atOnce
        body(index, Team(workers: workerCount / beside))
      }
    }
  }

  /// The seconds until ``divided(among:_:)`` has done tasks of so many seconds each, one on each thread: a thread that
  /// is free begins the next one.
  package func secondsDivided(among tasks: [Double]) -> Double {
    var ends = Array(repeating: 0.0, count: workerCount)
    for seconds in tasks {
      let first = ends.indices.min { ends[$0] < ends[$1] }!
      ends[first] += seconds
    }
    return ends.max()!
  }
}
