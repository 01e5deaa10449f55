import Tensor

/// A network without its parameters: the layers, and where each one's parameters stand in the vector of all.
struct LayerChain: Sendable {
  let layers: [Dense]
  /// Where each layer's parameters start, and the total at the end.
  let offsets: [Int]

  /// - Precondition: Traps where there is no layer, or a layer's inputs are not as many as the outputs before it.
  init(_ layers: [Dense]) {
    guard !layers.isEmpty else { fail("cannot make a network without layers") }
    for (previous, next) in zip(layers, layers.dropFirst()) where previous.outputSize != next.inputSize {
      fail("cannot chain \(previous) to \(next): \(previous.outputSize) outputs ≠ \(next.inputSize) inputs")
    }
    self.layers = layers
    offsets = layers.reduce(into: [0]) { offsets, layer in offsets.append(offsets.last! + layer.parameterCount) }
  }

  var parameterCount: Int { offsets[layers.count] }

  /// The chain as it is trained: where the loss includes the output's activation, the last layer stops at Z.
  func trained(with loss: Loss) -> LayerChain {
    guard loss.includesActivation, let last = layers.last else { return self }
    return LayerChain(layers.dropLast() + [Dense(last.inputSize, last.outputSize, .identity)])
  }

  /// The part of a vector of all parameters that belongs to the layer with this 1-based number.
  func part<Scalar>(of vector: Tile<Scalar>, _ number: Int) -> Tile<Scalar> {
    vector.reshaped(from: offsets[number - 1], rows: layers[number - 1].parameterCount, columns: 1)
  }

  /// Whether a batch is worth the meetings of a team: below about 0.1 ms of products one worker is faster.
  func isWorthTeam(batch: Int, passes: Int) -> Bool { passes * batch * parameterCount >= Self.leastTeamWork }

  private static let leastTeamWork = 1 << 22
}
