import Layers
import Tensor

/// What an optimizer keeps from step to step.
struct OptimizerState<Scalar: BLASScalar>: Sendable {
  /// The gradient of a step; empty where none is kept.
  var gradient: Matrix<Scalar>
  /// The moments, one column each.
  var moments: Matrix<Scalar>
  /// The number of steps taken.
  var step = 0
  var reach: Reach

  /// - Parameter keepsGradient: Whether something needs the gradient besides the rule.
  init(_ optimizer: Optimizer, parameterCount: Int, keepsGradient: Bool) {
    gradient = Matrix(rows: keepsGradient || optimizer.momentCount > 0 ? parameterCount : 0, columns: 1)
    moments = Matrix(rows: parameterCount, columns: optimizer.momentCount)
    if case .rProp(let initial, _, _, _, _) = optimizer {
      moments[columns: 1..<2] = Matrix(rows: parameterCount, columns: 1, repeating: Scalar(initial))
    }
    reach = Reach(Scalar.self)
  }

  /// Notes that a step was taken by a gradient no element of which is above `gradientBound`.
  mutating func advance(_ optimizer: Optimizer, _ gradientBound: Double) {
    step += 1
    reach.advance(optimizer, gradientBound)
  }

  /// Takes the moments' bounds anew.
  mutating func renewBounds(_ optimizer: Optimizer) {
    guard optimizer.momentCount > 0 else { return }
    reach.momentBound = Double(moments[columns: 0..<1].maxMagnitude())
  }

  /// The next step, in terms of what the kernels do. It writes to this state's moments, which must not be copied while it is in use.
  mutating func rule(_ optimizer: Optimizer, weightDecay: Double) -> TileUpdate<Scalar>.Rule {
    let kept = Scalar(1 - (optimizer.learningRate ?? 0) * weightDecay)
    let moment = moments.withTile { $0 }
    switch optimizer {
    case .lbfgs: return .keep(adding: false)
    case .sgd(let rate): return .descend(rate: Scalar(rate), kept: kept)
    case .momentum(let rate, let momentum, let nesterov):
      return .moments(
        .momentum(
          velocity: moment, rate: Scalar(rate), momentum: Scalar(momentum), nesterov: nesterov, kept: kept))
    case .rmsProp(let rate, let decay, let epsilon):
      return .moments(
        .rmsProp(
          square: moment, rate: Scalar(rate), decay: Scalar(decay), rest: Scalar(1 - decay), epsilon: Scalar(epsilon),
          kept: kept))
    case .adaGrad(let rate, let epsilon):
      return .moments(
        .rmsProp(square: moment, rate: Scalar(rate), decay: 1, rest: 1, epsilon: Scalar(epsilon), kept: kept))
    case .adam(let rate, let beta1, let beta2, let epsilon, let decay):
      return .moments(
        .adam(
          mean: moment[columns: 0..<1], square: moment[columns: 1..<2],
          rate: Scalar(rate / (1 - power(beta1, step + 1))), beta1: Scalar(beta1), rest1: Scalar(1 - beta1),
          beta2: Scalar(beta2), rest2: Scalar(1 - beta2),
          correction: Scalar(1 / (1 - power(beta2, step + 1)).squareRoot()), epsilon: Scalar(epsilon),
          kept: Scalar(1 - rate * (decay + weightDecay))))
    case .rProp(_, let decrease, let increase, let smallest, let largest):
      return .moments(
        .rProp(
          previousGradient: moment[columns: 0..<1], steps: moment[columns: 1..<2], decrease: Scalar(decrease),
          increase: Scalar(increase), range: Scalar(smallest)...Scalar(largest), kept: 1))
    }
  }
}

/// xⁿ by repeated squaring: the C library's `pow` rounds differently from version to version.
func power(_ x: Double, _ n: Int) -> Double {
  var (result, base, exponent) = (1.0, x, n)
  while exponent > 0 {
    if exponent & 1 == 1 { result *= base }
    base *= base
    exponent >>= 1
  }
  return result
}
