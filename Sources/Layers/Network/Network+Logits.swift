import Tensor

// The weighted inputs z of the last layer's activation: the logits, if the outputs are probabilities.

extension Network {
  /// The network without the activation of its last layer, whose outputs are z.
  package var withoutOutputActivation: Network {
    var network = Network(layers.dropLast() + [layers[layers.count - 1].beforeActivation])
    (network.parameters, network.statistics) = (parameters, statistics)
    return network
  }

  /// Multiplies z by a factor. The parameters that z is linear in absorb it: W and b, or γ and β of a normalised layer.
  package mutating func scaleLogits(by factor: Scalar) {
    let last = layers.count - 1
    let linear: Set<LayerParameter> = layers[last].isNormalized ? [.scale, .shift] : [.weights, .bias]
    for parameter in layers[last].parameters where linear.contains(parameter) {
      self[layer: last, parameter].scale(by: factor)
    }
  }
}
