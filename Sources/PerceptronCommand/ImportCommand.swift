import Perceptron

/// `perceptron import FILE.onnx -o MODEL`.
enum ImportCommand: Command {
  static let name = "import"
  static let usage = "perceptron import FILE.onnx -o MODEL [options]"
  static let summary = "make a model of a network that was trained elsewhere"
  static let options = [
    Option("-o", "MODEL", "the file to write"),
    Option("--precision", "float|double", "of the model (float)"),
  ]

  static func run(_ arguments: Arguments) throws {
    let path = try arguments.positional("FILE.onnx")[0]
    guard let output = arguments.string("-o") else { throw CommandError.usage("-o MODEL is missing") }
    if isSameFile(output, path) { throw CommandError.usage("-o \(output) is the file to import; name another file") }
    try AtomicFile.checkWritable(output)
    if try arguments.choice("--precision", [("float", false), ("double", true)]) == true {
      try Model<Double>(onnx: path).write(to: output)
    } else {
      try Model<Float>(onnx: path).write(to: output)
    }
  }
}
