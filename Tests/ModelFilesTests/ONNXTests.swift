import Glibc
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import Tensor
import Testing

private let samples: Matrix<Float> = Matrix(rows: 3, columns: 2, columnMajor: [0.5, -1, 2, 1.5, 0.25, -0.75])

private func network(_ model: ONNXModel) throws(FileError) -> Network<Float> {
  try ONNXPerceptron<Float>(model.encoded, path: "m").network
}

/// A graph of one input of two features, a layer, some nodes behind its value `z`, and the output `y`.
private func graph(_ nodes: [ONNXNode], constants: [ONNXTensor] = []) -> ONNXModel {
  let type = ONNXTensor.DataType.float
  let layer = ONNXNode(name: "first", operation: "Gemm", inputs: ["x", "w", "b"], outputs: ["z"])
  return ONNXModel(
    version: 8, operatorSets: ["": 17],
    graph: ONNXGraph(
      name: "g", nodes: [layer] + nodes,
      initializers: [ONNXTensor("w", type, [2, 2], [1, 2, 3, 4]), ONNXTensor("b", type, [2], [0.5, -0.5])] + constants,
      inputs: [ONNXValue(name: "x", dataType: 1, shape: [.named("n"), .fixed(2)])],
      outputs: [ONNXValue(name: "y", dataType: 1)]))
}

private func node(
  _ operation: String, _ inputs: String..., to output: String = "y", with attributes: [String: ONNXAttribute] = [:]
) -> ONNXNode {
  ONNXNode(name: "the node", operation: operation, inputs: inputs, outputs: [output], attributes: attributes)
}

private func tinyModel<Scalar: BLASScalar>() -> TrainedModel<Scalar> {
  var network = Network<Scalar>([Dense(3, 2, .tanh), Dense(2, 2, .softmax)])
  for index in 0..<network.parameterCount { network.parameters[index, 0] = Scalar(index) / 8 - 0.5 }
  return TrainedModel(
    network: network, loss: .crossEntropy,
    preparation: Preparation(
      inputs: .columns([.number(name: "a", mean: 3), .category(name: "b", values: ["", "red"])]),
      inputScaling: Scaling(method: .standard, offsets: [2], factors: [0.5]),
      outputs: .classes(["no", "yes"], column: "c")), training: ["epochs": "3"])
}

// MARK: - Import

@Test("Graphs of PyTorch and Keras give the answers that ONNX Runtime gives")
func foreignGraphs() throws {
  for (bytes, answers) in [(torchONNX, torchAnswers), (kerasONNX, kerasAnswers)] {
    let found = try ONNXPerceptron<Float>(bytes, path: "m").network.predict(samples)
    for (sample, expected) in answers.enumerated() {
      for (output, value) in expected.enumerated() { #expect(abs(found[output, sample] - value) < 1e-6) }
    }
  }
}

@Test("What is affine becomes part of the weights")
func folding() throws {
  // z = (x₁ + 3 x₂ + ½, 2 x₁ + 4 x₂ − ½), y = ReLU(2 z − 1) / 4 times (1, 1)ᵀ.
  let type = ONNXTensor.DataType.float
  let found = try network(
    graph(
      [
        node("Mul", "two", "z", to: "p"), node("Sub", "p", "one", to: "q"), node("Relu", "q", to: "r"),
        node("Div", "r", "four", to: "s"), node("MatMul", "s", "ones"),
      ],
      constants: [
        ONNXTensor("two", type, [], [2]), ONNXTensor("one", type, [1, 2], [1, 1]), ONNXTensor("four", type, [1], [4]),
        ONNXTensor("ones", type, [2, 1], [1, 1]),
      ]))
  #expect(found.layers == [Dense(2, 2, .relu), Dense(2, 1)])
  // x = (1, 1): z = (4.5, 5.5), 2 z − 1 = (8, 10), y = 4.5.
  #expect(found.predict(Matrix([1, 1]))[0, 0] == 4.5)
}

@Test("What follows no linear layer becomes a layer whose weights are the identity")
func identityLayers() throws {
  // z = (x₁ + 3 x₂ + ½, 2 x₁ + 4 x₂ − ½), y = ReLU(−ReLU(z) + 4) + (½, −½)ᵀ.
  let type = ONNXTensor.DataType.float
  let constants = [ONNXTensor("four", type, [], [4]), ONNXTensor("three", type, [3], [1, 1, 1])]
  let nodes = [
    node("Relu", "z", to: "p"), node("Sub", "four", "p", to: "q"), node("Relu", "q", to: "r"), node("Add", "r", "b"),
  ]
  let found = try network(graph(nodes, constants: constants))
  #expect(found.layers == [Dense(2, 2, .relu), Dense(2, 2, .relu), Dense(2, 2)])
  #expect(found.predict(Matrix([1, 0])) == Matrix([3, 2]))
  #expect(found.predict(Matrix([-3, -3])) == Matrix([4.5, 3.5]))
  let error = #expect(throws: FileError.self) {
    try network(graph([node("Relu", "z", to: "p"), node("Add", "p", "three")], constants: constants))
  }
  #expect(error?.description.contains("(Add): its constants are for 3 units, expected 2") == true)
}

