import PerceptronFiles
import Tensor

/// Reads a graph as a chain of steps, from its output back to its input.
struct ONNXChain<Scalar: BLASScalar> {
  let path: String
  let graph: ONNXGraph
  private var producers: [String: Int] = [:]
  var constants: ONNXConstants<Scalar>
  /// The inputs that are not constants, in the order of the features.
  private(set) var inputs: [ONNXValue] = []
  /// An operation, and its node's name for errors.
  typealias Step = (operation: ImportedOperation<Scalar>, node: String)
  /// The steps, from the output back to the input.
  private var backward: [Step] = []
  /// How many of these come after the last node that makes rows of features of each sample; nil if there is none.
  private var flattened: Int?
  /// The last of these that takes samples × features, and its node.
  private var rankTwo: (step: Int, node: ONNXNode)?

  /// The operator sets whose operators are understood: from set 7 on, shapes are broadcast as in NumPy.
  private static var operatorSets: ClosedRange<Int> { 7...27 }

  init(_ model: ONNXModel, fileSize: Int, path: String) throws(FileError) {
    self.path = path
    graph = model.graph
    let known = Self.operatorSets
    guard let set = model.operatorSets[""], known.contains(set) else {
      let found = model.operatorSets[""].map { "the operator set \($0)" } ?? "no operator set"
      throw .unsupportedGraph(
        path: path,
        problem:
          "found \(found) of ONNX, expected \(known.lowerBound) to \(known.upperBound); export or convert it again")
    }
    constants = ONNXConstants(graph, fileSize: fileSize, path: path)
    for (index, node) in graph.nodes.enumerated() {
      for output in node.outputs where !output.isEmpty { producers[output] = index }
    }
    inputs = graph.inputs.filter { !constants.contains($0.name) }
    guard !inputs.isEmpty else { throw .unsupportedGraph(path: path, problem: "the graph has no input") }
  }

  /// Whether an input or an output is in double precision.
  var usesDouble: Bool { (inputs + graph.outputs).contains { $0.dataType == ONNXTensor.DataType.double.rawValue } }

  /// Returns the steps from the inputs to the answer.
  mutating func steps(to answer: Answer) throws(FileError) -> [Step] {
    var value = answer.value
    var limit = graph.nodes.count
    while try !isInput(value) {
      guard let index = producers[value], index < limit else {
        throw .unsupportedGraph(path: path, problem: "nothing before it gives the value \(quoted(value))")
      }
      // Nodes are in order, so the way back always ends.
      limit = index
      value = try before(graph.nodes[index], value)
    }
    if let rank = inputs[0].shape?.count, inputs.count == 1, rank != 2 {
      guard let flattened else {
        throw .unsupportedGraph(
          path: path,
          problem: "the input \(quoted(inputs[0].name)) has \(rank) dimensions, expected samples × features")
      }
      if let (step, node) = rankTwo, step >= flattened {
        throw bad(node, "it works on \(rank) dimensions, expected samples × features")
      }
    }
    return backward.reversed()
  }

  /// Whether a value is the only input, or all inputs beside each other, which are then in this order.
  private mutating func isInput(_ value: String) throws(FileError) -> Bool {
    if inputs.count == 1 { return value == inputs[0].name }
    guard let node = producer(value), node.operation == "Concat", node.domain.isEmpty, node.inputs.count > 1,
      [-1, 1].contains(int(node, "axis", 0))
    else {
      if inputs.contains(where: { $0.name == value }) {
        throw .unsupportedGraph(
          path: path,
          problem: "the graph has \(inputs.count) inputs, expected one, or columns that are concatenated first")
      }
      return false
    }
    var columns: [ONNXValue] = []
    for name in node.inputs {
      guard let input = inputs.first(where: { $0.name == uncast(name) }) else { return false }
      columns.append(input)
    }
    guard Set(columns.map(\.name)).count == columns.count else { throw bad(node, "it takes an input twice") }
    if let unused = inputs.first(where: { input in !columns.contains { $0.name == input.name } }) {
      throw .unsupportedGraph(path: path, problem: "the input \(quoted(unused.name)) is not used")
    }
    inputs = columns
    return true
  }

  // MARK: - For the activations

  /// The node that computes a value, if its operator is one of ONNX's.
  func producer(_ value: String) -> ONNXNode? {
    guard let index = producers[value] else { return nil }
    let node = graph.nodes[index]
    return node.domain.isEmpty || node.isMachineLearning ? node : nil
  }

  /// Returns a constant's value if it is a single number; nil for other values.
  mutating func number(_ value: String) throws(FileError) -> Double? {
    guard constants.mayBeSingle(value) else { return nil }
    let array = try constants.array(value)
    // With more sizes, it would give what it is combined with as many.
    return array.values.count == 1 && array.shape.count <= 2 ? Double(array.values[0]) : nil
  }

  // MARK: - What a node does

  /// Whether no step has been recorded: the next one is the last of the chain.
  var isAtEnd: Bool { backward.isEmpty }

  /// Records what a node does.
  mutating func step(_ node: ONNXNode, _ operation: ImportedOperation<Scalar>) {
    backward.append((operation, node.label))
  }

  /// Records that a node takes samples × features, and not more dimensions.
  mutating func needsRankTwo(_ node: ONNXNode) { rankTwo = (backward.count, node) }

  /// Records that a node makes samples × features of what may have more dimensions.
  mutating func flattens() { flattened = backward.count }

  func bad(_ node: ONNXNode, _ problem: String) -> FileError {
    .unsupportedNode(path: path, node: node.label, problem: problem)
  }

  // MARK: - Attributes

  func int(_ node: ONNXNode, _ name: String, _ standard: Int) -> Int {
    if case .int(let value)? = node.attributes[name] { value } else { standard }
  }

  func float(_ node: ONNXNode, _ name: String, _ standard: Float) -> Float {
    if case .float(let value)? = node.attributes[name] { value } else { standard }
  }
}
