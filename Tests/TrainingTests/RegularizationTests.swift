import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

private func samples<Scalar>(_ count: Int, inputs: Int = 6) -> Samples<Scalar> {
  var generator = Philox(seed: 5)
  var features = Matrix<Scalar>(rows: inputs, columns: count)
  features.fillNormal(using: &generator)
  return Samples(features: features, targets: oneHot((0..<count).map { $0 % 3 }, classes: 3))
}

private func network<Scalar>(_: Scalar.Type, _ sizes: [Int] = [6, 9, 3]) -> Network<Scalar> {
  var generator = Philox(seed: 6)
  return Network(
    .chain(sizes, hidden: .tanh, output: .softmax), initializer: .glorotNormal, using: &generator)
}

/// The penalty of a network's weights, and what it adds to the gradient of all parameters.
private func penalty(_ network: Network<Double>, _ regularization: Regularization) -> (Double, [Double]) {
  var (sum, gradient) = (0.0, [Double]())
  for layer in network.layers.indices {
    for w in network[layer: layer, .weights].elements {
      sum += regularization.l1 * abs(w) + regularization.l2 / 2 * w * w
      gradient.append((w > 0 ? 1 : w < 0 ? -1 : 0) * regularization.l1 + regularization.l2 * w)
    }
    gradient += [Double](repeating: 0, count: network.layers[layer].outputSize)
  }
  return (sum, gradient)
}

private let all = Regularization(l1: 0.01, l2: 0.3, weightDecay: 0.5)

@Test(
  "Penalties are added to the loss and to the gradient, decay and clipping are apart",
  arguments: [
    all, Regularization(l2: 0.5), Regularization(l1: 0.2), Regularization(weightDecay: 0.5),
    Regularization(l1: 0.01, l2: 0.3, weightDecay: 0.5, clipNorm: 0.05), Regularization(clipNorm: 0.1),
  ],
  [Optimizer.sgd(learningRate: 0.1), .momentum(learningRate: 0.1, momentum: 0.5)])
func formulas(regularization: Regularization, optimizer: Optimizer) throws {
  let data: Samples<Double> = samples(20)
  var trainer = Trainer(
    network(Double.self), loss: .crossEntropy, optimizer: optimizer, regularization: regularization, batchSize: 20,
    generator: Philox(seed: 1), team: Team(workers: 2))
  var workspace = Workspace(for: trainer.network, batchCapacity: 20)
  var gradient = Matrix<Double>(rows: trainer.network.parameterCount, columns: 1)
  var velocity = [Double](repeating: 0, count: trainer.network.parameterCount)
  for _ in 0..<5 {
    let before = trainer.network
    let plain = before.backPropagate(
      .crossEntropy, inputs: data.features, targets: data.targets, workspace: &workspace, gradient: &gradient)
    let (sum, added) = penalty(before, regularization)
    var g = zip(gradient.elements, added).map { $0 + $1 }
    if let limit = regularization.clipNorm {
      let norm = g.map { $0 * $0 }.reduce(0, +).squareRoot()
      #expect(norm > limit)
      g = g.map { $0 * limit / norm }
    }
    if case .momentum = optimizer { velocity = zip(velocity, g).map { 0.5 * $0 + $1 } } else { velocity = g }
    let expected = zip(before.parameters.elements, velocity).map {
      $0 * (1 - 0.1 * regularization.weightDecay) - 0.1 * $1
    }
    let loss = try trainer.takeStep(on: data, batch: Array(0..<20)[...])
    #expect(abs(loss - plain - sum) < 1e-12)
    #expect(zip(trainer.network.parameters.elements, expected).allSatisfy { abs($0 - $1) < 1e-12 })
  }
}

@Test("A gradient that is short enough is not clipped")
func shortGradient() throws {
  let data: Samples<Float> = samples(20)
  func trained(_ regularization: Regularization) throws -> Matrix<Float> {
    var trainer = Trainer(
      network(Float.self), loss: .crossEntropy, optimizer: .adam(), regularization: regularization, batchSize: 5,
      generator: Philox(seed: 1))
    for _ in 0..<3 { _ = try trainer.runEpoch(on: data) }
    return trainer.network.parameters
  }
  let free = try trained(Regularization())
  #expect(try trained(Regularization(clipNorm: 1e6)) == free)
  #expect(try trained(Regularization(clipNorm: 1e-3)) != free)
}

