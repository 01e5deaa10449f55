import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

/// Noisy values of a linear function, and one feature that is a hundred times the others.
private func line<Scalar>(_ count: Int) -> Samples<Scalar> {
  var generator = Philox(seed: 7)
  var features = Matrix<Scalar>(rows: 4, columns: count)
  features.fillNormal(using: &generator)
  var targets = Matrix<Scalar>(rows: 1, columns: count)
  targets.fillNormal(standardDeviation: 0.1, using: &generator)
  for sample in 0..<count {
    features[3, sample] *= 100
    for row in 0..<4 { targets[0, sample] += Scalar(row + 1) * features[row, sample] }
  }
  return Samples(features: features, targets: targets)
}

private func trainer<Scalar>(
  _ optimizer: Optimizer, _ network: Network<Scalar>, batchSize: Int = 10_000, shards: Int = 1, workers: Int = 1
) -> Trainer<Scalar> {
  Trainer(
    network, loss: .meanSquaredError, optimizer: optimizer, batchSize: batchSize, shards: shards,
    generator: Philox(seed: 1), team: Team(workers: workers))
}

@Test("L-BFGS solves a badly scaled linear problem in few steps, as far as least squares do")
func linearProblem() throws {
  let data: Samples<Double> = line(200)
  var trainer = trainer(.lbfgs(), Network<Double>([Dense(4, 1)]))
  for _ in 0..<30 { _ = try trainer.runEpoch(on: data) }
  var rows = Matrix<Double>(rows: 200, columns: 5, repeating: 1)
  for sample in 0..<200 { for row in 0..<4 { rows[sample, row] = data.features[row, sample] } }
  let exact = try rows.leastSquares(Matrix(data.targets.transposed))
  var difference = trainer.network.parameters
  difference.add(exact, scaledBy: -1)
  #expect(difference.maxMagnitude() < 1e-8)
}

@Test("A loss never rises from one step of L-BFGS to the next, and it stays at a minimum", arguments: [0.0, 0.01])
func monotone(l2: Double) throws {
  let data: Samples<Float> = line(100)
  var generator = Philox(seed: 2)
  let network = Network<Float>(
    .chain([4, 8, 1], hidden: .tanh, output: .identity), initializer: .glorotNormal, using: &generator)
  var trainer = Trainer(
    network, loss: .meanSquaredError, optimizer: .lbfgs(), regularization: .init(l2: l2), batchSize: 100,
    generator: generator)
  var losses: [Double] = []
  for _ in 0..<150 { losses.append(try trainer.runEpoch(on: data)) }
  #expect(zip(losses, losses.dropFirst()).allSatisfy { $0 >= $1 })
  #expect(losses.last! < 0.1 * losses[0])
  #expect(trainer.network.parameters.elements.allSatisfy { $0.isFinite })
}

@Test("A line search keeps away from where numbers are not finite")
func explodingTrials() throws {
  // The errors of such features are near the end of Float's range.
  var features = Matrix<Float>(rows: 2, columns: 8)
  for sample in 0..<8 { (features[0, sample], features[1, sample]) = (1e9, Float(sample) - 3.5) }
  let data = Samples(features: features, targets: Matrix(rows: 1, columns: 8, repeating: 1e12))
  var generator = Philox(seed: 2)
  let network = Network<Float>(
    .chain([2, 8, 1], hidden: .relu, output: .identity), initializer: .heNormal, using: &generator)
  var trainer = trainer(.lbfgs(), network)
  let first = try trainer.runEpoch(on: data)
  for _ in 0..<20 { _ = try trainer.runEpoch(on: data) }
  #expect(try trainer.runEpoch(on: data) < first)
  #expect(trainer.network.parameters.elements.allSatisfy { $0.isFinite })
}

@Test("More samples than are computed at once give the loss and the step of all", arguments: [1, 3], [1, 2])
func blocks(workers: Int, shards: Int) throws {
  // Each of two shards has more samples than are computed at once.
  let data: Samples<Double> = line(2 * 4096 + 1000)
  let network = Network<Double>([Dense(4, 3, .tanh), Dense(3, 1)], initializer: .glorotNormal, seed: 3)
  var workspace = Workspace(for: network, batchCapacity: data.count)
  var gradient = Matrix<Double>(rows: network.parameterCount, columns: 1)
  let loss = network.backPropagate(
    .meanSquaredError, inputs: data.features, targets: data.targets, workspace: &workspace, gradient: &gradient)
  var trainer = trainer(.rProp(), network, shards: shards, workers: workers)
  #expect(abs(try trainer.runEpoch(on: data) / loss - 1) < 1e-12)
  for (n, g) in gradient.elements.enumerated() {
    let step = trainer.network.parameters[n, 0] - network.parameters[n, 0]
    #expect(abs(step - (g > 0 ? -0.01 : 0.01)) < 1e-12)
  }
}

