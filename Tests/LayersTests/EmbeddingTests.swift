import Glibc
import PerceptronLayers
import Tensor
import Testing

/// A network whose parameters are all random: no bias is 0, no scale and no α is 1.
func randomNetwork<Scalar: BLASScalar>(
  _ embedding: Embedding?, _ layers: [Dense], seed: UInt64 = 1
) -> Network<Scalar> {
  var generator = Philox(seed: seed)
  var network = Network<Scalar>(layers, embedding: embedding, initializer: .lecunNormal, using: &generator)
  for parameter in embedding?.parameters ?? [] {
    network[embedding: parameter].fillUniform(-1...1, using: &generator)
  }
  for layer in layers.indices {
    for parameter in layers[layer].parameters where parameter != .weights {
      network[layer: layer, parameter].fillUniform(0.25...1.75, using: &generator)
    }
  }
  return network
}

private func normal(_ rows: Int, _ columns: Int, seed: UInt64 = 2) -> Matrix<Double> {
  var generator = Philox(seed: seed)
  var matrix = Matrix<Double>(rows: rows, columns: columns)
  matrix.fillNormal(using: &generator)
  return matrix
}

/// The embedding of one sample, by its formula.
private func embedded(_ network: Network<Double>, _ x: [Double]) -> [Double] {
  let embedding = network.embedding!
  // The rows of each input: one, or for the first category of a group as many as the vectors are long.
  var rows = x.map { [$0] }
  var vector = 0
  for group in embedding.categories {
    var sum = [Double](repeating: 0, count: embedding.dimension)
    for category in group {
      for place in sum.indices { sum[place] += x[category] * network[embedding: .vectors][place, vector] }
      rows[category] = []
      vector += 1
    }
    rows[group.lowerBound] = sum
  }
  var further: [Double] = []
  if case .pieces(let edges) = embedding.encoding {
    for (number, edges) in zip(embedding.numbers, edges) {
      let most = edges.count - 1
      let pieces = (1...most).map { i in
        let piece = (x[number] - edges[i - 1]) / (edges[i] - edges[i - 1])
        return min(max(piece, i == 1 ? -.infinity : 0), i == most ? .infinity : 1)
      }
      rows[number] = [pieces[0]]
      further += pieces.dropFirst()
    }
    return zip(network[embedding: .scale].elements, rows.joined() + further).map { $0 * $1 }
  }
  for (j, number) in embedding.numbers.enumerated() {
    for c in 0..<embedding.components {
      further.append(
        (0..<embedding.frequencies).reduce(network[embedding: .bias][c, j]) { sum, k in
          let t = network[embedding: .frequencies][k, j] * x[number] + network[embedding: .phases][k, j]
          return sum + network[embedding: .weights][c, j * embedding.frequencies + k] * cos(2 * .pi * t)
        })
    }
  }
  return zip(network[embedding: .scale].elements, rows.joined() + further).map { $0 * $1 }
}

/// A network that hands its embedding on.
private func bare(_ embedding: Embedding) -> Network<Double> {
  var network: Network<Double> = randomNetwork(embedding, [Dense(embedding.outputSize, embedding.outputSize)])
  network[layer: 0, .weights] = .identity(embedding.outputSize)
  network[layer: 0, .bias] = Matrix(rows: embedding.outputSize, columns: 1)
  return network
}

@Test("An embedding hands on its inputs and the waves of its numbers, scaled")
func embeddingByHand() {
  var network = bare(Embedding(2, numbers: [1], frequencies: 2, components: 1))
  #expect(network.inputSize == 2 && network.parameterCount == 10 + 12)
  // The scales of both inputs and the component, two frequencies, two phases, two weights and the component's bias.
  let parameters: [Double] = [2, -1, 10, 0.25, 0.125, 0.25, 1.0 / 12, 3, 4, 0.5]
  network.parameters = Matrix(parameters + network.parameters.elements.dropFirst(10))
  #expect(network[embedding: .phases] == Matrix([0.25, 1.0 / 12]) && network[embedding: .weights] == [[3, 4]])
  // The waves of 2 are cos 2π(1/2 + 1/4) = 0 and cos 2π(1/4 + 1/12) = −1/2; the component is 1/2 − 4/2 = −3/2.
  let outputs = network.predict(Matrix([0.5, 2]))
  #expect(zip(outputs.elements, [1, -2, -15]).allSatisfy { abs($0 - $1) < 1e-14 }, "\(outputs)")
}

