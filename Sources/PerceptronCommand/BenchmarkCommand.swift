import Charts
import Perceptron
import StepBenchmark

/// `perceptron benchmark`.
enum BenchmarkCommand: Command {
  static let name = "benchmark"
  static let usage = "perceptron benchmark [--quick]"
  static let summary = "a training step against naive loops on this machine"
  static let options = [Option("--quick", nil, "fewer repetitions, and no networks that take seconds")]

  static func run(_ arguments: Arguments) throws {
    guard arguments.positional.isEmpty else {
      throw CommandError.usage("unexpected argument \(arguments.positional[0])")
    }
    let isQuick = arguments.flag("--quick")
    let effort = StepBenchmark.Effort(
      rounds: isQuick ? 3 : 7, seconds: isQuick ? 0.05 : 0.2, longestNaiveStep: isQuick ? 1 : 10)
    let team = try makeTeam()
    var rate = Floor.rate(team: team)
    try printLine(
      "One training step in Float on \(team.workerCount) threads, naive loops on one; median of \(effort.rounds) rounds, both in turns.\n"
    )
    var results: [(StepBenchmark.Workload, StepBenchmark.Result)] = []
    for workload in StepBenchmark.Workload.all where !isQuick || workload.batch < 256 {
      let result = StepBenchmark.run(workload, effort, team: team)
      guard result.lossDifference < 1e-3 else {
        throw CommandError.badData(
          "\(workload.name): the losses differ by \(result.lossDifference), so the times do not compare")
      }
      rate = max(rate, Floor.rate(team: team))
      results.append((workload, result))
    }
    var rows = [["network", "batch", "µs/step", "samples/s", "floor µs", "share", "naive µs", "ratio"]]
    for (workload, result) in results {
      let floor = Floor.flops(sizes: workload.sizes, batch: workload.batch) / rate
      rows.append([
        "\(workload.name) \(workload.sizes.map(String.init).joined(separator: "-"))", "\(workload.batch)",
        (result.seconds * 1e6).fixed(1), (Double(workload.batch) / result.seconds).fixed(0), (floor * 1e6).fixed(1),
        "\((100 * floor / result.seconds).fixed(0)) %", result.naiveSeconds.map { ($0 * 1e6).fixed(1) } ?? "–",
        result.ratio.map { "\($0.fixed(1))×" } ?? "–",
      ])
    }
    try printTable(rows)
    try printLine(
      "\nThe floor is the time that a step's matrix products take at the best rate of OpenBLAS here, \((rate / 1e9).fixed(0)) Gflop/s for large"
        + "\nproducts on \(team.workerCount) threads at once. A step's share of it is how much of the step is not lost to anything else."
    )
  }
}
