import Perceptron

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
    let file = try ModelFile(words[0])
    if file.isDouble {
      try Model<Double>(file).writeONNX(to: path)
    } else {
      try Model<Float>(file).writeONNX(to: path)
    }
  }
}