@Test("Pieces of a number stand in its place and behind the inputs, scaled")
func piecesByHand() {
  var network = bare(Embedding(2, numbers: [0], encoding: .pieces(edges: [[0, 1, 3, 4]])))
  #expect(network.inputSize == 2 && network.embedding?.parameterCount == 4)
  network[embedding: .scale] = Matrix([1, 10, 2, 3])
  func outputs(_ x: Double) -> [Double] { network.predict(Matrix([x, 5])).elements }
  // The first piece has no lower limit, the last one no upper one.
  #expect(outputs(-2) == [-2, 50, 0, 0] && outputs(0.25) == [0.25, 50, 0, 0])
  #expect(outputs(2) == [1, 50, 1, 0] && outputs(3.5) == [1, 50, 2, 1.5] && outputs(6) == [1, 50, 2, 9])
}

@Test("Vectors of categories stand in the place of their inputs, scaled")
func categoriesByHand() {
  var network = bare(Embedding(6, categories: [1..<3, 4..<6], dimension: 3))
  #expect(network.inputSize == 6 && network.embedding?.outputSize == 8 && network.embedding?.parameterCount == 8 + 12)
  network[embedding: .scale] = Matrix([1, 1, 10, 1, 2, 1, 1, 1])
  network[embedding: .vectors] = [[1, 4, 7, 0], [2, 5, 8, 0], [3, 6, 9, 0.5]]
  func outputs(_ x: [Double]) -> [Double] { network.predict(Matrix(x)).elements }
  #expect(outputs([5, 1, 0, 6, 0, 1]) == [5, 1, 20, 3, 12, 0, 0, 0.5])
  #expect(outputs([5, 0, 1, 6, 1, 0]) == [5, 4, 50, 6, 12, 7, 8, 9])
  // A string that was not seen in training has no category.
  #expect(outputs([5, 0, 0, 6, 0, 0]) == [5, 0, 0, 0, 12, 0, 0, 0])
}

private let embeddings = [
  Embedding(4), Embedding(4, numbers: [0, 2, 3], frequencies: 5, components: 2),
  Embedding(4, numbers: [0, 1, 2, 3], frequencies: 1, components: 16), Embedding(4, numbers: [3]),
  Embedding(4, numbers: [1, 3], encoding: .pieces(edges: [[-1, -0.5, 0, 0.75, 2], [0, 1]])),
  Embedding(4, numbers: [0, 2], encoding: .pieces(edges: [[-1, 0, 1], (0...50).map { Double($0) / 10 - 2 }])),
  Embedding(4, categories: [0..<4], dimension: 2),
  Embedding(4, numbers: [0, 3], frequencies: 5, components: 2, categories: [1..<3], dimension: 9),
  Embedding(4, numbers: [2], encoding: .pieces(edges: [[-1, 0, 0.5, 1]]), categories: [0..<2, 3..<4], dimension: 3),
]

@Test("Every embedding agrees with its formula", arguments: embeddings)
func embeddingFormula(embedding: Embedding) {
  let network = bare(embedding)
  // More than one block of 32 samples.
  let inputs = normal(4, 45)
  let outputs = network.predict(inputs)
  for sample in 0..<45 {
    let expected = embedded(network, inputs[columns: sample..<sample + 1].elements)
    #expect(zip(outputs[columns: sample..<sample + 1].elements, expected).allSatisfy { abs($0 - $1) < 1e-13 })
  }
}

