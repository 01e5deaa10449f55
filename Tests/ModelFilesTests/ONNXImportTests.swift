import FoundationEssentials
import Glibc
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import Tensor
import Testing

/// A graph of an input of two features, its nodes and constants, and outputs with their types.
private func graph(
  _ nodes: [ONNXNode], _ constants: [ONNXTensor] = [], outputs: [(String, ONNXTensor.DataType?)] = [("y", .float)],
  inputs: [ONNXValue] = [ONNXValue(name: "x", dataType: 1, shape: [.named("n"), .fixed(2)])], set: Int = 17
) -> ONNXModel {
  ONNXModel(
    version: 8, operatorSets: ["": set, "ai.onnx.ml": 3],
    graph: ONNXGraph(
      name: "g", nodes: nodes,
      initializers: [
        ONNXTensor("w", .float, [2, 2], [1, 2, 3, 4]), ONNXTensor("b", .float, [2], [0.5, -0.5]),
      ] + constants,
      inputs: inputs, outputs: outputs.map { ONNXValue(name: $0.0, dataType: $0.1?.rawValue ?? 0) }))
}

private func node(
  _ operation: String, _ inputs: String..., to output: String = "y", with attributes: [String: ONNXAttribute] = [:],
  domain: String = ""
) -> ONNXNode {
  ONNXNode(
    name: "the node", operation: operation, domain: domain, inputs: inputs, outputs: [output], attributes: attributes)
}

/// z = x W + b.
private let first = node("Gemm", "x", "w", "b", to: "z")

private func model(_ graph: ONNXModel, output: String? = nil) throws(FileError) -> TrainedModel<Float> {
  TrainedModel(try ONNXPerceptron<Float>(graph.encoded, path: "m", output: output), path: "m")
}

private func error(_ graph: ONNXModel, output: String? = nil) -> String {
  do throws(FileError) {
    _ = try model(graph, output: output)
    return "a model"
  } catch {
    return error.description
  }
}

private func answers(_ model: TrainedModel<Float>, _ rows: [[InputValue]]) throws -> Matrix<Double> {
  model.predict(prepared: try model.preparation.features(of: rows))
}

private func close(_ found: Double, _ expected: Double, _ tolerance: Double = 1e-5) -> Bool {
  abs(found - expected) <= tolerance * max(1, abs(expected))
}

// MARK: - Activations

struct ONNXImportCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let nodes: [ONNXNode]
  let constants: [ONNXTensor]
  let formula: @Sendable (Double) -> Double

  init(
    _ name: String, _ nodes: [ONNXNode], _ constants: [(String, Double)] = [],
    _ formula: @escaping @Sendable (Double) -> Double
  ) {
    testDescription = name
    self.nodes = nodes
    self.constants = constants.map { ONNXTensor($0, .float, [], [$1]) }
    self.formula = formula
  }
}

private let geluByTanh = { @Sendable (z: Double) in
  z / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (z + 0.044715 * z * z * z)))
}

