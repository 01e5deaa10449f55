import Glibc
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

private func temporaryPath() -> String { "/tmp/perceptron-\(UInt64.random(in: 0 ... .max)).checkpoint" }

private func samples<Scalar>() -> Samples<Scalar> {
  var generator = Philox(seed: 2)
  var features = Matrix<Scalar>(rows: 2, columns: 20)
  features.fillNormal(using: &generator)
  return Samples(features: features, targets: oneHot((0..<20).map { $0 % 2 }, classes: 2))
}

private func trainer<Scalar>(_ optimizer: Optimizer = .adam()) -> Trainer<Scalar> {
  var generator = Philox(seed: 1)
  let network = Network<Scalar>(
    .chain([2, 3, 2], hidden: .tanh, output: .softmax, normalization: optimizer.name == "lbfgs" ? .none : .batch),
    initializer: .glorotNormal, using: &generator)
  return Trainer(
    network, loss: .crossEntropy, optimizer: optimizer,
    schedule: optimizer.isFullBatch ? .constant : Schedule(.plateau()), batchSize: optimizer.isFullBatch ? 20 : 8,
    generator: generator, team: Team(workers: 1))
}

/// A checkpoint after an epoch and a step, with notes that need escapes.
private func checkpoint<Scalar>(_ optimizer: Optimizer = .adam()) throws -> Checkpoint<Scalar> {
  var trainer: Trainer<Scalar> = trainer(optimizer)
  var steps = 0
  try trainer.fit(
    on: samples(), validation: samples(), epochs: 3, patience: 2,
    afterStep: { _, _ in
      steps += 1
      return steps < (optimizer.isFullBatch ? 2 : 4)
    })
  var checkpoint = Checkpoint(trainer)
  checkpoint.notes = ["--hidden": "64,\"64\"", "a name\nof lines": "ü"]
  checkpoint.series = ["figures": [1, -0.5, 1e300], "empty": []]
  return checkpoint
}

private func error<Scalar>(_: Scalar.Type, _ bytes: [UInt8]) -> FileError? where Scalar: BLASScalar {
  do throws(FileError) { _ = try Checkpoint<Scalar>(bytes, path: "c") } catch { return error }
  return nil
}

@Test(
  "A checkpoint that is written is read back bit for bit, and a trainer goes on from it",
  arguments: optimizers)
private func roundTrip(optimizer: Optimizer) throws {
  func check<Scalar: BLASScalar>(_: Scalar.Type) throws {
    let path = temporaryPath()
    defer { unlink(path) }
    let written: Checkpoint<Scalar> = try checkpoint(optimizer)
    try written.write(to: path)
    let read = try Checkpoint<Scalar>(contentsOf: path)
    #expect(read == written)
    #expect(try read.encoded == written.encoded)
    var (first, second): (Trainer<Scalar>, Trainer<Scalar>) = (trainer(optimizer), trainer(optimizer))
    try first.restore(written)
    try second.restore(read)
    for _ in 0..<2 {
      try first.fit(on: samples(), epochs: 4)
      try second.fit(on: samples(), epochs: 4)
    }
    #expect(first.network.parameters == second.network.parameters && first.epoch == 4)
  }
  try check(Float.self)
  try check(Double.self)
}

@Test("A checkpoint with any byte changed, or cut short anywhere, is refused in one line")
func damage() throws {
  let whole: [UInt8] = try (checkpoint() as Checkpoint<Float>).encoded
  #expect(error(Float.self, whole) == nil)
  for index in whole.indices {
    for change: UInt8 in [1, 0x20, 0x80] {
      var bytes = whole
      bytes[index] ^= change
      let line = try #require(error(Float.self, bytes), "byte \(index) ^ \(change)").description
      #expect(line.hasPrefix("c: damaged, or not a checkpoint: ") && !line.contains("\n"), "byte \(index)")
    }
    #expect(error(Float.self, Array(whole[..<index])) != nil, "\(index) bytes")
  }
  #expect(error(Float.self, whole + [0]) != nil)
}

@Test(
  "A checkpoint of another precision or version, a model, and a file that is not there are refused by what they are")
func otherFiles() throws {
  let made: Checkpoint<Float> = try checkpoint()
  #expect(try error(Double.self, made.encoded) == .otherPrecision(path: "c", found: "float", expected: "double"))
  let earlier = try SafeTensors.encode([], metadata: ["format": "perceptron checkpoint", "version": "1"])
  #expect(error(Float.self, earlier) == .otherVersion(path: "c", found: "1", expected: "2"))
  // The same with another name for the checksum.
  let unchecked = Array(String(decoding: earlier, as: UTF8.self).replacing("checksum", with: "checksim").utf8)
  #expect(
    error(Float.self, unchecked)?.description
      == "c: damaged, or not a checkpoint: it has no checksum; restore a copy of it, or remove it to start anew")
  let model = try SafeTensors.encode(
    [.init(name: "0.bias", shape: [1], values: [1.0])], metadata: ["format": "perceptron"])
  let expected =
    "c: damaged, or not a checkpoint: its format is \"perceptron\", expected \"perceptron checkpoint\";"
    + " restore a copy of it, or remove it to start anew"
  #expect(error(Float.self, model)?.description == expected)
  let missing = #expect(throws: FileError.self) { try Checkpoint<Float>(contentsOf: "/nowhere/c") }
  #expect(missing?.description.hasPrefix("/nowhere/c: ") == true)
}

@Test("Notes that no reader would take are refused in one line, and nothing is written")
func longNotes() throws {
  let path = temporaryPath()
  defer { unlink(path) }
  func line(_ notes: [String: String]) throws -> String? {
    var checkpoint: Checkpoint<Float> = try checkpoint()
    checkpoint.notes = notes
    return #expect(throws: FileError.self) { try checkpoint.write(to: path) }?.description
  }
  let start = "\(path): cannot be written: the checkpoint's notes are longer than a reader accepts: "
  let long = try #require(try line(["a": String(repeating: "a", count: 101_000_000)]))
  #expect(long.hasPrefix("\(start)the header would take 101"))
  #expect(long.hasSuffix(" bytes, the format allows 100000000; shorten them"))
  let many = try #require(try line(Dictionary(uniqueKeysWithValues: (0..<100_000).map { ("\($0)", "") })))
  #expect(
    many.hasPrefix("\(start)there are 1000") && many.hasSuffix(" of them, at most 100000 are possible; shorten them"))
  #expect(access(path, F_OK) != 0)
}
