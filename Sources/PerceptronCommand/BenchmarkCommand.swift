import Perceptron
import StepBenchmark

/// `perceptron benchmark`.
enum BenchmarkCommand: Command {
  static let name = "benchmark"
  static let usage = "perceptron benchmark [--quick]"
  static let summary = "naive loops against BLAS on this machine"
  static let options = [Option("--quick", nil, "fewer repetitions")]

  /// The steps that take about a tenth of a second by naive loops, for each workload.
  private static let workloads: [(StepBenchmark.Workload, stepsPerRound: Int)] = [
    (.nielsen30, 200), (.nielsen100, 60), (.digits, 200), (.mnist512, 2),
  ]

  static func run(_ arguments: Arguments) throws {
    guard arguments.positional.isEmpty else {
      throw CommandError.usage("unexpected argument \(arguments.positional[0])")
    }
    let rounds = arguments.flag("--quick") ? 3 : 11
    let team = Team()
    try printLine(
      "One training step in Float on \(team.workerCount) threads, naive loops on one; median of \(rounds) rounds, both in turns:\n"
    )
    var rows = [["network", "batch", "µs/step", "samples/s", "naive µs/step", "ratio", "loss difference"]]
    for (workload, steps) in workloads {
      let result = StepBenchmark.run(workload, rounds: rounds, stepsPerRound: steps, team: team)
      guard result.lossDifference < 1e-3 else {
        throw CommandError.badData(
          "\(workload.name): the losses differ by \(result.lossDifference), so the times do not compare")
      }
      rows.append([
        "\(workload.name) \(workload.sizes.map(String.init).joined(separator: "-"))", "\(workload.batch)",
        (result.seconds * 1e6).fixed(1), (Double(workload.batch) / result.seconds).fixed(0),
        (result.naiveSeconds * 1e6).fixed(1), "\(result.ratio.fixed(1))×", result.lossDifference.short,
      ])
    }
    try printTable(rows)
  }
}
