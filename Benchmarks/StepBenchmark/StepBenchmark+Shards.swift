import Perceptron
import Tensor

extension StepBenchmark {
  /// The median times of a step that is cut into shards, in seconds, and of its parts on this process.
  package struct ShardResult: Sendable {
    /// The whole step.
    package let seconds: Double
    /// Its parts; nil if no processes share the step.
    package let parts: Parts?
    /// A step of one process, with the threads of all on its machine and without shards.
    package let alone: Double

    package struct Parts: Sendable {
      /// The gradients of this process's shards, with the sums of neighbours.
      package let shards: Double
      /// Until the losses of all shards are known, which includes the wait for the slowest process, and, after the
      /// update, until all have agreed to go on, as in an epoch.
      package let meeting: Double
      /// Until the slices of the sums are here.
      package let travel: Double
      /// The last sums, and the update of the slice.
      package let update: Double
      /// Until all parameters are here.
      package let gathering: Double
    }
  }

  /// Measures steps in shards, in turns with steps of the first process alone. All processes call this.
  ///
  /// - Parameters:
  ///   - team: The threads of this process.
  ///   - wholeTeam: The threads of the first process when it works alone.
  package static func run(
    _ workload: Workload, shards: Int, _ processes: Processes, _ effort: Effort, team: Team, wholeTeam: Team
  ) -> ShardResult {
    var generator = Philox(seed: 1)
    let (network, samples) = start(of: workload, using: &generator)
    let batch = Array(0..<workload.batch)
    let times = ExchangeTimes()
    var alone = trainer(of: network, workload, generator: generator, team: wholeTeam)
    var shared = trainer(
      of: network, workload, shards: shards, processes: processes.timed(in: times), generator: generator, team: team)
    for _ in 0..<3 { shared.mustStep(on: samples, batch) }
    let own = max(1, effort.seconds / seconds(2) { shared.mustStep(on: samples, batch) })
    let steps = Int(processes.gather(own)[0])
    // Of a step that takes as long as a measurement, fewer repetitions tell as much.
    let (rounds, uncounted) = steps == 1 ? (min(effort.rounds, 3), 1) : (effort.rounds, 2)
    var (wholes, alones): ([Double], [Double]) = ([], [])
    var parts: [[Double]] = Array(repeating: [], count: 5)
    for _ in 0..<rounds {
      if processes.isFirst {
        for _ in 0..<uncounted { alone.mustStep(on: samples, batch) }
        alones.append(seconds(steps) { alone.mustStep(on: samples, batch) })
      }
      // The others wait here.
      _ = processes.agree(true)
      for _ in 0..<uncounted { shared.mustStep(on: samples, batch) }
      _ = times.take()
      for _ in 0..<steps {
        let start = ContinuousClock.now
        shared.mustStep(on: samples, batch)
        let end = ContinuousClock.now
        _ = processes.agree(true)
        let agreement = (ContinuousClock.now - end) / .seconds(1)
        wholes.append((end - start) / .seconds(1) + agreement)
        let exchanges = times.take()
        // The losses, the sums and the parameters; more if a step was tried again.
        guard exchanges.count == 3 else { continue }
        let marks =
          [start, exchanges[0].start, exchanges[0].end, exchanges[1].end, exchanges[2].start, exchanges[2].end]
        for part in 0..<5 {
          parts[part].append((marks[part + 1] - marks[part]) / .seconds(1) + (part == 1 ? agreement : 0))
        }
      }
    }
    return ShardResult(
      seconds: median(wholes),
      parts: parts[0].isEmpty
        ? nil
        : ShardResult.Parts(
          shards: median(parts[0]), meeting: median(parts[1]), travel: median(parts[2]), update: median(parts[3]),
          gathering: median(parts[4])), alone: processes.isFirst ? median(alones) : 0)
  }
}
