import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import Tensor
import Testing

private let preparation = Preparation(
  inputs: .columns(["a", "b", "c"].map { .number(name: $0, mean: 0) }),
  inputScaling: Scaling(method: .none, offsets: [0, 0, 0], factors: [1, 1, 1]),
  outputs: .classes(["no", "yes"], column: "answer"))

/// Networks that differ in depth, activation, normalisation and embedding, with the weights 1, 2, 1 and 4.
private func mixed<Scalar>(equal: Bool = false) -> TrainedModel<Scalar> {
  let embedding = Embedding(3, numbers: [0, 2])
  let kinds: [(Embedding?, [Dense])] = [
    (nil, [Dense(3, 4, .gelu, normalization: .batch, dropout: 0.25), Dense(4, 2, .softmax)]),
    (embedding, .chain([embedding.outputSize, 6, 5, 2], hidden: .selu, isParametric: true, output: .softmax)),
    (nil, [Dense(3, 4, .gelu, normalization: .batch, dropout: 0.25), Dense(4, 2, .softmax)]),
    (Embedding(3), .chain([3, 40, 2], hidden: .mish, output: .softmax)),
  ]
  let networks = kinds.enumerated().map { seed, kind in
    var generator = Philox(seed: UInt64(seed))
    var network = Network<Scalar>(kind.1, embedding: kind.0, initializer: .normal, using: &generator)
    network.statistics.fillUniform(0.5...1, using: &generator)
    return network
  }
  return TrainedModel(
    networks: networks, weights: equal ? nil : [1, 2, 1, 4], loss: .crossEntropy, preparation: preparation)
}

private func features<Scalar>(_ count: Int) -> Matrix<Scalar> {
  var generator = Philox(seed: 100)
  var features = Matrix<Scalar>(rows: 3, columns: count)
  features.fillNormal(using: &generator)
  return features
}

@Test("Networks of different layers answer with their weighted mean", arguments: [false, true])
func mixedAnswers(equal: Bool) {
  let model: TrainedModel<Double> = mixed(equal: equal)
  let weights = equal ? [0.25, 0.25, 0.25, 0.25] : [0.125, 0.25, 0.125, 0.5]
  #expect(model.weights == weights && model.parameterCount == model.networks.reduce(0) { $0 + $1.parameterCount })
  let features: Matrix<Double> = features(9)
  let answers = model.outputs(prepared: features)
  let parts = model.networks.map { $0.predict(features) }
  for sample in 0..<9 {
    for row in 0..<2 {
      let mean = zip(parts, weights).reduce(0) { $0 + $1.0[row, sample] * $1.1 }
      #expect(abs(answers[row, sample] - mean) < 1e-14)
    }
  }
}

@Test("Networks of different layers are read back as they were written, to the bit", arguments: [false, true])
func mixedRoundTrip(equal: Bool) throws {
  let model: TrainedModel<Float> = mixed(equal: equal)
  let file = try ModelFile(model.encoded, path: "m")
  #expect(file.members.map(\.layers) == model.networks.map(\.layers))
  #expect(file.members.map(\.embedding) == model.networks.map(\.embedding))
  let read = try TrainedModel<Float>(file)
  #expect(read.weights == model.weights && read.encoded == model.encoded)
  for (read, written) in zip(read.networks, model.networks) {
    #expect(read.parameters == written.parameters && read.statistics == written.statistics)
  }
  let other = try TrainedModel<Double>(file).outputs(prepared: features(5))
  for (one, two) in zip(other.elements, model.outputs(prepared: features(5)).elements) {
    #expect(abs(one - Double(two)) < 1e-5)
  }
}

@Test(
  "Members that contradict each other are refused, each with its reason",
  arguments: [
    (#""weight":0.5"#, #""weight":0.25"#, "the weights of the networks are not positive, or their sum is not 1"),
    (#""weight":0.5"#, #""weight":-0.5"#, "the weights of the networks are not positive, or their sum is not 1"),
    (#""weight":0.5"#, #""width":0.5"#, "expected a network's layers and weight before this"),
    (#""weight":0.5"#, #""weight":0.5,"weight":0.5"#, "\"weight\" is given twice"),
    (#""inputs":40"#, #""inputs":41"#, "the layers do not form a chain"),
    (#""frequencies":16"#, #""frequencies":0"#, "the embedding is impossible"),
    (#""activation":"mish""#, #""activation":"mush""#, "a layer has an unknown type"),
  ])
func damagedMembers(text: String, other: String, problem: String) throws {
  let tensors = try SafeTensors(bytes: (mixed() as TrainedModel<Float>).encoded, path: "m")
  var metadata = tensors.metadata
  let members = try #require(metadata["members"])
  #expect(members.contains(text))
  metadata["members"] = members.replacing(text, with: other)
  let written = tensors.entries.map { entry in
    SafeTensors.Tensor(
      name: entry.name, shape: entry.shape, values: [Float](repeating: 0, count: entry.shape.reduce(1, *)))
  }
  let error = #expect(throws: FileError.self) {
    _ = try ModelFile(SafeTensors.encode(written, metadata: metadata), path: "m")
  }
  #expect(
    error.map { "\($0)".hasPrefix("m: metadata \"members\": ") && "\($0)".contains(problem) } == true, "\(error as Any)"
  )
}
