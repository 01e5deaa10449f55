import Tensor

/// A fully connected layer with an activation, and optional normalisation and dropout.
///
///     Z = W A₋₁ + b 1ᵀ
///     A = g(Z)                  without normalisation
///     A = g(γ ∘ N + β 1ᵀ)       with normalisation
///     A = Z + α ∘ (g(Z) − Z)    with a parametric activation; α is 1 at the start and learnt
///     A ← A ∘ M / (1 − p)       in training with dropout
///
/// N is Z normalised, see ``Normalization``. Each element of M is 0 with probability p and 1 otherwise. M is drawn anew
/// for every step (Srivastava et al. 2014, inverted so that a prediction needs no factor).
///
/// With normalisation, a parametric activation takes γ ∘ N + β in place of Z (Holzmüller, Grinsztajn and Steinwart
/// 2024).
///
/// - Shapes: A₋₁ inputSize × batch, W outputSize × inputSize, b, γ, β and α outputSize × 1, Z and A outputSize × batch.
///   In the parameter vector, W comes first, column after column, then b, γ, β and α.
public struct Dense: Sendable, Equatable {
  /// The number of inputs.
  public let inputSize: Int
  /// The number of outputs, also called units.
  public let outputSize: Int
  /// The activation g.
  public let activation: Activation
  /// Whether each unit learns how much of the activation it applies.
  public let isParametric: Bool
  /// What is done to the weighted inputs before the activation.
  public let normalization: Normalization
  /// The probability p that an output is dropped in training.
  public let dropout: Double

  /// Makes a layer; a ``Network`` holds its parameters.
  ///
  /// - Precondition: Traps unless both sizes are at least 1, there are at most `Int.max` / 16 weights, and the
  ///   dropout's probability is in 0 ..< 1. Traps on dropout after softmax, whose outputs only make sense together, on
  ///   batch normalization before softmax, and on a parametric softmax or identity.
  public init(
    _ inputSize: Int, _ outputSize: Int, _ activation: Activation = .identity, isParametric: Bool = false,
    normalization: Normalization = .none, dropout: Double = 0
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
    guard !isParametric || activation != .softmax && activation != .identity else {
      fail("cannot make a dense layer \(inputSize) → \(outputSize) with a parametric \(activation)")
    }
    self.activation = activation
    self.isParametric = isParametric
    self.normalization = normalization
    self.dropout = dropout
  }

  /// outputSize · inputSize + outputSize, plus outputSize for each of γ, β and α that the layer has.
  public var parameterCount: Int { weightCount + outputSize + gammaAndBetaCount + (isParametric ? outputSize : 0) }

  /// The number of elements in γ and β together.
  var gammaAndBetaCount: Int { normalization.learntCount * outputSize }

  var isNormalized: Bool { normalization != .none }

  /// The number of running means and variances.
  var statisticCount: Int { normalization.statisticCount * outputSize }

  var weightCount: Int { outputSize * inputSize }

  /// The layer without what follows Z: its output is Z.
  var beforeActivation: Dense { Dense(inputSize, outputSize, normalization: normalization) }
}

extension Dense: CustomStringConvertible {
  public var description: String {
    let normalized = isNormalized ? ", \(normalization) normalization" : ""
    let parametric = isParametric ? "parametric " : ""
    let dropped = dropout > 0 ? ", dropout \(dropout)" : ""
    return "Dense(\(inputSize) → \(outputSize), \(parametric)\(activation)\(normalized)\(dropped))"
  }
}
