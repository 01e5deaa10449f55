/// What became of a training step.
package struct StepOutcome {
  /// The batch's mean loss before the step, with what the update adds to it if the step is taken.
  package var loss: Double
  /// No element of the gradient, without what is added to it, is larger.
  package var gradientBound: Double
  /// Whether the parameters were changed, or the gradient kept.
  package var isTaken: Bool

  package init(loss: Double, gradientBound: Double, isTaken: Bool) {
    self.loss = loss
    self.gradientBound = gradientBound
    self.isTaken = isTaken
  }
}
