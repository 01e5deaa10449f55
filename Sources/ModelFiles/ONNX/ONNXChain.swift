import PerceptronFiles
import PerceptronLayers
import Tensor

/// Reads a graph as a chain of steps, from its output back to its input.
struct ONNXChain<Scalar: BLASScalar> {
  let path: String
  private let graph: ONNXGraph
  private var producers: [String: Int] = [:]
  private(set) var constants: ONNXConstants<Scalar>
  /// The only input that is not a constant.
  private(set) var input = ONNXValue()
  /// An operation, and its node's name for errors.
  typealias Step = (operation: ImportedOperation<Scalar>, node: String)
  /// The steps, from the output back to the input.
  private var backward: [Step] = []
  /// Whether a step that flattens each sample to a vector has been met.
  private var isFlattened = false

  init(_ model: ONNXModel, fileSize: Int, path: String) throws(FileError) {
    self.path = path
    graph = model.graph
    constants = ONNXConstants(graph, fileSize: fileSize, path: path)
    for (index, node) in graph.nodes.enumerated() {
      for output in node.outputs where !output.isEmpty { producers[output] = index }
    }
    let names = graph.inputs.filter { !constants.contains($0.name) }
    guard names.count == 1 else {
      throw .unsupportedGraph(
        path: path, problem: "the graph has \(names.count) inputs, expected one, the numbers of all features")
    }
    input = names[0]
  }

  /// Whether the input or an output is in double precision.
  var usesDouble: Bool { ([input] + graph.outputs).contains { $0.dataType == ONNXTensor.DataType.double.rawValue } }

  /// Returns the steps from the input to the answer. Also returns the names of the classes if a string output chooses
  /// among them.
  mutating func steps() throws(FileError) -> (steps: [Step], classes: [String]?) {
    // Besides the numbers, the graph may have an output for the label.
    let numeric: Set = [1, 10, 11, 16]
    let outputs = graph.outputs.count == 1 ? graph.outputs : graph.outputs.filter { numeric.contains($0.dataType) }
    guard outputs.count == 1 else {
      throw .unsupportedGraph(
        path: path, problem: "the graph has \(outputs.count) outputs of numbers, expected one")
    }
    var value = outputs[0].name
    var limit = graph.nodes.count
    while value != input.name {
      guard let index = producers[value], index < limit else {
        throw .unsupportedGraph(path: path, problem: "nothing before it gives the value \(quoted(value))")
      }
      // Nodes are in order, so the way back always ends.
      limit = index
      value = try before(graph.nodes[index], value)
    }
    if let shape = input.shape, shape.count != 2, !isFlattened {
      throw .unsupportedGraph(
        path: path,
        problem: "the input \(quoted(input.name)) has \(shape.count) dimensions, expected samples × features")
    }
    return (backward.reversed(), classes())
  }

  private func classes() -> [String]? {
    for output in graph.outputs {
      guard let node = producer(output.name), node.operation == "Gather", let texts = node.inputs.first else {
        continue
      }
      return constants.strings(texts)
    }
    return nil
  }

  // MARK: - For the activations

  func producer(_ value: String) -> ONNXNode? { producers[value].map { graph.nodes[$0] } }

  /// Returns a constant's value if it is a single number; nil for other values.
  mutating func number(_ value: String) throws(FileError) -> Double? {
    guard constants.mayBeSingle(value) else { return nil }
    let array = try constants.array(value)
    return array.values.count == 1 ? Double(array.values[0]) : nil
  }

  // MARK: - Nodes

  private mutating func step(_ node: ONNXNode, _ operation: ImportedOperation<Scalar>) {
    backward.append((operation, node.label))
  }

  func bad(_ node: ONNXNode, _ problem: String) -> FileError {
    .unsupportedNode(path: path, node: node.label, problem: problem)
  }

