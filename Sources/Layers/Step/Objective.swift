import Tensor

/// The function that a training step minimises.
package struct Objective: Sendable {
  let loss: Loss
  /// The share of each target that is spread over all classes.
  let labelSmoothing: Double
  /// The dropout's randomness; nil for no dropout.
  let noise: Noise?
  /// Whether the network learns. If it does, the running statistics of batch normalisation change.
  let isForTraining: Bool

  /// Makes the objective of a training step.
  package init(_ loss: Loss, labelSmoothing: Double, noise: Noise) {
    self.loss = loss
    self.labelSmoothing = labelSmoothing
    self.noise = noise
    isForTraining = true
  }

  /// Makes an objective for a gradient alone: without dropout and smoothing, and the network does not change.
  init(_ loss: Loss) {
    self.loss = loss
    labelSmoothing = 0
    noise = nil
    isForTraining = false
  }
}