@Test("The first layer absorbs the vectors of categories", arguments: embeddings)
func foldedCategories(embedding: Embedding) {
  for normalization in [Normalization.none, .batch] {
    let network: Network<Double> = randomNetwork(embedding, layers(embedding, .mish, normalization))
    let folded = network.foldingCategories()
    #expect(folded.embedding?.categories == [] && folded.inputSize == 4)
    #expect((folded.parameters == network.parameters) == embedding.categories.isEmpty)
    let inputs = normal(4, 9)
    let (expected, outputs) = (network.predict(inputs), folded.predict(inputs))
    #expect(zip(outputs.elements, expected.elements).allSatisfy { abs($0 - $1) < 1e-13 })
  }
}

// MARK: - The gradient

private let parametric: [(Activation, Normalization)] = [
  (.mish, .none), (.selu, .none), (.tanh, .none), (.gelu, .layer), (.elu, .layer), (.silu, .batch), (.sigmoid, .rms),
]

/// Layers of parametric activations behind an embedding.
private func layers(
  _ embedding: Embedding, _ hidden: Activation, _ normalization: Normalization = .none
) -> [Dense] {
  .chain(
    [embedding.outputSize, 6, 5, 3], hidden: hidden, isParametric: true, output: .softmax, normalization: normalization)
}

private func oneOfThree(_ count: Int) -> Matrix<Double> {
  var targets = Matrix<Double>(rows: 3, columns: count)
  for sample in 0..<count { targets[sample % 3, sample] = 1 }
  return targets
}

@Test("Back-propagation through embeddings and parametric activations agrees with central differences")
func embeddingGradients() throws {
  var worst = 0.0
  for embedding in embeddings {
    for (hidden, normalization) in parametric {
      let network: Network<Double> = randomNetwork(embedding, layers(embedding, hidden, normalization))
      let check = network.gradientCheck(.crossEntropy, inputs: normal(4, 37), targets: oneOfThree(37))
      #expect(check.largestRelativeError <= 1e-6, "\(network)")
      #expect(check.embeddingError ?? 1 <= 1e-6, "\(network)")
      worst = max(worst, check.largestRelativeError)
    }
  }
  print("largest relative error of embeddings and parametric activations: \(worst)")
  let plain: Network<Double> = randomNetwork(nil, .chain([4, 3], hidden: .relu, output: .softmax))
  #expect(plain.gradientCheck(.crossEntropy, inputs: normal(4, 5), targets: oneOfThree(5)).embeddingError == nil)
}

/// The gradient by back-propagation, in the place of a network's parameters.
private func gradient(
  of network: Network<Double>, _ inputs: Matrix<Double>, _ targets: Matrix<Double>
) -> Network<Double> {
  var workspace = Workspace(for: network, batchCapacity: inputs.columns)
  var gradient = network
  _ = network.backPropagate(
    .crossEntropy, inputs: inputs, targets: targets, workspace: &workspace, gradient: &gradient.parameters)
  return gradient
}

