import Perceptron
import PerceptronFiles

/// `perceptron export MODEL FILE.onnx`.
enum ExportCommand: Command {
  static let name = "export"
  static let usage = "perceptron export MODEL FILE.onnx"
  static let summary = "write a model for ONNX Runtime, preprocessing included"
  static let options: [Option] = []

  static func run(_ arguments: Arguments) throws {
    let words = try arguments.positional("MODEL", "FILE.onnx")
    let path = words[1]
    guard isNamed(path, ".onnx") else {
      throw CommandError.usage("expected a file named .onnx, found \(path.debugDescription)")
    }
    if isSameFile(path, words[0]) { throw CommandError.usage("\(path) is the model; name another file") }
    try checkOutput(path, option: "FILE.onnx")
    let file = try ModelFile(contentsOf: words[0])
    if file.isDouble {
      try export(TrainedModel<Double>(file), to: path)
    } else {
      try export(TrainedModel<Float>(file), to: path)
    }
  }

  private static func export<Scalar>(_ model: TrainedModel<Scalar>, to path: String) throws(FileError) {
    try model.writeONNX(to: path)
    let (inputs, outputs) = model.numbersThatNeedDouble
    func warn(_ names: [String], _ what: String) {
      guard let first = names.first else { return }
      let others = names.count == 1 ? "" : " and \(names.count - 1) more"
      printError(
        "warning: \(path): \(what): float32 would lose digits of \(first.debugDescription)\(others)\n")
    }
    warn(inputs, "the graph takes its numbers as double (float64)")
    warn(outputs, "the graph gives its output as double (float64)")
    guard case .columns(let columns) = model.preparation.inputs else { return }
    for column in columns {
      switch column {
      case .date(let name, let format, _, _):
        let parts = format.parts.map { "\"\(name) \($0)\"" }.joined(separator: ", ")
        printError("note: \(path): the graph reads no dates; it has the inputs \(parts) for \(name.debugDescription)\n")
      case .number(let name, _, let format, _) where format != .plain:
        printError(
          "note: \(path): the graph takes \(name.debugDescription) as a number, not as the table has it (\(format))\n"
        )
      default: break
      }
    }
  }
}
