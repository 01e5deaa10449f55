import PerceptronLayers
import Tensor

extension Network {
  /// The same network with another activation of its outputs in place of the identity.
  ///
  /// - Precondition: Traps if the outputs have an activation already.
  package func withOutputs(activatedBy activation: Activation) -> Network {
    guard outputActivation == .identity, let last = layers.last else {
      fail("cannot activate the outputs of \(self) by \(activation.rawValue): they are activated already")
    }
    // No layer has batch normalisation before softmax.
    let isFolded = last.normalization == .batch && activation == .softmax
    let end = Dense(
      last.inputSize, last.outputSize, activation, normalization: isFolded ? .none : last.normalization)
    var network = Network(layers.dropLast() + [end], embedding: embedding)
    for index in layers.indices {
      for parameter in network.layers[index].parameters {
        network[layer: index, parameter] = self[layer: index, parameter]
      }
    }
    if isFolded {
      let index = layers.count - 1
      var (weights, bias) = (self[layer: index, .weights], self[layer: index, .bias])
      UnitScaling { self[layer: index, $0] }.scaleOutputs(of: &weights, bias: &bias)
      (network[layer: index, .weights], network[layer: index, .bias]) = (weights, bias)
    }
    return network
  }
}
