import Glibc
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import Tensor
import Testing

private func temporaryPath() -> String { "/tmp/perceptron-\(UInt64.random(in: 0 ... .max)).perceptron" }

private func classifier<Scalar>() -> TrainedModel<Scalar> {
  var generator = Philox(seed: 6)
  let network = Network<Scalar>(
    .chain([3, 4, 2], hidden: .tanh, output: .softmax), initializer: .normal, using: &generator)
  let preparation = Preparation(
    inputs: .columns([
      .number(name: "a", mean: 0.1), .number(name: "b, \"quoted\"", mean: -2e-300), .number(name: "ü", mean: 1e300),
    ]),
    inputScaling: Scaling(method: .standard, offsets: [0.1, -2e-300, 1e300], factors: [3, 1 / 3, 0.1]),
    outputs: .classes(["no", "yes"], column: "answer"))
  return TrainedModel(
    network: network, loss: .crossEntropy, preparation: preparation, training: ["epochs": "3", "seed": "0"])
}

private func regression() -> TrainedModel<Double> {
  var generator = Philox(seed: 7)
  let network = Network<Double>([Dense(6, 1)], initializer: .normal, using: &generator)
  let preparation = Preparation(
    inputs: .pixels(shape: [2, 3]), inputScaling: Scaling(.none, fittedOn: Matrix<Double>(rows: 6, columns: 1)),
    outputs: .values(columns: ["price"], scaling: Scaling(method: .standard, offsets: [100], factors: [0.125])))
  return TrainedModel(network: network, loss: .meanSquaredError, preparation: preparation)
}

/// All that a layer may have.
private func normalized() -> TrainedModel<Double> {
  var model: TrainedModel<Double> = classifier()
  var generator = Philox(seed: 8)
  var network = Network<Double>(
    [
      Dense(3, 4, .gelu, normalization: .batch, dropout: 0.25), Dense(4, 5, .leakyReLU, normalization: .layer),
      Dense(5, 2, .softmax),
    ], initializer: .normal, using: &generator)
  network.parameters.fillNormal(using: &generator)
  network.statistics.fillUniform(0.5...1, using: &generator)
  model = TrainedModel(network: network, loss: model.loss, preparation: model.preparation)
  return model
}

@Test("The tensors have the names that PyTorch's Sequential gives them")
func tensorNames() throws {
  let path = temporaryPath()
  defer { unlink(path) }
  try normalized().write(to: path)
  // Linear 0, BatchNorm1d 1, GELU 2, Dropout 3, Linear 4, LayerNorm 5, LeakyReLU 6, Linear 7, Softmax 8.
  let names = [
    "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "4.weight", "4.bias", "5.weight",
    "5.bias", "7.weight", "7.bias",
  ]
  #expect(try SafeTensors(bytes: ByteFile.read(path), path: path).entries.map(\.name).sorted() == names.sorted())
}

@Test("A variance below 0 is refused")
func negativeVariance() throws {
  let path = temporaryPath()
  defer { unlink(path) }
  var network = normalized().network
  network.statistics[5, 0] = -1
  try TrainedModel(network: network, loss: .crossEntropy, preparation: normalized().preparation).write(to: path)
  #expect(throws: FileError.negativeVariance(path: path, name: "1.running_var")) {
    try TrainedModel<Double>(contentsOf: path)
  }
}

@Test("A model is read back as it was written, to the bit", arguments: [false, true])
func roundTrip(isDouble: Bool) throws {
  func check<Scalar: BLASScalar>(_ model: TrainedModel<Scalar>) throws {
    let path = temporaryPath()
    defer { unlink(path) }
    try model.write(to: path)
    let file = try ModelFile(contentsOf: path)
    #expect(file.isDouble == (Scalar.self == Double.self))
    let read = try TrainedModel<Scalar>(file)
    #expect(read.network.parameters == model.network.parameters)
    #expect(read.network.statistics == model.network.statistics)
    #expect(read.network.layers == model.network.layers)
    #expect(read.preparation == model.preparation)
    #expect(read.loss == model.loss)
    #expect(read.training == model.training)
  }
  if isDouble {
    try check(classifier() as TrainedModel<Double>)
    try check(regression())
    try check(normalized())
  } else {
    try check(classifier() as TrainedModel<Float>)
  }
}

