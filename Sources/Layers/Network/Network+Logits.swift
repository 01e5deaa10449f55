import Tensor

// The weighted inputs z of the last layer's activation: the logits, if the outputs are probabilities.

extension Network {
  /// The network without the activation of its last layer, whose outputs are z.
  package var withoutOutputActivation: Network { upTo(layers.count - 1) }

  /// The network up to a layer, without the activation and dropout of that layer: its outputs are the layer's Z, or
  /// with normalisation γ ∘ N + β.
  func upTo(_ index: Int) -> Network {
    var part = Network(layers[..<index] + [layers[index].beforeActivation], embedding: embedding)
    for parameter in embedding?.parameters ?? [] { part[embedding: parameter] = self[embedding: parameter] }
    for (number, layer) in part.layers.enumerated() {
      for parameter in layer.parameters { part[layer: number, parameter] = self[layer: number, parameter] }
    }
    return part
  }

  /// The network with z divided by a temperature. The parameters that z is linear in absorb it: W and b, or γ and β of
  /// a normalised layer.
  package func withTemperature(_ temperature: Double) -> Network {
    var network = self
    let last = layers.count - 1
    let linear: Set<LayerParameter> = layers[last].isNormalized ? [.scale, .shift] : [.weights, .bias]
    for parameter in layers[last].parameters where linear.contains(parameter) {
      network[layer: last, parameter].scale(by: Scalar(1 / temperature))
    }
    return network
  }
}
