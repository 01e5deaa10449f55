import PerceptronLayers
import PerceptronNaiveLoops
import PerceptronStepBenchmark
import Tensor
import Testing

/// A random network with data that fit its loss.
private struct RandomCase {
  let network: Network<Double>
  let loss: Loss
  let inputs: Matrix<Double>
  let targets: Matrix<Double>

  /// - Parameter index: Chooses loss, hidden activation and depth by turns; the rest is random.
  init(
    _ index: Int, losses: [Loss] = Loss.allCases, activations: [Activation] = Activation.allCases,
    normalizations: [Normalization] = Normalization.allCases
  ) {
    var generator = Philox(seed: 42, stream: UInt64(index))
    loss = losses[index % losses.count]
    let hiddens = activations.filter(Activation.hidden.contains)
    let hidden = hiddens[index / losses.count % hiddens.count]
    let outputs = activations.filter(loss.accepts)
    let output = outputs[generator.nextIndex(below: outputs.count)]
    let normalization =
      hidden == .softmax
      ? .none : normalizations[(index + index / (losses.count * hiddens.count)) % normalizations.count]
    // Normalised over one or two numbers, outputs are all but steps, whose slopes differences cannot tell.
    func size() -> Int { (normalization == .none ? 1 : 4) + generator.nextIndex(below: 7) }
    let layers: [Dense] = .chain(
      (0...(1 + index / 11 % 5)).map { _ in size() }, hidden: hidden, output: output, normalization: normalization)
    var network = Network<Double>(layers, initializer: .glorotNormal, using: &generator)
    for layer in layers.indices {
      var bias = Matrix<Double>(rows: layers[layer].outputSize, columns: 1)
      bias.fillNormal(standardDeviation: 0.5, using: &generator)
      network[layer: layer, .bias] = bias
      let parameters = layers[layer].parameters
      if parameters.contains(.scale) { network[layer: layer, .scale] = bias }
      if parameters.contains(.shift) { network[layer: layer, .shift] = bias.map { $0 * $0 } }
    }
    self.network = network
    let batch = size()
    var inputs = Matrix<Double>(rows: network.inputSize, columns: batch)
    inputs.fillNormal(using: &generator)
    self.inputs = inputs
    var targets = Matrix<Double>(rows: network.outputSize, columns: batch)
    targets.fillUniform(0...1, using: &generator)
    if loss == .crossEntropy {
      for sample in 0..<batch {
        let sum = targets[columns: sample..<sample + 1].sum()
        for i in 0..<targets.rows { targets[i, sample] /= sum }
      }
    }
    self.targets = targets
  }
}

extension Activation {
  /// All but exponentials: exponentials of exponentials leave the range.
  fileprivate static var hidden: [Activation] { allCases.filter { $0 != .exponential } }
}

@Test("Back-propagation agrees with central differences on 300 random networks of every depth, activation and loss")
func gradientsAgreeWithDifferences() {
  var worst = 0.0
  var seen = Set<String>()
  var seenNormalizations = Set<String>()
  for index in 0..<300 {
    let random = RandomCase(index)
    let check = random.network.gradientCheck(random.loss, inputs: random.inputs, targets: random.targets)
    #expect(check.relativeErrors.count == random.network.layers.count)
    #expect(check.largestRelativeError <= 1e-6, "\(random.network), \(random.loss)")
    worst = max(worst, check.largestRelativeError)
    seen.formUnion(random.network.layers.map { "\($0.activation) \(random.loss)" })
    seenNormalizations.formUnion(
      random.network.layers.filter { $0.activation != .softmax }.map { "\($0.activation) \($0.normalization)" })
  }
  print("largest relative error of 300 networks: \(worst)")
  #expect(seen.isSuperset(of: Activation.hidden.flatMap { hidden in Loss.allCases.map { "\(hidden) \($0)" } }))
  let normalized = Activation.hidden.filter { $0 != .softmax }
  #expect(seenNormalizations.isSuperset(of: normalized.flatMap { a in Normalization.allCases.map { "\(a) \($0)" } }))
}

