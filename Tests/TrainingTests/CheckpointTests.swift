import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

private func samples<Scalar>(_ count: Int, seed: UInt64) -> Samples<Scalar> {
  var generator = Philox(seed: seed)
  var features = Matrix<Scalar>(rows: 6, columns: count)
  features.fillNormal(using: &generator)
  return Samples(features: features, targets: oneHot((0..<count).map { $0 % 3 }, classes: 3))
}

/// A trainer with as much to remember as its optimizer allows.
private func trainer<Scalar>(
  _ optimizer: Optimizer, batchSize: Int = 16, seed: UInt64 = 1, shards: Int = 1
) -> Trainer<Scalar> {
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
    batchSize: optimizer.isFullBatch ? 100 : batchSize, shards: shards, inputDropout: isLBFGS ? 0 : 0.1,
    labelSmoothing: 0.1,
    generator: generator, team: Team(workers: 1))
}

/// Trains on, but stops after each so many steps and goes on with another trainer that is restored.
private func trainInParts<Scalar>(
  _ optimizer: Optimizer, _ training: Samples<Scalar>, _ validation: Samples<Scalar>, steps: Int, shards: Int = 1
) throws -> Trainer<Scalar> {
  var current: Trainer<Scalar> = trainer(optimizer, shards: shards)
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
    var next: Trainer<Scalar> = trainer(optimizer, shards: shards)
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
  arguments: optimizers, [1, 3])
