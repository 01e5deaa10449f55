/// What training minimises: a measure of how far the outputs a are from the targets y, as the mean over the samples of
/// a batch.
public enum Loss: String, Sendable, CaseIterable {
  /// ½ ‖a − y‖², summed over the outputs (Nielsen's cost): ∇ₐ = a − y.
  case quadratic
  /// The mean over the outputs of (a − y)²: ∇ₐ = 2 (a − y) / outputs.
  case meanSquaredError = "mse"
  /// −Σ y log a + (1 − y) log(1 − a), summed over the outputs, for sigmoid outputs: each is a yes-or-no question of its
  /// own.
  case binaryCrossEntropy = "binary-cross-entropy"
  /// −Σ y log a for softmax outputs: one class of several. The targets of a sample are its class's one-hot column, or
  /// probabilities.
  case crossEntropy = "cross-entropy"
  /// The mean over the outputs of |a − y|: ∇ₐ = sign(a − y) / outputs. Large errors count less than in a square.
  case meanAbsoluteError = "mae"
  /// The mean over the outputs of ½ (a − y)² if |a − y| ≤ 1, elsewhere |a − y| − ½ (Huber 1964): ∇ₐ = (a − y, clipped
  /// to ±1) / outputs.
  case huber

  /// Whether the loss is defined for an output activation.
  public func accepts(_ output: Activation) -> Bool {
    switch self {
    case .quadratic, .meanSquaredError, .meanAbsoluteError, .huber: true
    case .binaryCrossEntropy: output == .sigmoid
    case .crossEntropy: output == .softmax
    }
  }

  /// Whether the targets are classes, or probabilities of classes.
  public var isForClasses: Bool { self == .binaryCrossEntropy || self == .crossEntropy }

  /// Whether the loss is computed from the weighted inputs z of the output layer, together with its activation: stable
  /// if a is within rounding of 0 or 1, and the error is then simply a − y.
  package var includesActivation: Bool { isForClasses }

  /// Its place in the list of kernels (`losses.def`), whose order is that of the cases.
  package var kernel: Int { Int(unsafeBitCast(self, to: UInt8.self)) }
}