@Test("A model can be read in the other precision")
func otherPrecision() throws {
  let path = temporaryPath()
  defer { unlink(path) }
  let model: TrainedModel<Double> = classifier()
  try model.write(to: path)
  let read = try TrainedModel<Float>(contentsOf: path)
  #expect(read.network.parameters.elements == model.network.parameters.elements.map { Float($0) })
}

@Test("Weights are stored row after row under the names of PyTorch's Sequential")
func layout() throws {
  var network = Network<Float>(.chain([2, 2, 1], hidden: .relu, output: .identity))
  network[layer: 0, .weights] = [[1, 2], [3, 4]]
  network[layer: 0, .bias] = Matrix([5, 6])
  network[layer: 1, .weights] = [[7, 8]]
  let model = TrainedModel(
    network: network, loss: .meanSquaredError,
    preparation: Preparation(
      inputs: .columns([.number(name: "a", mean: 0), .number(name: "b", mean: 0)]),
      inputScaling: Scaling(method: .none, offsets: [0, 0], factors: [1, 1]),
      outputs: .values(columns: ["y"], scaling: Scaling(method: .standard, offsets: [0], factors: [1]))))
  let path = temporaryPath()
  defer { unlink(path) }
  try model.write(to: path)
  let tensors = try SafeTensors(bytes: ByteFile.read(path), path: path)
  #expect(tensors.entries.map(\.name) == ["0.weight", "0.bias", "2.weight", "2.bias"])
  #expect(tensors.entries.map(\.shape) == [[2, 2], [2], [1, 2], [1]])
  #expect(try tensors.values(of: "0.weight") == [1, 2, 3, 4] as [Float])
  #expect(try tensors.values(of: "2.weight") == [7, 8] as [Float])
}

@Test("The same model gives the same bytes")
func sameBytes() throws {
  let paths = [temporaryPath(), temporaryPath()]
  defer { for path in paths { unlink(path) } }
  for path in paths { try (classifier() as TrainedModel<Float>).write(to: path) }
  #expect(try ByteFile.read(paths[0]) == ByteFile.read(paths[1]))
}

@Test("Answers of a regression are in the units of the data")
func units() {
  let model = regression()
  let features = Matrix<Double>(rows: 6, columns: 1, repeating: 0.5)
  let raw = model.network.predict(features)[0, 0]
  #expect(abs(model.predict(prepared: features)[0, 0] - (raw * 8 + 100)) < 1e-12)
}

// MARK: - Damaged files

@Test("A file cut at any byte is an error, never a trap")
func truncations() throws {
  let path = temporaryPath()
  defer { unlink(path) }
  try (classifier() as TrainedModel<Float>).write(to: path)
  let bytes = try ByteFile.read(path)
  for length in 0..<bytes.count {
    #expect(throws: FileError.self) {
      let file = try ModelFile(Array(bytes[..<length]), path: "m")
      _ = try TrainedModel<Float>(file)
    }
  }
}

@Test("A flipped bit in the header is an error or another valid model, never a trap")
func bitFlips() throws {
  let path = temporaryPath()
  defer { unlink(path) }
  try (classifier() as TrainedModel<Float>).write(to: path)
  let bytes = try ByteFile.read(path)
  let headerEnd = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
  var refused = 0
  for bit in 0..<headerEnd * 8 {
    var damaged = bytes
    damaged[bit / 8] ^= 1 << UInt8(bit % 8)
    do throws(FileError) { _ = try TrainedModel<Float>(ModelFile(damaged, path: "m")) } catch { refused += 1 }
  }
  #expect(refused > headerEnd * 4)
}

@Test(
  "A changed number anywhere in a model file is found by the checksum, and a file that has lost the checksum is read")
func checksum() throws {
  let path = temporaryPath()
  defer { unlink(path) }
  try (classifier() as TrainedModel<Float>).write(to: path)
  let bytes = try ByteFile.read(path)
  for index in bytes.indices.suffix(4 * 26) {  // all parameters
    var damaged = bytes
    damaged[index] ^= 1
    let error = #expect(throws: FileError.self) { _ = try ModelFile(damaged, path: "m") }
    #expect(
      error?.description == "m: damaged: its checksum is not that of its bytes; copy or save the file again",
      "byte \(index)")
  }
  let key = try #require(bytes.indices.first { bytes[$0...].starts(with: "checksum".utf8) })
  var renamed = bytes
  renamed[key] = UInt8(ascii: "C")
  #expect(try TrainedModel<Float>(ModelFile(renamed, path: "m")).parameterCount == 26)
}

