import Perceptron
import PerceptronFiles

/// `perceptron import FILE -o MODEL`.
enum ImportCommand: Command {
  static let name = "import"
  static let usage = "perceptron import FILE -o MODEL [--layers LIST] [options]"
  static let summary =
    "make a model from an ONNX graph (FILE.onnx) or a PyTorch state dictionary (safetensors, with --layers)"
  static let options =
    [
      Option("-o", "MODEL", "the file to write"),
      Option(
        "--layers", "LIST",
        "the modules of the nn.Sequential: linear, \(normalizations), dropout:0.5, flatten or an activation"),
    ] + importedPreparationOptions + [
      Option("--precision", "float|double", "precision of the model (that of the file)")
    ]

  static func run(_ arguments: Arguments) throws {
    let path = try arguments.positional("FILE")[0]
    guard let output = arguments.string("-o") else { throw CommandError.usage("-o MODEL is missing") }
    if isSameFile(output, path) { throw CommandError.usage("-o \(output) is the file to import; name another file") }
    try checkOutput(output)
    switch path.split(separator: ".").last?.lowercased() {
    case "onnx": try importONNX(path, to: output, arguments)
    default: try importStateDictionary(path, to: output, arguments)
    }
  }

  private static func importStateDictionary(_ path: String, to output: String, _ arguments: Arguments) throws {
    let modules = try modules(arguments)
    let file = try SafeTensors(bytes: SafeTensors.bytes(of: path), path: path)
    if file.text("format") == modelFormat {
      throw CommandError.usage("\(path) is already a model; import reads ONNX graphs and state dictionaries")
    }
    let isDouble =
      try arguments.choice("--precision", [("float", false), ("double", true)])
      ?? file.entries.contains { $0.dataType == .f64 }
    if isDouble {
      try write(try Network<Double>(file, modules: modules), of: path, to: output, arguments)
    } else {
      try write(try Network<Float>(file, modules: modules), of: path, to: output, arguments)
    }
  }

  private static func importONNX(_ path: String, to output: String, _ arguments: Arguments) throws {
    if arguments.string("--layers") != nil {
      throw CommandError.usage("--layers is for state dictionaries; an ONNX graph contains its layers")
    }
    let isDouble = try arguments.choice("--precision", [("float", false), ("double", true)])
    if isDouble != true {
      let graph = try ONNXPerceptron<Float>(contentsOf: path)
      // If a graph has numbers in double, they may be too far from 0 for float.
      if isDouble == false || !graph.usesDouble { return try write(graph, of: path, to: output, arguments) }
    }
    try write(ONNXPerceptron<Double>(contentsOf: path), of: path, to: output, arguments)
  }

  /// Writes the network. The graph describes its inputs and outputs unless an option does.
  private static func write<Scalar>(
    _ graph: ONNXPerceptron<Scalar>, of path: String, to output: String, _ arguments: Arguments
  ) throws {
    if importedPreparationOptions.contains(where: { arguments.string($0.name) != nil }) {
      try write(graph.network, of: path, to: output, arguments)
    } else {
      try write(TrainedModel(graph, path: path), to: output)
    }
  }

  private static let normalizationModules = Normalization.allCases.filter { $0 != .none }
    .map { SequentialModule.normalization($0) }
  private static let normalizations = normalizationModules.map(\.description).joined(separator: ", ")

  /// The modules that `--layers` lists.
  private static func modules(_ arguments: Arguments) throws(CommandError) -> [SequentialModule] {
    guard let list = arguments.string("--layers") else {
      throw .usage("--layers is missing: list the modules of the nn.Sequential, for example linear,relu,linear,softmax")
    }
    return try list.split(separator: ",", omittingEmptySubsequences: false).map { word throws(CommandError) in
      let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      switch (parts[0], parts.count) {
      case ("linear", 1): return .linear
      case ("flatten", 1): return .activation(.identity)
      case ("dropout", 1): return .dropout()
      case ("dropout", 2):
        guard let probability = Double(parts[1]), probability >= 0, probability < 1 else {
          throw .usage(
            "--layers: expected a number from 0 to below 1 after dropout:, found \(parts[1].debugDescription)")
        }
        return .dropout(probability)
      default:
        if let normalization = normalizationModules.first(where: { $0.description == word }) { return normalization }
        guard let activation = Activation(rawValue: String(word)) else {
          let activations = Activation.allCases.map(\.rawValue).joined(separator: ", ")
          throw .usage(
            "--layers: expected linear, \(normalizations), dropout, flatten or an activation (\(activations)), found"
              + " \(String(word).debugDescription)")
        }
        return .activation(activation)
      }
    }
  }

  /// Writes the network. The options describe its inputs and outputs.
  private static func write<Scalar>(
    _ network: Network<Scalar>, of path: String, to output: String, _ arguments: Arguments
  ) throws {
    let (preparation, loss) = try importedPreparation(
      inputs: network.inputSize, outputs: network.outputSize, network.outputActivation, arguments)
    try write(
      TrainedModel(
        network: network, loss: loss, preparation: preparation,
        training: ["imported from": path.split(separator: "/").last.map(String.init) ?? path]), to: output)
  }

  private static func write<Scalar>(_ model: TrainedModel<Scalar>, to output: String) throws {
    try model.write(to: output)
    try printLine("\(model.network)")
    try printLine("wrote \(output)")
  }
}
