import Glibc
import PerceptronLayers
import Tensor
import Testing

@Test("A network's layers are ranges of one parameter vector, weights before bias, column after column")
func parameterOrder() {
  var network = Network<Float>(.chain([2, 2, 1], hidden: .tanh, output: .identity))
  #expect(network.parameterCount == 9)
  network.parameters = Matrix([1, 2, 3, 4, 5, 6, 7, 8, 9])
  #expect(network[layer: 0, .weights] == [[1, 3], [2, 4]])
  #expect(network[layer: 0, .bias] == Matrix([5, 6]))
  #expect(network[layer: 1, .weights] == [[7, 8]])
  #expect(network[layer: 1, .bias] == Matrix([9]))
  network[layer: 1, .weights] = [[30, 40]]
  #expect(network.parameters == Matrix([1, 2, 3, 4, 5, 6, 30, 40, 9]))
}

@Test("A network prints its layers")
func description() {
  let network = Network<Float>(.chain([784, 30, 10], hidden: .sigmoid, output: .softmax))
  #expect("\(network)" == "Network(Dense(784 → 30, sigmoid), Dense(30 → 10, softmax))")
}

@Test("A batch gives each sample what it would get alone, also where it exceeds the workspace", arguments: [1, 3, 8])
func blocks(capacity: Int) {
  var generator = Philox(seed: 8)
  let network = Network<Double>(
    .chain([5, 4, 3], hidden: .relu, output: .softmax), initializer: .heNormal, using: &generator)
  var inputs = Matrix<Double>(rows: 5, columns: 11)
  inputs.fillNormal(using: &generator)
  var workspace = Workspace(for: network, batchCapacity: capacity)
  let outputs = network.predict(inputs, workspace: &workspace)
  var targets = Matrix<Double>(rows: 3, columns: 11)
  var sum = 0.0
  for sample in 0..<11 {
    targets[sample % 3, sample] = 1
    let alone = network.predict(inputs[columns: sample..<sample + 1])
    for i in 0..<3 { #expect(abs(alone[i, 0] - outputs[i, sample]) < 1e-14) }
    sum -= log(alone[sample % 3, 0])
  }
  let loss = network.meanLoss(.crossEntropy, inputs: inputs, targets: targets, workspace: &workspace)
  #expect(abs(loss - sum / 11) < 1e-14)
}

@Test("Cross-entropies are finite where the output is within rounding of 0 or 1")
func extremeLogits() {
  for (activation, loss) in [(Activation.softmax, Loss.crossEntropy), (.sigmoid, .binaryCrossEntropy)] {
    var network = Network<Float>([Dense(1, 2, activation)])
    network[layer: 0, .weights] = [[200], [-200]]
    var workspace = Workspace(for: network, batchCapacity: 1)
    var gradient = Matrix<Float>(rows: 4, columns: 1)
    // Both outputs are as wrong as can be. Softmax: −log e⁻²⁰⁰/(e²⁰⁰ + e⁻²⁰⁰) = 400. Sigmoid: 200 for each output.
    let value = network.backPropagate(
      loss, inputs: Matrix([1]), targets: Matrix([0, 1]), workspace: &workspace, gradient: &gradient)
    #expect(value == 400)
    #expect(gradient == Matrix([1, -1, 1, -1]))
  }
}

@Test("Initial weights have the variance that their names promise", arguments: Initializer.allCases)
func initializers(initializer: Initializer) {
  var generator = Philox(seed: 3)
  let network = Network<Double>([Dense(300, 200)], initializer: initializer, using: &generator)
  let weights = network[layer: 0, .weights]
  let variance = weights.dot(weights) / 60_000
  let expected: Double =
    switch initializer {
    case .normal: 1
    case .glorotNormal, .glorotUniform: 2.0 / 500
    case .heNormal, .heUniform: 2.0 / 300
    case .lecunNormal, .orthogonal: 1.0 / 300
    }
  #expect(abs(variance / expected - 1) < 0.03)
  #expect(abs(weights.sum() / 60_000) < 0.02 * expected.squareRoot())
  let bias = network[layer: 0, .bias]
  #expect((bias.maxMagnitude() > 0) == (initializer == .normal))
  if initializer == .orthogonal {
    var product = weights.multiplied(by: weights.transposed)
    product.add(.identity(200), scaledBy: -1)
    #expect(product.maxMagnitude() < 1e-13)
  }
}

@Test("Layers that do not chain, and inputs and losses that do not fit, trap with the network's shape")
func misuse() async {
  let chain = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Network<Float>([Dense(784, 30, .sigmoid), Dense(20, 10)])
  }
  #expect(
    standardError(chain).contains(
      "cannot chain Dense(784 → 30, sigmoid) to Dense(20 → 10, identity): 30 outputs ≠ 20 inputs"))
  let inputs = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Network<Float>([Dense(784, 10)]).predict(Matrix(rows: 64, columns: 5))
  }
  #expect(
    standardError(inputs).contains("cannot feed 64×5 inputs to Network(Dense(784 → 10, identity)): 784 rows are needed")
  )
  let outputs = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    let network = Network<Float>([Dense(784, 10)])
    var (outputs, workspace) = (Matrix<Float>(rows: 10, columns: 4), Workspace(for: network, batchCapacity: 5))
    network.predict(Matrix(rows: 784, columns: 5), into: &outputs, workspace: &workspace)
  }
  #expect(
    standardError(outputs).contains(
      "cannot put the outputs of Network(Dense(784 → 10, identity)) for 5 samples into 10×4: 10×5 is needed"))
  let workspace = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    var workspace = Workspace(for: Network<Float>([Dense(4, 2), Dense(2, 1_000_000)]), batchCapacity: 8)
    let network = Network<Float>([Dense(4, 2), Dense(2, 2)])
    _ = network.predict(Matrix(rows: 4, columns: 8), workspace: &workspace)
  }
  #expect(
    standardError(workspace).contains(
      "cannot use a workspace for [Dense(4 → 2, identity), Dense(2 → 1000000, identity)] with Network("))
  let loss = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    let network = Network<Float>([Dense(2, 2, .tanh)])
    var workspace = Workspace(for: network, batchCapacity: 1)
    _ = network.meanLoss(
      .crossEntropy, inputs: Matrix(rows: 2, columns: 1), targets: Matrix(rows: 2, columns: 1), workspace: &workspace)
  }
  #expect(standardError(loss).contains("the loss cross-entropy is not defined for tanh outputs"))
}

private func standardError(_ result: ExitTest.Result?) -> String {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}
