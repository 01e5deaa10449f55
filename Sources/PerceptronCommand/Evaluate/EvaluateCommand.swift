import Perceptron
import PerceptronFiles

/// `perceptron evaluate MODEL DATA`.
enum EvaluateCommand: Command {
  static let name = "evaluate"
  static let usage = "perceptron evaluate MODEL DATA [--importance] [--json]"
  static let summary = "loss and metrics of a model on labelled data"
  static let options =
    [
      Option("--labels", "FILE.npy", "the labels, if DATA is a .npy file, or the name of an array in FILE.npz"),
      Option(
        "--importance", nil,
        "also how much worse the answers become if a column's values are permuted, for each column"),
      Option(
        "--json", nil,
        "print one JSON object, with the confusion matrix and the scores of all classes or outputs, and all columns"),
    ] + TableOptions.formatOptions

  static func run(_ arguments: Arguments) throws {
    let words = try arguments.positional("MODEL", "DATA")
    let source = try DataSource(words[1], labels: arguments.string("--labels"))
    try source.requireLabels()
    try source.check(arguments)
    let file = try readModel(words[0], Self.self)
    if arguments.flag("--importance"), case .pixels = file.preparation.inputs {
      throw CommandError.usage("--importance is for tables; images have no columns")
    }
    if file.isDouble {
      try evaluate(TrainedModel<Double>(file), source, arguments)
    } else {
      try evaluate(TrainedModel<Float>(file), source, arguments)
    }
  }

  private static func evaluate<Scalar>(_ model: TrainedModel<Scalar>, _ source: DataSource, _ arguments: Arguments)
    throws
  {
    let team = try makeTeam()
    let data = try RawData<Scalar>(
      source, part: .test, format: TableOptions.format(arguments, for: model.preparation), for: model.preparation,
      team: team)
    let samples = try data.samples(model.preparation, team: team)
    var evaluation = try Evaluation(model, samples, team, depth: .details)
    if arguments.flag("--importance"), samples.count < 2 {
      throw CommandError.badData("--importance shuffles the rows of a column, and needs 2 rows or more, found 1")
    }
    if arguments.flag("--importance") { evaluation.importance = ColumnImportances([(model, samples)], team: team) }
    if arguments.flag("--json") {
      try printLine(json(evaluation))
    } else {
      try printLine(evaluation.summary)
      try evaluation.details?.print(width: terminalWidth())
      try evaluation.printOutputs()
      try evaluation.importance?.print()
    }
  }
}

/// Reads the MODEL of a command whose arguments are MODEL and DATA.
func readModel(_ path: String, _ command: any Command.Type) throws -> ModelFile {
  do throws(FileError) {
    return try ModelFile(contentsOf: path)
  } catch {
    // The user may have swapped the two arguments.
    guard error.code == "notSafeTensors" else { throw error }
    throw CommandError.badData("\(error): perceptron \(command.name) MODEL DATA")
  }
}