@Test("A wrong derivative of a phase or of an α is caught where it is")
func wrongEmbeddingGradient() throws {
  let embedding = Embedding(4, numbers: [0, 2, 3], frequencies: 5, components: 2)
  let network: Network<Double> = randomNetwork(embedding, layers(embedding, .mish))
  let (inputs, targets) = (normal(4, 37), oneOfThree(37))
  let gradient = gradient(of: network, inputs, targets)
  func errors(_ gradient: Network<Double>) throws -> (embedding: Double, layers: [Double]) {
    let check = network.compare(gradient.parameters, with: .crossEntropy, inputs: inputs, targets: targets)
    return (try #require(check.embeddingError), check.relativeErrors)
  }
  // As if phases were in radians.
  var wrong = gradient
  wrong[embedding: .phases] = wrong[embedding: .phases].map { $0 / (2 * .pi) }
  var found = try errors(wrong)
  #expect(found.embedding > 0.1 && found.layers.allSatisfy { $0 < 1e-6 })
  // As if α multiplied g(Z) alone.
  wrong = gradient
  wrong[layer: 1, .activationWeight] = wrong[layer: 1, .activationWeight].map { $0 + 1e-3 }
  found = try errors(wrong)
  #expect(found.embedding < 1e-6 && found.layers[1] > 1e-3 && found.layers[0] < 1e-6 && found.layers[2] < 1e-6)
}

@Test("A wrong derivative of a category's vector is caught")
func wrongVectorGradient() throws {
  let embedding = Embedding(4, numbers: [3], categories: [0..<3], dimension: 2)
  let network: Network<Double> = randomNetwork(embedding, layers(embedding, .mish))
  let (inputs, targets) = (normal(4, 37), oneOfThree(37))
  var gradient = gradient(of: network, inputs, targets)
  // As if two categories were exchanged.
  let vectors = gradient[embedding: .vectors]
  for row in 0..<2 {
    gradient[embedding: .vectors][row, 0] = vectors[row, 1]
    gradient[embedding: .vectors][row, 1] = vectors[row, 0]
  }
  let check = network.compare(gradient.parameters, with: .crossEntropy, inputs: inputs, targets: targets)
  #expect(try #require(check.embeddingError) > 0.1)
}

// MARK: - The first parameters

@Test("A new network's scales and α are 1, and its waves are random")
func newEmbedding() {
  let embedding = Embedding(4, numbers: [0, 2], frequencies: 500)
  var generator = Philox(seed: 1)
  let network = Network<Double>(
    layers(embedding, .mish), embedding: embedding, initializer: .lecunNormal, using: &generator)
  #expect(network[embedding: .scale].elements == [Double](repeating: 1, count: 10))
  #expect(network[layer: 1, .activationWeight].elements == [Double](repeating: 1, count: 5))
  let frequencies = network[embedding: .frequencies]
  #expect(abs(frequencies.dot(frequencies) / 1000 / 0.01 - 1) < 0.15)
  #expect((0.45...0.5).contains(network[embedding: .phases].maxMagnitude()))
  let bound = 1 / 500.0.squareRoot()
  #expect((0.9 * bound...bound).contains(network[embedding: .weights].maxMagnitude()))
}

@Test("Fitted first parameters give each weighted input a deviation of 1 and values on both sides of 0")
func fittedParameters() {
  let embedding = Embedding(4, numbers: [0, 1, 3])
  func fitted() -> Network<Double> {
    var generator = Philox(seed: 5)
    var network = Network<Double>(
      layers(embedding, .mish), embedding: embedding, initializer: .lecunNormal, using: &generator)
    network.fitInitialParameters(to: normal(4, 300), using: &generator)
    return network
  }
  let network = fitted()
  let inputs = normal(4, 300)
  var a = Matrix<Double>(rows: embedding.outputSize, columns: 300)
  for sample in 0..<300 {
    for (row, value) in embedded(network, inputs[columns: sample..<sample + 1].elements).enumerated() {
      a[row, sample] = value
    }
  }
  for layer in network.layers.indices {
    var z = network[layer: layer, .weights].multiplied(by: a)
    for unit in 0..<z.rows {
      let values = (0..<300).map { z[unit, $0] + network[layer: layer, .bias][unit, 0] }
      let mean = values.reduce(0, +) / 300
      let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 300
      #expect(abs(variance - 1) < 1e-10, "layer \(layer), unit \(unit)")
      #expect(values.contains { $0 < 0 } && values.contains { $0 > 0 }, "layer \(layer), unit \(unit)")
      for sample in 0..<300 { z[unit, sample] = values[sample] }
    }
    // α is 1, so that the activation is mish itself.
    a = z.map { $0 * tanh(log1p(exp($0))) }
  }
  #expect(fitted().parameters == network.parameters)
}

@Test("A unit that is constant over the samples keeps its weights")
func fittedConstantUnit() {
  var generator = Philox(seed: 5)
  var network = Network<Double>([Dense(2, 2, .tanh), Dense(2, 1)], initializer: .glorotNormal, using: &generator)
  let weights = network[layer: 0, .weights]
  network.fitInitialParameters(to: Matrix(rows: 2, columns: 9, repeating: 0.5), using: &generator)
  #expect(network[layer: 0, .weights] == weights)
  #expect(network.parameters.elements.allSatisfy { $0.isFinite })
}

// MARK: - Names and mistakes

@Test("Embeddings and parametric activations are printed")
func embeddingDescription() {
  let embedding = Embedding(4, numbers: [0, 2])
  #expect("\(Embedding(4))" == "Embedding(4)")
  #expect("\(embedding)" == "Embedding(4 → 10, 2 numbers, 16 frequencies)")
  let pieces = Embedding(4, numbers: [0, 2], encoding: .pieces(edges: [[0, 1, 2], [0, 2, 3, 4]]))
  #expect("\(pieces)" == "Embedding(4 → 7, 2 numbers, 5 pieces)")
  let vectors = Embedding(40, numbers: [0], categories: [1..<40])
  #expect("\(vectors)" == "Embedding(40 → 12, 1 number, 16 frequencies, 39 categories in 8 numbers)")
  let network = Network<Float>(
    .chain([10, 8, 1], hidden: .mish, isParametric: true, output: .identity, normalization: .layer, dropout: [0.5]),
    embedding: embedding)
  #expect(
    "\(network)" == """
      Network(Embedding(4 → 10, 2 numbers, 16 frequencies), \
      Dense(10 → 8, parametric mish, layer normalization, dropout 0.5), Dense(8 → 1, identity))
      """)
}

