import Glibc
import PerceptronLayers
import Tensor
import Testing

@Test("The loss of outputs is the network's own, for every loss", arguments: Loss.allCases)
func lossOfOutputs(loss: Loss) {
  var generator = Philox(seed: 4)
  let output = [Activation.tanh, .sigmoid, .softmax, .exponential].first(where: loss.accepts)!
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

@Test("A loss is read back from its name, and its number only if it is in its range")
func lossNames() {
  for loss in Loss.allCases + [.quantile(0.25), .tweedie(1.25), .quantiles([0.1]), .quantiles([0.05, 0.5, 0.95])] {
    #expect(Loss(rawValue: loss.rawValue) == loss)
  }
  for name in [
    "", "quantile", "quantile:", "quantile:0", "quantile:1", "quantile:nan", "quantile:0.5:1", "MSE", "poisson:1",
    "tweedie:", "tweedie:1", "tweedie:2", "tweedie:nan", "tweedie:1.00000001", "tweedie:1.5:1",
    "quantiles", "quantiles:", "quantiles:0.5,0.5", "quantiles:0.5,0.4", "quantiles:0.5,", "quantiles:0.1,1",
  ] {
    #expect(Loss(rawValue: name) == nil, "\(name)")
  }
  #expect(Loss(rawValue: "tweedie") == .tweedie(1.5))
  #expect(!Loss.quantile(1).accepts(.identity) && !Loss.quantile(.nan).accepts(.identity))
  #expect(!Loss.poisson.accepts(.identity) && !Loss.tweedie(2).accepts(.exponential))
}

@Test(
  "Poisson's and Tweedie's losses are the deviances, and δ is their slope", arguments: [Loss.poisson, .tweedie(1.3)])
func deviances(loss: Loss) {
  // One output, e^z with z the bias; the targets' mean is 1.
  var network = Network<Double>([Dense(1, 1, .exponential)])
  network[layer: 0, .bias] = [[0.25]]
  let (inputs, targets): (Matrix<Double>, Matrix<Double>) = ([[0, 0, 0, 0]], [[0, 0.5, 3, 0.5]])
  let mean = exp(0.25)
  func deviance(_ y: Double) -> Double {
    guard case .tweedie(let p) = loss else { return 2 * ((y > 0 ? y * log(y / mean) : 0) - y + mean) }
    return 2
      * (pow(y, 2 - p) / ((1 - p) * (2 - p)) - y * pow(mean, 1 - p) / (1 - p) + pow(mean, 2 - p) / (2 - p))
  }
  let expected = targets.elements.map(deviance).reduce(0, +) / 4
  var workspace = Workspace(for: network, batchCapacity: 4)
  var gradient = Matrix<Double>(rows: 2, columns: 1)
  let value = network.backPropagate(
    loss, inputs: inputs, targets: targets, workspace: &workspace, gradient: &gradient)
  #expect(abs(value / expected - 1) < 1e-14)
  let power = if case .tweedie(let p) = loss { p } else { 1.0 }
  #expect(abs(gradient[1, 0] - 2 * (mean - 1) * pow(mean, 1 - power)) < 1e-14)
  #expect(abs(network.predict(inputs)[0, 0] - mean) < 1e-14)
  // At the targets themselves there is no deviance, and near them it is small without being noise.
  for (z, y) in [(0.0, 1.0), (log(3.0), 3)] {
    network[layer: 0, .bias] = [[z + 1e-3]]
    let near = network.meanLoss(loss, inputs: [[0]], targets: [[y]], workspace: &workspace)
    #expect(abs(near / (1e-6 * pow(y, 2 - power)) - 1) < 2e-3)
  }
}

@Test(
  "The losses of counts and their slopes stay finite for every output",
  arguments: [Loss.poisson, .tweedie(1.01), .tweedie(1.99)])
func boundedDeviances(loss: Loss) {
  var network = Network<Float>([Dense(1, 1, .exponential)])
  var workspace = Workspace(for: network, batchCapacity: 1)
  var gradient = Matrix<Float>(rows: 2, columns: 1)
  var last = Double.infinity
  for z: Float in [-1e15, -1e3, -31, -29, 0, 29, 31, 1e3, 1e15] {
    for y: Float in [0, 1e-37, 1, 1e8] {
      network[layer: 0, .bias] = [[z]]
      let value = network.backPropagate(
        loss, inputs: [[0]], targets: [[y]], workspace: &workspace, gradient: &gradient)
      #expect(value.isFinite && gradient[1, 0].isFinite && value > -1e-4 * Double(max(y, 1)), "\(z) \(y)")
      if y == 1 && z <= 0 {
        // The further from the target, the larger.
        #expect(value <= last)
        last = value
      }
    }
  }
}

@Test(
  "A loss of values grows with its degree as the values grow",
  arguments: Loss.allCases.filter { !$0.isForClasses && $0 != .huber })
func degrees(loss: Loss) {
  let (outputs, targets): (Matrix<Double>, Matrix<Double>) = ([[1, 2, 0.5]], [[0, 3, 0.25]])
  let ratio =
    loss.mean(ofOutputs: outputs.map { 8 * $0 }, targets: targets.map { 8 * $0 })
    / loss.mean(ofOutputs: outputs, targets: targets)
  #expect(abs(ratio / pow(8, loss.degree) - 1) < 1e-12)
}

@Test("The loss of several quantiles is the mean of their losses, and its gradient agrees with differences")
func severalQuantiles() {
  let levels = [0.1, 0.5, 0.9]
  var generator = Philox(seed: 4)
  // Two targets.
  let network = Network<Double>(
    .chain([3, 5, 6], hidden: .tanh, output: .identity), initializer: .normal, using: &generator)
  var inputs = Matrix<Double>(rows: 3, columns: 7)
  inputs.fillNormal(using: &generator)
  var values = Matrix<Double>(rows: 2, columns: 7)
  values.fillNormal(using: &generator)
  let targets = Matrix(
    rows: 6, columns: 7, columnMajor: values.elements.flatMap { repeatElement($0, count: 3) })
  let outputs = network.predict(inputs)
  var sum = 0.0
  for sample in 0..<7 {
    for row in 0..<6 {
      let (level, error) = (levels[row % 3], values[row / 3, sample] - outputs[row, sample])
      sum += max(level * error, (level - 1) * error) / 6
    }
  }
  #expect(abs(Loss.quantiles(levels).mean(ofOutputs: outputs, targets: targets) / (sum / 7) - 1) < 1e-14)
  let check = network.gradientCheck(.quantiles(levels), inputs: inputs, targets: targets)
  #expect(check.largestRelativeError < 1e-6)
}
