import CPerceptronAllocationHook
import Glibc
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import Tensor
import Testing

private func temporaryPath() -> String { "/tmp/perceptron-\(UInt64.random(in: 0 ... .max)).perceptron" }

/// Networks from the seeds 0, 1, … with all that a layer may have.
private func networks<Scalar>(_ count: Int) -> [Network<Scalar>] {
  (0..<count).map { seed in
    var generator = Philox(seed: UInt64(seed))
    var network = Network<Scalar>(
      [Dense(3, 4, .gelu, normalization: .batch, dropout: 0.25), Dense(4, 2, .softmax)], initializer: .normal,
      using: &generator)
    network.statistics.fillUniform(0.5...1, using: &generator)
    return network
  }
}

private let preparation = Preparation(
  inputs: .columns(["a", "b", "c"].map { .number(name: $0, mean: 0) }),
  inputScaling: Scaling(method: .none, offsets: [0, 0, 0], factors: [1, 1, 1]),
  outputs: .classes(["no", "yes"], column: "answer"))

private func ensemble<Scalar>(_ count: Int) -> TrainedModel<Scalar> {
  TrainedModel(networks: networks(count), loss: .crossEntropy, preparation: preparation, training: ["seed": "0"])
}

private func samples(_ count: Int) -> Samples<Double> {
  var generator = Philox(seed: 100)
  var features = Matrix<Double>(rows: 3, columns: count)
  features.fillNormal(using: &generator)
  return Samples(features: features, targets: oneHot((0..<count).map { $0 % 2 }, classes: 2))
}

@Test("An ensemble answers with the mean of its networks' answers, and its loss is that of the mean")
func ensembleMean() {
  let model: TrainedModel<Double> = ensemble(3)
  // More than one block of samples.
  let samples = samples(300)
  let outputs = model.networks.map { $0.predict(samples.features) }
  let answers = model.predict(prepared: samples.features)
  var loss = 0.0
  for sample in 0..<300 {
    for row in 0..<2 {
      let mean = outputs.reduce(0) { $0 + $1[row, sample] } / 3
      #expect(abs(answers[row, sample] - mean) < 1e-15)
      if row == sample % 2 { loss -= log(mean) / 300 }
    }
  }
  #expect(abs(model.meanLoss(ofOutputs: answers, on: samples) / loss - 1) < 1e-12)
  #expect(model.classes(prepared: samples.features)[0] == (answers[0, 0] > answers[1, 0] ? "no" : "yes"))
}

@Test("A model of one network answers with that network's bits, and an ensemble's do not depend on the threads")
func ensembleBits() {
  let samples = samples(300)
  let single: TrainedModel<Double> = ensemble(1)
  #expect(single.predict(prepared: samples.features) == single.network.predict(samples.features))
  let several: TrainedModel<Double> = ensemble(4)
  #expect(
    several.outputs(prepared: samples.features, team: Team(workers: 3)) == several.outputs(prepared: samples.features))
}

@Test(
  "A prediction of many networks allocates as often as that of two",
  .enabled(if: allocations_are_countable(), "the C library is not glibc, or a sanitizer has its own malloc"))
func ensembleAllocations() async {
  await #expect(processExitsWith: .success) {
    let features = samples(300).features
    let counts = [2, 2, 40].map { count in
      let model: TrainedModel<Double> = ensemble(count)
      start_counting_allocations()
      _ = model.outputs(prepared: features)
      return stop_counting_allocations()
    }
    #expect(counts[2] == counts[1] && counts[1] > 0)
  }
}

@Test("An ensemble is read back as it was written, to the bit")
func ensembleRoundTrip() throws {
  let path = temporaryPath()
  defer { unlink(path) }
  let model: TrainedModel<Float> = ensemble(3)
  try model.write(to: path)
  let file = try ModelFile(contentsOf: path)
  #expect(file.members.count == 3)
  let read = try TrainedModel<Float>(file)
  for (read, written) in zip(read.networks, model.networks) {
    #expect(read.layers == written.layers)
    #expect(read.parameters == written.parameters && read.statistics == written.statistics)
  }
  #expect(read.networks.count == 3 && read.training == model.training)
  #expect(read.parameterCount == 3 * read.network.parameterCount)
}