@Test(
  "A network has room for each parameter and statistic that a normalisation lists", arguments: Normalization.allCases)
func normalizationCounts(normalization: Normalization) {
  let network = Network<Float>([Dense(2, 3, normalization: normalization)])
  let statistics = normalization.parameters.filter(\.isStatistic).count
  #expect(network.statistics.count == 3 * statistics)
  #expect(network.parameterCount == 9 + 3 * (normalization.parameters.count - statistics))
}

@Test("Embeddings that make no sense or do not chain, and parametric outputs, trap")
func embeddingMisuse() async {
  let numbers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Embedding(4, numbers: [2, 2])
  }
  #expect(
    standardError(numbers).contains(
      "cannot embed 4 inputs, of which 2 are numbers, in 16 frequencies and 3 components"))
  let edges = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Embedding(4, numbers: [2], encoding: .pieces(edges: [[0, 1, 1]]))
  }
  #expect(
    standardError(edges).contains(
      "cannot embed 4 inputs, of which 1 are numbers, in pieces with the edges [[0.0, 1.0, 1.0]]"))
  for edges: [Double] in [[0], [], [0, 1e-39], [0, 1e39], [0, .nan], [1, 0]] {
    #expect(!Embedding.isPossible(4, numbers: [2], encoding: .pieces(edges: [edges])), "\(edges)")
  }
  #expect(!Embedding.isPossible(4, numbers: [2], encoding: .pieces(edges: [])))
  let groups = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Embedding(4, numbers: [2], categories: [1..<3])
  }
  #expect(
    standardError(groups).contains(
      "cannot embed 4 inputs, of which 1 are numbers, in 16 frequencies and 3 components and the categories"
        + " [Range(1..<3)] in 8 numbers"))
  let chain = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Network<Float>([Dense(4, 1)], embedding: Embedding(4, numbers: [2]))
  }
  #expect(
    standardError(chain).contains(
      "cannot chain Embedding(4 → 7, 1 number, 16 frequencies) to Dense(4 → 1, identity): 7 outputs ≠ 4 inputs"))
  let softmax = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Dense(4, 3, .softmax, isParametric: true)
  }
  #expect(standardError(softmax).contains("cannot make a dense layer 4 → 3 with a parametric softmax"))
  let last = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Network<Float>([Dense(4, 3, .tanh, isParametric: true)])
  }
  #expect(
    standardError(last).contains("cannot end a network with Dense(4 → 3, parametric tanh), which is parametric"))
  let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Network<Float>([Dense(4, 3)])[embedding: .scale]
  }
  #expect(standardError(none).contains("Network(Dense(4 → 3, identity)) has no embedding"))
}

private func standardError(_ result: ExitTest.Result?) -> String {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}
