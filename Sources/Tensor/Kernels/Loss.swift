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
  /// Quantiles of several levels at once, each level above 0, below 1 and above the one before it: the mean over the
  /// outputs of ``quantile(_:)``. The outputs of a sample repeat the list of levels. The targets repeat each value for
  /// all of its levels, as `Preparation` does.
  case quantiles([Double])
  /// The mean over the outputs of Poisson's deviance 2 (y log(y / a) − y + a), for ``Activation/exponential`` outputs a
  /// = eᶻ, the log link (Nelder and Wedderburn 1972). For counts and rates: the targets are not negative, and may be
  /// any such numbers.
  ///
  ///     δ = 2 (a − y) / outputs      with respect to z
  ///
  /// Beyond |z| = 30 the loss continues along its tangent if that rises, and otherwise stays the same. With targets up
  /// to 10⁸ times their mean, by which a `Preparation` divides them, loss and error are therefore finite for every z up
  /// to 10¹⁵.
  case poisson
  /// The mean over the outputs of Tweedie's deviance with the power p, which is above 1 and below 2, for
  /// ``Activation/exponential`` outputs a = eᶻ (Jørgensen 1987). It is the deviance of a sum of gamma-distributed
  /// amounts whose number is Poisson-distributed: 0, or a positive number. The variance is proportional to aᵖ. Targets
  /// are not negative.
  ///
  ///     2 (y (y¹⁻ᵖ − a¹⁻ᵖ) / (1 − p) − (y²⁻ᵖ − a²⁻ᵖ) / (2 − p)),      δ = 2 (a²⁻ᵖ − y a¹⁻ᵖ) / outputs
  ///
  /// Beyond |z| = 30 it continues like ``poisson``.
  case tweedie(Double)

  /// Whether the loss can be used with an output activation. A quantile that is not above 0 and below 1 cannot be used,
  /// nor a power that is not above 1 and below 2, nor levels that do not ascend.
  public func accepts(_ output: Activation) -> Bool {
    switch self {
    case .quadratic, .meanSquaredError, .meanAbsoluteError, .huber: true
    case .binaryCrossEntropy: output == .sigmoid
    case .crossEntropy: output == .softmax
    // In single precision, too.
    case .quantile(let level): Float(level) > 0 && Float(level) < 1
    case .quantiles(let levels):
      !levels.isEmpty && levels.allSatisfy { Self.quantile($0).accepts(output) }
        && zip(levels, levels.dropFirst()).allSatisfy { Float($0) < Float($1) }
    case .poisson: output == .exponential
    case .tweedie(let power): output == .exponential && Float(power) > 1 && Float(power) < 2
    }
  }

  /// Whether the targets are classes or class probabilities.
  package var isForClasses: Bool {
    // `==` would compare the names.
    switch self {
    case .binaryCrossEntropy, .crossEntropy: true
    default: false
    }
  }

  /// Whether the outputs are e to the power of a weighted sum, and the targets are not negative.
  package var hasLogLink: Bool { accepts(.exponential) && !accepts(.identity) }

  /// The levels of several quantiles; empty for the other losses.
  package var levels: [Double] { if case .quantiles(let levels) = self { levels } else { [] } }

  /// Whether the targets can only be meant as numbers, even if they have few different values.
  package var isForNumbers: Bool { hasLogLink || !levels.isEmpty }

  /// Whether the loss is computed from the output layer's weighted inputs z, together with the activation. This is
  /// stable even if a rounds to 0 or 1, and the error is then simple.
  package var includesActivation: Bool { isForClasses || hasLogLink }

  /// τ of a quantile or p of Tweedie's deviance; the other losses have none.
  package var level: Double {
    switch self {
    case .quantile(let number), .tweedie(let number): number
    default: 0
    }
  }

  /// The power of a factor by which the loss of values grows if outputs and targets are multiplied by the factor. For
  /// Huber's loss, the limit of 1 is multiplied too.
  package var degree: Double {
    switch self {
    case .quadratic, .meanSquaredError, .huber: 2
    case .meanAbsoluteError, .quantile, .quantiles, .poisson: 1
    case .tweedie(let power): 2 - power
    case .binaryCrossEntropy, .crossEntropy: 0
    }
  }
}

extension Loss: CaseIterable {
  /// All losses, in the order of `losses.def`. One quantile stands for all, also for several at once, and one power.
  public static let allCases: [Loss] = [
    .quadratic, .meanSquaredError, .binaryCrossEntropy, .crossEntropy, .meanAbsoluteError, .huber, .quantile(0.9),
    .poisson, .tweedie(1.5),
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
    case .quantiles(let levels): "quantiles:" + levels.map { "\($0)" }.joined(separator: ",")
    case .poisson: "poisson"
    case .tweedie(let power): "tweedie:\(power)"
    }
  }

  /// Returns nil for an unknown name, for a quantile that is not above 0 and below 1, for quantiles that do not ascend,
  /// and for a power that is not above 1 and below 2. `tweedie` alone has the power 1.5.
  public init?(rawValue: String) {
    let parts = rawValue.split(separator: ":", omittingEmptySubsequences: false)
    let number = parts.count == 2 ? Double(parts[1]) : nil
    let loss: Loss? =
      switch (parts[0], number) {
      case ("quantile", let level?): .quantile(level)
      case ("quantiles", _) where parts.count == 2:
        .quantiles(parts[1].split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan })
      case ("tweedie", let power?): .tweedie(power)
      case ("tweedie", nil) where parts.count == 1: .tweedie(1.5)
      default: Self.allCases.first { $0.rawValue == rawValue }
      }
    guard let loss, Activation.allCases.contains(where: loss.accepts) else { return nil }
    self = loss
  }
}
