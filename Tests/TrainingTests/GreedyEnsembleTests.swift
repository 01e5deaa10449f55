import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

private func row(_ values: [Double]) -> Matrix<Double> { Matrix(rows: 1, columns: values.count, columnMajor: values) }

private func squaredError(_ outputs: [Double], _ targets: [Double]) -> Double {
  zip(outputs, targets).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(targets.count)
}

@Test("The greedy ensemble begins with the best model, and weighs models by how often they help")
func greedyEnsemble() {
  let targets = [1.0, 2, 3, 4]
  // The second is best alone. The first and the third err in opposite directions, the first half as much.
  let models = [[1.5, 2.5, 3.5, 4.5], [1.2, 1.8, 3.2, 3.8], [0.0, 1, 2, 3], [9, 9, 9, 9]]
  let ensemble = GreedyEnsemble(
    from: models.map(row), targets: row(targets), loss: .meanSquaredError, most: 4, rounds: 40)
  #expect(ensemble.choices.first?.model == 1 && !ensemble.choices.contains { $0.model == 3 })
  let count = Double(ensemble.choices.reduce(0) { $0 + $1.count })
  let mean = targets.indices.map { sample in
    ensemble.choices.reduce(0) { $0 + models[$1.model][sample] * Double($1.count) } / count
  }
  #expect(abs(squaredError(mean, targets) - ensemble.loss) < 1e-12)
  #expect(ensemble.loss < squaredError(models[1], targets))
  // With one model allowed, it is the best one; a greedy step never makes the result worse.
  let single = GreedyEnsemble(from: models.map(row), targets: row(targets), loss: .meanSquaredError, most: 1)
  #expect(single.choices.map(\.model) == [1] && abs(single.loss - squaredError(models[1], targets)) < 1e-12)
}

@Test("Of equal models the first is chosen, once, and outputs that are not finite never")
func greedyTies() {
  let targets = row([1, 2])
  let outputs = [row([.nan, 2]), row([1, 2.5]), row([1, 2.5])]
  let ensemble = GreedyEnsemble(from: outputs, targets: targets, loss: .meanSquaredError, most: 3, rounds: 5)
  #expect(ensemble.choices.count == 1 && ensemble.choices[0] == (1, 1))
}
