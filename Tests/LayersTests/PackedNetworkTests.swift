import PerceptronLayers
import Tensor
import Testing

private func network<Scalar: BLASScalar>(
  _ sizes: [Int], _ hidden: Activation, _ output: Activation, _ normalization: Normalization
) -> Network<Scalar> {
  var generator = Philox(seed: 11)
  var network = Network<Scalar>(
    .chain(sizes, hidden: hidden, output: output, normalization: normalization), initializer: .heNormal,
    using: &generator)
  network.parameters.withTile { parameters in
    // No bias, scale or shift is left at its start.
    for index in 0..<parameters.rows { parameters[index] += Scalar(index % 7) / 50 }
  }
  network.statistics.withTile { statistics in
    for index in 0..<statistics.rows { statistics[index] += Scalar(index % 5) / 10 }
  }
  return network
}

private struct Pass<Scalar: BLASScalar>: TeamProgram {
  let packed: PackedNetwork<Scalar>
  let inputs: Tile<Scalar>
  let outputs: Tile<Scalar>
  let scratch: Tile<Scalar>

  func run(_ worker: Worker) { _ = packed.predict(inputs, into: outputs, scratch: scratch, worker) }
}

private func answers<Scalar>(_ packed: PackedNetwork<Scalar>, _ inputs: Matrix<Scalar>, workers: Int = 1) -> Matrix<
  Scalar
> {
  var outputs = Matrix<Scalar>(rows: packed.outputSize, columns: inputs.columns)
  let scratch = Tile<Scalar>.scratch(packed.scratchCount(samples: inputs.columns))
  outputs.withTile { outputs in
    inputs.withReadOnlyTile {
      Team(workers: workers).run(Pass(packed: packed, inputs: $0, outputs: outputs, scratch: scratch))
    }
  }
  return outputs
}

private let cases: [([Int], Activation, Activation, Normalization)] = [
  ([3, 1], .relu, .identity, .none), ([8, 64, 64, 1], .relu, .identity, .none),
  ([784, 30, 10], .sigmoid, .softmax, .none), ([600, 133, 150, 17], .relu, .softmax, .batch),
  ([20, 48, 33, 5], .gelu, .sigmoid, .layer), ([20, 48, 33, 5], .tanh, .identity, .rms),
  ([1100, 300, 2], .tanh, .softmax, .none),
  // 120 rows in single and 60 in double precision make whole panels, and a group of them, only with the zeros beyond
  // their end.
  ([200, 120, 60, 3], .softmax, .identity, .none), ([200, 120, 60, 3], .relu, .identity, .none),
]

/// Embeddings before one layer and several, and parametric activations with and without normalisation.
private func embeddedNetworks<Scalar: BLASScalar>() -> [Network<Scalar>] {
  let embedding = Embedding(20, numbers: [0, 3, 4, 19])
  let edges = (0..<3).map { number in (0...60).map { Double($0) / 16 - 1.5 + Double(number) / 4 } } + [[-1, 1]]
  let pieces = Embedding(20, numbers: [0, 3, 4, 19], encoding: .pieces(edges: edges))
  return [
    randomNetwork(pieces, [Dense(197, 3)]),
    randomNetwork(
      pieces, .chain([197, 133, 60, 3], hidden: .selu, isParametric: true, output: .softmax, normalization: .batch)),
    randomNetwork(Embedding(20), [Dense(20, 3)]), randomNetwork(embedding, [Dense(32, 5, .softmax)]),
    randomNetwork(
      embedding, .chain([32, 120, 60, 3], hidden: .selu, isParametric: true, output: .softmax, dropout: [0.5])),
    randomNetwork(
      embedding, .chain([32, 48, 33, 5], hidden: .mish, isParametric: true, output: .identity, normalization: .layer)),
    randomNetwork(
      nil, .chain([20, 133, 150, 1], hidden: .relu, isParametric: true, output: .identity, normalization: .batch)),
  ]
}

private func check<Scalar: BLASScalar>(_: Scalar.Type, tolerance: Scalar) {
  let plain: [Network<Scalar>] = cases.map { network($0.0, $0.1, $0.2, $0.3) }
  for network in plain + embeddedNetworks() {
    let packed = PackedNetwork(network)
    var generator = Philox(seed: 4)
    var inputs = Matrix<Scalar>(rows: network.inputSize, columns: 150)
    inputs.fillNormal(using: &generator)
    // Every third number is 0, and some samples are 0 altogether.
    inputs.withTile { inputs in
      for index in 0..<inputs.rows * inputs.columns where index % 3 == 0 || index / inputs.rows % 40 == 7 {
        inputs.base[index] = 0
      }
    }
    let together = answers(packed, inputs)
    let expected = network.predict(inputs)
    let largest = expected.maxMagnitude()
    #expect(zip(together.elements, expected.elements).allSatisfy { abs($0 - $1) <= tolerance * largest })
    for sample in stride(from: 0, to: 150, by: 13) {
      #expect(answers(packed, inputs.gathered([sample])) == together.gathered([sample]))
      #expect(answers(packed, inputs.gathered([sample]), workers: 3) == together.gathered([sample]))
    }
    #expect(answers(packed, inputs, workers: 4) == together)
    let order = (0..<150).map { ($0 * 77 + 5) % 150 }
    for count in [2, 3, 5, 9, 75, 150] {
      let chosen = Array(order.prefix(count))
      #expect(answers(packed, inputs.gathered(chosen)) == together.gathered(chosen))
    }
  }
}

@Test(
  "A packed network answers as the network does, and each sample with the same bits alone, among others and by any team"
)
func packedNetwork() {
  check(Float.self, tolerance: 1e-5)
  check(Double.self, tolerance: 1e-13)
}

@Test("What is not finite in a sample is so in its answer, and in no other's")
func packedNaN() {
  let network: Network<Float> = network([40, 50, 3], .tanh, .identity, .none)
  let packed = PackedNetwork(network)
  var inputs = Matrix<Float>(rows: 40, columns: 9, repeating: 0.5)
  let clean = answers(packed, inputs)
  inputs[7, 4] = .nan
  let outputs = answers(packed, inputs)
  for sample in 0..<9 {
    #expect(sample == 4 ? outputs[0, 4].isNaN : outputs.gathered([sample]) == clean.gathered([sample]))
  }
  #expect(answers(packed, inputs.gathered([4]))[2, 0].isNaN)
}

@Test(
  "The weighted sums tell of an input that is not finite, where the activation hides it too", arguments: [1, 9, 70])
func packedFinite(samples: Int) {
  let embedded: [Network<Float>] = [[], [99]].map { numbers in
    let embedding = Embedding(100, numbers: numbers)
    return randomNetwork(
      embedding, .chain([embedding.outputSize, 50, 3], hidden: .sigmoid, isParametric: true, output: .identity))
  }
  for network in [Activation.relu, .sigmoid].map({ network([100, 50, 3], $0, .identity, .none) }) + embedded {
    let packed = PackedNetwork(network)
    var inputs = Matrix<Float>(rows: 100, columns: samples, repeating: 0.5)
    func isFinite() -> Bool {
      var outputs = Matrix<Float>(rows: 3, columns: samples)
      let scratch = Tile<Float>.scratch(packed.scratchCount(samples: samples))
      return outputs.withTile { outputs in
        inputs.withReadOnlyTile { packed.predict($0, into: outputs, scratch: scratch, Worker.alone) }
      }
    }
    #expect(isFinite())
    for number in [Float.nan, .infinity, -.infinity] {
      inputs[99, samples - 1] = number
      #expect(!isFinite(), "\(network), \(number)")
    }
  }
}
