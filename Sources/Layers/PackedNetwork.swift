import Tensor

/// A network that only answers: its weights are packed, and those of a batch normalisation are part of them.
///
///     A = g(W A₋₁ + b 1ᵀ)   layer by layer;   batch normalised   W ← diag(s) W,   b ← s ∘ (b − μ) + β,   s = γ / √(σ² + 10⁻⁵)
///
/// A sample's outputs have the same bits alone and in a batch, at any place in it. They agree with ``Network/predict(_:)`` to rounding, since that
/// adds in another order.
package struct PackedNetwork<Scalar: BLASScalar>: Sendable {
  private struct Layer: Sendable {
    let weights: PackedMatrix<Scalar>
    let bias: Matrix<Scalar>
    /// γ and β of a layer normalisation.
    let normalization: (scale: Matrix<Scalar>, shift: Matrix<Scalar>)?
    let activation: TileActivation
  }

  private let layers: [Layer]
  /// The most outputs of a hidden layer.
  private let width: Int
  package let inputSize: Int
  package let outputSize: Int

  package init(_ network: Network<Scalar>) {
    layers = network.layers.indices.map { Self.packed(network, $0) }
    width = network.layers.dropLast().map(\.outputSize).max() ?? 0
    inputSize = network.inputSize
    outputSize = network.outputSize
  }

  private static func packed(_ network: Network<Scalar>, _ index: Int) -> Layer {
    let layer = network.layers[index]
    var (weights, bias) = (network.weights(ofLayer: index), network.bias(ofLayer: index))
    if layer.normalization == .batch {
      let (mean, variance) = network.runningStatistics(ofLayer: index)
      let (gamma, beta) = (network.scale(ofLayer: index), network.shift(ofLayer: index))
      for unit in 0..<layer.outputSize {
        let factor = Double(gamma[unit, 0]) / (Double(variance[unit, 0]) + Normalization.epsilon).squareRoot()
        for input in 0..<layer.inputSize { weights[unit, input] = Scalar(factor * Double(weights[unit, input])) }
        bias[unit, 0] = Scalar(factor * (Double(bias[unit, 0]) - Double(mean[unit, 0])) + Double(beta[unit, 0]))
      }
    }
    return Layer(
      weights: PackedMatrix(weights), bias: bias,
      normalization: layer.normalization == .layer
        ? (network.scale(ofLayer: index), network.shift(ofLayer: index)) : nil,
      activation: layer.activation.tileActivation)
  }

  /// About as many numbers as a processor's nearer cache holds.
  private static var mostNumbers: Int { 1 << 17 }
  private static var mostSamples: Int { 64 }

  /// How many samples go through the layers together: enough that a weight that is fetched serves them all.
  private var blockSize: Int { width == 0 ? Self.mostSamples : min(max(Self.mostNumbers / width, 8), Self.mostSamples) }

  /// The outputs for a batch, on the calling thread.
  ///
  /// - Shapes: inputs inputSize × batch, outputs outputSize × batch.
  /// - Complexity: 2 · parameterCount flops a sample, fewer for one alone that has zeros in it. Allocates nothing, save at a thread's first call or its first
  ///   with a network that is wider than those before.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func predict(_ inputs: Tile<Scalar>, into outputs: Tile<Scalar>) {
    let block = min(blockSize, inputs.columns)
    let scratch = layers.count > 1 ? Tile<Scalar>.scratch(2 * width * block) : outputs.base
    var start = 0
    while start < inputs.columns {
      let columns = start..<min(start + block, inputs.columns)
      var a = inputs[columns: columns]
      for index in layers.indices {
        let rows = layers[index].weights.rows
        let z =
          index == layers.count - 1
          ? outputs[columns: columns]
          : Tile(base: scratch + index % 2 * width * block, rows: rows, columns: columns.count, stride: rows)
        apply(layers[index], to: a, into: z)
        a = z
      }
      start = columns.upperBound
    }
  }

  private func apply(_ layer: Layer, to a: Tile<Scalar>, into z: Tile<Scalar>) {
    layer.weights.multiply(a, into: z)
    layer.bias.withReadOnlyTile { bias in
      guard let (scale, shift) = layer.normalization else {
        _ = z.activate(layer.activation, bias: bias)
        return
      }
      _ = z.activate(.identity, bias: bias)
      scale.withReadOnlyTile {
        z.normalizeColumns(gamma: $0, epsilon: Scalar(Normalization.epsilon), normal: nil, inverse: nil)
      }
      shift.withReadOnlyTile { _ = z.activate(layer.activation, bias: $0) }
    }
  }
}
