import Tensor

/// The mode of a pass through the layers.
enum PassMode: Sendable {
  /// Only the outputs are needed.
  case evaluation
  /// A backward pass follows. The noise is nil if gradients are checked.
  case training(Noise?)

  var isTraining: Bool {
    if case .training = self { true } else { false }
  }

  var noise: Noise? {
    if case .training(let noise) = self { noise } else { nil }
  }
}
