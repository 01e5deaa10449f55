import Tensor

/// What a pass through the layers is for.
enum Phase: Sendable {
  /// Outputs are wanted.
  case evaluation
  /// The error will go back; with noise or, if gradients are checked, without.
  case training(Noise?)

  var isTraining: Bool {
    if case .training = self { true } else { false }
  }

  var noise: Noise? {
    if case .training(let noise) = self { noise } else { nil }
  }
}
