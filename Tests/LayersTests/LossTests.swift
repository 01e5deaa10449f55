import Glibc
import PerceptronLayers
import Tensor
import Testing

@Test("The loss of outputs is the network's own, for every loss", arguments: Loss.allCases)
func lossOfOutputs(loss: Loss) {
  var generator = Philox(seed: 4)
  let output: Activation = loss == .crossEntropy ? .softmax : loss == .binaryCrossEntropy ? .sigmoid : .tanh
  let network = Network<Double>(
    .chain([3, 5, 4], hidden: .tanh, output: output), initializer: .normal, using: &generator)
  var inputs = Matrix<Double>(rows: 3, columns: 6)
  inputs.fillNormal(using: &generator)
  let targets = oneHotColumns([0, 3, 1, 1, 2, 0], rows: 4)
  var workspace = Workspace(for: network, batchCapacity: 6)
  let expected = network.meanLoss(loss, inputs: inputs, targets: targets, workspace: &workspace)
  let value = loss.mean(ofOutputs: network.predict(inputs), targets: targets)
  #expect(abs(value / expected - 1) < 1e-12)
}

@Test("Probabilities of 0 and 1 leave cross-entropies finite")
func lossOfExtremeOutputs() {
  // One sample is right and one wrong: half of −log ε, for two outputs all of it.
  let (outputs, targets): (Matrix<Float>, Matrix<Float>) = ([[1, 1], [0, 0]], [[1, 0], [0, 1]])
  let limit = -log(Double(Float.ulpOfOne))
  #expect(abs(Loss.crossEntropy.mean(ofOutputs: outputs, targets: targets) - limit / 2) < 1e-6)
  #expect(abs(Loss.binaryCrossEntropy.mean(ofOutputs: outputs, targets: targets) - limit) < 1e-6)
}

private func oneHotColumns(_ classes: [Int], rows: Int) -> Matrix<Double> {
  var targets = Matrix<Double>(rows: rows, columns: classes.count)
  for (sample, label) in classes.enumerated() { targets[label, sample] = 1 }
  return targets
}

@Test("A loss is read back from its name, and a quantile only if it is above 0 and below 1")
func lossNames() {
  for loss in Loss.allCases + [.quantile(0.25)] { #expect(Loss(rawValue: loss.rawValue) == loss) }
  for name in ["", "quantile", "quantile:", "quantile:0", "quantile:1", "quantile:nan", "quantile:0.5:1", "MSE"] {
    #expect(Loss(rawValue: name) == nil, "\(name)")
  }
  #expect(!Loss.quantile(1).accepts(.identity) && !Loss.quantile(.nan).accepts(.identity))
}
