import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

private func network(_ layers: [Dense], seed: UInt64 = 1) -> Network<Double> {
  var generator = Philox(seed: seed)
  return Network(layers, initializer: .glorotNormal, using: &generator)
}

private func samples(_ network: Network<Double>, count: Int) -> Samples<Double> {
  var generator = Philox(seed: 2)
  var features = Matrix<Double>(rows: network.inputSize, columns: count)
  features.fillNormal(using: &generator)
  var targets = Matrix<Double>(rows: network.outputSize, columns: count)
  targets.fillUniform(0...1, using: &generator)
  return Samples(features: features, targets: targets)
}

private func afterOneStep(
  _ network: Network<Double>, _ samples: Samples<Double>, _ loss: Loss, inputDropout: Double = 0,
  labelSmoothing: Double = 0
) throws -> Network<Double> {
  var trainer = Trainer(
    network, loss: loss, optimizer: .sgd(learningRate: 1), batchSize: samples.count, inputDropout: inputDropout,
    labelSmoothing: labelSmoothing, generator: Philox(seed: 3), team: Team(workers: 1))
  _ = try trainer.takeStep(on: samples, batch: Array(0..<samples.count)[...])
  return trainer.network
}

/// One activation whose derivative is computed from its output, and one that keeps its slopes.
@Test("A step with dropout is the step of the network of the units that are left", arguments: [Activation.tanh, .gelu])
func dropoutIsASmallerNetwork(activation: Activation) throws {
  let (p, hidden) = (0.5, 12)
  let whole = network([Dense(5, hidden, activation, dropout: p), Dense(hidden, 3, .identity)])
  let data = samples(whole, count: 1)
  let after = try afterOneStep(whole, data, .quadratic)
  let (w1, w2) = (whole[layer: 0, .weights], whole[layer: 1, .weights])
  let (moved1, moved2) = (after[layer: 0, .weights], after[layer: 1, .weights])
  let kept = (0..<hidden).filter { unit in (0..<5).contains { moved1[unit, $0] != w1[unit, $0] } }
  #expect((1..<hidden).contains(kept.count))

  // The units that are left, their outputs divided by 1 − p: that factor is put into the second layer's weights.
  var small = Network<Double>([Dense(5, kept.count, activation), Dense(kept.count, 3, .identity)])
  var (first, second) = (Matrix<Double>(rows: kept.count, columns: 5), Matrix<Double>(rows: 3, columns: kept.count))
  for (index, unit) in kept.enumerated() {
    for input in 0..<5 { first[index, input] = w1[unit, input] }
    for output in 0..<3 { second[output, index] = w2[output, unit] / (1 - p) }
  }
  small[layer: 0, .weights] = first
  small[layer: 1, .weights] = second
  let reference = try afterOneStep(small, data, .quadratic)
  for (index, unit) in kept.enumerated() {
    for input in 0..<5 { #expect(abs(moved1[unit, input] - reference[layer: 0, .weights][index, input]) < 1e-12) }
    for output in 0..<3 {
      let step = (reference[layer: 1, .weights][output, index] - second[output, index]) / (1 - p)
      #expect(abs(moved2[output, unit] - w2[output, unit] - step) < 1e-12)
    }
  }
  for unit in Set(0..<hidden).subtracting(kept) {
    for output in 0..<3 { #expect(moved2[output, unit] == w2[output, unit]) }
  }
}

@Test("Dropped inputs move no weights, and what is dropped changes from step to step")
func inputDropout() throws {
  let whole = network([Dense(40, 3, .identity)])
  let data = samples(whole, count: 1)
  var trainer = Trainer(
    whole, loss: .meanSquaredError, optimizer: .sgd(learningRate: 1e-3), batchSize: 1, inputDropout: 0.5,
    generator: Philox(seed: 3), team: Team(workers: 1))
  var dropped: [Set<Int>] = []
  for _ in 0..<3 {
    let before = trainer.network[layer: 0, .weights]
    _ = try trainer.takeStep(on: data, batch: [0])
    let after = trainer.network[layer: 0, .weights]
    dropped.append(Set((0..<40).filter { after[0, $0] == before[0, $0] }))
  }
  #expect(dropped.allSatisfy { (8...32).contains($0.count) })
  #expect(Set(dropped).count == 3)
}

@Test("Nothing is dropped when predicting")
func predictionsDropNothing() {
  let dropping = network([Dense(4, 6, .tanh, dropout: 0.9), Dense(6, 2, .identity)])
  let plain = network([Dense(4, 6, .tanh), Dense(6, 2, .identity)])
  let inputs = samples(plain, count: 5).features
  #expect(dropping.predict(inputs) == plain.predict(inputs))
}

@Test("Label smoothing is training on smoothed targets", arguments: Loss.allCases.filter(\.isForClasses))
func labelSmoothing(loss: Loss) throws {
  let start = network([Dense(4, 3, loss == .crossEntropy ? .softmax : .sigmoid)])
  let data = samples(start, count: 6)
  let spread = 0.125 / (loss == .crossEntropy ? 3 : 2)
  let smoothed = Samples(features: data.features, targets: data.targets.map { 0.875 * $0 + spread })
  let expected = try afterOneStep(start, smoothed, loss)
  #expect(try afterOneStep(start, data, loss, labelSmoothing: 0.125).parameters == expected.parameters)
}
