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
    let isParametric: Bool
    /// The packed W, then b, γ and β (0 if there is none) of a normalisation, and α of a parametric activation, each
    /// aligned to 64 bytes.
    let weights: Int
    let bias: Int
    var scale: Int { bias + PackedNetwork.padded(outputSize) }
    var shift: Int { scale + PackedNetwork.padded(outputSize) }
    /// The place of α, or of any other vector if the activation is not parametric.
    var alpha: Int { isParametric ? activationWeights : bias }
    var activationWeights: Int { bias + (isNormalized ? 3 : 1) * PackedNetwork.padded(outputSize) }

    init(_ layer: Dense, from start: Int) {
      (inputSize, outputSize) = (layer.inputSize, layer.outputSize)
      activation = layer.activation
      normalization = layer.normalization == .batch ? .none : layer.normalization
      isParametric = layer.isParametric
      weights = start
      bias = start + PackedTile<Scalar>.count(rows: layer.outputSize, columns: layer.inputSize)
    }

    var isNormalized: Bool { normalization != .none }

    var end: Int { activationWeights + (isParametric ? PackedNetwork.padded(outputSize) : 0) }

    /// - Parameter rows: outputSize, or the number of rows that are computed. The rows beyond outputSize are 0.
    func packedWeights(in numbers: Tile<Scalar>, rows: Int) -> PackedTile<Scalar> {
      PackedTile(numbers, from: weights, rows: rows, columns: inputSize)
    }
  }

  private let embedding: Embedding?
  private let hasParametricLayers: Bool
  private let layers: [Layer]
  private let numbers: Matrix<Scalar>
  /// The largest output size of a hidden layer, padded.
  private let width: Int
  package let inputSize: Int
  package let outputSize: Int

  package init(_ network: Network<Scalar>) {
    let network = network.foldingCategories()
    embedding = network.embedding
    hasParametricLayers = network.layers.contains { $0.isParametric }
    // The embedding's parameters come first.
    let start = Self.padded(network.embedding?.parameterCount ?? 0)
    var layers: [Layer] = []
    for layer in network.layers { layers.append(Layer(layer, from: layers.last?.end ?? start)) }
    var numbers = Matrix<Scalar>(rows: layers.last?.end ?? 0, columns: 1)
    numbers.withTile { numbers in
      if let embedding = network.embedding {
        let count = embedding.parameterCount
        network.parameters.withReadOnlyTile {
          numbers.reshaped(from: 0, rows: count, columns: 1).copy($0.rows(0..<count))
        }
      }
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
    var weights = index == 0 ? network.firstPackedWeights : network[layer: index, .weights]
    var bias = network[layer: index, .bias]
    if layer.normalization == .batch {
      UnitScaling { network[layer: index, $0] }.scaleOutputs(of: &weights, bias: &bias)
    }
    weights.withReadOnlyTile { packed.packedWeights(in: numbers, rows: layer.outputSize).pack($0) }
    func copy(_ vector: Matrix<Scalar>, to offset: Int) {
      vector.withReadOnlyTile { numbers.reshaped(from: offset, rows: layer.outputSize, columns: 1).copy($0) }
    }
    copy(bias, to: packed.bias)
    if packed.isParametric { copy(network[layer: index, .activationWeight], to: packed.activationWeights) }
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
  package func scratchCount(samples: Int) -> Int {
    (layers.count > 1 ? 2 * width * samples : 0) + (hasParametricLayers ? width * samples : 0)
      + embeddedCount(samples: samples)
  }

  /// The count of numbers that the samples' embedding takes; 0 without an embedding.
  private func embeddedCount(samples: Int) -> Int {
    guard let embedding else { return 0 }
    if let pieces = embedding.pieces { return HatTile<Scalar>.count(pieces, samples: samples) }
    return Self.padded(embedding.outputSize) * samples
  }

  /// The approximate number of multiplications per sample.
  package var work: Int {
    let products = layers.reduce(0) { $0 + $1.inputSize * $1.outputSize }
    guard let embedding else { return products }
    guard embedding.pieces != nil else { return products + 20 * embedding.parameterCount }
    let used = embedding.inputSize + embedding.numbers.count
    return products + (used - embedding.outputSize) * layers[0].outputSize + 20 * used
  }

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
    let samples = inputs.columns
    // The scratch numbers are two hidden layers' outputs, those of an activation, and the embedding.
    let ownStart = layers.count > 1 ? 2 * width * samples : 0
    let embeddedStart = ownStart + (hasParametricLayers ? width * samples : 0)
    var a = inputs
    var hats: HatTile<Scalar>?
    var areFinite = true
    if let embedding {
      let columns = worker.share(of: samples)
      if let pieces = embedding.pieces {
        hats = HatTile(scratch, from: embeddedStart, pieces, samples: samples)
        hats?.set(columns, to: inputs[columns: columns])
      } else {
        a = scratch.reshaped(from: embeddedStart, rows: embedding.outputSize, columns: samples)
        let own = a[columns: columns]
        own.rows(0..<inputSize).copy(inputs[columns: columns])
        let parameters = numbers.reshaped(from: 0, rows: embedding.parameterCount, columns: 1)
        _ = own.embed(embedding.shape, parameters: parameters, into: own)
      }
      worker.meet()
    }
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
        if index == 0, let hats {
          hats.multiply(weights, rows: rows, into: z.rows(rows))
        } else {
          weights.multiply(rows: rows, a, into: z.rows(rows))
        }
        if index == 0 { areFinite = (0..<z.columns).allSatisfy { z[rows.lowerBound + $0 * z.stride].isFinite } }
      }
      let copy = layer.isParametric ? scratch.reshaped(from: ownStart, rows: size, columns: samples) : nil
      Self.activate(layer, numbers, z, rows, copy: copy, worker)
      if !isLast { worker.meet() }
      a = z
    }
    return areFinite
  }

  /// - Parameter copy: Memory of z's shape for a parametric activation.
  private static func activate(
    _ layer: Layer, _ numbers: Tile<Scalar>, _ z: Tile<Scalar>, _ rows: Range<Int>, copy: Tile<Scalar>?,
    _ worker: Worker
  ) {
    func vector(_ offset: Int, _ rows: Range<Int>) -> Tile<Scalar> {
      numbers.reshaped(from: offset + rows.lowerBound, rows: rows.count, columns: 1)
    }
    guard layer.isNormalized || layer.activation == .softmax else {
      guard !rows.isEmpty else { return }
      return activate(
        layer, z.rows(rows), bias: vector(layer.bias, rows), alpha: vector(layer.alpha, rows),
        copy: copy?.rows(rows))
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
    activate(
      layer, z, bias: vector(layer.shift, all), alpha: vector(layer.alpha, all), copy: copy?.rows(all))
  }

  /// z ← g(z + b 1ᵀ), or with a parametric activation z + b 1ᵀ + α ∘ (g(z + b 1ᵀ) − z − b 1ᵀ).
  ///
  /// - Parameter copy: Memory of z's shape; nil if the activation is not parametric.
  private static func activate(
    _ layer: Layer, _ z: Tile<Scalar>, bias: Tile<Scalar>, alpha: Tile<Scalar>, copy: Tile<Scalar>?
  ) {
    guard let copy else {
      _ = z.activate(layer.activation, bias: bias)
      return
    }
    copy.copy(z)
    _ = copy.activate(layer.activation, bias: bias)
    _ = z.activate(.identity, bias: bias)
    _ = z.blend(with: copy, alpha: alpha, slopes: nil)
  }
}

extension Network {
  /// The first layer's weights as they are packed. If numbers have pieces, they absorb the scales, and each column of a
  /// piece becomes the sum of the number's columns up to it; see ``HatTile``.
  fileprivate var firstPackedWeights: Matrix<Scalar> {
    var weights = self[layer: 0, .weights]
    guard let pieces = embedding?.pieces else { return weights }
    let scale = self[embedding: .scale]
    for column in 0..<weights.columns {
      for row in 0..<weights.rows { weights[row, column] *= scale[column, 0] }
    }
    for number in pieces.numbers.indices {
      let columns = pieces.rows(ofNumber: number)
      for row in 0..<weights.rows {
        var sum = 0.0
        for column in columns {
          sum += Double(weights[row, column])
          weights[row, column] = Scalar(sum)
        }
      }
    }
    return weights
  }
}
