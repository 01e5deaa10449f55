import Glibc
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import Tensor
import Testing

private func temporaryPath() -> String { "/tmp/perceptron-\(UInt64.random(in: 0 ... .max)).perceptron" }

private let preparation = Preparation(
  inputs: .columns(["a", "b", "c"].map { .number(name: $0, mean: 0) }),
  inputScaling: Scaling(method: .none, offsets: [0, 0, 0], factors: [1, 1, 1]),
  outputs: .classes(["no", "yes"], column: "answer"))

private let pieces = Embedding(3, numbers: [0, 2], encoding: .pieces(edges: [[-1, 0, 0.1, 7], [1, 2]]))
private let waves = Embedding(3, numbers: [0, 2], frequencies: 5, components: 2)

/// Networks of random parameters, whose hidden layers are parametric.
private func model<Scalar>(
  _ count: Int = 1, _ embedding: Embedding? = waves, isParametric: Bool = true
) -> TrainedModel<Scalar> {
  let networks = (0..<count).map { seed in
    var generator = Philox(seed: UInt64(seed))
    let size = embedding?.outputSize ?? 3
    var network = Network<Scalar>(
      [
        Dense(size, 4, .mish, isParametric: isParametric, normalization: .batch, dropout: 0.25),
        Dense(4, 5, .selu, isParametric: isParametric), Dense(5, 2, .softmax),
      ], embedding: embedding)
    network.parameters.fillNormal(using: &generator)
    network.statistics.fillUniform(0.5...1, using: &generator)
    return network
  }
  return TrainedModel(networks: networks, loss: .crossEntropy, preparation: preparation, training: ["seed": "0"])
}

private func written<Scalar>(_ model: TrainedModel<Scalar>) throws -> (file: ModelFile, tensors: SafeTensors) {
  let path = temporaryPath()
  defer { unlink(path) }
  try model.write(to: path)
  return (try ModelFile(contentsOf: path), try SafeTensors(bytes: ByteFile.read(path), path: path))
}

@Test("A model's networks take one-hot inputs in place of vectors of categories, with the same answers")
func modelOfEmbeddedCategories() throws {
  let embedding = Embedding(3, numbers: [2], categories: [0..<2], dimension: 4)
  var generator = Philox(seed: 1)
  var network = Network<Float>(
    .chain([embedding.outputSize, 5, 2], hidden: .mish, output: .softmax), embedding: embedding)
  network.parameters.fillNormal(using: &generator)
  let model = TrainedModel(network: network, loss: .crossEntropy, preparation: preparation)
  #expect(model.network.embedding == Embedding(3, numbers: [2]) && model.network.layers[0].inputSize == 6)
  let features: Matrix<Float> = [[0, 1, 0], [1, 0, 0], [0.5, -1, 2]]
  let (answers, expected) = (model.outputs(prepared: features), network.predict(features))
  #expect(zip(answers.elements, expected.elements).allSatisfy { abs($0 - $1) < 1e-6 })
  #expect(try written(model).file.members[0].embedding == model.network.embedding)
}

@Test("A model with an embedding and parametric activations is read back as it was written, to the bit")
func embeddingRoundTrip() throws {
  func check<Scalar: BLASScalar>(_ model: TrainedModel<Scalar>) throws {
    let file = try written(model).file
    #expect(file.members.map(\.embedding) == model.networks.map(\.embedding))
    #expect(file.members.map(\.layers) == model.networks.map(\.layers))
    let read = try TrainedModel<Scalar>(file)
    #expect(read.networks.count == model.networks.count)
    for (read, written) in zip(read.networks, model.networks) {
      #expect(read.embedding == written.embedding && read.layers == written.layers)
      #expect(read.parameters == written.parameters && read.statistics == written.statistics)
    }
    #expect(read.encoded == model.encoded)
  }
  // Also with scales alone, whose other tensors are empty, and without an embedding.
  for embedding in [waves, pieces, Embedding(3), nil] {
    for count in [1, 2] {
      try check(model(count, embedding) as TrainedModel<Float>)
      try check(model(count, embedding) as TrainedModel<Double>)
    }
  }
  let source: TrainedModel<Double> = model()
  let read = try TrainedModel<Float>(written(source).file)
  #expect(read.network.parameters.elements == source.network.parameters.elements.map { Float($0) })
}

