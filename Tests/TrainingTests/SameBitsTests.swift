import Foundation
import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

/// A network, how it is trained, and the batch size of it.
private struct Workload: Sendable, CustomTestStringConvertible {
  let name: String
  let sizes: [Int]
  let batch: Int
  let hidden: Activation
  let output: Activation
  let loss: Loss
  let optimizer: Optimizer
  let dropout: [Double]
  let normalization: Normalization
  var shards = 1

  init(
    _ name: String, _ sizes: [Int], batch: Int, _ hidden: Activation, _ output: Activation, _ loss: Loss,
    _ optimizer: Optimizer, dropout: [Double] = [], normalization: Normalization = .none
  ) {
    self.name = name
    self.sizes = sizes
    self.batch = batch
    self.hidden = hidden
    self.output = output
    self.loss = loss
    self.optimizer = optimizer
    self.dropout = dropout
    self.normalization = normalization
  }

  var testDescription: String { name }

  /// The same with batches in shards.
  func divided(among shards: Int) -> Workload {
    var divided = self
    divided.shards = shards
    return divided
  }

  /// The same with another rule.
  func trained(by optimizer: Optimizer) -> Workload {
    Workload(
      "\(name) by \(optimizer.name)", sizes, batch: batch, hidden, output, loss, optimizer, dropout: dropout,
      normalization: normalization)
  }
}

/// All bits that training leaves: the losses of the epochs, the parameters, and the outputs that a team then computes.
private struct Trace<Scalar: BLASScalar> {
  private var losses: [Double] = []
  private let parameters: [Scalar]
  private let outputs: [Scalar]

  /// Trains for so many steps, five an epoch, the last of five on half a batch.
  init(_ workload: Workload, steps: Int, workers: Int, seed: UInt64 = 1) throws {
    var generator = Philox(seed: seed)
    let network = Network<Scalar>(
      .chain(
        workload.sizes, hidden: workload.hidden, output: workload.output, normalization: workload.normalization,
        dropout: workload.dropout),
      initializer: .glorotNormal,
      using: &generator)
    let count = workload.batch * 9 / 2
    var features = Matrix<Scalar>(rows: network.inputSize, columns: count)
    features.fillNormal(using: &generator)
    var targets = Matrix<Scalar>(rows: network.outputSize, columns: count)
    if network.outputSize > 1 {
      targets = oneHot((0..<count).map { $0 % network.outputSize }, classes: network.outputSize)
    } else {
      targets.fillNormal(using: &generator)
    }
    let team = Team(workers: workers)
    var trainer = Trainer(
      network, loss: workload.loss, optimizer: workload.optimizer,
      batchSize: workload.optimizer.isFullBatch ? count : workload.batch, shards: workload.shards,
      inputDropout: workload.dropout.first ?? 0, generator: generator, team: team)
    let samples = Samples(features: features, targets: targets)
    for _ in 0..<steps / 5 { losses.append(try trainer.runEpoch(on: samples)) }
    parameters = trainer.network.parameters.elements
    var workspace = Workspace(for: trainer.network, batchCapacity: workload.batch, team: team)
    outputs = trainer.network.predict(features, workspace: &workspace).elements
  }

  func hasBits(of other: Trace) -> Bool {
    func same<Number>(_ a: [Number], _ b: [Number]) -> Bool {
      a.withUnsafeBytes { a in b.withUnsafeBytes { a.elementsEqual($0) } }
    }
    return same(losses, other.losses) && same(parameters, other.parameters) && same(outputs, other.outputs)
  }
}

/// Expects the bits of one worker from several, in as many runs.
private func expectSameBits(_ workload: Workload, steps: Int, runs: Int = 1) throws {
  func check<Scalar: BLASScalar>(_: Scalar.Type) throws {
    let alone = try Trace<Scalar>(workload, steps: steps, workers: 1)
    for run in 1...runs {
      for workers in [1, 2, 3, 4, 8] where run > 1 || workers > 1 {
        // A Boolean by itself: an expectation that fails prints all values in it, here millions of numbers.
        let isSame = try Trace<Scalar>(workload, steps: steps, workers: workers).hasBits(of: alone)
        #expect(isSame, "\(workload.name), \(Scalar.self), \(workers) workers, run \(run)")
      }
    }
  }
  try check(Float.self)
  try check(Double.self)
}

// MARK: - Small networks in the manner of the benchmarks'

private let tabular = Workload(
  "tabular", [8, 64, 64, 1], batch: 32, .relu, .identity, .meanSquaredError, .adam())
/// Its first layer is cut into strips of weights, the others by samples.
private let classifier = Workload(
  "classifier", [200, 128, 96, 10], batch: 64, .relu, .softmax, .crossEntropy, .adam())

