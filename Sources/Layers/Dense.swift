import Tensor

/// A fully connected layer with an activation.
///
///     A = g(Z),   Z = W A₋₁ + b 1ᵀ
///
/// - Shapes: A₋₁ inputSize × batch, W outputSize × inputSize, b outputSize × 1, Z and A outputSize × batch. In the parameter vector W comes
///   first, column after column, then b.
public struct Dense: Sendable, Equatable {
  public let inputSize: Int
  public let outputSize: Int
  public let activation: Activation

  /// - Precondition: Traps unless both sizes are at least 1.
  public init(_ inputSize: Int, _ outputSize: Int, _ activation: Activation = .identity) {
    guard inputSize >= 1, outputSize >= 1 else { fail("cannot make a dense layer \(inputSize) → \(outputSize)") }
    self.inputSize = inputSize
    self.outputSize = outputSize
    self.activation = activation
  }

  /// outputSize · inputSize + outputSize.
  public var parameterCount: Int { weightCount + outputSize }

  var weightCount: Int { outputSize * inputSize }
}

extension Dense: CustomStringConvertible {
  public var description: String { "Dense(\(inputSize) → \(outputSize), \(activation))" }
}

extension Dense: Layer {
  /// Z = W A₋₁, then A = g(Z + b 1ᵀ).
  ///
  /// - Complexity: 2 · outputSize · inputSize · batch flops.
  package func forward<Scalar>(_ inputs: Tile<Scalar>, parameters: Tile<Scalar>, into outputs: Tile<Scalar>) {
    outputs.product(weights(in: parameters), inputs)
    outputs.activate(activation.tileActivation, bias: bias(in: parameters))
  }

  /// δ = ∇ₐL ∘ g′(Z), ∇W = δ A₋₁ᵀ, ∇b = δ 1, ∇A₋₁ = Wᵀ δ. The 1/batch is in the error already.
  ///
  /// - Complexity: 4 · outputSize · inputSize · batch flops; half of it without `inputError`.
  package func backward<Scalar>(
    _ error: Tile<Scalar>, inputs: Tile<Scalar>, outputs: Tile<Scalar>, parameters: Tile<Scalar>,
    gradient: Tile<Scalar>, inputError: Tile<Scalar>?
  ) {
    error.derive(activation.tileActivation, output: outputs)
    weights(in: gradient).product(error, inputs, transposeB: true)
    bias(in: gradient).sumRows(of: error)
    inputError?.product(weights(in: parameters), error, transposeA: true)
  }

  private func weights<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    parameters.reshaped(from: 0, rows: outputSize, columns: inputSize)
  }

  private func bias<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    parameters.reshaped(from: weightCount, rows: outputSize, columns: 1)
  }
}