  /// Records what a node does and returns the name of the value that it is applied to.
  private mutating func before(_ node: ONNXNode, _ value: String) throws(FileError) -> String {
    guard node.domain.isEmpty else { throw bad(node, "operations of \(quoted(node.domain)) are not supported") }
    guard node.outputs.first == value, let x = node.inputs.first else {
      throw bad(node, "only its first output is supported, and it must have an input")
    }
    if let (activation, x) = try activation(node) {
      step(node, .activation(activation))
      return x
    }
    switch node.operation {
    case "Gemm": try gemm(node)
    case "MatMul": try matMul(node)
    case "Add", "Sub", "Mul", "Div": return try affine(node)
    case "BatchNormalization": try batchNormalization(node)
    case "LayerNormalization": try normalization(.layer, node)
    case "RMSNormalization": try normalization(.rms, node)
    case "Flatten":
      guard int(node, "axis", 1) == 1 else { throw bad(node, "its axis is \(int(node, "axis", 1)), expected 1") }
      isFlattened = true
    case "Reshape": try reshape(node)
    case "Dropout":
      if node.inputs.count > 2, !node.inputs[2].isEmpty {
        guard try number(node.inputs[2]) == 0 else { throw bad(node, "it is in training mode; export for inference") }
      }
    case "Cast":
      guard [1, 10, 11, 16].contains(int(node, "to", 0)) else {
        throw bad(node, "it casts to a type that is not a real number")
      }
    case "Identity": break
    case "Where":
      // Where(IsNaN(x), c, x).
      guard node.inputs.count == 3, let condition = producer(x), condition.operation == "IsNaN",
        condition.inputs == [node.inputs[2]], constants.contains(node.inputs[1])
      else { throw bad(node, "only NaN can be replaced, and only by constants") }
      let array = try constants.array(node.inputs[1])
      guard array.shape.dropLast().allSatisfy({ $0 == 1 }) else {
        throw bad(node, "its constant is \(shapeText(array.shape)), expected a vector")
      }
      step(node, .missing(array.values))
      return node.inputs[2]
    default:
      throw bad(
        node,
        "expected Gemm, MatMul, Add, Sub, Mul, Div, BatchNormalization, LayerNormalization, RMSNormalization, Flatten,"
          + " Reshape, Dropout, Cast, Identity or an activation")
    }
    return x
  }

  /// α A B + β C.
  private mutating func gemm(_ node: ONNXNode) throws(FileError) {
    guard int(node, "transA", 0) == 0 else { throw bad(node, "its transA is not 0; samples must be rows") }
    let (alpha, beta) = (Scalar(float(node, "alpha", 1)), Scalar(float(node, "beta", 1)))
    var weights = try weights(node, isTransposed: int(node, "transB", 0) != 0)
    if alpha != 1 { weights.scale(by: alpha) }
    let outputs = weights.rows
    var bias = Matrix<Scalar>(rows: outputs, columns: 1)
    if node.inputs.count > 2, !node.inputs[2].isEmpty {
      let array = try constant(node, 2)
      let values = array.values
      guard [1, outputs].contains(values.count), array.shape.dropLast().allSatisfy({ $0 == 1 }) else {
        throw bad(node, "its C has \(values.count) numbers, expected \(outputs)")
      }
      bias = Matrix((0..<outputs).map { beta * values[values.count == 1 ? 0 : $0] })
    }
    step(node, .linear(weights: weights, bias: bias))
  }

  private mutating func matMul(_ node: ONNXNode) throws(FileError) {
    let weights = try weights(node, isTransposed: false)
    step(node, .linear(weights: weights, bias: Matrix(rows: weights.rows, columns: 1)))
  }

  /// Returns the second input, which is inputs × outputs or transposed, as outputs × inputs.
  private mutating func weights(_ node: ONNXNode, isTransposed: Bool) throws(FileError) -> Matrix<Scalar> {
    if let first = node.inputs.first, constants.contains(first) {
      throw bad(node, "its first input is a constant; samples must be the first factor, as rows")
    }
    return try constants.weights(constantName(node, 1), transposed: !isTransposed, of: node)
  }

  /// x + c, x − c, c − x, x c and x / c; returns x.
  private mutating func affine(_ node: ONNXNode) throws(FileError) -> String {
    guard node.inputs.count == 2 else { throw bad(node, "it has \(node.inputs.count) inputs, expected 2") }
    let constantFirst = constants.contains(node.inputs[0])
    guard constantFirst || constants.contains(node.inputs[1]) else {
      throw bad(node, "it joins two branches, or is an unknown activation")
    }
    let (shape, values) = try constants.scaling(try constantName(node, constantFirst ? 0 : 1))
    guard shape.dropLast().allSatisfy({ $0 == 1 }) else {
      throw bad(node, "its constant is \(shapeText(shape)), expected a vector")
    }
    let scaling: UnitScaling
    switch node.operation {
    case "Add": scaling = UnitScaling(factors: [1], offsets: values)
    case "Sub" where constantFirst: scaling = UnitScaling(factors: [-1], offsets: values)
    case "Sub": scaling = UnitScaling(factors: [1], offsets: values.map { -$0 })
    case "Mul": scaling = UnitScaling(factors: values, offsets: [0])
    case "Div" where !constantFirst && values.allSatisfy({ $0 != 0 }):
      scaling = UnitScaling(factors: values.map { 1 / $0 }, offsets: [0])
    default: throw bad(node, "only division by nonzero constants is supported")
    }
    step(node, .scaling(scaling))
    return node.inputs[constantFirst ? 1 : 0]
  }

