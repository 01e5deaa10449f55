import Layers
import Tensor

/// What an optimizer keeps from step to step.
struct OptimizerState<Scalar: BLASScalar>: Sendable {
  /// The gradient of a step; empty where the rule needs none.
  var gradient: Matrix<Scalar>
  /// The moments, one column each.
  private var moments: Matrix<Scalar>
  /// The number of steps taken.
  private var step = 0
  private(set) var reach: Reach

  init(_ optimizer: Optimizer, parameterCount: Int) {
    gradient = Matrix(rows: optimizer.momentCount == 0 ? 0 : parameterCount, columns: 1)
    moments = Matrix(rows: parameterCount, columns: optimizer.momentCount)
    reach = Reach(optimizer: optimizer, largest: Double(Scalar.greatestFiniteMagnitude) / 2)
  }

  /// Notes that a step was taken.
  mutating func advance(_ gradientBound: Double) {
    step += 1
    reach.advance(gradientBound)
  }

  /// The next step, in terms of what the kernels do. It writes to this state's moments, which must not be copied while it is in use.
  mutating func update(_ optimizer: Optimizer) -> TileUpdate<Scalar> {
    switch optimizer {
    case .sgd(let rate): return .descend(rate: Scalar(rate))
    case .momentum(let rate, let momentum, let nesterov):
      return .moments(
        .momentum(
          velocity: moments.withTile { $0 }, rate: Scalar(rate), momentum: Scalar(momentum), nesterov: nesterov))
    case .adam(let rate, let beta1, let beta2, let epsilon, let decay):
      let (mean, square) = moments.withTile { ($0[columns: 0..<1], $0[columns: 1..<2]) }
      return .moments(
        .adam(
          mean: mean, square: square, rate: Scalar(rate / (1 - power(beta1, step + 1))), beta1: Scalar(beta1),
          rest1: Scalar(1 - beta1), beta2: Scalar(beta2), rest2: Scalar(1 - beta2),
          correction: Scalar(1 / (1 - power(beta2, step + 1)).squareRoot()), epsilon: Scalar(epsilon),
          kept: Scalar(1 - rate * decay)))
    }
  }
}

/// How far a step can move a parameter.
struct Reach: Sendable {
  let optimizer: Optimizer
  /// The largest number that anything may grow to: half the largest finite one, as sums round.
  let largest: Double
  /// No velocity's magnitude is above this.
  private var velocityBound = 0.0

  init(optimizer: Optimizer, largest: Double) {
    self.optimizer = optimizer
    self.largest = largest
  }

  /// The most that a step moves any parameter where no element of the gradient is larger than `gradientBound`.
  func distance(_ gradientBound: Double) -> Double {
    switch optimizer {
    case .sgd(let rate): rate * gradientBound
    case .momentum(let rate, let momentum, _): rate * (momentum * velocityBound + 2 * gradientBound)
    // |m̂| / √v̂ is at most 1 / √(1 − β₂) / (1 − β₁) by Cauchy and Schwarz, and much less in practice.
    case .adam(let rate, let beta1, let beta2, _, _): rate / ((1 - beta1) * (1 - beta2).squareRoot())
    }
  }

  /// The largest gradient bound for which neither a moment nor a parameter, none of which is above `parameterBound`, can overflow; below 0 where
  /// there is none.
  func largestGradient(_ parameterBound: Double) -> Double {
    let room = largest - parameterBound
    switch optimizer {
    // In this order a NaN stays and admits nothing.
    case .sgd(let rate): return min(room / rate, largest)
    case .momentum(let rate, let momentum, _):
      let velocity = momentum * velocityBound
      return min(min((room / rate - velocity) / 2, largest - velocity), largest)
    // The kernel multiplies the mean by the corrected rate before it divides.
    case .adam(let rate, let beta1, _, _, _):
      return distance(0) <= room ? min(largest.squareRoot(), largest * (1 - beta1) / rate) : -1
    }
  }

  mutating func advance(_ gradientBound: Double) {
    if case .momentum(_, let momentum, _) = optimizer { velocityBound = momentum * velocityBound + gradientBound }
  }
}

/// xⁿ by repeated squaring: the C library's `pow` rounds differently from version to version.
private func power(_ x: Double, _ n: Int) -> Double {
  var (result, base, exponent) = (1.0, x, n)
  while exponent > 0 {
    if exponent & 1 == 1 { result *= base }
    base *= base
    exponent >>= 1
  }
  return result
}
