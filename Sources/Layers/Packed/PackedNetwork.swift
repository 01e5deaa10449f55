import Tensor

/// A network that only predicts. Its weights are packed, and batch normalisations are folded into them.
///
///     A = g(W A₋₁ + b 1ᵀ)   layer by layer;
///     batch normalised   W ← diag(s) W,   b ← s ∘ (b − μ) + β,   s = γ / √(σ² + 10⁻⁵)
///
/// A sample's outputs have the same bits alone and anywhere in a batch, for any number of workers. They agree with
/// ``Network/predict(_:)`` except for rounding, because that adds in another order.
package final class PackedNetwork<Scalar: BLASScalar>: Sendable {
  /// A layer, and the places of its numbers. It holds no references, so that predictions on many threads do no
  /// reference counting.
  private struct Layer: Sendable {
    let inputSize: Int
    let outputSize: Int
    let activation: Activation
    /// What remains of its normalisation: a batch normalisation is folded.
    let normalization: Normalization
    /// The packed W, then b, γ and β (0 if there is none), each aligned to 64 bytes.
    let weights: Int
    let bias: Int
    var scale: Int { bias + PackedNetwork.padded(outputSize) }
    var shift: Int { scale + PackedNetwork.padded(outputSize) }

    init(_ layer: Dense, from start: Int) {
      (inputSize, outputSize) = (layer.inputSize, layer.outputSize)
      activation = layer.activation
      normalization = layer.normalization == .batch ? .none : layer.normalization
      weights = start
      bias = start + PackedTile<Scalar>.count(rows: layer.outputSize, columns: layer.inputSize)
    }

    var isNormalized: Bool { normalization != .none }

    var end: Int { bias + (isNormalized ? 3 : 1) * PackedNetwork.padded(outputSize) }

    /// - Parameter rows: outputSize, or the number of rows that are computed. The rows beyond outputSize are 0.
    func packedWeights(in numbers: Tile<Scalar>, rows: Int) -> PackedTile<Scalar> {
      PackedTile(numbers, from: weights, rows: rows, columns: inputSize)
    }
  }

  private let layers: [Layer]
  private let numbers: Matrix<Scalar>
  /// The largest output size of a hidden layer, padded.
  private let width: Int
  package let inputSize: Int
  package let outputSize: Int

  package init(_ network: Network<Scalar>) {
    var layers: [Layer] = []
    for layer in network.layers { layers.append(Layer(layer, from: layers.last?.end ?? 0)) }
    var numbers = Matrix<Scalar>(rows: layers.last?.end ?? 0, columns: 1)
    numbers.withTile { numbers in
      for (index, layer) in layers.enumerated() { Self.pack(network, index, as: layer, into: numbers) }
    }
    self.layers = layers
    self.numbers = numbers
    width = layers.dropLast().map { Self.padded($0.outputSize) }.max() ?? 0
    inputSize = network.inputSize
    outputSize = network.outputSize
  }

  private static func pack(_ network: Network<Scalar>, _ index: Int, as packed: Layer, into numbers: Tile<Scalar>) {
    let layer = network.layers[index]
    var (weights, bias) = (network[layer: index, .weights], network[layer: index, .bias])
    if layer.normalization == .batch {
      UnitScaling { network[layer: index, $0] }.scaleOutputs(of: &weights, bias: &bias)
    }
    weights.withReadOnlyTile { packed.packedWeights(in: numbers, rows: layer.outputSize).pack($0) }
    func copy(_ vector: Matrix<Scalar>, to offset: Int) {
      vector.withReadOnlyTile { numbers.reshaped(from: offset, rows: layer.outputSize, columns: 1).copy($0) }
    }
    copy(bias, to: packed.bias)
    for parameter in packed.normalization.parameters {
      copy(network[layer: index, parameter], to: parameter == .scale ? packed.scale : packed.shift)
    }
  }

  /// A count of numbers, rounded up to a multiple of 64 bytes.
  private static func padded(_ count: Int) -> Int {
    let line = 64 / MemoryLayout<Scalar>.stride
    return (count + line - 1) / line * line
  }

  /// The approximate count of numbers that a processor's nearer cache holds.
  private static var mostNumbers: Int { 1 << 17 }

  /// The best number of samples to send through the layers together, at most 64. It is large enough that each fetched
  /// weight serves all of them.
  package var blockSize: Int { width == 0 ? 64 : min(max(Self.mostNumbers / width, 8), 64) }

  /// The count of scratch numbers that this many samples need at once.
  package func scratchCount(samples: Int) -> Int { layers.count > 1 ? 2 * width * samples : 0 }

  /// The approximate number of multiplications per sample.
  package var work: Int { layers.reduce(0) { $0 + $1.inputSize * $1.outputSize } }

  /// Computes the outputs for some samples. All workers of a team compute them together, or one worker alone.
  ///
  /// - Parameter scratch: ``scratchCount(samples:)`` numbers, aligned to 64 bytes, and shared by all workers.
  /// - Shapes: inputs inputSize × samples, outputs outputSize × samples.
  /// - Returns: False if a weighted sum that the worker checks is not finite. It checks one sum of the first layer per
  ///   sample, because one non-finite input makes every sum of its sample non-finite. An activation may hide this in
  ///   the outputs. A worker alone checks all samples; a worker of a team does so only if its share of the sums is not
  ///   empty.
  /// - Complexity: 2 · parameterCount flops per sample, fewer if inputs and hidden outputs have many zeros. Allocates
  ///   nothing.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func predict(
    _ inputs: Tile<Scalar>, into outputs: Tile<Scalar>, scratch: Tile<Scalar>, _ worker: Worker
  ) -> Bool {
    numbers.withReadOnlyTile { numbers in
      flushingDenormals { predict(inputs, into: outputs, scratch: scratch, numbers, worker) }
    }
  }

  @inline(__always)
  private func predict(
    _ inputs: Tile<Scalar>, into outputs: Tile<Scalar>, scratch: Tile<Scalar>, _ numbers: Tile<Scalar>, _ worker: Worker
  ) -> Bool {
    var a = inputs
    var areFinite = true
    for index in layers.indices {
      let layer = layers[index]
      let isLast = index == layers.count - 1
      // Hidden outputs fill whole vectors; the padding rows are computed but never read.
      let size = isLast ? layer.outputSize : Self.padded(layer.outputSize)
      let z =
        isLast
        ? outputs : scratch.reshaped(from: index % 2 * width * inputs.columns, rows: size, columns: inputs.columns)
      let weights = layer.packedWeights(in: numbers, rows: size)
      let rows = weights.rows(ofPanels: worker.share(of: weights.panelCount))
      if !rows.isEmpty {
        weights.multiply(rows: rows, a, into: z.rows(rows))
        if index == 0 { areFinite = (0..<z.columns).allSatisfy { z[rows.lowerBound + $0 * z.stride].isFinite } }
      }
      Self.activate(layer, numbers, z, rows, worker)
      if !isLast { worker.meet() }
      a = z
    }
    return areFinite
  }

  private static func activate(
    _ layer: Layer, _ numbers: Tile<Scalar>, _ z: Tile<Scalar>, _ rows: Range<Int>, _ worker: Worker
  ) {
    func vector(_ offset: Int, _ rows: Range<Int>) -> Tile<Scalar> {
      numbers.reshaped(from: offset + rows.lowerBound, rows: rows.count, columns: 1)
    }
    guard layer.isNormalized || layer.activation == .softmax else {
      if !rows.isEmpty { _ = z.rows(rows).activate(layer.activation, bias: vector(layer.bias, rows)) }
      return
    }
    // One worker computes everything that needs all outputs of a sample.
    worker.meet()
    guard worker.index == 0 else { return }
    let all = 0..<layer.outputSize
    let z = z.rows(all)
    guard layer.isNormalized else {
      _ = z.activate(layer.activation, bias: vector(layer.bias, all))
      return
    }
    _ = z.activate(.identity, bias: vector(layer.bias, all))
    z.normalizeColumns(
      gamma: vector(layer.scale, all), epsilon: Scalar(Normalization.epsilon),
      isCentered: layer.normalization.isCentered, normal: nil, inverse: nil)
    _ = z.activate(layer.activation, bias: vector(layer.shift, all))
  }
}
