/// Builds a graph node by node, with unique names.
struct ONNXGraphBuilder {
  private(set) var graph: ONNXGraph
  /// The version of ONNX's operator set that the nodes added so far require.
  private(set) var operatorSet = 13
  /// Whether there is a node of the domain ai.onnx.ml.
  private(set) var usesMachineLearningDomain = false
  private var names: Set<String> = []

  init(name: String) { graph = ONNXGraph(name: name) }

  /// Returns an unused name: the wanted one, with _ appended if necessary.
  mutating func name(_ wanted: String) -> String {
    var name = wanted.isEmpty ? "value" : wanted
    // This loop runs only a few times, unless columns have such names.
    while !names.insert(name).inserted { name += "_" }
    return name
  }

  mutating func input(_ wanted: String, _ type: ONNXTensor.DataType, _ columns: Int) -> String {
    let name = name(wanted)
    graph.inputs.append(
      ONNXValue(name: name, dataType: type.rawValue, shape: [.named(Self.batch), .fixed(columns)]))
    return name
  }

  /// Declares an output. Each sample has a row of `columns` values, or a single value.
  mutating func output(_ name: String, _ type: ONNXTensor.DataType, columns: Int?) {
    let shape = [.named(Self.batch)] + (columns.map { [ONNXValue.Size.fixed($0)] } ?? [])
    graph.outputs.append(ONNXValue(name: name, dataType: type.rawValue, shape: shape))
  }

  private static let batch = "N"

  /// Adds a constant under its name or a similar one, and returns the name that is used.
  mutating func constant(_ tensor: ONNXTensor) -> String {
    var tensor = tensor
    tensor.name = name(tensor.name)
    graph.initializers.append(tensor)
    return tensor.name
  }

  /// Adds a node with one output and returns the output's name.
  ///
  /// - Parameters:
  ///   - output: The name of the output, already made by ``name(_:)``; nil for a name derived from the operation.
  ///   - since: The version of the operator set that the operation requires.
  ///   - spare: The number of further outputs, which are not used.
  mutating func node(
    _ operation: String, _ inputs: [String], _ attributes: [String: ONNXAttribute] = [:], domain: String = "",
    output: String? = nil, since: Int = 13, spare: Int = 0
  ) -> String {
    let output = output ?? name("\(operation)_\(graph.nodes.count)")
    let others = (0..<spare).map { name("\(operation)_\(graph.nodes.count)_\($0 + 1)") }
    graph.nodes.append(
      ONNXNode(
        name: "\(operation)_\(graph.nodes.count)", operation: operation, domain: domain, inputs: inputs,
        outputs: [output] + others, attributes: attributes))
    if domain.isEmpty { operatorSet = max(operatorSet, since) } else { usesMachineLearningDomain = true }
    return output
  }

  mutating func cast(_ value: String, to type: ONNXTensor.DataType, output: String? = nil) -> String {
    node("Cast", [value], ["to": .int(type.rawValue)], output: output)
  }
}
