import Perceptron
import PerceptronStepBenchmark

/// `perceptron benchmark`.
enum BenchmarkCommand: Command {
  static let name = "benchmark"
  static let usage = "perceptron benchmark [--quick] [--shards N]"
  static let summary = "compare a training step with naive loops on this machine"
  static let options = [
    Option("--quick", nil, "fewer repetitions, and no networks that take seconds"),
    Option(
      "--shards", "N",
      "instead, the parts of a step in N shards, which the processes of mpirun share, beside a step of one process"
        + " (as many as processes)"),
    Option("--threads", "N", "threads of each process, with --shards (all that may be used)"),
  ]

  static func run(_ arguments: Arguments) throws {
    guard arguments.positional.isEmpty else {
      throw CommandError.usage("unexpected argument \(arguments.positional[0])")
    }
    let isQuick = arguments.flag("--quick")
    let processes = try Processes.launched()
    let shards = try arguments.integer("--shards", in: 1...64)
    let threads = try arguments.integer("--threads", in: 1...1024)
    if shards != nil || processes.count > 1 {
      return try runShards(shards ?? processes.count, processes, threads: threads, isQuick: isQuick)
    }
    if threads != nil { throw CommandError.usage("--threads needs --shards") }
    let effort = StepBenchmark.Effort(
      rounds: isQuick ? 3 : 7, seconds: isQuick ? 0.05 : 0.2, longestNaiveStep: isQuick ? 1 : 10)
    let team = try makeTeam()
    var (rate, limit) = (Floor.rate(team: team), Limit.rate(team: team))
    try printLine(
      """
      One training step in Float on \(team.workerCount) threads; the naive loops use one thread. \
      Each time is the median of \(effort.rounds) rounds, in which the two alternate.
      \(kernelDescription()).

      """)
    var results: [(StepBenchmark.Workload, StepBenchmark.Result)] = []
    for workload in StepBenchmark.Workload.all where !isQuick || workload.batch < 256 {
      let result = StepBenchmark.run(workload, effort, team: team)
      guard result.lossDifference < 1e-3 else {
        throw CommandError.badData(
          "\(workload.name): the losses differ by \(result.lossDifference), so the times cannot be compared")
      }
      (rate, limit) = (max(rate, Floor.rate(team: team)), max(limit, Limit.rate(team: team)))
      results.append((workload, result))
    }
    var rows = [["network", "batch", "µs/step", "samples/s", "of the limit", "of OpenBLAS", "naive µs", "ratio"]]
    for (workload, result) in results {
      let flops = Floor.flops(sizes: workload.sizes, batch: workload.batch)
      let share = flops / limit / result.seconds
      guard share <= 1.05 else {
        throw CommandError.badData(
          "\(workload.name): a step at \(percent(share)) of the processor's rate is impossible;"
            + " the benchmark is wrong, or the machine was busy while the rate was measured")
      }
      rows.append([
        "\(workload.name) \(workload.sizes.map(String.init).joined(separator: "-"))", "\(workload.batch)",
        (result.seconds * 1e6).fixed(1), (Double(workload.batch) / result.seconds).fixed(0), percent(share),
        percent(flops / rate / result.seconds), result.naiveSeconds.map { ($0 * 1e6).fixed(1) } ?? "–",
        result.ratio.map { "\($0.fixed(1))×" } ?? "–",
      ])
    }
    let slowdown = StepBenchmark.slowdownByDeadUnits(rounds: 2 * effort.rounds + 1, team: team)
    try printTable(rows)
    try printLine(
      """

      The limit is the processor's rate of multiply-adds from registers, \((limit / 1e9).fixed(0)) Gflop/s on \
      \(team.workerCount) threads; large products
      in OpenBLAS reach \((rate / 1e9).fixed(0)). A percentage is the time that a step's matrix products alone would \
      take at these rates, divided
      by the time of the whole step. A step of tab64 takes \(slowdown.fixed(2)) times as long after its units have \
      died and their moments
      would be denormal numbers.
      """)
  }

  private static func runShards(_ shards: Int, _ processes: Processes, threads: Int?, isQuick: Bool) throws {
    guard processes.count <= shards else {
      throw CommandError.usage("\(processes.count) processes need as many --shards, found \(shards)")
    }
    let effort = StepBenchmark.Effort(rounds: isQuick ? 3 : 7, seconds: isQuick ? 0.1 : 0.5, longestNaiveStep: 0)
    let team = try makeTeam(threads: threads, processors: processes.fairThreadCount())
    let all = processes.gather(Double(team.workerCount)).reduce(0) { $0 + Int($1) }
    let whole = try makeTeam(threads: processes.count == 1 ? team.workerCount : min(all, usableProcessorCount()))
    try printLine(
      """
      One training step in Float in \(shards) shards by \(processes.count) processes of \(team.workerCount) threads, \
      beside a step of one process
      of \(whole.workerCount) threads without shards. Medians in ms, in turns; the parts are those of the first process.
      \(kernelDescription()).

      """)
    typealias Workload = StepBenchmark.Workload
    let workloads =
      [Workload.mnist512, .mnist512.batched(1024)] + (isQuick ? [] : [.deep, .deep.batched(1024), .wide])
    var rows = [
      ["network", "batch", "step", "shards", "meeting", "travel", "update", "gathering", "one process", "ratio"]
    ]
    for workload in workloads {
      let result = StepBenchmark.run(workload, shards: shards, processes, effort, team: team, wholeTeam: whole)
      func shown(_ seconds: Double?) -> String { seconds.map { (1000 * $0).fixed(2) } ?? "–" }
      let parts = result.parts
      rows.append(
        [workload.name, "\(workload.batch)", shown(result.seconds)]
          + [parts?.shards, parts?.meeting, parts?.travel, parts?.update, parts?.gathering, result.alone].map(shown)
          + ["\((result.seconds / result.alone).fixed(2))×"])
    }
    try printTable(rows)
  }

  private static func percent(_ share: Double) -> String { "\((100 * share).fixed(0)) %" }
}
