import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

/// What another implementation of an optimizer did in so many steps.
struct GoldenTrajectory: Sendable, CustomTestStringConvertible {
  let name: String
  let optimizer: Optimizer
  let l2: Double
  /// Before each step.
  let losses: [Double]
  /// After the last.
  let parameters: [Double]

  var testDescription: String { name }
}

@Test("Every optimizer has a golden trajectory")
func allOptimizers() {
  #expect(Set(goldenTrajectories.map(\.optimizer.name)) == Set(optimizers.map(\.name)))
}

@Test("Every optimizer goes where PyTorch's goes", arguments: goldenTrajectories)
func golden(trajectory: GoldenTrajectory) throws {
  #expect(trajectory.losses.count >= 100)
  // The same fractions as in Scripts/golden-trajectories.py.
  var features = Matrix<Double>(rows: 3, columns: 12)
  for i in 0..<3 {
    for j in 0..<12 {
      let numerator = (7 * i + 3 * j + i * j) % 11
      features[i, j] = Double(numerator) / 5 - 1
    }
  }
  let classes: [Int] = (0..<12).map { j in (j * j + j / 3) % 2 }
  let samples = Samples(features: features, targets: oneHot(classes, classes: 2))
  var network = Network<Double>(.chain([3, 5, 2], hidden: .tanh, output: .softmax))
  for n in 0..<network.parameterCount {
    let numerator = (5 * n * n + 3 * n) % 17
    network.parameters[n, 0] = Double(numerator) / 17 - 0.5
  }
  var trainer = Trainer(
    network, loss: .crossEntropy, optimizer: trajectory.optimizer, regularization: .init(l2: trajectory.l2),
    batchSize: 12, generator: Philox(seed: 0), team: Team(workers: 1))
  for (step, expected) in trajectory.losses.enumerated() {
    let loss = try trainer.takeStep(on: samples, batch: Array(0..<12)[...])
    #expect(abs(loss - expected) <= 1e-10 * expected, "step \(step + 1)")
  }
  // At its minimum a loss does not tell parameters apart that differ by the root of its rounding, and L-BFGS gets
  // there.
  let tolerance = trajectory.name == "lbfgs" ? 1e-7 : 1e-10
  for (got, expected) in zip(trainer.network.parameters.elements, trajectory.parameters) {
    #expect(abs(got - expected) <= tolerance * max(abs(expected), 1))
  }
}
