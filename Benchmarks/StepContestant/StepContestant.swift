import Perceptron
import PerceptronContestant
import PerceptronStepBenchmark

/// Takes the training steps that `contest.py` asks for, or reads a table; see `Benchmarks/README.md` for the protocol.
///
///     StepContestant [naive] DIRECTORY THREADS
///     StepContestant csv FILE THREADS
@main
enum StepContestant {
  static func main() throws {
    var arguments = CommandLine.arguments.dropFirst()
    let isNaive = arguments.first == "naive"
    let isTable = arguments.first == "csv"
    if isNaive || isTable { arguments.removeFirst() }
    guard arguments.count == 2, let threads = arguments.last.flatMap({ Int($0) }), threads >= 1 else {
      throw ContestError("usage: StepContestant [naive|csv] DIRECTORY|FILE THREADS")
    }
    if isTable { return try answer(TableReading(path: arguments.first!, team: Team(workers: threads))) }
    let task = try ContestTask(directory: arguments.first!)
    let team = Team(workers: threads)
    switch (task.workload.precision, isNaive) {
    case (.float, false):
      try answer(team, task.steps(of: Float.self, team), limit: { Limit.rate(of: Float.self, team: team) })
    case (.double, false):
      try answer(team, task.steps(of: Double.self, team), limit: { Limit.rate(of: Double.self, team: team) })
    case (_, true): try answer(team, task.naiveSteps(), limit: { Limit.rate(of: Float.self, team: team) })
    }
  }

  /// Answers each line with a number by taking that many steps.
  static func answer(_ team: Team, _ step: () throws -> Double, limit: () -> Double) throws {
    var loss = 0.0
    try Conversation.hold { line in
      if line == "floor" { return #"{"gflops": \#(Floor.rate(team: team) / 1e9)}"# }
      if line == "limit" { return #"{"gflops": \#(limit() / 1e9)}"# }
      return try Conversation.answer(line, by: { for _ in 0..<$0 { loss = try step() } }, figure: { loss })
    }
  }

  /// Answers each line with a number by reading the table that many times; the sum of its numbers replaces the loss.
  static func answer(_ reading: TableReading) throws {
    var table: Table?
    try Conversation.hold { line in
      try Conversation.answer(
        line,
        by: { count in
          for _ in 0..<count {
            table = nil
            table = try reading.read()
          }
        }, figure: { try TableReading.sum(table!) })
    }
  }
}