  /// γ (x − μ) / √(σ² + ε) + β for each unit.
  private mutating func batchNormalization(_ node: ONNXNode) throws(FileError) {
    guard int(node, "training_mode", 0) == 0 else { throw bad(node, "it is in training mode; export for inference") }
    var arrays: [[Double]] = []
    for index in 1...4 { arrays.append(try constants.scaling(try constantName(node, index)).values) }
    let epsilon = Double(float(node, "epsilon", 1e-5))
    guard Set(arrays.map(\.count)).count == 1, arrays[3].allSatisfy({ $0 + epsilon > 0 }) else {
      throw bad(node, "its constants differ in size, or a variance is below 0")
    }
    let names: [LayerParameter] = [.scale, .shift, .runningMean, .runningVariance]
    step(node, .scaling(UnitScaling(epsilon: epsilon) { Matrix(arrays[names.firstIndex(of: $0)!]) }))
  }

  /// γ ∘ (x − μ) / √(σ² + ε) + β for each sample, or RMS normalisation.
  private mutating func normalization(_ normalization: Normalization, _ node: ONNXNode) throws(FileError) {
    guard [-1, 1].contains(int(node, "axis", -1)) else { throw bad(node, "its axis is not the last one") }
    let scale = Matrix(try constant(node, 1).values)
    var parameters: [LayerParameter: Matrix<Scalar>] = [.scale: scale]
    if normalization.parameters.contains(.shift) {
      let hasShift = node.inputs.count > 2 && !node.inputs[2].isEmpty
      parameters[.shift] = hasShift ? Matrix(try constant(node, 2).values) : Matrix(rows: scale.count, columns: 1)
    }
    let epsilon = Double(float(node, "epsilon", 1e-5))
    guard parameters.values.allSatisfy({ $0.count == scale.count }), epsilon > 0 else {
      throw bad(node, "its constants differ in size, or its epsilon is not above 0")
    }
    step(node, .normalization(normalization, parameters, epsilon: epsilon))
  }

  /// Reshapes to samples × features. The shape is a constant of two sizes, or is concatenated from one size that is
  /// computed and one that is constant.
  private mutating func reshape(_ node: ONNXNode) throws(FileError) {
    guard node.inputs.count > 1 else { throw bad(node, "it has no shape") }
    var count = 1
    if constants.contains(node.inputs[1]) {
      let sizes = try constant(node, 1).values
      count = sizes.count
      if count == 2, sizes[1] != -1 {
        guard [0, -1].contains(sizes[0]), sizes[1] > 0, let width = Int(exactly: sizes[1]) else {
          throw bad(node, "it reshapes to \(sizes[0]) × \(sizes[1]), expected samples × features")
        }
        step(node, .width(width))
      }
    } else if let shape = producer(node.inputs[1]), shape.operation == "Concat" {
      count = shape.inputs.count
    }
    guard count == 2 else { throw bad(node, "it reshapes to \(count) dimensions, expected samples × features") }
    isFlattened = true
  }

  // MARK: - Attributes and constants

  private mutating func constant(_ node: ONNXNode, _ index: Int) throws(FileError) -> ONNXConstants<Scalar>.Array {
    try constants.array(try constantName(node, index))
  }

  private func constantName(_ node: ONNXNode, _ index: Int) throws(FileError) -> String {
    guard node.inputs.count > index, constants.contains(node.inputs[index]) else {
      throw bad(node, "its input \(index + 1) is not a constant")
    }
    return node.inputs[index]
  }

  func int(_ node: ONNXNode, _ name: String, _ standard: Int) -> Int {
    if case .int(let value)? = node.attributes[name] { value } else { standard }
  }

  func float(_ node: ONNXNode, _ name: String, _ standard: Float) -> Float {
    if case .float(let value)? = node.attributes[name] { value } else { standard }
  }
}
