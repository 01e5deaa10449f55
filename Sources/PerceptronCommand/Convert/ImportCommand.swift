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
        "the modules of a state dictionary in order: linear, \(normalizations), prelu, dropout:0.5, flatten or an"
          + " activation; batch-norm:1e-3 with its epsilon, leaky-relu:0.2, elu:0.5 and clip:0:6 with their numbers,"
          + " and linear=fc1 with the module's name"),
      Option(
        "--output", "NAME",
        "the output of an ONNX graph to use (the only one of numbers, the one computed from the others, or the only"
          + " one of probabilities)"),
    ] + importedPreparationOptions + [
      Option("--precision", "float|double", "precision of the model (that of the file)")
    ]

  static func run(_ arguments: Arguments) throws {
    let path = try arguments.positional("FILE")[0]
    guard let output = arguments.string("-o") else { throw CommandError.usage("-o MODEL is missing") }
    if isSameFile(output, path) { throw CommandError.usage("-o \(output) is the file to import; name another file") }
    try checkOutput(output)
    switch try kind(path) {
    case .onnx: try importONNX(path, to: output, arguments)
    case .safeTensors: try importStateDictionary(path, to: output, arguments)
    }
  }

  private enum Kind { case onnx, safeTensors }

  /// What a file is: by its first bytes, or by its name if these do not tell.
  private static func kind(_ path: String) throws -> Kind {
    let bytes = ByteFile.firstBytes(path, count: 4096)
    func refused(_ what: String, _ advice: String) -> CommandError {
      .badData("\(path): this is \(what), which is not read; \(advice)")
    }
    let saveTensors = "save the weights alone: safetensors.torch.save_file(model.state_dict(), \"net.safetensors\")"
    if bytes.starts(with: [0x89] + Array("HDF".utf8)) {
      throw refused(
        "an HDF5 file, as Keras writes it", "export the network: model.export(\"net.onnx\", format=\"onnx\")")
    }
    if bytes.starts(with: "PK\u{3}\u{4}".utf8) {
      let isKeras = bytes.firstRange(of: Array("config.json".utf8)) != nil || isNamed(path, ".keras")
      throw isKeras
        ? refused("a .keras archive", "export the network: model.export(\"net.onnx\", format=\"onnx\")")
        : refused("an archive of pickles, as torch.save writes it", saveTensors)
    }
    if bytes.count > 1, bytes[0] == 0x80, (2...5).contains(bytes[1]) {
      throw refused(
        "a pickle, as joblib, pickle or torch.save write it",
        "\(saveTensors), or convert a scikit-learn model by skl2onnx")
    }
    // A safetensors file begins with the length of its header, which is JSON.
    if bytes.count > 8, bytes[8] == UInt8(ascii: "{"), bytes[5...7].allSatisfy({ $0 == 0 }) { return .safeTensors }
    // An ONNX file begins with its version, which is field 1.
    return bytes.first == 0x08 || isNamed(path, ".onnx") ? .onnx : .safeTensors
  }

  private static func importStateDictionary(_ path: String, to output: String, _ arguments: Arguments) throws {
    if arguments.string("--output") != nil {
      throw CommandError.usage("--output is for ONNX graphs; a state dictionary has no outputs of its own")
    }
    if arguments.string("--layers") == nil, (try? ModelFile(contentsOf: path)) != nil { throw alreadyModel(path) }
    let modules = try modules(arguments)
    let file = try SafeTensors(bytes: SafeTensors.bytes(of: path), path: path)
    if file.text("format") == modelFormat { throw alreadyModel(path) }
    let isDouble =
      try arguments.choice("--precision", [("float", false), ("double", true)])
      ?? file.entries.contains { $0.dataType == .f64 }
    if isDouble {
      try write(ImportedNetwork(Network<Double>(file, modules: modules)), of: path, to: output, arguments)
    } else {
      try write(ImportedNetwork(Network<Float>(file, modules: modules)), of: path, to: output, arguments)
    }
  }

  private static func alreadyModel(_ path: String) -> CommandError {
    .usage("\(path) is already a model; import reads ONNX graphs and state dictionaries")
  }

  private static func importONNX(_ path: String, to output: String, _ arguments: Arguments) throws {
    if arguments.string("--layers") != nil {
      throw CommandError.usage(
        "--layers is for state dictionaries; an ONNX graph contains its layers"
          + " (--task classification if it ends in logits)"
      )
    }
    let isDouble = try arguments.choice("--precision", [("float", false), ("double", true)])
    let name = arguments.string("--output")
    if isDouble != true {
      let graph = try ONNXPerceptron<Float>(contentsOf: path, output: name)
      // If a graph has numbers in double, they may be too far from 0 for float.
      if isDouble == false || !graph.usesDouble { return try write(graph, of: path, to: output, arguments) }
    }
    try write(ONNXPerceptron<Double>(contentsOf: path, output: name), of: path, to: output, arguments)
  }

  private static func write<Scalar>(
    _ graph: ONNXPerceptron<Scalar>, of path: String, to output: String, _ arguments: Arguments
  ) throws {
    if !graph.outputs.others.isEmpty {
      let others = graph.outputs.others.map(\.debugDescription).joined(separator: ", ")
      printError(
        "note: \(path): the output \(graph.outputs.used.debugDescription) is used, and not \(others) (--output)\n")
    }
    try write(graph.imported, of: path, to: output, arguments)
  }

  private static func write<Scalar>(
    _ network: ImportedNetwork<Scalar>, of path: String, to output: String, _ arguments: Arguments
  ) throws {
    let model = try importedModel(network, path: path, arguments)
    try model.write(to: output)
    try printLine("\(model.network)")
    try printLine("wrote \(output)")
  }

  private static let normalizations = Normalization.allCases.filter { $0 != .none }.map { "\($0)-norm" }
    .joined(separator: ", ")

  /// The modules that `--layers` lists.
  private static func modules(_ arguments: Arguments) throws(CommandError) -> [SequentialModule] {
    guard let list = arguments.string("--layers") else {
      throw .usage("--layers is missing: list the modules in order, for example linear,relu,linear,softmax")
    }
    return try list.split(separator: ",", omittingEmptySubsequences: false).map { word throws(CommandError) in
      let named = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let module = try module(named[0])
      return named.count == 2 ? module.named(named[1]) : module
    }
  }

  /// A module that `--layers` lists, without its name.
  private static func module(_ word: String) throws(CommandError) -> SequentialModule {
    let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    func number(_ index: Int, _ expected: String, _ isPossible: (Double) -> Bool) throws(CommandError) -> Double {
      guard let number = Double(parts[index]), number.isFinite, isPossible(number) else {
        throw .usage("--layers: expected \(expected) after \(parts[0]):, found \(parts[index].debugDescription)")
      }
      return number
    }
    switch (parts[0], parts.count) {
    case ("linear", 1): return .linear
    case ("flatten", 1): return .activation(.identity)
    case ("prelu", 1): return .prelu
    case ("dropout", 1): return .dropout()
    case ("dropout", 2): return .dropout(try number(1, "a number from 0 to below 1") { $0 >= 0 && $0 < 1 })
    case ("leaky-relu", 2): return .leakyReLU(slope: try number(1, "a slope") { _ in true })
    case ("elu", 2): return .elu(alpha: try number(1, "a number") { _ in true })
    case ("clip", 3):
      let (low, high) = (try number(1, "a number") { _ in true }, try number(2, "a number") { _ in true })
      guard low <= high else { throw .usage("--layers: \(word): the first bound is above the second") }
      return .clip(low...high)
    default: break
    }
    if let normalization = Normalization.allCases.first(where: { $0 != .none && parts[0] == "\($0)-norm" }),
      parts.count <= 2
    {
      return .normalization(
        normalization, epsilon: parts.count == 2 ? try number(1, "an epsilon above 0") { $0 > 0 } : nil)
    }
    guard let activation = Activation(rawValue: word) else {
      let activations = Activation.allCases.map(\.rawValue).joined(separator: ", ")
      throw .usage(
        "--layers: expected linear, \(normalizations), prelu, clip:0:6, dropout, flatten or an activation"
          + " (\(activations)), found \(word.debugDescription)")
    }
    return .activation(activation)
  }
}
