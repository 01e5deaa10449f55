import Glibc
import Perceptron

let version = "0.1.0"

/// One command: what help shows, and what it does.
protocol Command: SendableMetatype {
  static var name: String { get }
  static var usage: String { get }
  static var summary: String { get }
  static var options: [Option] { get }
  static func run(_ arguments: Arguments) throws
}

private func overview(_ commands: [any Command.Type]) -> String {
  let width = commands.map { $0.name.count }.max()!
  return
    (["usage: perceptron COMMAND …", "", "Trains multi-layer perceptrons and puts them to use.", ""]
    + commands.map { "  \($0.name.padded(to: width))  \($0.summary)" }
    + ["", "perceptron COMMAND --help shows a command's options, perceptron --version the version."])
    .joined(separator: "\n")
}

private func help(_ command: any Command.Type) -> String {
  let built = command.options.filter { !$0.isPlanned }
  let labels = built.map { [$0.name, $0.placeholder].compactMap(\.self).joined(separator: " ") }
  let width = labels.map(\.count).max() ?? 0
  return
    (["usage: \(command.usage)", "", command.summary.capitalizedSentence + ".", ""]
    + zip(labels, built).map { "  \($0.padded(to: width))  \($1.help)" })
    .joined(separator: "\n")
}

extension String {
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
  fileprivate var capitalizedSentence: String { prefix(1).uppercased() + dropFirst() }
}

@main
enum PerceptronCommand {
  private static let commands: [any Command.Type] = [
    TrainCommand.self, EvaluateCommand.self, PredictCommand.self, InspectCommand.self, BenchmarkCommand.self,
    GradcheckCommand.self,
  ]

  static func main() { exit(run()) }

  private static func run() -> Int32 {
    let words = Swift.CommandLine.arguments.dropFirst()
    guard let name = words.first else {
      printError(overview(commands) + "\n")
      return 64
    }
    switch name {
    case "-h", "--help", "help":
      printLine(overview(commands))
      return 0
    case "--version":
      printLine("perceptron \(version)")
      return 0
    default: break
    }
    guard let command = commands.first(where: { $0.name == name }) else {
      let planned = ["export", "import"].contains(name)
      printError("error: \(planned ? "\(name) is not built yet" : "unknown command \(name)")\n")
      printError("usage: perceptron \(commands.map { $0.name }.joined(separator: "|")) …\n")
      return 64
    }
    if words.contains(where: { $0 == "-h" || $0 == "--help" }) {
      printLine(help(command))
      return 0
    }
    do {
      try command.run(Arguments(words.dropFirst(), options: command.options))
      return 0
    } catch {
      let error = CommandError(error)
      printError("error: \(error.message)\n")
      if error.showsUsage { printError("usage: \(command.usage)\n") }
      return error.exitCode
    }
  }
}