@Test(
  "What is wrong is said in one line",
  arguments: [
    (["format": "pytorch"], "m: metadata \"format\": found \"pytorch\", expected \"perceptron\"; save the model again"),
    (["format": "a\nb"], "m: metadata \"format\": found \"a\\nb\", expected \"perceptron\"; save the model again"),
    (["version": "4"], "m: written in version 4 of the model format, expected 3 or earlier; update this program"),
    (
      ["loss": "hinge"],
      """
      m: metadata "loss": found "hinge", which is unknown or not defined for the output's activation; \
      save the model again
      """
    ),
    (
      ["loss": "a\0b"],
      """
      m: metadata "loss": found "a\\0b", which is unknown or not defined for the output's activation; \
      save the model again
      """
    ),
    (["layers": "[]"], "m: metadata \"layers\": the layers do not form a chain; save the model again"),
    (
      [
        "layers": "["
          + Array(
            repeating: "{\"type\":\"dense\",\"inputs\":1,\"outputs\":1,\"activation\":\"relu\"}", count: 1001
          ).joined(separator: ",") + "]"
      ], "m: metadata \"layers\": byte 60001: found more than 1000 layers, expected ]; save the model again"
    ),
    (["layers": "[{"], "m: metadata \"layers\": byte 2: found its end, expected '\"'; save the model again"),
    (
      ["preparation": ""],
      "m: metadata \"preparation\": byte 0: found its end, expected '{'; save the model again"
    ),
    (
      ["preparation": "{\"x\":" + String(repeating: "[", count: 100_000)],
      "m: metadata \"preparation\": byte 69: found values nested more than 64 deep; save the model again"
    ),
    (
      ["preparation": "{\"x\":[01]}"],
      "m: metadata \"preparation\": byte 6: found a number with a leading 0; save the model again"
    ),
    (
      ["preparation": "{\"x\":[-01]}"],
      "m: metadata \"preparation\": byte 7: found a number with a leading 0; save the model again"
    ),
    (
      ["preparation": "{\"x\":[1.]}"],
      "m: metadata \"preparation\": byte 8: found ']', expected a digit; save the model again"
    ),
    (
      ["preparation": "{\"x\":[1.e5]}"],
      "m: metadata \"preparation\": byte 8: found 'e', expected a digit; save the model again"
    ),
    (
      ["preparation": "{\"x\":[-.5]}"],
      "m: metadata \"preparation\": byte 7: found '.', expected a number; save the model again"
    ),
    (
      ["preparation": "{\"x\":[-]}"],
      "m: metadata \"preparation\": byte 7: found ']', expected a number; save the model again"
    ),
    (
      ["preparation": "{\"x\":[1e]}"],
      "m: metadata \"preparation\": byte 8: found ']', expected a digit; save the model again"
    ),
    (
      ["preparation": "{\"x\":[1e+]}"],
      "m: metadata \"preparation\": byte 9: found ']', expected a digit; save the model again"
    ),
    (
      ["preparation": "{\"x\":[1e999]}"],
      "m: metadata \"preparation\": byte 6: found a number beyond the range of Double; save the model again"
    ),
    (
      ["preparation": "{\"x\":[+1]}"],
      "m: metadata \"preparation\": byte 6: found '+', expected a number; save the model again"
    ),
    (
      ["preparation": "{\"x\":" + String(repeating: "1", count: 1001) + "}"],
      "m: metadata \"preparation\": byte 5: found a number of more than 1000 bytes; save the model again"
    ),
    (
      ["training": "{\"a\":\"" + String(repeating: "b", count: 9 << 20) + "\"}"],
      "m: metadata \"training\": byte 6: found more text than 8 MiB plus the size of the tensors; save the model again"
    ),
    (["training": nil], "m: metadata \"training\" is missing; save the model with this program"),
  ] as [([String: String?], String)])
func badMetadata(change: [String: String?], line: String) throws {
  let path = temporaryPath()
  defer { unlink(path) }
  try (classifier() as TrainedModel<Float>).write(to: path)
  var metadata = try SafeTensors(bytes: ByteFile.read(path), path: path).metadata
  for (key, value) in change { metadata[key] = value }
  let tensors = [("0.weight", [4, 3]), ("0.bias", [4]), ("2.weight", [2, 4]), ("2.bias", [2])].map { name, shape in
    SafeTensors.Tensor(name: name, shape: shape, values: [Float](repeating: 0, count: shape.reduce(1, *)))
  }
  let bytes = try SafeTensors.encode(tensors, metadata: metadata)
  let error = #expect(throws: FileError.self) { _ = try ModelFile(bytes, path: "m") }
  #expect(error?.description == line)
}

