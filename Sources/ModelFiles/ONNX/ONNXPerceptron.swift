import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import Tensor

/// The contents of an ONNX graph that is a multi-layer perceptron.
package struct ONNXPerceptron<Scalar: BLASScalar> {
  /// The network, and what the graph says about its inputs and outputs.
  package let imported: ImportedNetwork<Scalar>
  /// The output that is used, and the other ones of numbers.
  package let outputs: (used: String, others: [String])
  /// Whether the graph has inputs or outputs in double precision.
  package let usesDouble: Bool

  /// The network that takes scaled inputs.
  package var network: Network<Scalar> { imported.network }

  /// The maximum number of inputs or outputs of an imported network, equal to the maximum number of columns of a table.
  private static var mostFeatures: Int { 100_000 }

  /// The contents of a graph, without a reference to the file's bytes.
  private struct Parts {
    var steps: [ONNXChain<Scalar>.Step]
    let answer: ONNXChain<Scalar>.Answer
    let inputs: [ONNXValue]
    let usesDouble: Bool
    let fileSize: Int
  }

  /// - Parameters:
  ///   - output: The name of the output to use; nil to find it.
  ///   - foldsScaling: Whether the network takes the inputs as the graph does, and its first layer scales them.
  package init(
    _ bytes: [UInt8], path: String, output: String? = nil, foldsScaling: Bool = false
  ) throws(FileError) {
    try self.init(Self.parts(bytes, path, output), path, foldsScaling)
  }

  package init(contentsOf path: String, output: String? = nil, foldsScaling: Bool = false) throws(FileError) {
    try self.init(Self.parts(path, output), path, foldsScaling)
  }

  private static func parts(_ path: String, _ output: String?) throws(FileError) -> Parts {
    let bytes = try ByteFile.read(path)
    return try parts(bytes, path, output)
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private static func parts(_ bytes: [UInt8], _ path: String, _ output: String?) throws(FileError) -> Parts {
    let model = try ONNXModel(bytes, path: path)
    let fileSize = bytes.count + model.externalByteCount
    var chain = try ONNXChain<Scalar>(model, fileSize: fileSize, path: path)
    let answer = try chain.answer(named: output)
    let steps = try chain.steps(to: answer)
    return Parts(
      steps: steps, answer: answer, inputs: chain.inputs, usesDouble: chain.usesDouble, fileSize: fileSize)
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private static func assembler(
    _ steps: ArraySlice<ONNXChain<Scalar>.Step>, fileSize: Int, _ path: String
  ) throws(FileError) -> NetworkAssembler<Scalar> {
    var assembler = NetworkAssembler<Scalar>(fileSize: fileSize) { node, problem in
      node.map { .unsupportedNode(path: path, node: $0, problem: problem) }
        ?? .unsupportedGraph(path: path, problem: problem)
    }
    for step in steps { try assembler.add(step.operation, name: step.node) }
    return assembler
  }

  private init(_ whole: consuming Parts, _ path: String, _ foldsScaling: Bool) throws(FileError) {
    var parts = whole
    let leading = LeadingScaling(foldsScaling ? [] : parts.steps)
    var assembler = try Self.assembler(parts.steps[leading.stepCount...], fileSize: parts.fileSize, path)
    // The weights take equally much memory in the file, the steps, the layers and the network. No three of these are
    // needed at the same time.
    parts.steps = []
    var imported = ImportedNetwork(try assembler.network())
    let (inputSize, outputSize) = (imported.network.inputSize, imported.network.outputSize)
    // Each input and output gets its own name, which takes more memory than its weights take in the file.
    guard max(inputSize, outputSize) <= Self.mostFeatures else {
      throw .unsupportedGraph(
        path: path,
        problem:
          "there are \(inputSize) inputs and \(outputSize) outputs, expected at most \(Self.mostFeatures)")
    }
    let missing = leading.missing ?? assembler.missing
    guard let scaling = leading.scaling(inputSize), [1, inputSize].contains(missing?.count ?? 1),
      leading.isEmpty || assembler.missing == nil
    else {
      throw .unsupportedGraph(
        path: path, problem: "the constants that scale or replace inputs do not fit the \(inputSize) inputs")
    }
    imported.inputScaling = scaling
    imported.missing = missing.map { values in
      (0..<inputSize).map { input in
        // What replaces inputs that are scaled already, is scaled.
        leading.unscaled(values[values.count == 1 ? 0 : input], input: input, of: inputSize)
      }
    }
    imported.columnNames = try Self.columnNames(parts.inputs, count: inputSize, path)
    if imported.columnNames == nil {
      imported.imageShape = try Self.imageShape(parts.inputs[0], count: inputSize, path)
    }
    (imported.classes, imported.labels) = (parts.answer.classes, parts.answer.labels)
    self.imported = imported
    (outputs, usesDouble) = ((parts.answer.value, parts.answer.others), parts.usesDouble)
  }

  /// The height and the width of a sample of the only input, if it has two sizes above 1; otherwise nil.
  private static func imageShape(_ input: ONNXValue, count: Int, _ path: String) throws(FileError) -> [Int]? {
    let sizes = (input.shape ?? []).dropFirst().map { if case .fixed(let size) = $0 { size } else { 0 } }
    // This check applies if the graph states all sizes. A different count would mean that a sample is cut into several.
    guard !sizes.isEmpty, sizes.allSatisfy({ $0 > 0 }) else { return nil }
    guard SafeTensors.elementCount(sizes) == count else {
      throw .unsupportedGraph(
        path: path,
        problem:
          "the input has the shape \(sizes.prefix(8).map(String.init).joined(separator: "×")), the first layer"
          + " \(count) inputs")
    }
    let large = sizes.filter { $0 > 1 }
    return large.count == 2 ? large : nil
  }

  /// The names of the columns that several inputs are; nil for a single input. An input of one column keeps its name.
  /// The columns of a wider input also get a number.
  private static func columnNames(_ inputs: [ONNXValue], count: Int, _ path: String) throws(FileError) -> [String]? {
    guard inputs.count > 1 else { return nil }
    let names = inputs.flatMap { input -> [String] in
      guard let shape = input.shape, shape.count == 2, case .fixed(let width) = shape[1], width >= 2, width <= count
      else { return [input.name] }
      return (1...width).map { "\(input.name) \($0)" }
    }
    guard names.count == count else {
      throw .unsupportedGraph(
        path: path, problem: "the inputs have \(names.count) columns, the first layer takes \(count)")
    }
    guard Set(names).count == count, !names.contains("") else {
      throw .unsupportedGraph(path: path, problem: "several columns of the inputs have the same name, or none")
    }
    return names
  }
}

/// The steps at the beginning of a chain that scale the inputs, and those that replace missing ones.
private struct LeadingScaling<Scalar: BLASScalar> {
  private var scaling: UnitScaling?
  /// The part of the scaling that comes before missing inputs are replaced.
  private var before: UnitScaling?
  /// The values that replace missing inputs.
  private(set) var missing: [Double]?
  /// The numbers of inputs that these steps require.
  private var widths: Set<Int> = []
  /// How many steps these are.
  private(set) var stepCount = 0

  init(_ steps: [ONNXChain<Scalar>.Step]) {
    for step in steps {
      switch step.operation {
      case .width(let width): widths.insert(width)
      case .missing(let values) where missing == nil: (missing, before) = (values, scaling)
      case .scaling(let next):
        let units = scaling?.unitCount ?? next.unitCount ?? 1
        guard next.fits(units), scaling?.fits(units) ?? true else { return }
        let whole = scaling?.followed(by: next) ?? next
        // Other scalings become a part of the weights.
        guard whole.offsetsAndFactors(whole.unitCount ?? 1) != nil else { return }
        scaling = whole
      default: return
      }
      stepCount += 1
    }
  }

  /// Whether there are no such steps, so that a later one may still replace missing inputs.
  var isEmpty: Bool { missing == nil && scaling == nil }

  /// The scaling of so many inputs; nil if it is for another number.
  func scaling(_ inputs: Int) -> Scaling? {
    guard widths.isSubset(of: [inputs]) else { return nil }
    guard let scaling else { return .unscaled(inputs) }
    return scaling.offsetsAndFactors(inputs).map { Scaling(method: .standard, offsets: $0, factors: $1) }
  }

  /// The input that has this value where missing ones are replaced.
  func unscaled(_ value: Double, input: Int, of inputs: Int) -> Double {
    guard let (offsets, factors) = before?.offsetsAndFactors(inputs) else { return value }
    return value / factors[input] + offsets[input]
  }
}
