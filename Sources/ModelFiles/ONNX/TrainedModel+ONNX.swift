import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import Tensor

extension TrainedModel {
  /// Writes the model as an ONNX file that takes raw inputs. An existing file is replaced as a whole; if anything
  /// fails, it is unchanged.
  ///
  /// For a model in `Float`, numbers that `Float` would round visibly are double: see `numbersThatNeedDouble`.
  ///
  /// If all features are numbers, there is one input, `input`, samples × features. If there are strings, there is one
  /// input of samples × 1 for each column, with the column's name. Preparation, networks and answers are nodes; see
  /// Documentation/ONNX.md.
  ///
  /// - Throws: ``FileError`` if the file cannot be written, and if the parameters take more than the 2 GB that a
  ///   protobuf file may have.
  /// - Complexity: O(``parameterCount``) time, and four times the parameters' memory.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func writeONNX(to path: String) throws(FileError) {
    let most = 1 << 31 - 1
    func tooLarge() -> FileError {
      .tooLarge(path: path, problem: "an ONNX file holds 2 GB at most, and the model's parameters take more")
    }
    guard parameterCount <= most / MemoryLayout<Scalar>.size else { throw tooLarge() }
    let bytes = onnx().encoded
    guard bytes.count <= most else { throw tooLarge() }
    try AtomicFile.write(bytes, to: path)
  }

  /// The number columns, and the targets, that are too far from 0 compared with their spread for a graph in `Float`. If
  /// there is such a column, all number inputs of the graph are double; if there is such a target, its output is
  /// double.
  package var numbersThatNeedDouble: (inputs: [String], outputs: [String]) {
    Scalar.self == Float.self ? (preparation.inputsThatNeedDouble, preparation.targetsThatNeedDouble) : ([], [])
  }

  /// The model as a graph.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func onnx() -> ONNXModel {
    let type: ONNXTensor.DataType = Scalar.self == Double.self ? .double : .float
    var builder = ONNXGraphBuilder(name: "perceptron")
    let features = builder.features(preparation, type)
    var outputs: [String] = []
    for (number, network) in networks.enumerated() {
      var value = network.embedding.map { builder.encoded(features, network, $0, type) } ?? features
      for layer in network.layers.indices {
        value = builder.layer(
          value, network, layer, LayerTensors(network.layers, layer, ofNetwork: number, of: networks.count), type)
      }
      outputs.append(value)
    }
    if !hasEqualWeights {
      let weighted = zip(outputs, weights).enumerated().map { number, member in
        builder.node("Mul", [member.0, builder.constant(ONNXTensor("\(number).weight", type, [], [member.1]))])
      }
      outputs = [builder.node("Sum", weighted)]
    } else if networks.count > 1 {
      let count = builder.constant(ONNXTensor("networks", type, [], [Double(networks.count)]))
      outputs = [builder.node("Div", [builder.node("Sum", outputs), count])]
    }
    if uniformShare > 0 {
      func constant(_ name: String, _ value: Double) -> String { builder.constant(ONNXTensor(name, type, [], [value])) }
      let kept = builder.node("Mul", [outputs[0], constant("own share", 1 - uniformShare)])
      outputs = [builder.node("Add", [kept, constant("uniform", uniformShare * network.uniformOutput)])]
    }
    builder.answers(outputs[0], preparation, interval, type)
    var metadata = training
    metadata["loss"] = loss.rawValue
    // Version 7 of the format came with operator set 13, version 8 with set 17, version 11 with set 23.
    var sets = ["": builder.operatorSet]
    if builder.usesMachineLearningDomain { sets["ai.onnx.ml"] = 2 }
    return ONNXModel(
      version: builder.operatorSet < 15 ? 7 : builder.operatorSet < 23 ? 8 : 11, operatorSets: sets,
      producer: "perceptron", metadata: metadata, graph: builder.graph)
  }
}

// MARK: - Layers

