import Tensor

/// A fully connected layer with an activation, and optional normalisation and dropout.
///
///     Z = W A₋₁ + b 1ᵀ
///     A = g(Z)                  without normalisation
///     A = g(γ ∘ N + β 1ᵀ)       with normalisation
///     A ← A ∘ M / (1 − p)       in training with dropout
///
/// N is Z normalised, see ``Normalization``. Each element of M is 0 with probability p and 1 otherwise. M is drawn anew
/// for every step (Srivastava et al. 2014, inverted so that a prediction needs no factor).
///
/// - Shapes: A₋₁ inputSize × batch, W outputSize × inputSize, b, γ and β outputSize × 1, Z and A outputSize × batch. In
///   the parameter vector, W comes first, column after column, then b, γ and β.
public struct Dense: Sendable, Equatable {
  /// The number of inputs.
  public let inputSize: Int
  /// The number of outputs, also called units.
  public let outputSize: Int
  /// The activation g.
  public private(set) var activation: Activation
  /// What is done to the weighted inputs before the activation.
  public let normalization: Normalization
  /// The probability p that an output is dropped in training.
  public let dropout: Double

  /// Makes a layer; a ``Network`` holds its parameters.
  ///
  /// - Precondition: Traps unless both sizes are at least 1, there are at most `Int.max` / 16 weights, and the
  ///   dropout's probability is in 0 ..< 1. Traps on dropout after softmax, whose outputs only make sense together, and
  ///   on batch normalization before softmax.
  public init(
    _ inputSize: Int, _ outputSize: Int, _ activation: Activation = .identity, normalization: Normalization = .none,
    dropout: Double = 0
  ) {
    guard inputSize >= 1, outputSize >= 1 else { fail("cannot make a dense layer \(inputSize) → \(outputSize)") }
    guard !outputSize.multipliedReportingOverflow(by: inputSize).overflow, outputSize * inputSize <= Int.max / 16 else {
      fail("cannot make a dense layer \(inputSize) → \(outputSize): it has too many weights")
    }
    self.inputSize = inputSize
    self.outputSize = outputSize
    guard (0..<1).contains(dropout), dropout == 0 || activation != .softmax else {
      fail("cannot make a dense layer \(inputSize) → \(outputSize), \(activation), with dropout \(dropout)")
    }
    guard normalization != .batch || activation != .softmax else {
      fail("cannot make a dense layer \(inputSize) → \(outputSize), softmax, with batch normalization")
    }
    self.activation = activation
    self.normalization = normalization
    self.dropout = dropout
  }

  /// outputSize · inputSize + outputSize, plus outputSize for each of γ and β that the layer has.
  public var parameterCount: Int { weightCount + outputSize + gammaAndBetaCount }

  /// The number of elements in γ and β together.
  var gammaAndBetaCount: Int { normalization.learntCount * outputSize }

  var isNormalized: Bool { normalization != .none }

  /// The number of running means and variances.
  var statisticCount: Int { normalization.statisticCount * outputSize }

  var weightCount: Int { outputSize * inputSize }

  /// The layer without its activation: its output is Z.
  var beforeActivation: Dense {
    var layer = self
    layer.activation = .identity
    return layer
  }
}

extension Dense: CustomStringConvertible {
  public var description: String {
    let normalized = isNormalized ? ", \(normalization) normalization" : ""
    return "Dense(\(inputSize) → \(outputSize), \(activation)\(normalized)\(dropout > 0 ? ", dropout \(dropout)" : ""))"
  }
}
