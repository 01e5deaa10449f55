/// The function that training minimises: a measure of how far the outputs a are from the targets y, as the mean over
/// the samples of a batch.
public enum Loss: String, Sendable, CaseIterable {
  /// ½ ‖a − y‖², summed over the outputs (Nielsen's cost): ∇ₐ = a − y.
  case quadratic
  /// The mean over the outputs of (a − y)²: ∇ₐ = 2 (a − y) / outputs.
  case meanSquaredError = "mse"
  /// −Σ y log a + (1 − y) log(1 − a), summed over the outputs, for sigmoid outputs. Each output is an independent
  /// yes-or-no question.
  case binaryCrossEntropy = "binary-cross-entropy"
  /// −Σ y log a for softmax outputs: one class of several. The targets of a sample are the one-hot column of its class,
  /// or probabilities.
  case crossEntropy = "cross-entropy"
  /// The mean over the outputs of |a − y|: ∇ₐ = sign(a − y) / outputs. Large errors count less than in a squared loss.
  case meanAbsoluteError = "mae"
  /// The mean over the outputs of ½ (a − y)² if |a − y| ≤ 1, otherwise of |a − y| − ½ (Huber 1964): ∇ₐ = (a − y,
  /// clipped to ±1) / outputs.
  case huber

  /// Whether the loss can be used with an output activation.
  public func accepts(_ output: Activation) -> Bool {
    switch self {
    case .quadratic, .meanSquaredError, .meanAbsoluteError, .huber: true
    case .binaryCrossEntropy: output == .sigmoid
    case .crossEntropy: output == .softmax
    }
  }

  /// Whether the targets are classes or class probabilities.
  public var isForClasses: Bool { self == .binaryCrossEntropy || self == .crossEntropy }

  /// Whether the loss is computed from the output layer's weighted inputs z, together with the activation. This is
  /// stable even if a rounds to 0 or 1, and the error is then simply a − y.
  package var includesActivation: Bool { isForClasses }

  /// The loss's index in the list of kernels (`losses.def`), which has the order of the cases.
  package var kernel: Int { Int(unsafeBitCast(self, to: UInt8.self)) }
}
