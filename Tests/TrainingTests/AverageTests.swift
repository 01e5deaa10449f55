import PerceptronDatasets
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

private func trainer<Scalar>(averageDecay: Double?, workers: Int = 1, hidden: Int = 12) -> Trainer<Scalar> {
  var generator = Philox(seed: 1)
  let network = Network<Scalar>(
    .chain([6, hidden, 3], hidden: .tanh, output: .softmax, normalization: .batch), initializer: .glorotNormal,
    using: &generator)
  return Trainer(
    network, loss: .crossEntropy, optimizer: .adam(learningRate: 0.05), batchSize: 20, averageDecay: averageDecay,
    generator: generator, team: Team(workers: workers))
}

@Test("The mean of the parameters follows its formula, and steps go on from the parameters themselves")
func averageFormula() throws {
  let decay = 0.6
  let data: Samples<Double> = samples(20, seed: 2)
  var (plain, averaged): (Trainer<Double>, Trainer<Double>) = (trainer(averageDecay: nil), trainer(averageDecay: decay))
  #expect(plain.average == nil && plain.result.parameters == plain.network.parameters)
  var parameters = plain.network.parameters.elements
  var statistics = plain.network.statistics.elements
  for step in 1...12 {
    #expect(
      try plain.takeStep(on: data, batch: Array(0..<20)[...])
        == averaged.takeStep(on: data, batch: Array(0..<20)[...]))
    #expect(plain.network.parameters == averaged.network.parameters)
    // 2 / 11, 3 / 12, …, and from the twelfth step on the decay itself.
    let kept = min(decay, Double(1 + step) / Double(10 + step))
    func mix(_ mean: inout [Double], _ new: [Double]) { mean = zip(mean, new).map { kept * $0 + (1 - kept) * $1 } }
    mix(&parameters, plain.network.parameters.elements)
    mix(&statistics, plain.network.statistics.elements)
    let result = averaged.result
    for (found, expected) in zip(result.parameters.elements, parameters) { #expect(abs(found - expected) < 1e-14) }
    for (found, expected) in zip(result.statistics.elements, statistics) { #expect(abs(found - expected) < 1e-14) }
  }
  #expect(averaged.result.parameters != averaged.network.parameters)
}

@Test("The validation, the best epoch and the end of a training are those of the mean")
func averageIsJudged() throws {
  let (data, others): (Samples<Float>, Samples<Float>) = (samples(90, seed: 2), samples(40, seed: 3))
  var trainer: Trainer<Float> = trainer(averageDecay: 0.9)
  var best: (loss: Double, parameters: Matrix<Float>)?
  func note(_ report: EpochReport, _ current: Trainer<Float>) -> Bool {
    let result = current.result
    var workspace = Workspace(for: result, batchCapacity: 20)
    let loss = result.meanLoss(
      .crossEntropy, inputs: others.features, targets: others.targets, workspace: &workspace)
    #expect(report.validationLoss == loss)
    if loss < best?.loss ?? .infinity { best = (loss, result.parameters) }
    return true
  }
  try trainer.fit(on: data, validation: others, epochs: 9, selection: .loss, afterEpoch: note)
  #expect(trainer.result.parameters == best?.parameters && trainer.network.parameters == best?.parameters)
}

@Test("The mean has the same bits for any number of threads, and after a checkpoint within an epoch")
func averageBits() throws {
  func check<Scalar: BLASScalar>(_: Scalar.Type) throws {
    let data: Samples<Scalar> = samples(110, seed: 2)
    // Enough parameters for several pieces.
    var whole: Trainer<Scalar> = trainer(averageDecay: 0.99, hidden: 4000)
    try whole.fit(on: data, epochs: 3)
    for workers in [2, 3, 4] {
      var parts: Trainer<Scalar> = trainer(averageDecay: 0.99, workers: workers, hidden: 4000)
      var count = 0
      try parts.fit(
        on: data, epochs: 3,
        afterStep: { _, _ in
          count += 1
          return count < 7
        })
      var rest: Trainer<Scalar> = trainer(averageDecay: 0.99, workers: workers, hidden: 4000)
      try rest.restore(Checkpoint(parts))
      try rest.fit(on: data, epochs: 3)
      #expect(rest.result.parameters == whole.result.parameters, "\(workers) workers, \(Scalar.self)")
      #expect(rest.result.statistics == whole.result.statistics, "\(workers) workers, \(Scalar.self)")
    }
  }
  try check(Float.self)
  try check(Double.self)
}

@Test("A checkpoint with another mean, or none, is refused")
func averageOfCheckpoint() throws {
  let data: Samples<Float> = samples(40, seed: 2)
  var averaged: Trainer<Float> = trainer(averageDecay: 0.9)
  try averaged.fit(on: data, epochs: 1)
  for decay in [nil, 0.99] {
    var other: Trainer<Float> = trainer(averageDecay: decay)
    #expect(throws: (any Error).self) { try other.restore(Checkpoint(averaged)) }
  }
}

@Test("A mean that keeps nothing or everything is refused, and one of a full-batch method")
func averageMistakes() async {
  let share = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    let _: Trainer<Float> = trainer(averageDecay: 1)
  }
  #expect(standardError(share).contains("cannot train with adam and a mean of the parameters that keeps 1.0"))
  let method = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Trainer(
      Network<Float>([Dense(1, 1)]), loss: .quadratic, optimizer: .lbfgs(), batchSize: 9, averageDecay: 0.9,
      generator: Philox(seed: 0))
  }
  #expect(standardError(method).contains("cannot train with lbfgs and a mean of the parameters that keeps 0.9"))
}