extension ONNXGraphBuilder {
  /// A = g(Z), Z = A₋₁ Wᵀ + b, samples × outputs, with normalisation and a parametric activation if the layer has them.
  fileprivate mutating func layer<Scalar>(
    _ inputs: String, _ network: Network<Scalar>, _ index: Int, _ names: LayerTensors, _ type: ONNXTensor.DataType
  ) -> String {
    let layer = network.layers[index]
    func constants(_ parameters: [LayerParameter]) -> [String] {
      parameters.map { parameter in
        // W stored column by column is Wᵀ stored row by row.
        let shape = parameter == .weights ? [layer.inputSize, layer.outputSize] : [layer.outputSize]
        let values = network[layer: index, parameter].elements.lazy.map { Double($0) }
        return constant(ONNXTensor(names.name(of: parameter), type, shape, values))
      }
    }
    var parameters: [String]
    if index == 0, let embedding = network.embedding {
      let (weights, bias) = network.foldedFirstLayer(embedding)
      parameters = [
        constant(ONNXTensor(names.name(of: .weights), type, [weights.count / bias.count, bias.count], weights)),
        constant(ONNXTensor(names.name(of: .bias), type, [bias.count], bias)),
      ]
    } else {
      parameters = constants([.weights, .bias])
    }
    var value = node("Gemm", [inputs] + parameters)
    let normalized = [value] + constants(layer.normalization.parameters)
    let epsilon = ["epsilon": ONNXAttribute.float(Float(Normalization.epsilon))]
    switch layer.normalization {
    case .none: break
    case .batch: value = node("BatchNormalization", normalized, epsilon)
    case .layer: value = node("LayerNormalization", normalized, epsilon, since: 17)
    case .rms: value = node("RMSNormalization", normalized, epsilon, since: 23)
    }
    let activated = activation(layer.activation, of: value, type)
    guard layer.isParametric else { return activated }
    let change = node("Mul", [node("Sub", [activated, value])] + constants([.activationWeight]))
    return node("Add", [value, change])
  }
}

// MARK: - Answers

extension ONNXGraphBuilder {
  /// Declares the graph's outputs: `label` and `probabilities`, or `output` in the units of the data, and its bounds.
  fileprivate mutating func answers(
    _ outputs: String, _ preparation: Preparation, _ interval: PredictionInterval?, _ type: ONNXTensor.DataType
  ) {
    switch preparation.outputs {
    case .classes(let names, _):
      let (label, probabilities) = (name("label"), name("probabilities"))
      let index = node("ArgMax", [outputs], ["axis": .int(1), "keepdims": .int(0)])
      let texts = constant(ONNXTensor("classes", [names.count], texts: names))
      _ = node("Gather", [texts, index], ["axis": .int(0)], output: label)
      _ = node("Identity", [outputs], output: probabilities)
      output(label, .string, columns: nil)
      output(probabilities, type, columns: names.count)
    case .labels(let columns, let classes):
      let (label, probabilities) = (name("label"), name("probabilities"))
      let half = constant(ONNXTensor("half", type, [], [0.5]))
      let isLikely = node("GreaterOrEqual", [outputs, half])
      let (no, yes) = (
        constant(ONNXTensor("no", [1, columns.count], texts: classes.map { $0[0] })),
        constant(ONNXTensor("yes", [1, columns.count], texts: classes.map { $0[1] }))
      )
      _ = node("Where", [isLikely, yes, no], output: label)
      _ = node("Identity", [outputs], output: probabilities)
      output(label, .string, columns: columns.count)
      output(probabilities, type, columns: columns.count)
    case .values(_, let scaling), .quantiles(_, _, let scaling):
      // In double precision, as in Scaling.
      let names = ["output", "lower", "upper"].prefix(interval == nil ? 1 : 3).map { name($0) }
      let answerType = preparation.targetsThatNeedDouble.isEmpty ? type : .double
      let (columns, count) = (preparation.outputCount, max(preparation.outputs.levels.count, 1))
      func row(_ name: String, _ numbers: [Double]) -> String {
        constant(ONNXTensor(name, .double, [1, columns], numbers.flatMap { repeatElement($0, count: count) }))
      }
      var value = type == .float ? cast(outputs, to: .double) : outputs
      value = node("Div", [value, row("target factors", scaling.factors)])
      value = node("Add", [value, row("target offsets", scaling.offsets)])
      if !scaling.limits.isEmpty {
        value = node("Max", [value, row("target minima", scaling.limits.map(\.lowerBound))])
        value = node("Min", [value, row("target maxima", scaling.limits.map(\.upperBound))])
      }
      if count > 1 { value = sorted(value, columns, runsOf: count) }
      let bounds = interval.map { self.bounds(of: value, $0) } ?? []
      for (name, value) in zip(names, [value] + bounds) {
        _ = answerType == .float ? cast(value, to: .float, output: name) : node("Identity", [value], output: name)
        output(name, answerType, columns: name == names[0] ? columns : columns / count)
      }
    }
  }

