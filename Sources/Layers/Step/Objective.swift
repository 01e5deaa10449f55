import Tensor

/// What a training step descends.
package struct Objective: Sendable {
  let loss: Loss
  /// The share of each target that is spread over all classes.
  let labelSmoothing: Double
  /// What is dropped; nil for nothing.
  let noise: Noise?
  /// Whether the network learns: then the running statistics of batch normalisation move.
  let isForTraining: Bool

  /// For a training step.
  package init(_ loss: Loss, labelSmoothing: Double, noise: Noise) {
    self.loss = loss
    self.labelSmoothing = labelSmoothing
    self.noise = noise
    isForTraining = true
  }

  /// For a gradient alone: nothing is dropped or smoothed, and the network stays as it is.
  init(_ loss: Loss) {
    self.loss = loss
    labelSmoothing = 0
    noise = nil
    isForTraining = false
  }
}