@Test("The tensors of an embedding stand before the layers', and α beside its layer's weights")
func embeddingTensorNames() throws {
  let names = [
    "embedding.scale", "embedding.frequencies", "embedding.phases", "embedding.weights", "embedding.bias", "0.weight",
    "0.bias", "1.weight", "1.bias", "0.activation_weight", "1.running_mean", "1.running_var", "4.weight", "4.bias",
    "4.activation_weight", "6.weight", "6.bias",
  ]
  let single = try written(model() as TrainedModel<Float>).tensors
  #expect(single.entries.map(\.name) == names)
  #expect(single.entries.prefix(5).map(\.shape) == [[7, 1], [5, 2], [5, 2], [2, 10], [2, 2]])
  let several = try written(model(2) as TrainedModel<Float>).tensors
  #expect(several.entries.map(\.name) == names.map { "0." + $0 } + names.map { "1." + $0 })
  // Row by row.
  let network = (model() as TrainedModel<Float>).network
  let rows = Matrix(network[embedding: .frequencies].transposed).elements
  #expect(try single.values(of: "embedding.frequencies") == rows)
}

@Test("A file has the earliest version that has all its members")
func embeddingVersion() throws {
  func version(_ model: TrainedModel<Float>) throws -> String? { try written(model).tensors.metadata["version"] }
  #expect(try version(model(1, nil, isParametric: false)) == "1")
  #expect(try version(model(1, nil)) == "3")
  #expect(try version(model(1, Embedding(3), isParametric: false)) == "3")
  // A constant feature needs version 2.
  let constant = Preparation(
    inputs: preparation.inputs, inputScaling: Scaling(method: .none, offsets: [0, 0, 0], factors: [1, 0, 1]),
    outputs: preparation.outputs)
  let plain = (model(1, nil, isParametric: false) as TrainedModel<Float>).network
  #expect(try version(TrainedModel(network: plain, loss: .crossEntropy, preparation: constant)) == "2")
  let metadata = try written(model(1, nil, isParametric: false) as TrainedModel<Float>).tensors.metadata
  #expect(metadata["embedding"] == nil && metadata["layers"]?.contains("parametric") == false)
}

private let negative = "found '-', expected a whole number, at least 0"
private let impossible = "the embedding is impossible, or its outputs are not the first layer's 7 inputs"

