import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import Tensor

/// The contents of an ONNX graph that is a multi-layer perceptron.
package struct ONNXPerceptron<Scalar: BLASScalar> {
  package let network: Network<Scalar>
  /// The values that replace missing inputs; nil if there are none.
  let missing: [Scalar]?
  /// The names of the classes, if a string output of the graph has them.
  let classes: [String]?
  /// Whether the graph has inputs or outputs in double precision.
  package let usesDouble: Bool
  /// The sizes of the input, without the batch size.
  let inputShape: [Int]

  /// The maximum number of inputs or outputs of an imported network, equal to the maximum number of columns of a table.
  private static var mostFeatures: Int { 100_000 }

  /// The contents of a graph, without a reference to the file's bytes.
  private typealias Parts = (
    steps: [ONNXChain<Scalar>.Step], classes: [String]?, input: ONNXValue, usesDouble: Bool, fileSize: Int
  )

  package init(_ bytes: [UInt8], path: String) throws(FileError) { try self.init(Self.parts(bytes, path), path) }

  package init(contentsOf path: String) throws(FileError) { try self.init(Self.parts(path), path) }

  private static func parts(_ path: String) throws(FileError) -> Parts {
    let bytes = try ByteFile.read(path)
    return try parts(bytes, path)
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private static func parts(_ bytes: [UInt8], _ path: String) throws(FileError) -> Parts {
    var chain = try ONNXChain<Scalar>(ONNXModel(bytes, path: path), fileSize: bytes.count, path: path)
    let (steps, classes) = try chain.steps()
    return (steps, classes, chain.input, chain.usesDouble, bytes.count)
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private static func assembler(_ parts: Parts, _ path: String) throws(FileError) -> NetworkAssembler<Scalar> {
    var assembler = NetworkAssembler<Scalar>(fileSize: parts.fileSize) { node, problem in
      node.map { .unsupportedNode(path: path, node: $0, problem: problem) }
        ?? .unsupportedGraph(path: path, problem: problem)
    }
    for step in parts.steps { try assembler.add(step.operation, name: step.node) }
    return assembler
  }

  private init(_ parts: consuming Parts, _ path: String) throws(FileError) {
    var assembler = try Self.assembler(parts, path)
    // The weights take equally much memory in the file, the steps, the layers and the network. No three of these are
    // needed at the same time.
    parts.steps = []
    network = try assembler.network()
    let inputSize = network.inputSize
    // Each input and output gets its own name, which takes more memory than its weights take in the file.
    guard max(inputSize, network.outputSize) <= Self.mostFeatures else {
      throw .unsupportedGraph(
        path: path,
        problem:
          "there are \(inputSize) inputs and \(network.outputSize) outputs, expected at most \(Self.mostFeatures)")
    }
    let sizes = (parts.input.shape ?? []).dropFirst().map { if case .fixed(let size) = $0 { size } else { 0 } }
    // This check applies if the graph states all sizes. A different count would mean that a sample is cut into several.
    if !sizes.isEmpty, sizes.allSatisfy({ $0 > 0 }), SafeTensors.elementCount(sizes) != inputSize {
      throw .unsupportedGraph(
        path: path,
        problem:
          "the input has the shape \(sizes.prefix(8).map(String.init).joined(separator: "×")), the first layer"
          + " \(inputSize) inputs")
    }
    inputShape = sizes.filter { $0 != 1 }
    missing = assembler.missing.map { $0.count == 1 ? Array(repeating: $0[0], count: inputSize) : $0 }
    if let missing, missing.count != inputSize {
      throw .unsupportedGraph(
        path: path, problem: "found \(missing.count) replacement values for missing inputs, expected \(inputSize)")
    }
    classes = parts.classes
    usesDouble = parts.usesDouble
    // A size that the file leaves open may have any value.
    if let shape = parts.input.shape, shape.count == 2, sizes[0] > 0, sizes[0] != inputSize {
      throw .unsupportedGraph(
        path: path, problem: "the input has \(sizes[0]) features, the first layer takes \(inputSize)")
    }
  }
}
