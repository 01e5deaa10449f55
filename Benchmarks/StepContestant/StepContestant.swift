import Foundation
import NaiveLoops
import Perceptron
import StepBenchmark

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
    let task = try ContestTask(directory: URL(fileURLWithPath: arguments.first!))
    let team = Team(workers: threads)
    switch (task.workload.precision, isNaive) {
    case (.float, false): try answer(team, task.steps(of: Float.self, team))
    case (.double, false): try answer(team, task.steps(of: Double.self, team))
    case (_, true): try answer(team, task.naiveSteps())
    }
  }

  /// Answers each line with a number by as many steps, until the input ends.
  static func answer(_ team: Team, _ step: () throws -> Double) throws {
    reply(#"{"version": "Perceptron"}"#)
    while let line = readLine() {
      if line == "floor" {
        reply(#"{"gflops": \#(Floor.rate(team: team) / 1e9)}"#)
        continue
      }
      guard let steps = Int(line), steps > 0 else { throw ContestError("unknown request: \(line)") }
      var loss = 0.0
      let time = try ContinuousClock().measure { for _ in 0..<steps { loss = try step() } }
      reply(#"{"seconds": \#(time / .seconds(1)), "loss": \#(loss), "peakBytes": \#(try peakBytes())}"#)
    }
  }

  /// Answers each line with a number by reading the table as often; the sum of its numbers stands for the loss and is not timed.
  static func answer(_ reading: TableReading) throws {
    reply(#"{"version": "Perceptron"}"#)
    while let line = readLine() {
      guard let count = Int(line), count > 0 else { throw ContestError("unknown request: \(line)") }
      var table: Table?
      let time = try ContinuousClock().measure {
        for _ in 0..<count {
          table = nil
          table = try reading.read()
        }
      }
      let peak = try peakBytes()
      reply(
        #"{"seconds": \#(time / .seconds(1)), "loss": \#(try TableReading.sum(table!)), "peakBytes": \#(peak)}"#)
    }
  }

  /// Writes a line at once, though the output is no terminal.
  static func reply(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

  /// The most memory that this process has had resident.
  static func peakBytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    guard let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw ContestError("/proc/self/status names no VmHWM")
    }
    return 1024 * kilobytes
  }
}

struct ContestError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