@Test("A wrong derivative is caught, in the layer where it is")
func wrongDerivativeIsCaught() {
  // The network's hidden layer is a sigmoid; its gradient is computed as if it were a tanh with the same outputs.
  var generator = Philox(seed: 1)
  let layers: [Dense] = .chain([3, 4, 2], hidden: .sigmoid, output: .identity)
  let network = Network<Double>(layers, initializer: .glorotNormal, using: &generator)
  var inputs = Matrix<Double>(rows: 3, columns: 5)
  inputs.fillNormal(using: &generator)
  let targets = Matrix<Double>(rows: 2, columns: 5, repeating: 0.5)
  var workspace = Workspace(for: network, batchCapacity: 5)
  var gradient = Matrix<Double>(rows: network.parameterCount, columns: 1)
  _ = network.backPropagate(.quadratic, inputs: inputs, targets: targets, workspace: &workspace, gradient: &gradient)
  #expect(network.compare(gradient, with: .quadratic, inputs: inputs, targets: targets).largestRelativeError < 1e-6)

  var hidden = network[layer: 0, .weights].multiplied(by: inputs)
  hidden.apply(.sigmoid)
  var output = network[layer: 1, .weights].multiplied(by: hidden)
  output.add(targets, scaledBy: -1)
  output.scale(by: 0.2)
  var error = network[layer: 1, .weights].transposed.multiplied(by: output)
  error = Matrix(
    rows: error.rows, columns: error.columns,
    columnMajor: zip(error.elements, hidden.elements).map { $0 * (1 - $1 * $1) })
  var wrong = gradient.elements
  wrong.replaceSubrange(0..<12, with: error.multiplied(by: inputs.transposed).elements)
  let check = network.compare(Matrix(wrong), with: .quadratic, inputs: inputs, targets: targets)
  #expect(check.relativeErrors[0] > 0.1)
  #expect(check.relativeErrors[1] < 1e-6)
}

@Test("On ReLU's kink, where all normalised values are 0, any slope between those to both sides is right, and no other")
func kink() {
  for (sizes, normalization, batch) in [([5, 3, 2], .batch, 1), ([5, 1, 2], .layer, 7)]
    as [([Int], Normalization, Int)]
  {
    var generator = Philox(seed: 1)
    var network = Network<Double>(
      .chain(sizes, hidden: .relu, output: .softmax, normalization: normalization), initializer: .glorotNormal,
      using: &generator)
    network[layer: 1, .bias] = Matrix([0.3, -0.4])
    var inputs = Matrix<Double>(rows: 5, columns: batch)
    inputs.fillNormal(using: &generator)
    var targets = Matrix<Double>(rows: 2, columns: batch)
    for sample in 0..<batch { targets[sample % 2, sample] = 1 }
    #expect(network.gradientCheck(.crossEntropy, inputs: inputs, targets: targets).largestRelativeError < 1e-8)
    var workspace = Workspace(for: network, batchCapacity: batch)
    var gradient = Matrix<Double>(rows: network.parameterCount, columns: 1)
    _ = network.backPropagate(
      .crossEntropy, inputs: inputs, targets: targets, workspace: &workspace, gradient: &gradient)
    // The first β is behind the weights, biases and γ.
    let shift = sizes[1] * (sizes[0] + 2)
    #expect(gradient[shift, 0] == 0)
    for wrong in [10.0, -10] {
      gradient[shift, 0] = wrong
      let check = network.compare(gradient, with: .crossEntropy, inputs: inputs, targets: targets)
      #expect(check.largestRelativeError > 0.5)
    }
  }
}

@Test("A step agrees with the naive loops", arguments: 0..<100)
func gradientsAgreeWithNaiveLoops(index: Int) {
  // What the naive loops have: no normalisation, and of losses and activations these.
  let random = RandomCase(
    index, losses: [.quadratic, .meanSquaredError, .binaryCrossEntropy, .crossEntropy],
    activations: [.identity, .sigmoid, .tanh, .relu, .softmax],
    normalizations: [.none])
  let layers = random.network.layers
  var reference = NaiveNetwork<Double>(
    sizes: [random.network.inputSize] + layers.map(\.outputSize), activations: layers.map { .init($0.activation) })
  for layer in layers.indices {
    reference.weights[layer] = Matrix(random.network[layer: layer, .weights].transposed).elements
    reference.biases[layer] = random.network[layer: layer, .bias].elements
  }
  let expected = reference.backPropagate(
    .init(random.loss), inputs: random.inputs.elements, targets: random.targets.elements, batch: random.inputs.columns)

  var workspace = Workspace(for: random.network, batchCapacity: 8)
  var gradient = random.network
  let value = random.network.backPropagate(
    random.loss, inputs: random.inputs, targets: random.targets, workspace: &workspace, gradient: &gradient.parameters)
  #expect(abs(value - expected) <= 1e-12 * max(1, expected))
  for layer in layers.indices {
    #expect(isClose(Matrix(gradient[layer: layer, .weights].transposed).elements, reference.weightGradients[layer]))
    #expect(isClose(gradient[layer: layer, .bias].elements, reference.biasGradients[layer]))
  }
}

private func isClose(_ values: [Double], _ expected: [Double]) -> Bool {
  values.count == expected.count && zip(values, expected).allSatisfy { abs($0 - $1) <= 1e-12 * max(1, abs($1)) }
}