private let workloads = [
  Workload(
    "narrow sigmoids", [784, 30, 10], batch: 10, .sigmoid, .sigmoid, .meanSquaredError, .sgd(learningRate: 0.5)),
  Workload(
    "sigmoids", [300, 100, 10], batch: 10, .sigmoid, .sigmoid, .binaryCrossEntropy, .sgd(learningRate: 0.5)),
  tabular,
  classifier,
  Workload("deep", [49, 130, 128, 100, 60, 30, 10], batch: 48, .tanh, .softmax, .crossEntropy, .sgd()),
  Workload("wide", [64, 256, 256, 10], batch: 32, .relu, .softmax, .crossEntropy, .adam()),
  Workload(
    "dropout", [200, 130, 128, 64, 10], batch: 48, .gelu, .softmax, .crossEntropy, .adam(), dropout: [0.2, 0.5, 0.5]),
  Workload(
    "batch normalised", [200, 130, 128, 64, 10], batch: 48, .relu, .softmax, .crossEntropy, .adam(),
    normalization: .batch),
  Workload(
    "layer normalised", [200, 130, 128, 64, 10], batch: 48, .relu, .softmax, .crossEntropy, .sgd(),
    normalization: .layer),
  Workload(
    "RMS normalised", [200, 130, 128, 64, 10], batch: 48, .relu, .softmax, .crossEntropy, .adam(), normalization: .rms),
  Workload("softmax within", [200, 300, 10], batch: 50, .softmax, .softmax, .crossEntropy, .momentum()),
]

@Test("Two hundred steps give the same bits with any number of workers", arguments: workloads)
private func sameBits(workload: Workload) throws { try expectSameBits(workload, steps: 200) }

@Test("So they do with batches in shards", arguments: workloads, [2, 5])
private func sameBits(workload: Workload, shards: Int) throws {
  try expectSameBits(workload.divided(among: shards), steps: 25)
}

@Test("So does one whose strips are beyond the kernels for small matrices")
private func sameBitsOfLargeStrips() throws {
  try expectSameBits(
    Workload("large", [256, 512, 256, 10], batch: 128, .relu, .softmax, .crossEntropy, .adam()), steps: 10)
}

@Test("So they do by every rule, in every run", arguments: [tabular, classifier], optimizers)
private func sameBits(workload: Workload, optimizer: Optimizer) throws {
  try expectSameBits(workload.trained(by: optimizer), steps: 50, runs: 3)
}

@Test("Bits that differ are seen")
private func otherBits() throws {
  let trace = try Trace<Float>(tabular, steps: 5, workers: 1)
  let others: [Trace<Float>] = [
    try Trace(tabular, steps: 5, workers: 1), try Trace(tabular, steps: 10, workers: 1),
    try Trace(tabular, steps: 5, workers: 1, seed: 2),
  ]
  #expect(others.map(trace.hasBits) == [true, false, false])
}

// MARK: - The benchmarks' networks

private let benchmarks = [
  Workload(
    "nielsen30", [784, 30, 10], batch: 10, .sigmoid, .sigmoid, .meanSquaredError, .sgd(learningRate: 0.5)),
  Workload(
    "nielsen100", [784, 100, 10], batch: 10, .sigmoid, .sigmoid, .binaryCrossEntropy, .sgd(learningRate: 0.5)),
  Workload("tab64", [8, 64, 64, 1], batch: 32, .relu, .identity, .meanSquaredError, .adam()),
  Workload("mnist512", [784, 512, 512, 10], batch: 128, .relu, .softmax, .crossEntropy, .adam()),
  Workload(
    "deep", [784, 2500, 2000, 1500, 1000, 500, 10], batch: 256, .tanh, .softmax, .crossEntropy,
    .sgd(learningRate: 0.01)),
  Workload("wide", [1024, 4096, 4096, 4096, 10], batch: 512, .relu, .softmax, .crossEntropy, .adam()),
]

/// Those that the environment asks for: all with 1, or some by their names, as "nielsen30,tab64".
private let longWorkloads = {
  let request = ProcessInfo.processInfo.environment["PERCEPTRON_LONG_TESTS"] ?? ""
  return request == "1" ? benchmarks : benchmarks.filter { request.split(separator: ",").contains($0.name[...]) }
}()

/// One after the other, for each takes all processors and up to 3 GB.
@Suite(
  .serialized,
  .enabled(if: !longWorkloads.isEmpty, "they take half an hour on two cores; make test-long runs them"))
struct LongTests {
  @Test("The benchmarks' networks get the same bits with any number of workers, in every run", arguments: longWorkloads)
  fileprivate func ownRule(workload: Workload) throws {
    try expectSameBits(workload, steps: workload.sizes.max()! > 1000 ? 10 : 200, runs: 3)
  }

  /// Fewer steps and runs than with its own rule: the large networks take seconds a step.
  @Test("So they do by every other rule", arguments: longWorkloads, optimizers)
  fileprivate func otherRules(workload: Workload, optimizer: Optimizer) throws {
    guard optimizer.name != workload.optimizer.name else { return }
    let isLarge = workload.sizes.max()! > 1000
    try expectSameBits(workload.trained(by: optimizer), steps: isLarge ? 5 : 200, runs: isLarge ? 1 : 3)
  }
}