@Test(
  "A damaged embedding is refused in one line",
  arguments: [
    (#"{"inputs":3,"numbers":[2,0],"frequencies":5,"components":2}"#, "byte 59: \(impossible)"),
    (#"{"inputs":3,"numbers":[2,2],"frequencies":5,"components":2}"#, "byte 59: \(impossible)"),
    (#"{"inputs":3,"numbers":[0,3],"frequencies":5,"components":2}"#, "byte 59: \(impossible)"),
    (#"{"inputs":3,"numbers":[0,-1],"frequencies":5,"components":2}"#, "byte 25: \(negative)"),
    (#"{"inputs":4,"numbers":[0,2],"frequencies":5,"components":2}"#, "byte 59: \(impossible)"),
    (#"{"inputs":3,"numbers":[0,2],"frequencies":0,"components":2}"#, "byte 59: \(impossible)"),
    (#"{"inputs":3,"numbers":[0,2],"frequencies":5,"components":1}"#, "byte 59: \(impossible)"),
    (#"{"inputs":-13,"numbers":[0],"frequencies":5,"components":20}"#, "byte 10: \(negative)"),
    (
      #"{"inputs":9223372036854775807,"numbers":[0],"frequencies":9223372036854775807,"components":16}"#,
      "byte 94: \(impossible)"
    ),
    (
      #"{"inputs":3,"numbers":[0,1,2,3,4,5,6,7],"frequencies":5,"components":2}"#,
      "byte 37: found more than 7 numbers, expected ]"
    ),
    (#"{"inputs":3,"inputs":3}"#, #"byte 21: "inputs" is given twice"#),
    (#"{"numbers":[],"numbers":[]}"#, #"byte 24: "numbers" is given twice"#),
    (
      #"{"inputs":3,"numbers":[0,2],"frequencies":5}"#,
      "byte 44: expected an embedding's inputs and numbers, and frequencies and components or edges, before this"
    ),
    (#"{"inputs":5,"numbers":[0,2],"edges":[[0,1,2],[0,1,1]]}"#, "byte 54: \(impossible)"),
    (#"{"inputs":5,"numbers":[0,2],"edges":[[0,1,2]]}"#, "byte 46: \(impossible)"),
    (#"{"inputs":5,"numbers":[0,2],"edges":[[0,1,2],[0,1]]}"#, "byte 52: \(impossible)"),
    (#"{"inputs":5,"numbers":[0,2],"edges":[[0,1],[]]}"#, "byte 47: \(impossible)"),
    (
      #"{"inputs":3,"numbers":[0,2],"frequencies":5,"components":2,"edges":[[0,1],[1,2]]}"#,
      "byte 81: \(impossible)"
    ),
    ("[]", "byte 0: found '[', expected '{'"),
  ])
func damagedEmbedding(json: String, problem: String) throws {
  let source: TrainedModel<Float> = model()
  var metadata = try written(source).tensors.metadata
  metadata["embedding"] = json
  let error = #expect(throws: FileError.self) {
    _ = try ModelFile(SafeTensors.encode(tensors(of: source), metadata: metadata), path: "m")
  }
  #expect(error?.description == "m: metadata \"embedding\": \(problem); save the model again")
}

@Test("Tensors of an embedding that are missing, of other shapes or not finite are named")
func badEmbeddingTensors() throws {
  let source: TrainedModel<Float> = model(2)
  let metadata = try written(source).tensors.metadata
  func line(_ name: String, _ replacement: SafeTensors.Tensor?) throws -> String? {
    let changed = try tensors(of: source, without: name) + (replacement.map { [$0] } ?? [])
    let error = #expect(throws: FileError.self) {
      _ = try TrainedModel<Float>(ModelFile(SafeTensors.encode(changed, metadata: metadata), path: "m"))
    }
    return error?.description
  }
  func zeros(_ name: String, _ shape: [Int], _ value: Float = 0) -> SafeTensors.Tensor {
    .init(name: name, shape: shape, values: [Float](repeating: value, count: shape.reduce(1, *)))
  }
  for name in ["1.embedding.phases", "0.embedding.scale", "1.4.activation_weight"] {
    #expect(try line(name, nil) == "m: no tensor \"\(name)\", which the model needs; save the model again")
  }
  #expect(
    try line("1.embedding.phases", zeros("1.embedding.phases", [2, 5]))
      == "m: tensor \"1.embedding.phases\" is 2×5, expected 5×2; save the model again")
  for (name, shape) in [("1.embedding.weights", [2, 10]), ("0.0.activation_weight", [4])] {
    #expect(
      try line(name, zeros(name, shape, .nan))
        == "m: tensor \"\(name)\" holds a number that is not finite; train the model again")
  }
}

@Test("A parametric output, softmax or identity in a file is refused")
func badParametricLayers() throws {
  let source: TrainedModel<Float> = model(1, nil)
  let metadata = try written(source).tensors.metadata
  let layers = try #require(metadata["layers"])
  func line(_ from: String, _ to: String) throws -> String? {
    var changed = metadata
    changed["layers"] = layers.replacing(from, with: to)
    #expect(changed["layers"] != layers)
    let error = #expect(throws: FileError.self) {
      _ = try ModelFile(SafeTensors.encode(tensors(of: source), metadata: changed), path: "m")
    }
    return error?.description
  }
  let outOfRange = "a layer has an unknown type, activation or normalization, or a size or dropout out of range"
  for activation in ["identity", "softmax"] {
    #expect(
      try line("\"selu\"", "\"\(activation)\"") == "m: metadata \"layers\": \(outOfRange); save the model again")
  }
  #expect(
    try line("\"softmax\"", "\"sigmoid\",\"parametric\":true")
      == "m: metadata \"layers\": the last layer has a parametric activation; save the model again")
}

/// The tensors of a model's file, but for one.
private func tensors(of model: TrainedModel<Float>, without name: String? = nil) throws -> [SafeTensors.Tensor] {
  let file = try written(model).tensors
  return try file.entries.filter { $0.name != name }
    .map { .init(name: $0.name, shape: $0.shape, values: try file.values(of: $0.name) as [Float]) }
}