@Test("An activation is known as one node and as exporters put it together")
func activations() throws {
  let type = ONNXTensor.DataType.float
  let constants = [
    ONNXTensor("half", type, [], [0.5]), ONNXTensor("one", type, [], [1]), ONNXTensor("zero", type, [], [0]),
    ONNXTensor("sixth", type, [], [1 / 6.0]), ONNXTensor("root", type, [], [Double(2).squareRoot()]),
  ]
  let cases: [(Activation, [ONNXNode])] = [
    (.softsign, [node("Softsign", "z")]), (.leakyReLU, [node("LeakyRelu", "z")]),
    (.silu, [node("Sigmoid", "z", to: "s"), node("Mul", "s", "z")]),
    (.hardSwish, [node("HardSwish", "z")]),
    (
      .hardSwish,
      [node("HardSigmoid", "z", to: "s", with: ["alpha": .float(1 / 6), "beta": .float(0.5)]), node("Mul", "z", "s")]
    ),
    (
      .hardSwish,
      [
        node("Mul", "z", "sixth", to: "p"), node("Add", "p", "half", to: "q"), node("Min", "q", "one", to: "r"),
        node("Max", "r", "zero", to: "s"), node("Mul", "z", "s"),
      ]
    ),
    (.mish, [node("Softplus", "z", to: "s"), node("Tanh", "s", to: "t"), node("Mul", "z", "t")]),
    (
      .gelu,
      [
        node("Div", "z", "root", to: "e"), node("Erf", "e", to: "f"), node("Add", "f", "one", to: "g"),
        node("Mul", "z", "g", to: "h"), node("Mul", "h", "half"),
      ]
    ),
    (.softsign, [node("Abs", "z", to: "a"), node("Add", "one", "a", to: "d"), node("Div", "z", "d")]),
  ]
  for (activation, nodes) in cases {
    #expect(try network(graph(nodes, constants: constants)).layers == [Dense(2, 2, activation)])
  }
}

@Test(
  "A graph that is no perceptron is refused with the node's name",
  arguments: [
    ([node("Conv", "z", "w")], "\"the node\" (Conv): expected Gemm"),
    ([node("Selu", "z", with: ["alpha": .float(2)])], "\"the node\" (Selu): its alpha is 2.0, expected 1.67"),
    ([node("Tanh", "z", to: "t"), node("Add", "t", "z")], "\"the node\" (Add): it joins two branches"),
    ([node("a\nb", "z")], "\"the node\" (\"a\\nb\"): expected Gemm"),
    ([node("Softmax", "z", with: ["axis": .int(0)])], "\"the node\" (Softmax): its axis is 0, expected -1 or 1"),
    (
      [node("Gelu", "z", with: ["approximate": .string("sine")])],
      "\"the node\" (Gelu): its approximation \"sine\" is unknown"
    ),
  ])
func refusals(nodes: [ONNXNode], line: String) {
  let error = #expect(throws: FileError.self) { try network(graph(nodes)) }
  #expect(error?.description.hasPrefix("m: node \(line)") == true, "\(error?.description ?? "")")
}

@Test("A circle of nodes is refused")
func circle() {
  let error = #expect(throws: FileError.self) {
    try network(graph([node("Identity", "u", to: "y"), node("Identity", "y", to: "u")]))
  }
  #expect(error?.description == "m: nothing before it gives the value \"u\"; only multi-layer perceptrons are imported")
}

@Test("Weights that are used again and again do not make a small file large in memory")
func sharedWeights() {
  var nodes = (0..<2000).map { node("MatMul", "v\($0)", "square", to: "v\($0 + 1)") }
  nodes.insert(node("MatMul", "z", "wide", to: "v0"), at: 0)
  nodes.append(node("MatMul", "v2000", "narrow"))
  let (type, zeros) = (ONNXTensor.DataType.float, [Double](repeating: 0, count: 250 * 250))
  let error = #expect(throws: FileError.self) {
    try network(
      graph(
        nodes,
        constants: [
          ONNXTensor("wide", type, [2, 250], zeros[..<500]), ONNXTensor("square", type, [250, 250], zeros),
          ONNXTensor("narrow", type, [250, 1], zeros[..<250]),
        ]))
  }
  #expect(error?.description.contains("a tensor is used again and again") == true)
}

