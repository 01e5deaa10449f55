import CPerceptronOutOfMemory
import Perceptron

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

let version = "0.1.0"

/// A command: its help and its action.
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

/// The possible forms of DATA.
private let dataForms = [
  "DATA is one of",
  "  FILE.csv, FILE.tsv     a table, plain or with .gz",
  "  'PART-*.csv'           a table in several files with the same columns, in the order of their names",
  "  -                      a table from standard input",
  "  FILE.npy               a NumPy array, samples first; --labels names the array of labels",
  "  FILE.npz               an archive of arrays: X and y, or other usual names; --labels names the array of labels",
  "  idx:IMAGES,LABELS      a pair of IDX files; bytes are divided by 255, other numbers are used as they are",
  "  mnist:DIRECTORY        MNIST's four files: train-* for training, t10k-* for everything else",
]

private func help(_ command: any Command.Type) -> String {
  let options = command.options
  let dataHelp = command.usage.contains("DATA") ? dataForms + [""] : []
  let labels = options.map { [$0.name, $0.placeholder].compactMap(\.self).joined(separator: " ") }
  let width = labels.map(\.count).max() ?? 0
  return
    (["usage: \(command.usage)", "", command.summary.capitalizedSentence + ".", ""]
    + dataHelp
    + zip(labels, options).map { "  \($0.padded(to: width))  \($1.help)" })
    .joined(separator: "\n")
}

extension String {
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
  fileprivate var capitalizedSentence: String { prefix(1).uppercased() + dropFirst() }
}

@main
enum PerceptronCommand {
  private static let commands: [any Command.Type] = [
    TrainCommand.self, EvaluateCommand.self, PredictCommand.self, InspectCommand.self, ExportCommand.self,
    ServeCommand.self, ImportCommand.self, BenchmarkCommand.self, GradcheckCommand.self,
  ]

  static func main() {
    restartIfAddressSpaceIsLimited()
    end_when_out_of_memory()
    openStandardDescriptors()
    // With SIGXFSZ ignored, exceeding the file size limit is an ordinary write error.
    signal(SIGXFSZ, SIG_IGN)
    let words = Array(CommandLine.arguments.dropFirst())
    outOfMemory = { bytes, directory in
      let needed = "\(bytes / 1_000_000) MB more are needed"
      printFailure(
        directory.map { "error: --cache \($0): \(needed); name a directory with more room\n" }
          ?? "error: out of memory: \(needed); give less data, smaller layers, or a higher limit\n")
      exit(71)
    }
    do {
      let processes = try Processes.launched()
      if !processes.isFirst { keepSilent() }
      let action = try processes.together {
        try checkUTF8()
        try checkInstructions()
        return try request(words, processes)
      }
      try action()
      processes.end()
      exit(0)
    } catch let end as CommonEnd {
      if let cause = end.cause { explain(cause, words) }
      // All processes get here, so none waits in vain.
      (try? Processes.launched())?.end()
      exit(end.exitCode)
    } catch let failure as LoneFailure {
      // Whoever fails first ends the others, which would only repeat it.
      if failure.waits { sleep(2) }
      explain(failure.error, words)
      exit(failure.error.exitCode)
    } catch {
      // If there is no MPI, one process on each machine says so. The others wait, since the first exit ends all.
      let isSilent = error is ProcessesError && Launcher.current?.isFirstOnHost == false
      if isSilent { sleep(1) } else { explain(error, words) }
      exit(exitCode(of: error))
    }
  }

  private static func explain(_ error: any Error, _ words: [String]) {
    if let interruption = error as? Interruption {
      return printFailure(printable(interruption.message) + "\n")
    }
    let error = CommandError(error)
    printFailure("error: \(printable(error.message))\n")
    if error.showsUsage {
      let command = commands.first { $0.name == words.first }
      let names = commands.map { $0.name }.joined(separator: "|")
      printFailure("usage: \(command.map { $0.usage } ?? "perceptron \(names) …")\n")
    }
  }

  /// Refuses arguments that are not UTF-8. Swift repairs them, so that they would name other files.
  private static func checkUTF8() throws(CommandError) {
    for index in 1..<max(Int(CommandLine.argc), 1) {
      guard let argument = CommandLine.unsafeArgv[index], String(validatingCString: argument) == nil else { continue }
      throw .usage(
        "argument \(index), \(String(cString: argument).debugDescription), is not UTF-8;"
          + " rename the file, or make a link to it")
    }
  }

  /// Refuses an instruction set that is unknown or that this processor lacks.
  private static func checkInstructions() throws(CommandError) {
    if let mistake = InstructionSet.mistake { throw CommandError(message: mistake, exitCode: 64) }
  }

  /// What the words ask for.
  private static func request(_ words: [String], _ processes: Processes) throws -> () throws -> Void {
    guard let name = words.first else { throw CommandError.usage("a command is missing") }
    if ["-h", "--help", "help"].contains(name) {
      let topic = commands.first { words.count > 1 && $0.name == words[1] }
      return { try printLine(topic.map { help($0) } ?? overview(commands)) }
    }
    if name == "--version" { return { try printLine("perceptron \(version)\n\(kernelDescription())") } }
    guard let command = commands.first(where: { $0.name == name }) else {
      throw CommandError.usage(
        "unknown command \(name.debugDescription); perceptron --help lists the commands")
    }
    // Help is not shown if the word is an option's value or comes after --.
    let options = command.options + [Option("-h", nil, ""), Option("--help", nil, "")]
    if let arguments = try? Arguments(words.dropFirst(), options: options),
      arguments.flag("-h") || arguments.flag("--help")
    {
      return { try printLine(help(command)) }
    }
    guard processes.count == 1 || command == TrainCommand.self || command == BenchmarkCommand.self else {
      throw CommandError.usage(
        "\(name) is the work of one process, and there are \(processes.count); only train and benchmark are shared")
    }
    let arguments = try Arguments(words.dropFirst(), options: command.options)
    return {
      if command == TrainCommand.self, let slowness = slowness() { printError("warning: \(slowness)\n") }
      try processes.together { try command.run(arguments) }
    }
  }
}
