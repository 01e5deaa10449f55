import Perceptron
import PerceptronCharts
import PerceptronStepBenchmark

/// `perceptron benchmark`.
enum BenchmarkCommand: Command {
  static let name = "benchmark"
  static let usage = "perceptron benchmark [--quick]"
  static let summary = "compare a training step with naive loops on this machine"
  static let options = [Option("--quick", nil, "fewer repetitions, and no networks that take seconds")]

  static func run(_ arguments: Arguments) throws {
    guard arguments.positional.isEmpty else {
      throw CommandError.usage("unexpected argument \(arguments.positional[0])")
    }
    let isQuick = arguments.flag("--quick")
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

  private static func percent(_ share: Double) -> String { "\((100 * share).fixed(0)) %" }
}