  /// Sorts each run of `count` values of a sample in ascending order.
  private mutating func sorted(_ values: String, _ columns: Int, runsOf count: Int) -> String {
    // A size of 0 stays as it is.
    func shape(_ name: String, _ sizes: [Int]) -> String { constant(ONNXTensor(name, [sizes.count], sizes)) }
    let runs = node("Reshape", [values, shape("runs", [0, columns / count, count])])
    let ascending = node(
      "TopK", [runs, shape("run length", [count])], ["axis": .int(-1), "largest": .int(0), "sorted": .int(1)], spare: 1)
    return node("Reshape", [ascending, shape("columns", [0, columns])])
  }

  /// The lower and the upper bounds of answers in double precision, as in PredictionInterval.
  private mutating func bounds(of answers: String, _ interval: PredictionInterval) -> [String] {
    let count = interval.margins.count
    func gathered(_ name: String, _ indices: [Int]) -> String {
      node("Gather", [answers, constant(ONNXTensor(name, [count], indices))], ["axis": .int(1)])
    }
    let (low, high) = (
      gathered("lower answers", interval.places.map(\.lower)), gathered("upper answers", interval.places.map(\.upper))
    )
    let margins = constant(ONNXTensor("margins", .double, [1, count], interval.margins))
    var (lower, upper) = (node("Sub", [low, margins]), node("Add", [high, margins]))
    if interval.margins.contains(where: { $0 < 0 }) {
      let half = constant(ONNXTensor("one half", .double, [], [0.5]))
      let middle = node("Mul", [node("Add", [low, high]), half])
      (lower, upper) = (node("Min", [lower, middle]), node("Max", [upper, middle]))
    }
    func limit(_ operation: String, _ name: String, _ ends: [Double]) {
      guard ends.contains(where: \.isFinite) else { return }
      let ends = constant(ONNXTensor(name, .double, [1, count], ends))
      (lower, upper) = (node(operation, [lower, ends]), node(operation, [upper, ends]))
    }
    limit("Max", "bound minima", interval.limits.map(\.lowerBound))
    limit("Min", "bound maxima", interval.limits.map(\.upperBound))
    return [lower, upper]
  }
}

extension TrainedModel {
  /// Reads an ONNX file as a model: the network as in ``Network/init(onnx:output:)``, with the graph's information
  /// about missing numbers and classes.
  ///
  /// The inputs are the columns 1, 2, … of a table, or those with the names of the graph's inputs if it has several, or
  /// the pixels of images if each sample has two dimensions. A scaling of the inputs stays in double precision. A
  /// missing number is refused unless the graph replaces it. Softmax outputs are classes, named 0, 1, … unless the
  /// graph has names; the label is in the column after the inputs. Each sigmoid output is a label, 0 or 1 unless the
  /// graph has names, in its own column after the inputs. Other outputs are values. After inputs with names, and after
  /// pixels, the columns of the outputs are called `target`.
  ///
  /// - Parameter output: The name of the output to use; nil for the only one of numbers, or the one that is computed
  ///   from the others.
  /// - Throws: As ``Network/init(onnx:output:)``.
  public init(onnx path: String, output: String? = nil) throws(FileError) {
    self.init(try ONNXPerceptron(contentsOf: path, output: output), path: path)
  }

  /// Makes the model of a graph that has been read. The model records the path as its origin.
  package init(_ graph: ONNXPerceptron<Scalar>, path: String) {
    var imported = graph.imported
    imported.separateUniformShare()
    let inputs = imported.inputs
    self.init(imported, inputs: inputs, outputs: imported.outputs(for: imported.task, after: inputs), path: path)
  }
}