@Test("A model whose names are longer than what is read is not written")
func namesTooLong() throws {
  let path = temporaryPath()
  defer { unlink(path) }
  func model(_ nameLength: Int = 1, training: [String: String] = [:]) -> TrainedModel<Float> {
    let name = String(repeating: "b", count: nameLength)
    return TrainedModel(
      network: (classifier() as TrainedModel<Float>).networks[0], loss: .crossEntropy,
      preparation: Preparation(
        inputs: .pixels(shape: [3]), inputScaling: .unscaled(3), outputs: .classes(["a", name], column: nil)),
      training: training)
  }
  try model(8 << 20 - 1000).write(to: path)
  _ = try TrainedModel<Float>(contentsOf: path)
  let error = #expect(throws: FileError.self) { try model(9 << 20).write(to: path) }
  #expect(
    error?.description
      == "\(path): cannot be written: the names of its columns and classes, or the notes on its training, are longer"
      + " than a reader takes; shorten them")
  #expect(error?.kind == .ioFailure)
  // More notes than are read, and more than a header may have.
  for training in [
    Dictionary(uniqueKeysWithValues: (0..<100_001).map { (String($0), "") }),
    ["a": String(repeating: "\"", count: 26 << 20)],
  ] {
    #expect(throws: FileError.self) { try model(training: training).write(to: path) }
  }
}

@Test("Missing tensors, other shapes and numbers that are not finite are named")
func badTensors() throws {
  let path = temporaryPath()
  defer { unlink(path) }
  try (classifier() as TrainedModel<Float>).write(to: path)
  let metadata = try SafeTensors(bytes: ByteFile.read(path), path: path).metadata
  func line(_ tensors: [SafeTensors.Tensor]) -> String? {
    let error = #expect(throws: FileError.self) {
      _ = try TrainedModel<Float>(ModelFile(SafeTensors.encode(tensors, metadata: metadata), path: "m"))
    }
    return error?.description
  }
  // Sizes that no memory holds are refused by the tensors' shapes, before anything is allocated.
  for sizes in ["1000000000", "4611686018427387904", "9223372036854775807"] {
    var huge = metadata
    huge["layers"] = """
      [{"type":"dense","inputs":3,"outputs":\(sizes),"activation":"tanh"},\
      {"type":"dense","inputs":\(sizes),"outputs":2,"activation":"softmax"}]
      """
    let error = #expect(throws: FileError.self) {
      _ = try ModelFile(SafeTensors.encode([], metadata: huge), path: "m")
    }
    #expect(error?.description.hasPrefix("m: ") == true)
  }
  #expect(line([]) == "m: no tensor \"0.weight\", which the model needs; save the model again")
  #expect(
    line([.init(name: "0.weight", shape: [3, 4], values: [Float](repeating: 0, count: 12))])
      == "m: tensor \"0.weight\" is 3×4, expected 4×3; save the model again")
  #expect(
    line([
      .init(name: "0.weight", shape: [4, 3], values: [Float](repeating: .nan, count: 12)),
      .init(name: "0.bias", shape: [4], values: [Float](repeating: 0, count: 4)),
      .init(name: "2.weight", shape: [2, 4], values: [Float](repeating: 0, count: 8)),
      .init(name: "2.bias", shape: [2], values: [Float](repeating: 0, count: 2)),
    ])
      == "m: tensor \"0.weight\" holds a number that is not finite; train the model again")
}

@Test("A file that is not there is told from one that is wrong")
func missingFile() {
  let error = #expect(throws: FileError.self) { _ = try ModelFile(contentsOf: "/nowhere/model") }
  #expect(error?.code == "cannotOpen" && error?.kind == .missingInput)
}

@Test("Errors read as one line that says what to do")
func errorLines() {
  #expect(
    FileError.wrongShape(path: "m", name: "weights", found: [128, 784], expected: []).description
      == "m: tensor \"weights\" is 128×784, expected a single number; save the model again")
  #expect(
    FileError.newerVersion(path: "m", found: 3, supported: 1).description
      == "m: written in version 3 of the model format, expected 1 or earlier; update this program")
}