@Test("The tensors have the names that PyTorch's ModuleList gives them, and those of one network are as without it")
func ensembleTensorNames() throws {
  func file(_ count: Int) throws -> SafeTensors {
    let path = temporaryPath()
    defer { unlink(path) }
    try (ensemble(count) as TrainedModel<Float>).write(to: path)
    return try SafeTensors(bytes: ByteFile.read(path), path: path)
  }
  let names = [
    "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "4.weight", "4.bias",
  ]
  let (single, several) = (try file(1), try file(2))
  #expect(single.entries.map(\.name) == names)
  #expect(single.metadata["networks"] == nil)
  #expect(several.entries.map(\.name) == names.map { "0." + $0 } + names.map { "1." + $0 })
  #expect(several.metadata["networks"] == "2")
}

@Test(
  "A wrong count of networks, and networks that lack a tensor or differ, are named",
  arguments: [
    ("0", "metadata \"networks\": found \"0\", expected a whole number from 1 to 1000; save the model again"),
    ("-2", "metadata \"networks\": found \"-2\", expected a whole number from 1 to 1000; save the model again"),
    ("two", "metadata \"networks\": found \"two\", expected a whole number from 1 to 1000; save the model again"),
    (
      "9223372036854775807",
      """
      metadata "networks": found "9223372036854775807", expected a whole number from 1 to 1000; save the model again
      """
    ),
    ("1000", "no tensor \"3.0.weight\", which the model needs; save the model again"),
    (
      "2",
      "metadata \"networks\": it says 2, which have 8 tensors, but the file holds 12; save the model again"
    ),
    ("1", "no tensor \"0.weight\", which the model needs; save the model again"),
    (nil, "no tensor \"0.weight\", which the model needs; save the model again"),
    ("wide", "tensor \"2.0.weight\" is 5×3, expected 4×3; save the model again"),
    ("infinite", "tensor \"1.2.bias\" holds a number that is not finite; train the model again"),
  ] as [(String?, String)])
func damagedEnsemble(count: String?, line: String) throws {
  let path = temporaryPath()
  defer { unlink(path) }
  let networks = (0..<3).map { _ in Network<Float>(.chain([3, 4, 2], hidden: .tanh, output: .softmax)) }
  try TrainedModel(networks: networks, loss: .crossEntropy, preparation: preparation).write(to: path)
  var metadata = try SafeTensors(bytes: ByteFile.read(path), path: path).metadata
  let isKnown = ["wide", "infinite"].contains(count)
  if !isKnown { metadata["networks"] = count }
  let tensors = (0..<3).flatMap { network in
    [("0.weight", [4, 3]), ("0.bias", [4]), ("2.weight", [2, 4]), ("2.bias", [2])].map { name, shape in
      let shape = count == "wide" && network == 2 && name == "0.weight" ? [5, 3] : shape
      let value: Float = count == "infinite" && network == 1 && name == "2.bias" ? .infinity : 0
      return SafeTensors.Tensor(
        name: "\(network).\(name)", shape: shape, values: [Float](repeating: value, count: shape.reduce(1, *)))
    }
  }
  let error = #expect(throws: FileError.self) {
    _ = try TrainedModel<Float>(ModelFile(SafeTensors.encode(tensors, metadata: metadata), path: "m"))
  }
  #expect(error?.description == "m: " + line)
}

@Test("Networks of other outputs, wrong weights, and no networks trap")
func ensembleMistakes() async {
  let layers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    let other = Network<Double>([Dense(3, 2, .sigmoid)])
    _ = TrainedModel(networks: networks(1) + [other], loss: .crossEntropy, preparation: preparation)
  }
  #expect(standardError(layers).contains("and Network(Dense(3 → 2, sigmoid)): their outputs differ"))
  let weights = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = TrainedModel<Double>(networks: networks(2), weights: [1, 0], loss: .crossEntropy, preparation: preparation)
  }
  #expect(standardError(weights).contains("cannot weigh 2 networks by [1.0, 0.0]"))
  let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = TrainedModel<Double>(networks: [], loss: .crossEntropy, preparation: preparation)
  }
  #expect(standardError(none).contains("cannot make a model of 0 networks: 1 to 1000"))
}

private func standardError(_ result: ExitTest.Result?) -> String {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}