@Test("No unit's weights are longer than the largest norm, and the biases are not touched", arguments: [1, 3])
func largestNorm(workers: Int) throws {
  let data: Samples<Float> = samples(50)
  var trainer = Trainer(
    network(Float.self), loss: .crossEntropy, optimizer: .sgd(learningRate: 2), regularization: .init(maxNorm: 0.7),
    batchSize: 10,
    generator: Philox(seed: 1), team: Team(workers: workers))
  for _ in 0..<20 { _ = try trainer.runEpoch(on: data) }
  var norms: [Float] = []
  for layer in 0..<2 {
    let weights = trainer.network[layer: layer, .weights]
    for row in 0..<weights.rows {
      norms.append((0..<weights.columns).map { weights[row, $0] * weights[row, $0] }.reduce(0, +).squareRoot())
    }
  }
  #expect(norms.allSatisfy { $0 <= 0.7001 } && norms.contains { $0 > 0.699 })
}

@Test("L1 drives weights to nothing that L2 only shrinks")
func sparsity() throws {
  let data: Samples<Double> = samples(60)
  func small(_ regularization: Regularization) throws -> Int {
    var trainer = Trainer(
      network(Double.self), loss: .crossEntropy, optimizer: .sgd(learningRate: 0.05), regularization: regularization,
      batchSize: 60,
      generator: Philox(seed: 1))
    for _ in 0..<400 { _ = try trainer.runEpoch(on: data) }
    // Within two steps of the penalty's gradient.
    return trainer.network[layer: 0, .weights].elements.count { abs($0) <= 0.1 * 0.05 }
  }
  #expect(try small(Regularization(l1: 0.05)) > 2 * small(Regularization(l2: 0.05)))
}

/// Everything at once, for the optimizers that take it.
private func everything(_ optimizer: Optimizer) -> Regularization {
  switch optimizer {
  case .lbfgs: Regularization(l2: 0.01)
  case .rProp: Regularization(l1: 0.001, l2: 0.01, maxNorm: 1)
  default: Regularization(l1: 0.001, l2: 0.01, weightDecay: 0.1, clipNorm: 0.1, maxNorm: 1)
  }
}

@Test("A regularized training has the same bits with any number of workers", arguments: optimizers)
func sameBits(optimizer: Optimizer) throws {
  // Large enough for the workers to share all of it.
  let data: Samples<Float> = samples(96, inputs: 200)
  func trained(_ regularization: Regularization, workers: Int) throws -> ([Double], [Float]) {
    var trainer = Trainer(
      network(Float.self, [200, 128, 96, 3]), loss: .crossEntropy, optimizer: optimizer, regularization: regularization,
      batchSize: optimizer.isFullBatch ? 96 : 32, generator: Philox(seed: 1), team: Team(workers: workers))
    var losses: [Double] = []
    for _ in 0..<4 { losses.append(try trainer.runEpoch(on: data)) }
    return (losses, trainer.network.parameters.elements)
  }
  var unclipped = everything(optimizer)
  unclipped.clipNorm = nil
  for regularization in [everything(optimizer), unclipped] {
    let alone = try trained(regularization, workers: 1)
    for workers in [2, 3, 8] {
      let isSame = try trained(regularization, workers: workers) == alone
      #expect(isSame, "\(workers) workers")
    }
  }
}

@Test(
  "Regularization that is out of its range or that an optimizer cannot have is refused",
  arguments: [
    "cannot train with penalties of l1 = -1.0, l2 = 0.0", "cannot train with a weight decay of 20.0",
    "cannot train with lbfgs and l1 or a largest norm", "cannot train with lbfgs and a schedule",
  ])
func refusals(message: String) async {
  let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [message] in
    let isSGD = !message.contains("lbfgs")
    var regularization = Regularization()
    if message.contains("l1") { regularization.l1 = -1 }
    if message.contains("lbfgs and l1") { regularization.l1 = 1 }
    if message.contains("decay") { regularization.weightDecay = 20 }
    _ = Trainer(
      Network<Float>([Dense(1, 1)]), loss: .quadratic, optimizer: isSGD ? .sgd() : .lbfgs(),
      regularization: regularization, schedule: Schedule(message.contains("schedule") ? .exponential() : .constant),
      batchSize: 1, generator: Philox(seed: 0))
  }
  #expect(standardError(result).contains(message))
}