@Test("Samples that change between two steps are looked at anew")
func changedSamples() throws {
  let (first, second): (Samples<Double>, Samples<Double>) = (line(50), line(80))
  let network = Network<Double>([Dense(4, 1)], initializer: .glorotNormal, seed: 3)
  var trainer = trainer(.lbfgs(), network)
  _ = try trainer.runEpoch(on: first)
  var workspace = Workspace(for: network, batchCapacity: 80)
  let expected = trainer.network.meanLoss(
    .meanSquaredError, inputs: second.features, targets: second.targets, workspace: &workspace)
  #expect(abs(try trainer.runEpoch(on: second) / expected - 1) < 1e-12)
}

/// A trainer for L-BFGS, at the start or where a checkpoint was made, and samples to validate on whose best epoch is
/// not the last.
private func search() -> (trainer: Trainer<Double>, training: Samples<Double>, validation: Samples<Double>) {
  let network = Network<Double>([Dense(4, 6, .tanh), Dense(6, 1)], initializer: .glorotNormal, seed: 3)
  return (trainer(.lbfgs(), network), line(12), line(40))
}

private func meanLoss(_ network: Network<Double>, _ samples: Samples<Double>) -> Double {
  var workspace = Workspace(for: network, batchCapacity: samples.count)
  return network.meanLoss(
    .meanSquaredError, inputs: samples.features, targets: samples.targets, workspace: &workspace)
}

@Test("L-BFGS restored into a trainer that has trained goes on with the bits of a fresh one")
func restoredInPlace() throws {
  let (fresh, training, _) = search()
  var (used, other) = (fresh, fresh)
  try used.fit(on: training, epochs: 3)
  let early = Checkpoint(used)
  try used.fit(on: training, epochs: 8)
  try used.restore(early)
  try other.restore(early)
  let loss = meanLoss(other.network, training)
  let reports = try used.fit(on: training, epochs: 8)
  try other.fit(on: training, epochs: 8)
  #expect(abs(reports[0].trainingLoss / loss - 1) < 1e-12)
  #expect(used.network.parameters == other.network.parameters)
  #expect(used.reports.map(\.trainingLoss) == other.reports.map(\.trainingLoss))
  #expect(reports[4].trainingLoss < reports[0].trainingLoss)
}

@Test("L-BFGS that goes on after its patience ended reports the true loss of the best epoch, and learns on")
func afterPatience() throws {
  var (trainer, training, validation) = search()
  try trainer.fit(on: training, validation: validation, epochs: 100, patience: 3)
  let best = try #require(trainer.best)
  #expect(best.epoch < trainer.epoch && best.parameters == trainer.network.parameters)
  let loss = meanLoss(trainer.network, training)
  let reports = try trainer.fit(on: training, epochs: trainer.epoch + 4)
  #expect(abs(reports[0].trainingLoss / loss - 1) < 1e-12)
  #expect(reports[3].trainingLoss < reports[0].trainingLoss)
  #expect(abs(meanLoss(trainer.network, training)) < reports[3].trainingLoss)
}

@Test(
  "L-BFGS on the same samples with other weights takes the steps of a fresh trainer, and so without the weights again")
func changedWeights() throws {
  var (used, training, _) = search()
  let weights = Matrix<Double>(rows: 1, columns: 12, columnMajor: (0..<12).map { Double($0 % 3) })
  let weighted = Samples(features: training.features, targets: training.targets, weights: weights)
  for samples in [weighted, training] {
    try used.fit(on: samples.weights == nil ? weighted : training, epochs: used.epoch + 3)
    var fresh = search().trainer
    try fresh.restore(Checkpoint(used))
    let (loss, freshLoss) = (try used.runEpoch(on: samples), try fresh.runEpoch(on: samples))
    #expect(loss == freshLoss)
    #expect(used.network.parameters == fresh.network.parameters)
  }
}

@Test("A full-batch method with a smaller batch is refused")
func smallBatch() async {
  let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    var trainer: Trainer<Float> = trainer(.rProp(), Network([Dense(4, 1)]), batchSize: 49)
    _ = try trainer.runEpoch(on: line(50))
  }
  #expect(
    standardError(result).contains(
      "cannot train with rprop, which takes all samples in each step, on 50 with a batch size of 49"))
}

extension Network {
  fileprivate init(_ layers: [Dense], initializer: Initializer, seed: UInt64) {
    var generator = Philox(seed: seed)
    self.init(layers, initializer: initializer, using: &generator)
  }
}
