/// The function that training minimises: a measure of how far the outputs a are from the targets y, as the mean over
/// the samples of a batch.
public enum Loss: Sendable, Hashable {
  /// ½ ‖a − y‖², summed over the outputs (Nielsen's cost): ∇ₐ = a − y.
  case quadratic
  /// The mean over the outputs of (a − y)²: ∇ₐ = 2 (a − y) / outputs.
  case meanSquaredError
  /// −Σ y log a + (1 − y) log(1 − a), summed over the outputs, for sigmoid outputs. Each output is an independent
  /// yes-or-no question.
  case binaryCrossEntropy
  /// −Σ y log a for softmax outputs: one class of several. The targets of a sample are the one-hot column of its class,
  /// or probabilities.
  case crossEntropy
  /// The mean over the outputs of |a − y|: ∇ₐ = sign(a − y) / outputs. Large errors count less than in a squared loss.
  case meanAbsoluteError
  /// The mean over the outputs of ½ (a − y)² if |a − y| ≤ 1, otherwise of |a − y| − ½ (Huber 1964): ∇ₐ = (a − y,
  /// clipped to ±1) / outputs.
  case huber
  /// The mean over the outputs of τ (y − a) if y ≥ a, else (1 − τ) (a − y) (Koenker and Bassett 1978). The
  /// output that minimises it is the value that a share τ of the targets is below. τ is above 0 and below 1. ∇ₐ = (1 −
  /// τ) / outputs if a > y, −τ / outputs if a < y.
  case quantile(Double)

  /// Whether the loss can be used with an output activation. A quantile that is not above 0 and below 1 cannot be used.
  public func accepts(_ output: Activation) -> Bool {
    switch self {
    case .quadratic, .meanSquaredError, .meanAbsoluteError, .huber: true
    case .binaryCrossEntropy: output == .sigmoid
    case .crossEntropy: output == .softmax
    // In single precision, too.
    case .quantile(let level): Float(level) > 0 && Float(level) < 1
    }
  }

  /// Whether the targets are classes or class probabilities.
  package var isForClasses: Bool { self == .binaryCrossEntropy || self == .crossEntropy }

  /// Whether the loss is computed from the output layer's weighted inputs z, together with the activation. This is
  /// stable even if a rounds to 0 or 1, and the error is then simply a − y.
  package var includesActivation: Bool { isForClasses }

  /// τ of a quantile; the other losses have none.
  package var level: Double { if case .quantile(let level) = self { level } else { 0 } }
}

extension Loss: CaseIterable {
  /// All losses, in the order of `losses.def`. One quantile stands for all.
  public static let allCases: [Loss] = [
    .quadratic, .meanSquaredError, .binaryCrossEntropy, .crossEntropy, .meanAbsoluteError, .huber, .quantile(0.9),
  ]
}

extension Loss: RawRepresentable {
  /// The name in files and in the command's options, such as `mse` or `quantile:0.9`.
  public var rawValue: String {
    switch self {
    case .quadratic: "quadratic"
    case .meanSquaredError: "mse"
    case .binaryCrossEntropy: "binary-cross-entropy"
    case .crossEntropy: "cross-entropy"
    case .meanAbsoluteError: "mae"
    case .huber: "huber"
    case .quantile(let level): "quantile:\(level)"
    }
  }

  /// Returns nil for an unknown name, and for a quantile that is not above 0 and below 1.
  public init?(rawValue: String) {
    let parts = rawValue.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 2, parts[0] == "quantile", let level = Double(parts[1]), Self.quantile(level).accepts(.identity) {
      self = .quantile(level)
    } else if let loss = Self.allCases.first(where: { $0.rawValue == rawValue }) {
      self = loss
    } else {
      return nil
    }
  }
}
