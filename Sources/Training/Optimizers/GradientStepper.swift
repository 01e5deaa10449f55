import Tensor

/// Applies an optimizer to gradients of one's own: of a loss, or of a model, that this package does not have.
///
///     var stepper = GradientStepper<Float>(.adam(), parameterCount: network.parameterCount)
///     stepper.step(&network.parameters, gradient: gradient)
///
/// A ``Trainer`` also refuses steps after which a number would not be finite; this does not.
public struct GradientStepper<Scalar: BLASScalar>: Sendable {
  /// The number of steps taken.
  public var stepCount: Int { state.step }

  private var state: OptimizerState<Scalar>
  private let team: Team

  /// - Parameter team: The threads that share each step; the bits do not depend on how many there are.
  /// - Precondition: Traps if a factor of the optimizer is out of its range, on L-BFGS, which asks for the loss at
  ///   points of its own choice, and if the count is negative.
  public init(_ optimizer: Optimizer, parameterCount: Int, team: Team = Team(workers: 1)) {
    if let mistake = optimizer.mistake { fail("cannot step with \(mistake)") }
    if case .lbfgs = optimizer { fail("cannot step with lbfgs, which asks for the loss at points of its own choice") }
    state = OptimizerState(optimizer.rule, parameterCount: parameterCount, keepsGradient: true)
    self.team = team
  }

  /// Changes the parameters by one step of the optimizer.
  ///
  /// - Parameters:
  ///   - learningRate: In place of the optimizer's own, for schedules; nil for that.
  ///   - weightDecay: λ in θ ← (1 − η λ) θ − …, besides the optimizer's own.
  /// - Shapes: both parameterCount × 1.
  /// - Precondition: Traps on other shapes.
  /// - Complexity: A few flops a parameter; allocates nothing, unless another matrix shares the parameters' storage.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func step(
    _ parameters: inout Matrix<Scalar>, gradient: Matrix<Scalar>, learningRate: Double? = nil, weightDecay: Double = 0
  ) {
    guard parameters.rows == state.gradient.rows, parameters.columns == 1, gradient.rows == parameters.rows,
      gradient.columns == 1
    else {
      fail(
        "cannot step \(parameters.shape) parameters by a gradient of \(gradient.shape):"
          + " \(state.gradient.rows)×1 are needed")
    }
    let team = team
    let rule = state.update(rate: learningRate ?? state.rule.learningRate, weightDecay: weightDecay)
    gradient.withReadOnlyTile { gradient in
      state.gradient.withTile { own in
        own.copy(gradient)
        parameters.withTile { team.update($0, by: rule, gradient: own, scaledBy: 1) }
      }
    }
    state.step += 1
  }
}
