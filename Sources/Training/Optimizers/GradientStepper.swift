import Tensor

/// Applies an optimizer to the caller's own gradients, of a loss or a model that this package does not have.
///
///     var stepper = GradientStepper<Float>(.adam(), parameterCount: network.parameterCount)
///     stepper.step(&network.parameters, gradient: gradient)
///
/// A ``Trainer`` also refuses steps after which a number would not be finite; a stepper does not.
public struct GradientStepper<Scalar: BLASScalar>: Sendable {
  /// The number of steps taken.
  public var stepCount: Int { state.step }

  private var state: OptimizerState<Scalar>
  private let team: Team

  /// Makes a stepper for a vector of parameters.
  ///
  /// - Parameter team: The threads that share each step; by default the calling thread alone. The bits do not depend on
  ///   their number.
  /// - Precondition: Traps if a factor of the optimizer is out of its range or the count is negative. Traps on L-BFGS,
  ///   which needs the loss at points of its own choice.
  public init(_ optimizer: Optimizer, parameterCount: Int, team: Team = Team(workers: 1)) {
    if let mistake = optimizer.mistake { fail("cannot step with \(mistake)") }
    if case .lbfgs = optimizer { fail("cannot step with lbfgs, which asks for the loss at points of its own choice") }
    state = OptimizerState(optimizer.rule, parameterCount: parameterCount, keepsGradient: true)
    self.team = team
  }

  /// Changes the parameters by one step of the optimizer.
  ///
  /// - Parameters:
  ///   - learningRate: Replaces the optimizer's own rate, for schedules; nil for the optimizer's own.
  ///   - weightDecay: λ in θ ← (1 − η λ) θ − …, in addition to the optimizer's own. Neither is checked: η λ must be
  ///     below 1.
  /// - Shapes: both parameterCount × 1.
  /// - Precondition: Traps on other shapes.
  /// - Complexity: A few flops per parameter. Allocates nothing, unless another matrix shares the parameters' storage.
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