private let cases = [
  ONNXImportCase("LeakyRelu", [node("LeakyRelu", "z", with: ["alpha": .float(0.2)])]) { $0 > 0 ? $0 : 0.2 * $0 },
  ONNXImportCase("PRelu of one slope", [node("PRelu", "z", "s")], [("s", 0.3)]) { $0 > 0 ? $0 : 0.3 * $0 },
  ONNXImportCase("Elu", [node("Elu", "z", with: ["alpha": .float(0.5)])]) { $0 > 0 ? $0 : 0.5 * expm1($0) },
  ONNXImportCase("Celu", [node("Celu", "z", with: ["alpha": .float(2)])]) { $0 > 0 ? $0 : 2 * expm1($0 / 2) },
  ONNXImportCase("Swish", [node("Swish", "z", with: ["alpha": .float(1.5)])]) { $0 / (1 + exp(-1.5 * $0)) },
  ONNXImportCase("HardSigmoid", [node("HardSigmoid", "z")]) { min(max(0.2 * $0 + 0.5, 0), 1) },
  ONNXImportCase("ReLU6", [node("Clip", "z", "l", "h")], [("l", 0), ("h", 6)]) { min(max($0, 0), 6) },
  ONNXImportCase("Hardtanh", [node("Clip", "z", "l", "h")], [("l", -1), ("h", 1)]) { min(max($0, -1), 1) },
  ONNXImportCase("Clip above", [node("Clip", "z", "", "h")], [("h", 1)]) { min($0, 1) },
  ONNXImportCase("Clip by attributes", [node("Clip", "z", with: ["min": .float(-2)])]) { max($0, -2) },
  ONNXImportCase("Min and Max", [node("Min", "z", "h", to: "m"), node("Max", "l", "m")], [("l", -1), ("h", 1)]) {
    min(max($0, -1), 1)
  },
  ONNXImportCase(
    "x clip(x + 3, 0, 6) / 6",
    [
      node("Add", "z", "three", to: "s"), node("Clip", "s", "l", "h", to: "c"), node("Mul", "z", "c", to: "p"),
      node("Div", "p", "h"),
    ], [("three", 3), ("l", 0), ("h", 6)]
  ) { $0 * min(max($0 + 3, 0), 6) / 6 },
  ONNXImportCase("Gelu by tanh", [node("Gelu", "z", with: ["approximate": .string("tanh")])], [], geluByTanh),
  ONNXImportCase(
    "Gelu by tanh, with a power",
    [
      node("Pow", "z", "three", to: "p"), node("Mul", "p", "c", to: "q"), node("Add", "z", "q", to: "r"),
      node("Mul", "r", "k", to: "s"), node("Tanh", "s", to: "t"), node("Add", "t", "one", to: "u"),
      node("Mul", "z", "half", to: "v"), node("Mul", "v", "u"),
    ], [("three", 3), ("c", 0.044715), ("k", 0.7978845608), ("one", 1), ("half", 0.5)], geluByTanh),
  ONNXImportCase(
    "Gelu by tanh, with products",
    [
      node("Mul", "z", "z", to: "p"), node("Mul", "p", "c", to: "q"), node("Add", "q", "one", to: "r"),
      node("Mul", "z", "k", to: "s"), node("Mul", "s", "r", to: "t"), node("Tanh", "t", to: "u"),
      node("Add", "one", "u", to: "v"), node("Mul", "z", "v", to: "a"), node("Mul", "a", "half"),
    ], [("c", 0.044715), ("k", 0.7978845608), ("one", 1), ("half", 0.5)], geluByTanh),
  ONNXImportCase("Neg", [node("Neg", "z")]) { -$0 },
]

