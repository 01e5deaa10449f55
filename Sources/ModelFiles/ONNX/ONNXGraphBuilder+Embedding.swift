import PerceptronLayers
import Tensor

extension ONNXGraphBuilder {
  /// Returns the inputs of the first layer: the features, with the pieces of each number in place of it, or with the
  /// waves of all numbers behind them.
  ///
  /// The scales and components of the embedding are linear, and are part of ``Network/foldedFirstLayer``.
  mutating func encoded<Scalar>(
    _ features: String, _ network: Network<Scalar>, _ embedding: Embedding, _ type: ONNXTensor.DataType
  ) -> String {
    if embedding.numbers.isEmpty { return features }
    return embedding.pieces.map { pieces(features, embedding, $0, type) } ?? waves(features, network, embedding, type)
  }

  /// Samples × outputs of the embedding: (x − lower) · factor, within limits. Features that are no numbers have the
  /// factor 1 and no limits.
  private mutating func pieces(
    _ features: String, _ embedding: Embedding, _ shape: PieceShape, _ type: ONNXTensor.DataType
  ) -> String {
    let (count, far) = (embedding.outputSize, Double(Float.greatestFiniteMagnitude))
    var sources = Array(0..<embedding.inputSize) + Array(repeating: 0, count: count - embedding.inputSize)
    var (lower, factors) = ([Double](repeating: 0, count: count), [Double](repeating: 1, count: count))
    var (least, most) = (lower.map { _ in -far }, lower.map { _ in far })
    for (number, source) in shape.numbers.enumerated() {
      let rows = shape.rows(ofNumber: number)
      for (piece, row) in zip(shape.starts[number]..<shape.starts[number + 1], rows) {
        (sources[row], lower[row], factors[row]) = (source, shape.lower[piece], shape.factors[piece])
        if row != rows.first { least[row] = 0 }
        if row != rows.last { most[row] = 1 }
      }
    }
    func row(_ name: String, _ values: [Double]) -> String { constant(ONNXTensor(name, type, [1, count], values)) }
    var value = node(
      "Gather", [features, constant(ONNXTensor("piece sources", [count], sources))], ["axis": .int(1)])
    value = node("Mul", [node("Sub", [value, row("piece edges", lower)]), row("piece factors", factors)])
    return node("Min", [node("Max", [value, row("piece minima", least)]), row("piece maxima", most)])
  }

  /// Samples × (inputs + waves): the features, and cos 2π(w x + φ) of each number.
  private mutating func waves<Scalar>(
    _ features: String, _ network: Network<Scalar>, _ embedding: Embedding, _ type: ONNXTensor.DataType
  ) -> String {
    let (numbers, frequencies) = (embedding.numbers, embedding.frequencies)
    func radians(_ parameter: EmbeddingParameter) -> String {
      let values = network[embedding: parameter].elements.map { 2 * .pi * Double($0) }
      return constant(ONNXTensor("\(parameter)", type, [1, numbers.count, frequencies], values))
    }
    func indices(_ name: String, _ values: [Int]) -> String {
      constant(ONNXTensor(name, [values.count], values))
    }
    let chosen = node("Gather", [features, indices("numbers", numbers)], ["axis": .int(1)])
    let column = node("Unsqueeze", [chosen, indices("axis", [2])])
    let phases = node("Add", [node("Mul", [column, radians(.frequencies)]), radians(.phases)])
    let waves = node("Cos", [phases])
    let flat = node("Reshape", [waves, indices("shape", [-1, numbers.count * frequencies])])
    return node("Concat", [features, flat], ["axis": .int(1)])
  }
}

extension Network {
  /// The first layer's parameters for the features, or their pieces, and the waves of the embedding as inputs, in
  /// double precision.
  ///
  ///     W [s ∘ x; s′ ∘ (V w + c)] + b = [W diag(s), W′ diag(s′) V] [x; w] + b + W′ (s′ ∘ c)
  ///
  /// - Shapes: weights outputSize of the layer × (inputs + frequencies · numbers), column after column; bias
  ///   outputSize.
  func foldedFirstLayer(_ embedding: Embedding) -> (weights: [Double], bias: [Double]) {
    let (weights, scale) = (self[layer: 0, .weights], self[embedding: .scale])
    let (mixing, shift) = (self[embedding: .weights], self[embedding: .bias])
    let (outputs, inputs) = (weights.rows, embedding.outputSize - embedding.components * embedding.numbers.count)
    func scaled(_ column: Int) -> [Double] {
      (0..<outputs).map { Double(weights[$0, column]) * Double(scale[column, 0]) }
    }
    var folded = (0..<inputs).flatMap(scaled)
    var bias = self[layer: 0, .bias].elements.map { Double($0) }
    for number in embedding.numbers.indices {
      let columns = (0..<embedding.components).map { scaled(inputs + embedding.components * number + $0) }
      for wave in embedding.frequencies * number..<embedding.frequencies * (number + 1) {
        folded += (0..<outputs).map { output in
          columns.indices.reduce(0) { $0 + columns[$1][output] * Double(mixing[$1, wave]) }
        }
      }
      for (component, column) in columns.enumerated() {
        for output in 0..<outputs { bias[output] += column[output] * Double(shift[component, number]) }
      }
    }
    return (folded, bias)
  }
}
