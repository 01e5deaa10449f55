import Datasets
import Layers
import Tensor
import Testing
import Training

private func samples<Scalar>(_ count: Int, seed: UInt64) -> Samples<Scalar> {
  var generator = Philox(seed: seed)
  var features = Matrix<Scalar>(rows: 6, columns: count)
  features.fillNormal(using: &generator)
  return Samples(features: features, targets: oneHot((0..<count).map { $0 % 3 }, classes: 3))
}

/// A trainer with as much to remember as its optimizer allows.
private func trainer<Scalar>(_ optimizer: Optimizer, batchSize: Int = 16, seed: UInt64 = 1) -> Trainer<Scalar> {
  var generator = Philox(seed: seed)
  let isLBFGS = optimizer.name == "lbfgs"
  let network = Network<Scalar>(
    .chain(
      [6, 12, 8, 3], hidden: .tanh, output: .softmax, normalization: isLBFGS ? .layer : .batch,
      dropout: isLBFGS ? [] : [0.2]),
    initializer: .glorotNormal, using: &generator)
  return Trainer(
    network, loss: .crossEntropy, optimizer: optimizer,
    regularization: Regularization(l2: 1e-3, clipNorm: optimizer.isFullBatch ? nil : 0.5),
    schedule: optimizer.isFullBatch ? .constant : Schedule(.plateau(patience: 0), warmupEpochs: 1),
    batchSize: optimizer.isFullBatch ? 100 : batchSize, inputDropout: isLBFGS ? 0 : 0.1, labelSmoothing: 0.1,
    generator: generator, team: Team(workers: 1))
}

/// Trains on, but stops after each so many steps and goes on with another trainer that is restored.
private func trainInParts<Scalar>(
  _ optimizer: Optimizer, _ training: Samples<Scalar>, _ validation: Samples<Scalar>, steps: Int
) throws -> Trainer<Scalar> {
  var current: Trainer<Scalar> = trainer(optimizer)
  var isStopped = true
  while isStopped {
    var count = 0
    isStopped = false
    try current.fit(
      on: training, validation: validation, epochs: 12, patience: 4,
      afterStep: { _, _ in
        count += 1
        if count == steps { isStopped = true }
        return !isStopped
      })
    var next: Trainer<Scalar> = trainer(optimizer)
    try next.restore(Checkpoint(current))
    current = next
  }
  return current
}

private func figures(_ report: EpochReport) -> [Double?] {
  [Double(report.epoch), report.trainingLoss, report.validationLoss, report.learningRate, report.isBest ? 1 : 0]
}

@Test(
  "A trainer restored within an epoch, again and again, ends with the bits of one that was never stopped",
  arguments: optimizers)
private func restoredBits(optimizer: Optimizer) throws {
  func check<Scalar: BLASScalar>(_: Scalar.Type) throws {
    let (training, validation): (Samples<Scalar>, Samples<Scalar>) = (samples(100, seed: 2), samples(40, seed: 3))
    var whole: Trainer<Scalar> = trainer(optimizer)
    try whole.fit(on: training, validation: validation, epochs: 12, patience: 4)
    for steps in [1, 4, 7] {
      let parts = try trainInParts(optimizer, training, validation, steps: steps)
      #expect(parts.network.parameters == whole.network.parameters, "\(Scalar.self), \(steps) steps")
      #expect(parts.network.statistics == whole.network.statistics)
      #expect(parts.reports.map(figures) == whole.reports.map(figures))
      #expect(parts.best?.epoch == whole.best?.epoch && parts.epoch == whole.epoch)
    }
  }
  try check(Float.self)
  try check(Double.self)
}

@Test("Bits differ where a restored trainer is not the one that was stopped")
func notRestored() throws {
  let training: Samples<Float> = samples(100, seed: 2)
  var whole: Trainer<Float> = trainer(.adam())
  try whole.fit(on: training, epochs: 2)
  var parts: Trainer<Float> = trainer(.adam())
  try parts.fit(on: training, epochs: 1)
  let network = parts.network
  var fresh: Trainer<Float> = trainer(.adam())
  try fresh.restore(Checkpoint(parts))
  #expect(fresh.network.parameters == network.parameters && fresh.epoch == 1)
  try fresh.fit(on: training, epochs: 2)
  #expect(fresh.network.parameters == whole.network.parameters)
  // The network alone is not enough.
  var other = Trainer(
    network, loss: .crossEntropy, optimizer: .adam(), batchSize: 16, generator: Philox(seed: 1), team: Team(workers: 1))
  try other.fit(on: training, epochs: 1)
  #expect(other.network.parameters != whole.network.parameters)
}

@Test("Counts that could not be counted on, and settings that break a line, are refused in one line")
func impossibleValues() throws {
  var made: Trainer<Float> = trainer(.adam())
  try made.fit(on: samples(100, seed: 2), validation: samples(40, seed: 3), epochs: 1)
  let good = Checkpoint(made)
  func error(_ settings: [String: String], _ counts: [String: Int]) -> CheckpointError? {
    let changed = Checkpoint(
      settings: good.settings.merging(settings) { $1 }, counts: good.counts.merging(counts) { $1 },
      numbers: good.numbers, matrices: good.matrices)
    var trainer: Trainer<Float> = trainer(.adam())
    do throws(CheckpointError) { try trainer.restore(changed) } catch { return error }
    return nil
  }
  #expect(error([:], [:]) == nil)
  for name in ["epoch", "step", "step in epoch", "stale epochs", "draws", "best epoch"] {
    for count in [-1, .min, .max] { #expect(error([:], [name: count]) == .badValue(name: name)) }
  }
  #expect(
    error(["seed": "\u{1}\n"], [:])?.description
      == "the checkpoint is of another training: its seed is \u{FFFD}\u{FFFD}, here it is 1; train with the same")
}

@Test("A checkpoint of a trainer with other settings is refused by the setting's name, and changes nothing")
func otherTraining() throws {
  var made: Trainer<Float> = trainer(.adam())
  try made.fit(on: samples(100, seed: 2), epochs: 1)
  let checkpoint = Checkpoint(made)
  for (other, line) in [
    (trainer(.adam(), batchSize: 8), "batch size is 16, here it is 8"),
    (trainer(.adam(), seed: 2), "seed is 1, here it is 2"),
    (trainer(.sgd()), "optimizer is adam(learningRate: 0.001, "),
  ] as [(Trainer<Float>, String)] {
    var other = other
    let before = other.network.parameters
    let error = #expect(throws: CheckpointError.self) { try other.restore(checkpoint) }
    #expect(error?.description.hasPrefix("the checkpoint is of another training: its \(line)") == true)
    #expect(other.network.parameters == before && other.epoch == 0)
  }
}