@Test("More inputs than a table has columns are refused before each gets a name")
func manyInputs() {
  let constants = [ONNXTensor("w", .float, [100_001, 1], repeatElement(0, count: 100_001))]
  let model = ONNXModel(
    operatorSets: ["": 13],
    graph: ONNXGraph(
      nodes: [node("MatMul", "x", "w")], initializers: constants, inputs: [ONNXValue(name: "x")],
      outputs: [ONNXValue(name: "y")]))
  let error = #expect(throws: FileError.self) { try network(model) }
  #expect(
    error?.description
      == "m: there are 100001 inputs and 1 outputs, expected at most 100000; only multi-layer perceptrons are imported")
}

// MARK: - Export

@Test("An export is the graph that it should be, to the byte")
func golden() throws {
  let model = (tinyModel() as TrainedModel<Float>).onnx()
  #expect(try ONNXModel(model.encoded, path: "m") == model)
  #expect(model.version == 7)
  #expect(model.operatorSets == ["": 13, "ai.onnx.ml": 2])
  #expect(model.metadata == ["epochs": "3", "loss": "cross-entropy"])
  #expect(
    model.graph.nodes.map(\.operation) == [
      "Cast", "IsNaN", "Where", "Sub", "Mul", "Cast", "LabelEncoder", "Equal", "Cast", "Concat", "Gemm", "Tanh", "Gemm",
      "Softmax", "ArgMax", "Gather", "Identity",
    ])
  #expect(model.graph.inputs.map(\.name) == ["a", "b"])
  #expect(model.graph.inputs.map(\.dataType) == [1, 8])
  #expect(model.graph.outputs.map(\.name) == ["label", "probabilities"])
  // These bytes passed onnx.checker, and ONNX Runtime gave the model's answers for them.
  var checksum = Checksum()
  checksum.add(model.encoded[...])
  #expect(checksum.value == goldenChecksum)
}

private let goldenChecksum: UInt32 = 2_211_044_275

@Test(
  "A model of numbers is the same after export and import; in double, an activation of several nodes is refused",
  arguments: Activation.allCases)
