/// The result of a training step.
package struct StepOutcome {
  /// The batch's mean loss before the step. If the step is taken, it includes the penalties that the update adds.
  package var loss: Double
  /// An upper bound on the magnitudes in the gradient. `TrainingStep` leaves out the penalties' gradients; the trainer
  /// adds a bound on them.
  package var gradientBound: Double
  /// Whether the parameters were changed, or the gradient kept.
  package var isTaken: Bool

  package init(loss: Double, gradientBound: Double, isTaken: Bool) {
    self.loss = loss
    self.gradientBound = gradientBound
    self.isTaken = isTaken
  }
}
