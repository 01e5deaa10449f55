/// The result of a training step.
package struct StepOutcome {
  /// The batch's mean loss before the step. It includes the update's penalty if the step is taken.
  package var loss: Double
  /// An upper bound on the magnitudes in the gradient, without the penalty's gradient.
  package var gradientBound: Double
  /// Whether the parameters were changed, or the gradient kept.
  package var isTaken: Bool

  package init(loss: Double, gradientBound: Double, isTaken: Bool) {
    self.loss = loss
    self.gradientBound = gradientBound
    self.isTaken = isTaken
  }
}
