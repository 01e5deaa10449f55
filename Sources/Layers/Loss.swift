import Tensor

/// What training minimises: a figure for how far the outputs a are from the targets y, as the mean over the samples of a batch.
public enum Loss: String, Sendable, CaseIterable {
  /// ½ ‖a − y‖², summed over the outputs (Nielsen's cost): ∇ₐ = a − y.
  case quadratic
  /// The mean over the outputs of (a − y)²: ∇ₐ = 2 (a − y) / outputs.
  case meanSquaredError = "mse"
  /// −Σ y log a + (1 − y) log(1 − a), summed over the outputs, for sigmoid outputs: each is a yes-or-no question of its own.
  case binaryCrossEntropy = "binary-cross-entropy"
  /// −Σ y log a for softmax outputs: one class of several. The targets of a sample are its class's one-hot column, or probabilities.
  case crossEntropy = "cross-entropy"
  /// The mean over the outputs of |a − y|: ∇ₐ = sign(a − y) / outputs. Large errors count less than in a square.
  case meanAbsoluteError = "mae"
  /// The mean over the outputs of ½ (a − y)² where |a − y| ≤ 1, elsewhere |a − y| − ½ (Huber 1964): ∇ₐ = (a − y, clipped to ±1) / outputs.
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

  /// Whether the loss is computed from the weighted inputs z of the output layer, together with its activation: stable where a is within
  /// rounding of 0 or 1, and the error is then simply a − y.
  var includesActivation: Bool { isForClasses }

  /// The part of some samples in the mean loss of a batch. Where `replacingOutputs`, their outputs are replaced by the gradient of that mean.
  ///
  /// - Parameters:
  ///   - outputs: z where ``includesActivation``, else a; outputs × some of the samples, as the targets.
  ///   - batch: The samples that the mean is over.
  func evaluate<Scalar>(
    _ outputs: Tile<Scalar>, targets: Tile<Scalar>, batch: Int, replacingOutputs: Bool
  ) -> Double {
    let samples = Double(batch)
    let (function, weight, slope): (TileLoss, Double, Double) =
      switch self {
      case .quadratic: (.squaredError, 0.5, 1)
      case .meanSquaredError: (.squaredError, 1 / Double(outputs.rows), 2 / Double(outputs.rows))
      case .binaryCrossEntropy: (.sigmoidCrossEntropy, 1, 1)
      case .crossEntropy: (.softmaxCrossEntropy, 1, 1)
      case .meanAbsoluteError: (.absoluteError, 1 / Double(outputs.rows), 1 / Double(outputs.rows))
      case .huber: (.huber, 1 / Double(outputs.rows), 1 / Double(outputs.rows))
      }
    let sum = outputs.loss(
      function, targets: targets, replaceByErrorTimes: replacingOutputs ? Scalar(slope / samples) : nil)
    return sum * weight / samples
  }
}
