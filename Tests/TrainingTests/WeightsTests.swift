import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

private func samples(_ features: [Double], _ classes: [Int], weights: [Double]? = nil) -> Samples<Double> {
  Samples(
    features: Matrix(rows: 1, columns: features.count, columnMajor: features), targets: oneHot(classes, classes: 2),
    weights: weights.map { Matrix(rows: 1, columns: $0.count, columnMajor: $0) })
}

/// The parameters after some steps on all samples in their order.
private func trained(
  _ samples: Samples<Double>, _ optimizer: Optimizer = .sgd(learningRate: 0.5)
) throws -> Matrix<Double> {
  var generator = Philox(seed: 6)
  let network = Network<Double>(
    .chain([1, 5, 2], hidden: .tanh, output: .softmax), initializer: .glorotNormal, using: &generator)
  var trainer = Trainer(
    network, loss: .crossEntropy, optimizer: optimizer, batchSize: samples.count, generator: generator)
  for _ in 0..<20 { _ = try trainer.takeStep(on: samples, batch: Array(0..<samples.count)[...]) }
  return trainer.network.parameters
}

private func distance(_ a: Matrix<Double>, _ b: Matrix<Double>) -> Double {
  zip(a.elements, b.elements).map { abs($0 - $1) }.max()!
}

private let x = [0.3, -1.2, 0.8, 2.5]

@Test("A sample with twice the weight counts as two, one with none not at all, and equal weights change nothing")
func sampleWeights() throws {
  let once = samples(x, [0, 1, 1, 0])
  #expect(try trained(samples(x, [0, 1, 1, 0], weights: [3, 3, 3, 3])) == trained(once))
  let twice = try trained(samples([x[0]] + x, [0, 0, 1, 1, 0]))
  #expect(try distance(trained(samples(x, [0, 1, 1, 0], weights: [1, 0.5, 0.5, 0.5])), twice) < 1e-12)
  #expect(try distance(trained(once), twice) > 1e-3)
  let without = try trained(samples(Array(x.prefix(3)), [0, 1, 1]))
  #expect(try distance(trained(samples(x, [0, 1, 1, 0], weights: [2, 2, 2, 0])), without) < 1e-12)
}

@Test("Weights count for methods that take all samples in a step, and for any number of threads alike")
func weightsOfFullBatches() throws {
  let twice = try trained(samples([x[0]] + x, [0, 0, 1, 1, 0]), .lbfgs(history: 3))
  let weighted = samples(x, [0, 1, 1, 0], weights: [1, 0.5, 0.5, 0.5])
  #expect(try distance(trained(weighted, .lbfgs(history: 3)), twice) < 1e-6)
  var generator = Philox(seed: 2)
  var features = Matrix<Float>(rows: 100, columns: 200)
  features.fillNormal(using: &generator)
  let data = Samples(
    features: features, targets: oneHot((0..<200).map { $0 % 10 }, classes: 10),
    weights: Matrix(rows: 1, columns: 200, columnMajor: (0..<200).map { Float($0 % 7) }))
  let network = Network<Float>(
    .chain([100, 200, 10], hidden: .relu, output: .softmax), initializer: .heNormal, using: &generator)
  let parameters = try [1, 2, 3].map { workers in
    var trainer = Trainer(
      network, loss: .crossEntropy, optimizer: .adam(), batchSize: 100, generator: Philox(seed: 1),
      team: Team(workers: workers))
    for _ in 0..<3 { _ = try trainer.runEpoch(on: data) }
    return trainer.network.parameters
  }
  #expect(parameters[0] == parameters[1] && parameters[0] == parameters[2])
}

@Test("Class weights multiply the samples', and balanced classes count alike")
func classWeights() throws {
  let data = samples(x, [0, 1, 1, 1])
  #expect(data.balancedClassWeights == [2, 2.0 / 3])
  #expect(data.weighted(byClass: [3, 1]).weights == [[3, 1, 1, 1]])
  #expect(data.weighted(byClass: [3, 1]).weighted(byClass: [2, 1]).weights == [[6, 1, 1, 1]])
  #expect(data.weighted(byClass: [3, 1]).balancedClassWeights == [1, 1])
  #expect(samples(x, [1, 1, 1, 1]).balancedClassWeights == [0, 1])
}
