import Datasets
import Layers
import Tensor

/// What an ONNX graph that is a multi-layer perceptron says.
package struct ONNXPerceptron<Scalar: BLASScalar> {
  package let network: Network<Scalar>
  /// What takes the place of missing inputs; nil where nothing does.
  let missing: [Scalar]?
  /// The names of the classes, if a text output of the graph has them.
  let classes: [String]?
  /// The sizes of the input, without that of the batch.
  let inputShape: [Int]

  /// The most inputs or outputs of a network that is imported, as many as a table has columns.
  private static var mostFeatures: Int { 100_000 }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package init(_ bytes: [UInt8], path: String) throws(ModelError) {
    var chain = try ONNXChain<Scalar>(ONNXModel(bytes, path: path), fileSize: bytes.count, path: path)
    let (steps, classes) = try chain.steps()
    var layers = ONNXLayers<Scalar>(fileSize: bytes.count, path: path)
    for step in steps { try layers.add(step) }
    network = try layers.network()
    let inputSize = network.inputSize
    // Each gets a name of its own, which takes more memory than its weights do in the file.
    guard max(inputSize, network.outputSize) <= Self.mostFeatures else {
      throw .unsupportedGraph(
        path: path,
        problem:
          "there are \(inputSize) inputs and \(network.outputSize) outputs, expected at most \(Self.mostFeatures)")
    }
    let sizes = (chain.input.shape ?? []).dropFirst().map { if case .fixed(let size) = $0 { size } else { 0 } }
    // Where the graph says all sizes: others would mean that a sample is cut into several.
    if !sizes.isEmpty, sizes.allSatisfy({ $0 > 0 }), SafeTensors.elementCount(sizes) != inputSize {
      throw .unsupportedGraph(
        path: path,
        problem:
          "the input has the shape \(sizes.prefix(8).map(String.init).joined(separator: "×")), the first layer \(inputSize) inputs"
      )
    }
    inputShape = sizes.filter { $0 != 1 }
    missing = layers.missing.map { $0.count == 1 ? Array(repeating: $0[0], count: inputSize) : $0 }
    if let missing, missing.count != inputSize {
      throw .unsupportedGraph(path: path, problem: "\(missing.count) numbers stand in for \(inputSize) inputs")
    }
    self.classes = classes
    // A size that the file leaves open may be any.
    if let shape = chain.input.shape, shape.count == 2, sizes[0] > 0, sizes[0] != inputSize {
      throw .unsupportedGraph(
        path: path, problem: "the input has \(sizes[0]) features, the first layer takes \(inputSize)")
    }
  }
}

extension Network {
  /// Reads the network of an ONNX file, whose graph is a multi-layer perceptron: see Documentation/ONNX.md for what may be in it.
  ///
  /// Scaling and batch normalisation become part of the weights beside them.
  ///
  /// - Throws: ``ModelError`` where the file is not there or damaged, and, with the name of the node, where it is something else.
  public init(onnx path: String) throws(ModelError) { self = try ONNXPerceptron(contentsOf: path).network }
}

extension ONNXPerceptron {
  init(contentsOf path: String) throws(ModelError) {
    let bytes: [UInt8]
    do throws(DataError) { bytes = try ByteFile.read(path) } catch { throw .unreadable(error) }
    try self.init(bytes, path: path)
  }
}

extension Model {
  /// Reads an ONNX file as a model: as ``Network/init(onnx:)``, with what the graph says of missing numbers and of the classes.
  ///
  /// The inputs are the columns 1, 2, … of a table, or the pixels of images where each sample has two dimensions. Softmax outputs are classes, 0, 1, … unless
  /// the graph has names, and the label is in the column after the inputs; sigmoid outputs are each of a label 0 or 1 in a column of its own there; others are values.
  ///
  /// - Throws: As ``Network/init(onnx:)``.
  public init(onnx path: String) throws(ModelError) {
    self.init(try ONNXPerceptron(contentsOf: path), path: path)
  }

  /// The model of a graph that has been read; the path is for what the model says of where it came from.
  package init(_ file: ONNXPerceptron<Scalar>, path: String) {
    let network = file.network
    let (inputs, outputs) = (network.inputSize, network.outputSize)
    let isImage = file.inputShape.count == 2 && SafeTensors.elementCount(file.inputShape) == inputs
    let targets = (1...outputs).map { String(inputs + $0) }
    let meaning: Preparation.Outputs
    let loss: Loss
    switch network.outputActivation {
    case .softmax where outputs > 1:
      let names = file.classes.flatMap { Set($0).count == outputs && $0.count == outputs ? $0 : nil }
      meaning = .classes(names ?? (0..<outputs).map(String.init), column: isImage ? nil : targets[0])
      loss = .crossEntropy
    case .sigmoid:
      meaning = .labels(columns: targets, classes: Array(repeating: ["0", "1"], count: outputs))
      loss = .binaryCrossEntropy
    default:
      meaning = .values(columns: targets, scaling: .unscaled(outputs))
      loss = .meanSquaredError
    }
    self.init(
      network: network, loss: loss,
      preparation: Preparation(
        inputs: isImage
          ? .pixels(shape: file.inputShape)
          : .columns((0..<inputs).map { .number(name: String($0 + 1), mean: Double(file.missing?[$0] ?? 0)) }),
        inputScaling: .unscaled(inputs), outputs: meaning),
      training: ["imported from": path.split(separator: "/").last.map(String.init) ?? path])
  }
}
