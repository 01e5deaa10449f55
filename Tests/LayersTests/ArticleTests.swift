import PerceptronLayers
import Tensor
import Testing

// The worked example of the introduction:
//
//   a = (0.5, 0.2),  W = ((0.1, 0.3), (0.2, 0.4)),  b = (0.1, 0.1)
//   z = W a + b = (0.05 + 0.06 + 0.1, 0.1 + 0.08 + 0.1) = (0.21, 0.28)
//   sigmoid(z) = (1/(1 + e^−0.21), 1/(1 + e^−0.28)) = (0.552307909…, 0.569546223…)

private let a = Matrix<Double>([0.5, 0.2])
private let w: Matrix<Double> = [[0.1, 0.3], [0.2, 0.4]]
private let b = Matrix<Double>([0.1, 0.1])

private func network(_ layers: [Dense]) -> Network<Double> {
  var network = Network<Double>(layers)
  for layer in layers.indices {
    network[layer: layer, .weights] = w
    network[layer: layer, .bias] = b
  }
  return network
}

private func isClose(_ values: Matrix<Double>, _ expected: [Double]) -> Bool {
  values.count == expected.count && zip(values.elements, expected).allSatisfy { abs($0 - $1) <= 1e-12 }
}

@Test("Forward: z = W a + b and sigmoid(z) are the article's numbers")
func forward() {
  #expect(isClose(network([Dense(2, 2, .identity)]).predict(a), [0.21, 0.28]))
  #expect(isClose(network([Dense(2, 2, .sigmoid)]).predict(a), [0.552_307_909_574_325_3, 0.569_546_223_939_229_2]))
}

@Test("Backward: the error before a layer is Wᵀ δ ∘ g′, the gradients are δ aᵀ and δ")
func backward() {
  // A second layer with the same W and no activation receives the error e = (0.1, 0.2). Before it,
  //   Wᵀ e = (0.1·0.1 + 0.2·0.2, 0.3·0.1 + 0.4·0.2) = (0.05, 0.11)
  //   g′ = s (1 − s) = (0.247263882…, 0.245163322…)
  //   δ = Wᵀ e ∘ g′ = (0.0123631941…, 0.0269679654…)
  //   ∇W = δ aᵀ, row by row (δ₁·0.5, δ₁·0.2), (δ₂·0.5, δ₂·0.2);  ∇b = δ
  // The quadratic loss of one sample has ∇ₐ = a − y, so targets y = a − e give that error.
  let network = network([Dense(2, 2, .sigmoid), Dense(2, 2, .identity)])
  var targets = network.predict(a)
  targets.add(Matrix([0.1, 0.2]), scaledBy: -1)
  var workspace = Workspace(for: network, batchCapacity: 1)
  var gradient = Matrix<Double>(rows: network.parameterCount, columns: 1)
  let loss = network.backPropagate(.quadratic, inputs: a, targets: targets, workspace: &workspace, gradient: &gradient)
  #expect(abs(loss - 0.5 * (0.01 + 0.04)) < 1e-15)

  let s = [0.552_307_909_574_325_3, 0.569_546_223_939_229_2]
  let delta = [0.05 * s[0] * (1 - s[0]), 0.11 * s[1] * (1 - s[1])]
  #expect(abs(delta[0] - 0.012_363_2) < 5e-8 && abs(delta[1] - 0.026_968_0) < 5e-8)
  // Column-major: the first column of ∇W, the second, then ∇b; the second layer's follow.
  let first = gradient.elements[0..<6]
  let expected = [delta[0] * 0.5, delta[1] * 0.5, delta[0] * 0.2, delta[1] * 0.2, delta[0], delta[1]]
  #expect(isClose(Matrix(Array(first)), expected))
}

@Test("A single layer with the error (0.1, 0.2) has the gradients ((0.05, 0.02), (0.1, 0.04)) and (0.1, 0.2)")
func singleLayer() {
  let network = network([Dense(2, 2, .identity)])
  // z = (0.21, 0.28), so y = (0.11, 0.08) makes δ = (0.1, 0.2).
  var workspace = Workspace(for: network, batchCapacity: 1)
  var gradient = Matrix<Double>(rows: 6, columns: 1)
  _ = network.backPropagate(
    .quadratic, inputs: a, targets: Matrix([0.11, 0.08]), workspace: &workspace, gradient: &gradient)
  #expect(isClose(gradient, [0.05, 0.1, 0.02, 0.04, 0.1, 0.2]))
}
