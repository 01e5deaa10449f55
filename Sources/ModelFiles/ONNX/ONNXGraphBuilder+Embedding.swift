import PerceptronLayers
import Tensor

extension ONNXGraphBuilder {
  /// Returns the inputs of the first layer, samples × (inputs + waves): the features, and cos 2π(w x + φ) of each
  /// number.
  ///
  /// The scales and components of the embedding are linear, and are part of ``Network/foldedFirstLayer``.
  mutating func waves<Scalar>(
    _ features: String, _ network: Network<Scalar>, _ embedding: Embedding, _ type: ONNXTensor.DataType
  ) -> String {
    let (numbers, frequencies) = (embedding.numbers, embedding.frequencies)
    guard !numbers.isEmpty else { return features }
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
  /// The first layer's parameters for the features and the waves of the embedding as inputs, in double precision.
  ///
  ///     W [s ∘ x; s′ ∘ (V w + c)] + b = [W diag(s), W′ diag(s′) V] [x; w] + b + W′ (s′ ∘ c)
  ///
  /// - Shapes: weights outputSize of the layer × (inputs + frequencies · numbers), column after column; bias
  ///   outputSize.
  func foldedFirstLayer(_ embedding: Embedding) -> (weights: [Double], bias: [Double]) {
    let (weights, scale) = (self[layer: 0, .weights], self[embedding: .scale])
    let (mixing, shift) = (self[embedding: .weights], self[embedding: .bias])
    let (outputs, inputs) = (weights.rows, embedding.inputSize)
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