private func restoredBits(optimizer: Optimizer, shards: Int) throws {
  func check<Scalar: BLASScalar>(_: Scalar.Type) throws {
    let (training, validation): (Samples<Scalar>, Samples<Scalar>) = (samples(100, seed: 2), samples(40, seed: 3))
    var whole: Trainer<Scalar> = trainer(optimizer, shards: shards)
    try whole.fit(on: training, validation: validation, epochs: 12, patience: 4)
    for steps in [1, 4, 7] {
      let parts = try trainInParts(optimizer, training, validation, steps: steps, shards: shards)
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
  func error(_ settings: [String: String], _ counts: [String: Int]) -> FileError? {
    let changed = Checkpoint(
      settings: good.settings.merging(settings) { $1 }, counts: good.counts.merging(counts) { $1 },
      numbers: good.numbers, matrices: good.matrices)
    var trainer: Trainer<Float> = trainer(.adam())
    do throws(FileError) { try trainer.restore(changed) } catch { return error }
    return nil
  }
  #expect(error([:], [:]) == nil)
  #expect(good.counts.count >= 7)
  for name in good.counts.keys {
    for count in [-1, .min, .max] { #expect(error([:], [name: count]) == .badValue(name: name)) }
  }
  #expect(
    error(["seed": "\u{1}\n"], [:])?.description
      == "the checkpoint belongs to another training: its seed is \\u{01}\\n, here it is 1;"
      + " train with the same settings")
  #expect(
    error(["an\0\nother": "yes"], [:])?.description
      == "the checkpoint belongs to another training: its an\\0\\nother is yes, here it is none;"
      + " train with the same settings")
}

@Test("A checkpoint whose values contradict each other is refused by the value's name, and changes nothing")
func contradictions() throws {
  let training: Samples<Float> = samples(100, seed: 2)
  func check(
    _ optimizer: Optimizer, _ name: String?, counts: [String: Int] = [:], numbers: [String: [Double]] = [:],
    matrices: [String: (inout Matrix<Float>) -> Void] = [:], line: SourceLocation = #_sourceLocation
  ) throws {
    var made: Trainer<Float> = trainer(optimizer)
    // After two epochs, and with one that has a batch, and more, before it.
    var steps = 0
    try made.fit(
      on: training, validation: samples(40, seed: 3), epochs: 3, patience: 3,
      afterStep: { epoch, _ in
        steps += epoch == 3 ? 1 : 0
        return steps < 2
      })
    let good = Checkpoint(made)
    let changed = Checkpoint(
      settings: good.settings, counts: good.counts.merging(counts) { $1 },
      numbers: good.numbers.merging(numbers) { $1 },
      matrices: good.matrices.merging(
        matrices.map { name, change in
          var matrix = good.matrices[name]!
          change(&matrix)
          return (name, matrix)
        }
      ) { $1 })
    var other: Trainer<Float> = trainer(optimizer)
    let before = other.network.parameters
    do throws(FileError) {
      try other.restore(changed, sampleCount: 100)
      #expect(name == nil, sourceLocation: line)
    } catch {
      if name == "number of samples" {
        #expect(
          error == .otherTraining(setting: "number of samples", found: "99", expected: "100"), sourceLocation: line)
      } else {
        #expect(name.map { error == .badValue(name: $0) } ?? false, "\(error)", sourceLocation: line)
      }
      #expect(other.network.parameters == before && other.epoch == 0, sourceLocation: line)
    }
  }
  let (adam, lbfgs) = (Optimizer.adam(), Optimizer.lbfgs(history: 3))
  try check(adam, nil)
  try check(lbfgs, nil)
  try check(adam, "number of samples", numbers: ["order": (0..<99).map(Double.init)])
  try check(adam, "samples done", numbers: ["order": [0, 1, 2]])
  try check(adam, "samples done", numbers: ["order": []])
  try check(adam, "samples done", counts: ["samples done": 17])
  try check(adam, "samples done", counts: ["samples done": 112])
  try check(adam, "order", counts: ["samples done": 0], numbers: ["order": []])
  for order: [Double] in [[0, 0], [0, 2], [-1, 0], [0.5, 0], [.nan, 0], [1e300, 0]] {
    try check(adam, "order", numbers: ["order": order])
  }
  for epoch in [0, 3] { try check(adam, "best epoch", counts: ["best epoch": epoch]) }
  try check(adam, "reports", counts: ["epoch": 1])
  for name in ["loss sum", "seconds in epoch", "plateau", "plateau factor", "best validation loss"] {
    for value in [Double.nan, -.infinity] { try check(adam, name, numbers: [name: [value]]) }
    try check(adam, name, numbers: [name: []])
  }
  try check(adam, "seconds in epoch", numbers: ["seconds in epoch": [-1]])
  try check(adam, "plateau factor", numbers: ["plateau factor": [2]])
  // Epoch, training loss, validation loss, learning rate, seconds, which of these there are.
  for row: [Double] in [
    [0, 1, 1, 1, 1, 6], [3, 1, 1, 1, 1, 6], [1.5, 1, 1, 1, 1, 6], [.nan, 1, 1, 1, 1, 6], [1, 1, 1, 1, -1, 6],
    [1, 1, 1, 1, 1, 8], [1, 1, 1, 1, 1, .nan], [1, 1, 1, .infinity, 1, 6], [1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1],
    [1, 1, 1, 1, 1, 6, 1, 1, 1, 1, 1, 6],
  ] { try check(adam, "reports", numbers: ["reports": row]) }
  for name in ["parameters", "statistics", "moments", "best parameters", "best statistics"] {
    for value: Float in [.nan, .infinity] { try check(adam, name, matrices: [name: { $0[0, 0] = value }]) }
    try check(adam, name, matrices: [name: { $0 = Matrix(rows: 1, columns: 1) }])
  }
  // The twelve means of the first layer are before its variances.
  for name in ["statistics", "best statistics"] { try check(adam, name, matrices: [name: { $0[12, 0] = -1 }]) }
  try check(adam, "moments", matrices: ["moments": { $0[0, 1] = -1 }])
  try check(lbfgs, "steps kept", counts: ["steps kept": 4])
  try check(lbfgs, "place of the next", counts: ["place of the next": 3])
  for name in ["s", "y"] { try check(lbfgs, name, matrices: [name: { $0[0, 0] = .nan }]) }
  for value in [0, -1, Double.nan] { try check(lbfgs, "scale", numbers: ["scale": [value]]) }
  for value in [-1, Double.nan] { try check(lbfgs, "rho", numbers: ["rho": [0, value, 0]]) }
  try check(lbfgs, "rho", numbers: ["rho": [0, 0]])
}

@Test("A checkpoint of a trainer with other settings is refused by the setting's name, and changes nothing")
func otherTraining() throws {
  var made: Trainer<Float> = trainer(.adam())
  try made.fit(on: samples(100, seed: 2), epochs: 1)
  let checkpoint = Checkpoint(made)
  for (other, line) in [
    (trainer(.adam(), batchSize: 8), "batch size is 16, here it is 8"),
    (trainer(.adam(), seed: 2), "seed is 1, here it is 2"),
    (trainer(.adam(), shards: 4), "number of shards is none, here it is 4"),
    (trainer(.sgd()), "optimizer is adam(learningRate: 0.001, "),
  ] as [(Trainer<Float>, String)] {
    var other = other
    let before = other.network.parameters
    let error = #expect(throws: FileError.self) { try other.restore(checkpoint) }
    #expect(error?.description.hasPrefix("the checkpoint belongs to another training: its \(line)") == true)
    #expect(other.network.parameters == before && other.epoch == 0)
  }
}