@Suite struct ONNXImportTests {
  @Test("An activation with any parameters gives its formula", arguments: cases)
  func parametricActivations(_ example: ONNXImportCase) throws {
    let found = try model(graph([first] + example.nodes, example.constants))
    for x in [[0.5, -1], [-3, 2], [0.1, 0.1], [4, -0.25], [-0.5, -2]] {
      let z = [x[0] + 3 * x[1] + 0.5, 2 * x[0] + 4 * x[1] - 0.5]
      let answer = try answers(found, [x.map { .number($0) }])
      for unit in 0..<2 { #expect(close(answer[unit, 0], example.formula(z[unit]))) }
    }
  }

  @Test("PRelu has a slope for each unit, also before further layers")
  func slopes() throws {
    let nodes = [first, node("PRelu", "z", "s", to: "p"), node("MatMul", "p", "w")]
    let found = try model(graph(nodes, [ONNXTensor("s", .float, [2], [0.5, -1])]))
    #expect(found.network.layers.map(\.isParametric) == [true, false])
    // z = (−2, −4): (−1, 4) times W.
    let answer = try answers(found, [[-2.5, 0]])
    // z = (−2, −5.5), PReLU gives (−1, 5.5).
    #expect(close(answer[0, 0], 15.5) && close(answer[1, 0], 20))
    #expect(error(graph(nodes, [ONNXTensor("s", .float, [3], [1, 1, 1])])).contains("it has 3 slopes"))
  }

  // MARK: - Constants

  @Test("Constants are computed as ONNX defines it")
  func constants() throws {
    func weights(_ nodes: [ONNXNode], _ constants: [ONNXTensor]) throws -> Matrix<Float> {
      try ONNXPerceptron<Float>(
        graph(nodes + [node("MatMul", "x", "v")], constants).encoded, path: "m"
      ).network[layer: 0, .weights]
    }
    // A column and a row make a matrix.
    let (column, row) = (ONNXTensor("c", .float, [2, 1], [1, 2]), ONNXTensor("r", .float, [1, 2], [10, 20]))
    #expect(try weights([node("Add", "c", "r", to: "v")], [column, row]) == [[11, 12], [21, 22]])
    let same = node("Transpose", "w", to: "v", with: ["perm": .ints([0, 1])])
    #expect(try weights([same], []) == [[1, 3], [2, 4]])
    #expect(try weights([node("Transpose", "w", to: "v")], []) == [[1, 2], [3, 4]])
    // 2.7 and −2.7 are cut, and integers divided as integers.
    let numbers = ONNXTensor("n", .float, [2, 2], [2.7, -2.7, 1, 1])
    let cut = [
      node("Cast", "n", to: "i", with: ["to": .int(7)]), node("Cast", "i", to: "v", with: ["to": .int(1)]),
    ]
    #expect(try weights(cut, [numbers]) == [[2, 1], [-2, 1]])
    let seven = ONNXTensor("s", [2, 2], [7, -7, 8, 9])
    let halves = [node("Div", "s", "t", to: "d"), node("Cast", "d", to: "v", with: ["to": .int(1)])]
    #expect(try weights(halves, [seven, ONNXTensor("t", [], [2])]) == [[3, 4], [-3, 4]])
    #expect(throws: FileError.self) { try weights(halves, [seven, ONNXTensor("t", [], [0])]) }
    #expect(throws: FileError.self) {
      try weights([node("Add", "w", "r", to: "v")], [ONNXTensor("r", .float, [3], [1, 2, 3])])
    }
  }

  // MARK: - What is refused

  @Test("What a graph means otherwise is refused")
  func refused() {
    var normalization = node("BatchNormalization", "z", "s", "s", "s", "s")
    let ones = ONNXTensor("s", .float, [2], [1, 1])
    #expect(error(graph([first, normalization], [ones])) == "a model")
    normalization.outputs += ["mean", "variance", "a", "b"]
    #expect(error(graph([first, normalization], [ones], set: 9)).contains("it is in training mode"))
    for set in [0, 6, 28, 99] {
      #expect(error(graph([first, node("Relu", "z")], set: set)).contains("the operator set \(set)"))
    }
    var other = graph([first, node("Relu", "z")])
    other.operatorSets = [:]
    #expect(error(other).contains("found no operator set of ONNX"))
    // Softmax over the second of three dimensions, each of which has one element.
    let deep = [ONNXValue(name: "x", dataType: 1, shape: [.named("n"), .fixed(1), .fixed(2)])]
    for operation in ["Softmax", "LogSoftmax"] {
      let nodes = [
        node("MatMul", "x", "w", to: "z"), node(operation, "z", to: "s", with: ["axis": .int(1)]), node("Flatten", "s"),
      ]
      #expect(error(graph(nodes, inputs: deep)) != "a model")
    }
    let flat = [node("Flatten", "x", to: "f"), node("MatMul", "f", "w", to: "z"), node("Softmax", "z")]
    #expect(error(graph(flat, inputs: deep)) == "a model")
    #expect(error(graph([first, node("Binarizer", "z", domain: "ai.onnx.ml")])).contains("only Scaler and Imputer"))
    for norm in ["L2", "L1", "MAX"] {
      let normalizer = node("Normalizer", "x", to: "s", with: ["norm": .string(norm)], domain: "ai.onnx.ml")
      let text = error(graph([normalizer, node("Gemm", "s", "w", "b")]))
      #expect(text.hasPrefix("m: node \"the node\" (ai.onnx.ml.Normalizer): it divides each sample by its own norm"))
      #expect(text.contains("convert the pipeline without it"))
    }
    #expect(error(graph([first, node("Relu", "z", domain: "com.example")])).contains("operations of \"com.example\""))
  }

