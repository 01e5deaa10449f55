import Foundation
import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

@Test(
  "Samples that are read from files in parts train to the same bits, whatever the memory, also after a stop",
  arguments: [1, 3], [Normalization.none, .batch])
func samplesInFiles(shards: Int, normalization: Normalization) throws {
  let directory = "/tmp/perceptron-\(UInt64.random(in: 0 ... .max))"
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  var generator = Philox(seed: 2)
  // With batch normalization, the last sample joins the batch before it.
  let count = 62 * 64 + 1
  var features = Matrix<Float>(rows: 200, columns: count)
  features.fillNormal(using: &generator)
  let samples = Samples(
    features: features, targets: oneHot((0..<count).map { $0 % 10 }, classes: 10),
    weights: Matrix(rows: 1, columns: count, columnMajor: (0..<count).map { Float($0 % 7) }))
  let inFiles = MatrixFiles.keep(in: directory) { samples.gathered(0..<count) }
  #expect(inFiles.features.isInFile)
  let network = Network<Float>(
    [Dense(200, 50, .relu, normalization: normalization, dropout: 0.2), Dense(50, 10, .softmax)],
    initializer: .heNormal, using: &generator)

  /// The trainer after two epochs, with a stop in the second.
  ///
  /// - Parameter memory: The bytes that may be used before the stop, and after it.
  func trained(on samples: Samples<Float>, memory: (Int, Int)?) throws -> Trainer<Float> {
    var trainer = Trainer(
      network, loss: .crossEntropy, optimizer: .adam(), schedule: Schedule(.cosine(epochs: 2)), batchSize: 64,
      shards: shards,
      generator: Philox(seed: 3), team: Team(workers: 2))
    try MatrixFiles.$memory.withValue(memory?.0) {
      try trainer.fit(on: samples, epochs: 2) { epoch, samplesDone in epoch < 2 || samplesDone < 1500 }
    }
    #expect(trainer.epoch == 1)
    try MatrixFiles.$memory.withValue(memory?.1) { try trainer.fit(on: samples, epochs: 2) }
    return trainer
  }
  let expected = try trained(on: samples, memory: nil)
  for memory in [nil, (1 << 20, 1 << 20), (400_000, 3 << 20), (1000, 100 << 20)] as [(Int, Int)?] {
    let found = try trained(on: inFiles, memory: memory)
    #expect((found.network.parameters == expected.network.parameters) == true, "\(String(describing: memory))")
    #expect(found.reports.map(\.trainingLoss) == expected.reports.map(\.trainingLoss))
  }
}

@Test("A method that takes all samples in a step reads them from files where they are")
func fullBatchInFiles() throws {
  let directory = "/tmp/perceptron-\(UInt64.random(in: 0 ... .max))"
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  var generator = Philox(seed: 2)
  var features = Matrix<Double>(rows: 20, columns: 1000)
  features.fillNormal(using: &generator)
  let samples = Samples(features: features, targets: oneHot((0..<1000).map { $0 % 3 }, classes: 3))
  let network = Network<Double>(
    .chain([20, 5, 3], hidden: .tanh, output: .softmax), initializer: .glorotNormal, using: &generator)
  func trained(on samples: Samples<Double>) throws -> Matrix<Double> {
    var trainer = Trainer(
      network, loss: .crossEntropy, optimizer: .lbfgs(), batchSize: 1000, generator: Philox(seed: 3))
    try MatrixFiles.$memory.withValue(1000) { try trainer.fit(on: samples, epochs: 5) }
    return trainer.network.parameters
  }
  let inFiles = MatrixFiles.keep(in: directory) { samples.gathered(0..<1000) }
  #expect(inFiles.features.isInFile)
  #expect(try trained(on: inFiles) == trained(on: samples))
}
