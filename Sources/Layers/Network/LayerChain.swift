import Tensor

/// A network without its parameters: the embedding and the layers, and the places of their parameters in the parameter
/// vector.
struct LayerChain: Sendable {
  let embedding: Embedding?
  let layers: [Dense]
  /// Where each layer's parameters start, after those of the embedding, and the total at the end.
  let offsets: [Int]
  /// The starts of each layer's running statistics, and the total at the end.
  let statisticsOffsets: [Int]

  /// - Precondition: Traps if there is no layer, a layer's input size differs from the output size before it, the last
  ///   layer has dropout or a parametric activation, or the number of parameters overflows.
  init(_ layers: [Dense], embedding: Embedding?) {
    guard !layers.isEmpty else { fail("cannot make a network without layers") }
    if let embedding, embedding.outputSize != layers[0].inputSize {
      fail("cannot chain \(embedding) to \(layers[0]): \(embedding.outputSize) outputs ≠ \(layers[0].inputSize) inputs")
    }
    for (previous, next) in zip(layers, layers.dropFirst()) where previous.outputSize != next.inputSize {
      fail("cannot chain \(previous) to \(next): \(previous.outputSize) outputs ≠ \(next.inputSize) inputs")
    }
    if let last = layers.last, last.dropout > 0 { fail("cannot drop a network's outputs: the last layer is \(last)") }
    if let last = layers.last, last.isParametric { fail("cannot end a network with \(last), which is parametric") }
    self.embedding = embedding
    self.layers = layers
    offsets = layers.reduce(into: [embedding?.parameterCount ?? 0]) { offsets, layer in
      let (end, overflow) = offsets.last!.addingReportingOverflow(layer.parameterCount)
      guard !overflow else { fail("cannot make a network of so many parameters: \(layers)") }
      offsets.append(end)
    }
    statisticsOffsets = layers.reduce(into: [0]) { $0.append($0.last! + $1.statisticCount) }
  }

  var parameterCount: Int { offsets[layers.count] }
  var statisticCount: Int { statisticsOffsets[layers.count] }

  /// The part of a vector of all parameters that belongs to the layer with this 1-based number.
  func part<Scalar>(of vector: Tile<Scalar>, _ number: Int) -> Tile<Scalar> {
    vector.reshaped(from: offsets[number - 1], rows: layers[number - 1].parameterCount, columns: 1)
  }
}