  // MARK: - Labels

  /// The probabilities `y` of two classes, and the index `i` of the larger.
  private let classifier = [
    first, node("Softmax", "z"), node("ArgMax", "y", to: "i", with: ["axis": .int(1), "keepdims": .int(0)]),
  ]
  private let labelled: [(String, ONNXTensor.DataType?)] = [("l", .string), ("y", .float)]

  @Test("Classes have the names that the label output gives to the largest probability")
  func labels() throws {
    let (texts, integers) = (ONNXTensor("t", [2], texts: ["no", "yes"]), ONNXTensor("t", [2], [7, 9]))
    func names(_ nodes: [ONNXNode], _ constants: [ONNXTensor] = []) throws -> [String] {
      try model(graph(classifier + nodes, constants, outputs: labelled)).preparation.classNames
    }
    #expect(try names([node("Gather", "t", "i", to: "l")], [texts]) == ["no", "yes"])
    // As skl2onnx writes it.
    let extractor = node("ArrayFeatureExtractor", "t", "i", to: "e", domain: "ai.onnx.ml")
    let shape = ONNXTensor("s", [1], [-1])
    #expect(try names([extractor, node("Reshape", "e", "s", to: "l")], [texts, shape]) == ["no", "yes"])
    #expect(
      try names([extractor, node("Cast", "e", to: "l", with: ["to": .int(7)])], [integers]) == ["7", "9"])
    let encoder = node(
      "LabelEncoder", "i", to: "l", with: ["keys_int64s": .ints([0, 1]), "values_strings": .strings(["a", "b"])],
      domain: "ai.onnx.ml")
    #expect(try names([encoder]) == ["a", "b"])
    // The largest logit is that of the largest probability.
    let fromLogits = [
      first, node("Softmax", "z"), node("ArgMax", "z", to: "i", with: ["axis": .int(1)]),
      node("Gather", "t", "i", to: "l"),
    ]
    #expect(try model(graph(fromLogits, [texts], outputs: labelled)).preparation.classNames == ["no", "yes"])
    let map = node("ZipMap", "y", to: "m", with: ["classlabels_int64s": .ints([3, 4])], domain: "ai.onnx.ml")
    #expect(
      try model(graph(classifier + [map], outputs: [("i", .int64), ("m", nil)])).preparation.classNames == ["3", "4"])

    // Another index, the smallest value, another value.
    for nodes in [
      [
        node("Neg", "y", to: "a"), node("ArgMax", "a", to: "j", with: ["axis": .int(1)]),
        node("Gather", "t", "j", to: "l"),
      ],
      [node("ArgMin", "y", to: "j", with: ["axis": .int(1)]), node("Gather", "t", "j", to: "l")],
      [node("ArgMax", "x", to: "j", with: ["axis": .int(1)]), node("Gather", "t", "j", to: "l")],
    ] {
      let text = error(graph(classifier + nodes, [texts], outputs: labelled))
      #expect(text.contains("not that of the largest output") && text.contains("--output"))
      #expect(
        try model(graph(classifier + nodes, [texts], outputs: labelled), output: "y").preparation.classNames == [
          "0", "1",
        ])
    }
  }

  @Test("Two classes of one sigmoid, and labels of several, as skl2onnx writes them")
  func sigmoids() throws {
    let (one, column) = (ONNXTensor("one", .float, [], [1]), ONNXTensor("c", .float, [2, 1], [1, -1]))
    let two = [
      node("MatMul", "x", "c", to: "z"), node("Sigmoid", "z", to: "p"), node("Sub", "one", "p", to: "q"),
      node("Concat", "q", "p", with: ["axis": .int(1)]),
    ]
    let binary = try model(graph(two, [one, column]))
    #expect(binary.preparation.classNames == ["0", "1"])
    let answer = try answers(binary, [[2, 1]])
    #expect(close(answer[1, 0], 1 / (1 + exp(-1))) && close(answer[0, 0] + answer[1, 0], 1))
    #expect(
      error(graph(two.dropLast() + [node("Concat", "p", "q", with: ["axis": .int(1)])], [one, column])).contains(
        "joins two branches"))

    let labels = [
      first, node("Sigmoid", "z", to: "p"), node("Sub", "one", "p", to: "q"),
      node("Concat", "q", "p", with: ["axis": .int(1)]),
      node("Binarizer", "p", to: "k", with: ["threshold": .float(0.5)], domain: "ai.onnx.ml"),
      node("Cast", "k", to: "l", with: ["to": .int(7)]),
    ]
    let both = try model(graph(labels, [one], outputs: [("l", .int64), ("y", .float)]))
    #expect(both.preparation.outputs == .labels(columns: ["3", "4"], classes: [["0", "1"], ["0", "1"]]))
    let half = ONNXTensor("h", .float, [], [0.5])
    let several = [first, node("Sigmoid", "z"), node("Greater", "y", "h", to: "g"), node("Cast", "g", to: "l")]
    #expect(try model(graph(several, [half], outputs: labelled)).preparation.outputs.names == ["3", "4"])
    let words = [
      first, node("Sigmoid", "z"), node("GreaterOrEqual", "y", "h", to: "g"), node("Where", "g", "yes", "no", to: "l"),
    ]
    let texts = [
      ONNXTensor("yes", [1, 2], texts: ["old", "tall"]), ONNXTensor("no", [1, 2], texts: ["young", "short"]),
    ]
    let found = try model(graph(words, [half] + texts, outputs: labelled)).preparation.outputs
    #expect(found == .labels(columns: ["3", "4"], classes: [["young", "old"], ["short", "tall"]]))
  }

  @Test("One of several outputs is used: that computed from the others, or a named one")
  func outputs() throws {
    let both: [(String, ONNXTensor.DataType?)] = [("z", .float), ("y", .float)]
    #expect(try model(graph([first, node("Softmax", "z")], outputs: both)).preparation.task == .classification)
    #expect(
      try model(graph([first, node("Softmax", "z")], outputs: both), output: "z").preparation.task == .regression)
    let unrelated = [first, node("Tanh", "z"), node("Relu", "z", to: "r")]
    let text = error(graph(unrelated, outputs: [("y", .float), ("r", .float)]))
    #expect(text.contains("\"y\", \"r\"; choose one with --output"))
    #expect(
      error(graph([first, node("Softmax", "z")], outputs: both), output: "u").contains("the outputs are \"z\", \"y\""))
    // The logarithms of probabilities.
    #expect(try model(graph([first, node("LogSoftmax", "z")])).preparation.task == .classification)
  }

  // MARK: - Inputs

  @Test("A scaling of the inputs stays in double precision, and a missing value is refused unless it is replaced")
  func inputs() throws {
    let day = 2_460_000.0
    let scaler = node(
      "Scaler", "x", to: "s", with: ["offset": .floats([Float(day), 1]), "scale": .floats([0.01, 2])],
      domain: "ai.onnx.ml")
    let nodes = [scaler, node("Gemm", "s", "w", "b")]
    let found = try model(graph(nodes))
    #expect(found.preparation.inputScaling.offsets == [day, 1])
    let answer = try answers(found, [[.number(day + 12.345), 2]])
    // (0.12345, 2) W + b.
    #expect(close(answer[0, 0], 0.12345 + 3 * 2 + 0.5, 1e-6) && close(answer[1, 0], 2 * 0.12345 + 4 * 2 - 0.5, 1e-6))
    #expect(throws: RowError.self) { try found.preparation.features(of: [[nil, 2]], as: Float.self) }
    // As a part of the weights, for the network alone.
    let path = "/tmp/perceptron-\(UInt64.random(in: 0 ... .max)).onnx"
    defer { unlink(path) }
    try AtomicFile.write(graph(nodes).encoded, to: path)
    let network = try Network<Double>(onnx: path)
    #expect(close(network.predict([[day + 12.345], [2]])[0, 0], 0.12345 + 6.5, 1e-6))

    let imputer = node(
      "Imputer", "x", to: "f", with: ["imputed_value_floats": .floats([5, 6]), "replaced_value_float": .float(.nan)],
      domain: "ai.onnx.ml")
    let replaced = try model(graph([imputer, node("Gemm", "f", "w", "b")]))
    #expect(try answers(replaced, [[nil, 2]]) == answers(replaced, [[5, 2]]))
    // What replaces scaled inputs is scaled: 5 · 100 + day.
    let afterwards = node(
      "Imputer", "s", to: "f", with: ["imputed_value_floats": .floats([5, 6]), "replaced_value_float": .float(.nan)],
      domain: "ai.onnx.ml")
    let late = try model(graph([scaler, afterwards, node("Gemm", "f", "w", "b")]))
    #expect(try answers(late, [[nil, 2]])[0, 0] == answers(late, [[.number(day + 500), 2]])[0, 0])
    // A scaling that turns the order is a part of the weights.
    let turned = try model(graph([node("Neg", "x", to: "s"), node("Gemm", "s", "w", "b")]))
    #expect(turned.preparation.inputScaling.isIdentity)
    #expect(close(try answers(turned, [[1, 1]])[0, 0], -3.5))
  }

  @Test("Several inputs are columns with their names")
  func columns() throws {
    func value(_ name: String, _ width: Int) -> ONNXValue {
      ONNXValue(name: name, dataType: 1, shape: [.named("n"), .fixed(width)])
    }
    let bias = ONNXTensor("bias", .float, [2], [0.5, -0.5])
    let nodes = [
      node("Cast", "q", to: "c", with: ["to": .int(1)]), node("Concat", "c", "p", to: "x", with: ["axis": .int(1)]),
      node("Gemm", "x", "w", "bias", to: "z"), node("Relu", "z"),
    ]
    // q comes first in the features.
    let found = try model(graph(nodes, [bias], inputs: [value("p", 1), value("q", 1)]))
    #expect(found.preparation.encoders.map(\.column.name) == ["q", "p"])
    #expect(found.preparation.outputs.names == ["target 1", "target 2"])
    #expect(
      error(graph(nodes, [bias], inputs: [value("p", 1), value("q", 1), value("r", 1)])).contains("\"r\" is not used"))
    let wide = [node("Concat", "p", to: "x"), node("Gemm", "p", "w", "bias")]
    #expect(error(graph(wide, [bias], inputs: [value("p", 2), value("q", 1)])).contains("expected one, or columns"))
  }

  @Test("The columns of the outputs follow numbered inputs, and are called target after others")
  func targets() throws {
    let imported = try ONNXPerceptron<Float>(graph([node("Gemm", "x", "w", "b")]).encoded, path: "m").imported
    func names(_ inputs: Preparation.Inputs) -> [String] { imported.outputs(for: .regression, after: inputs).names }
    #expect(names(imported.inputs) == ["3", "4"])
    #expect(names(.columns(imported.columns(named: ["p", "q"]))) == ["target 1", "target 2"])
    #expect(names(.pixels(shape: [1, 2])) == ["target 1", "target 2"])
  }

  @Test("A graph for one sample at a time, and outputs of single numbers")
  func shapes() throws {
    let single = [ONNXValue(name: "x", dataType: 1, shape: [.fixed(1), .fixed(2)])]
    let shape = ONNXTensor("s", [2], [1, 2])
    #expect(
      error(graph([node("Reshape", "x", "s", to: "r"), node("Gemm", "r", "w", "b")], [shape], inputs: single))
        == "a model")
    #expect(error(graph([node("Reshape", "x", "s", to: "r"), node("Gemm", "r", "w", "b")], [shape])) != "a model")
    let column = ONNXTensor("c", .float, [2, 1], [1, -1])
    for last in [node("Squeeze", "z"), node("Reshape", "z", "t")] {
      let found = try model(graph([node("MatMul", "x", "c", to: "z"), last], [column, ONNXTensor("t", [1], [-1])]))
      #expect(found.network.outputSize == 1)
    }
    #expect(error(graph([first, node("Squeeze", "z")])).contains("it reshapes to 1 units"))
  }

  @Test("Weights in a file beside the graph are read, and nowhere else")
  func externalData() throws {
    let directory = "/tmp/perceptron-\(UInt64.random(in: 0 ... .max))"
    mkdir(directory, 0o700)
    defer {
      for name in ["m.onnx", "m.data"] { unlink("\(directory)/\(name)") }
      rmdir(directory)
    }
    func write(location: String, offset: Int, length: Int) throws {
      var whole = ProtobufWriter()
      whole.write(1, 8)
      whole.write(8) {
        $0.write(1, "")
        $0.write(2, 17)
      }
      whole.write(7) { graph in
        for (operation, input, output) in [("MatMul", ["x", "v"], "z"), ("Relu", ["z"], "y")] {
          graph.write(1) { node in
            for name in input { node.write(1, name) }
            node.write(2, output)
            node.write(4, operation)
          }
        }
        graph.write(5) { tensor in
          tensor.write(1, packed: [2, 2])
          tensor.write(2, 1)
          tensor.write(8, "v")
          for (key, value) in [("location", location), ("offset", "\(offset)"), ("length", "\(length)")] {
            tensor.write(13) {
              $0.write(1, key)
              $0.write(2, value)
            }
          }
          tensor.write(14, 1)
        }
        for (field, name) in [(11, "x"), (12, "y")] { graph.write(field) { $0.write(1, name) } }
      }
      try AtomicFile.write(whole.bytes, to: "\(directory)/m.onnx")
    }
    let numbers: [Float] = [9, 1, 2, 3, 4]
    try AtomicFile.write(
      numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * UInt32($0))) } },
      to: "\(directory)/m.data")
    try write(location: "m.data", offset: 4, length: 16)
    let found = try Network<Float>(onnx: "\(directory)/m.onnx")
    #expect(found.predict([[1], [1]]) == [[4], [6]])
    for (location, offset, length, text) in [
      ("m.data", 8, 16, "beyond the end"), ("m.data", -4, 16, "beyond the end"), ("other", 0, 16, "which is not there"),
      ("../m.data", 0, 16, "not beside the graph"), ("/etc/passwd", 0, 16, "not beside the graph"),
      ("m.data", 4, 12, "count"),
    ] {
      try write(location: location, offset: offset, length: length)
      let error = #expect(throws: FileError.self) { try Network<Float>(onnx: "\(directory)/m.onnx") }
      #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
    }
  }

  @Test("What replaces missing inputs is scaled as far as the graph has scaled them")
  func replacementBetweenScalings() throws {
    func scaler(_ from: String, _ to: String, _ factor: Float) -> ONNXNode {
      node("Scaler", from, to: to, with: ["offset": .floats([0]), "scale": .floats([factor])], domain: "ai.onnx.ml")
    }
    let imputer = node(
      "Imputer", "s", to: "f", with: ["imputed_value_floats": .floats([5]), "replaced_value_float": .float(.nan)],
      domain: "ai.onnx.ml")
    let found = try model(
      graph([scaler("x", "s", 0.01), imputer, scaler("f", "g", 10), node("Gemm", "g", "w", "b")]))
    #expect(close(try answers(found, [[nil, 2]])[0, 0], try answers(found, [[500, 2]])[0, 0]))
    // The scaling that turns the order ends what is taken into the preparation.
    let turned = [scaler("x", "s", 0.01), node("Neg", "s", to: "n"), node("Gemm", "n", "w", "b")]
    #expect(error(graph(turned)) == "a model")
  }

  @Test("Constants keep their shapes, and numbers in double keep their digits")
  func shapesOfConstants() throws {
    // The rows of the weights are scaled, not their columns.
    let factors = ONNXTensor("g", .float, [2], [1, 10])
    let axes = ONNXTensor("a", [1], [1])
    let found = try ONNXPerceptron<Float>(
      graph(
        [node("Unsqueeze", "g", "a", to: "u"), node("Mul", "u", "w", to: "v"), node("MatMul", "x", "v")],
        [factors, axes]
      ).encoded, path: "m")
    #expect(found.network[layer: 0, .weights] == [[1, 30], [2, 40]])
    let offset = ONNXTensor("o", .double, [2], [1_700_000_123.4, 0])
    let inputs = [ONNXValue(name: "x", dataType: 11, shape: [.named("n"), .fixed(2)])]
    let shifted = graph(
      [node("Sub", "x", "o", to: "s"), node("Cast", "s", to: "c", with: ["to": .int(1)]), node("MatMul", "c", "w")],
      [offset], inputs: inputs)
    #expect(try model(shifted).preparation.inputScaling.offsets[0] == 1_700_000_123.4)
  }

  @Test("Graphs that are made to deceive are refused, and do not hang or trap")
  func deceitful() throws {
    let column = ONNXTensor("c", .float, [1, 2], [1, 1])
    let pair = [("p", 1), ("q", 1)].map { ONNXValue(name: $0.0, dataType: 1, shape: [.named("n"), .fixed($0.1)]) }
    let joined = node("Concat", "p", "q", to: "j", with: ["axis": .int(1)])
    #expect(error(graph([joined, node("MatMul", "j", "c")], [column], inputs: pair)) != "a model")
    let cut = [
      node("Cast", "q", to: "i", with: ["to": .int(7)]), node("Cast", "i", to: "r", with: ["to": .int(1)]),
      node("Concat", "p", "r", to: "j", with: ["axis": .int(1)]), node("MatMul", "j", "w"),
    ]
    #expect(error(graph(cut, inputs: pair)) != "a model")
    let same = [("a", 2), ("a 1", 1)].map { ONNXValue(name: $0.0, dataType: 1, shape: [.named("n"), .fixed($0.1)]) }
    let three = ONNXTensor("t", .float, [3, 1], [1, 1, 1])
    let wide = [node("Concat", "a", "a 1", to: "j", with: ["axis": .int(1)]), node("MatMul", "j", "t")]
    #expect(error(graph(wide, [three], inputs: same)).contains("the same name"))
    let loop = graph([first, node("Softmax", "z"), node("Identity", "l", to: "l")], outputs: labelled)
    #expect(error(loop).contains("it makes a label in another way"))
    #expect(error(graph([first, node("Celu", "z", with: ["alpha": .float(-1)])])).contains("above 0"))
    let far = [ONNXTensor("l", .float, [], [-10_000]), ONNXTensor("h", .float, [], [10_000])]
    #expect(error(graph([first, node("Clip", "z", "l", "h")], far)).contains("--precision double"))
    let deep = ONNXTensor("d", .float, [1, 1, 2], [1, 1])
    #expect(
      error(graph([first, node("Add", "z", "d", to: "e"), node("Softmax", "e")], [deep])).contains("expected a vector"))
    var other = node("Sigmoid", "z", to: "s")
    other.domain = "com.example"
    #expect(error(graph([first, other, node("Mul", "z", "s")])) != "a model")
    // An ELU with another alpha on many units, again and again.
    let many = ONNXTensor("m", .float, [2, 4096], repeatElement(0, count: 8192))
    var nodes = [node("MatMul", "x", "m", to: "v0")]
    for number in 0..<300 { nodes.append(node("Elu", "v\(number)", to: "v\(number + 1)", with: ["alpha": .float(2)])) }
    nodes.append(node("Identity", "v300"))
    #expect(error(graph(nodes, [many])).contains("too many weights"))
    #expect(error(graph([node("MatMul", "x", "m", to: "v"), node("Elu", "v")], [many])) == "a model")
  }
}