func roundTrip(activation: Activation) throws {
  func check<Scalar: BLASScalar>(_ tolerance: Scalar) throws {
    var generator = Philox(seed: 1)
    let normalization: Normalization = activation == .softmax ? .layer : activation == .relu ? .rms : .batch
    var network = Network<Scalar>(
      [Dense(3, 4, activation, normalization: normalization), Dense(4, 2, .softmax)], initializer: .glorotNormal,
      using: &generator)
    network.statistics.fillUniform(0.5...1, using: &generator)
    let share = activation == .tanh ? 0.25 : 0
    let model = TrainedModel(
      network: network, loss: .crossEntropy,
      preparation: Preparation(
        inputs: .columns(["a", "b", "c"].map { .number(name: $0, mean: 7) }),
        inputScaling: Scaling(method: .standard, offsets: [1, 2, 3], factors: [0.5, 2, 1]),
        outputs: .classes(["no", "yes"], column: "d")), uniformShare: share)
    let path = "/tmp/perceptron-\(UInt64.random(in: 0 ... .max)).onnx"
    defer { unlink(path) }
    try model.writeONNX(to: path)
    let read = try TrainedModel<Scalar>(onnx: path)
    #expect(read.preparation.classNames == ["no", "yes"] && abs(read.uniformShare - share) < 1e-6)
    let rows: [[InputValue]] = [[1.5, 2, 3], [0, nil, 4]]
    let (found, expected) = (
      read.predict(prepared: try read.preparation.features(of: rows)),
      model.predict(prepared: try model.preparation.features(of: rows))
    )
    for (a, b) in zip(found.elements, expected.elements) { #expect(abs(a - b) < Double(tolerance)) }
  }
  try check(2e-6 as Float)
  // In double these are several nodes, which the import does not take for an activation: only single precision has them
  // as one.
  if [.leakyReLU, .elu, .selu, .softplus, .gelu, .mish].contains(activation) {
    #expect(throws: FileError.self) { try check(1e-9 as Double) }
  } else {
    // Not to more digits, because an epsilon is stored as Float.
    try check(1e-9 as Double)
  }
}

// MARK: - The bytes

@Test("Numbers are read from every place that a tensor has for them")
func tensorData() throws {
  func tensor(_ type: Int, _ body: (inout ProtobufWriter) -> Void) throws -> ONNXTensor {
    var writer = ProtobufWriter()
    writer.write(7) {
      $0.write(5) {
        $0.write(1, 2)  // The shape, not packed.
        $0.write(2, type)
        body(&$0)
      }
    }
    return try ONNXModel(writer.bytes, path: "m").graph.initializers[0]
  }
  #expect(try tensor(1) { $0.write(9, [0, 0, 128, 63, 0, 0, 0, 192]) }.values() == [1, -2] as [Float]?)
  #expect(try tensor(1) { $0.write(4, [0, 0, 128, 63, 0, 0, 0, 192]) }.values() == [1, -2] as [Double]?)
  let single = try tensor(1) {
    $0.write(4, Float(1))
    $0.write(4, Float(-2))
  }
  #expect(single.values() == [1, -2] as [Float]?)
  #expect(try tensor(7) { $0.write(7, packed: [300, -1]) }.values() == [300, -1] as [Float]?)
  // 1 and the smallest of float16; 1 and -2 of bfloat16.
  #expect(try tensor(10) { $0.write(5, packed: [0x3C00, 1]) }.values() == [1, 0x1p-24] as [Float]?)
  #expect(try tensor(16) { $0.write(9, [0x80, 0x3F, 0x00, 0xC0]) }.values() == [1, -2] as [Float]?)
  // Too few.
  #expect(try tensor(1) { $0.write(9, [0, 0, 128, 63]) }.values() as [Float]? == nil)
}

@Test("A file that is cut at any byte, or has any byte changed, ends in an error or another network")
func hostileBytes() {
  var generator = Philox(seed: 2)
  var refused = 0
  for bytes in [torchONNX, kerasONNX, (tinyModel() as TrainedModel<Float>).onnx().encoded] {
    for length in bytes.indices {
      do throws(FileError) { _ = try ONNXPerceptron<Float>(Array(bytes[..<length]), path: "m") } catch { refused += 1 }
    }
    for _ in 0..<20_000 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        damaged[Int.random(in: damaged.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      do throws(FileError) { _ = try ONNXPerceptron<Float>(damaged, path: "m") } catch { refused += 1 }
    }
  }
  #expect(refused > 30_000)
}

@Test("A length beyond the end is an error that names the byte")
func lengths() {
  let error = #expect(throws: FileError.self) { try ONNXModel([0x3A, 0xFF, 0xFF, 0x03, 0], path: "m") }
  let expected =
    "m: not an ONNX file, or damaged: byte 1: found a length of 65535 bytes, but only 1 left;"
    + " copy or export the file again"
  #expect(error?.description == expected)
  var many = ProtobufWriter()
  many.write(7) { for _ in 0..<70_000 { $0.write(1) { _ in } } }
  #expect(throws: FileError.self) { try ONNXModel(many.bytes, path: "m") }
}

@Test("A sample is not cut into several, nor a bias taken for several samples', nor a shape beyond all numbers counted")
func shapesThatDoNotFit() {
  func line(_ model: ONNXModel) -> String {
    do throws(FileError) {
      _ = try TrainedModel(ONNXPerceptron<Float>(model.encoded, path: "m"), path: "m")
      return "a model"
    } catch {
      return error.description
    }
  }
  let shape = ONNXTensor("s", [2], [-1, 1])
  #expect(line(graph([node("Reshape", "z", "s")], constants: [shape])).contains("it reshapes to 1 units"))
  #expect(line(graph([node("Reshape", "z", "s")], constants: [ONNXTensor("s", [2], [-1, 2])])) == "a model")
  let constants = [
    ONNXTensor("v", .float, [2, 2], [1, 0, 0, 1]), ONNXTensor("c", .float, [2, 1], [10, 20]),
  ]
  #expect(line(graph([node("Gemm", "z", "v", "c")], constants: constants)).contains("its C has 2 numbers"))
  for (first, second) in [(1 << 40, 1 << 40), (-3, -2), (2, 2)] {
    var model = graph([])
    model.graph.nodes = [
      ONNXNode(name: "flat", operation: "Flatten", inputs: ["x"], outputs: ["f"]),
      ONNXNode(name: "first", operation: "Gemm", inputs: ["f", "w", "b"], outputs: ["y"]),
    ]
    model.graph.inputs[0].shape = [.named("n"), .fixed(first), .fixed(second)]
    #expect(line(model).contains("the first layer 2 inputs") == (first > 0))
  }
}

@Test("More layers than a model may have are refused")
func tooManyLayers() {
  var model = graph([])
  model.graph.nodes = (0...1000).map {
    ONNXNode(name: "n\($0)", operation: "Gemm", inputs: ["v\($0)", "w", "b"], outputs: ["v\($0 + 1)"])
  }
  model.graph.inputs[0].name = "v0"
  model.graph.outputs[0].name = "v1001"
  #expect(throws: FileError.self) { try network(model) }
  model.graph.nodes.removeLast()
  model.graph.outputs[0].name = "v1000"
  #expect(throws: Never.self) { try network(model) }
}
