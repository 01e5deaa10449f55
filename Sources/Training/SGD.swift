import Tensor

/// Stochastic gradient descent: θ ← θ − η ∇L, ∇L the gradient of the batch's mean loss.
///
/// - Complexity: one pass over the parameters; allocates nothing.
/// - Source: Robbins and Monro 1951.
public struct SGD: Sendable, Equatable {
  /// η, a positive finite number.
  public let learningRate: Double

  /// - Precondition: Traps unless the learning rate is positive and finite.
  public init(learningRate: Double) {
    guard learningRate > 0, learningRate.isFinite else {
      fail("cannot descend with a learning rate of \(learningRate)")
    }
    self.learningRate = learningRate
  }

  /// Moves the parameters against the gradient.
  ///
  /// - Precondition: Traps where the shapes differ.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func update<Scalar>(_ parameters: inout Matrix<Scalar>, gradient: Matrix<Scalar>) {
    guard parameters.rows == gradient.rows, parameters.columns == gradient.columns else {
      fail("cannot update \(parameters.shape) parameters by a \(gradient.shape) gradient")
    }
    let rate = Scalar(learningRate)
    parameters.withTile { parameters in gradient.withReadOnlyTile { parameters.descend($0, rate: rate) } }
  }
}
