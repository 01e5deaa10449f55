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

  /// The next step by momentum; it writes to this state's moments, which must not be copied while it is in use.
  mutating func momentumUpdate(rate: Double, momentum: Double, nesterov: Bool) -> MomentumUpdate<Scalar> {
    MomentumUpdate(
      velocity: moments.withTile { $0 }, rate: Scalar(rate), momentum: Scalar(momentum), nesterov: nesterov)
  }

  /// The next step by Adam; it writes to this state's moments, which must not be copied while it is in use.
  mutating func adamUpdate(
    rate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double
  ) -> AdamUpdate<Scalar> {
    let (mean, square) = moments.withTile { ($0[columns: 0..<1], $0[columns: 1..<2]) }
    let factors = AdamFactors<Scalar>(
      beta1: Scalar(beta1), rest1: Scalar(1 - beta1), beta2: Scalar(beta2), rest2: Scalar(1 - beta2),
      rate: Scalar(rate / (1 - power(beta1, step + 1))),
      correction: Scalar(1 / (1 - power(beta2, step + 1)).squareRoot()), epsilon: Scalar(epsilon),
      kept: Scalar(1 - rate * weightDecay))
    return AdamUpdate(mean: mean, square: square, factors: factors)
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

  /// The most that a step moves any parameter where no element of the gradient is larger than `gradientBound`; infinite where a moment could
  /// overflow.
  func distance(_ gradientBound: Double) -> Double {
    switch optimizer {
    case .sgd(let rate): return rate * gradientBound
    case .momentum(let rate, let momentum, _):
      let velocity = momentum * velocityBound + gradientBound
      return velocity <= largest ? rate * (velocity + gradientBound) : .infinity
    case .adam(let rate, let beta1, let beta2, _, _):
      // |m̂| / √v̂ is at most 1 / √(1 − β₂) / (1 − β₁) by Cauchy and Schwarz, and much less in practice.
      return gradientBound * gradientBound <= largest ? rate / ((1 - beta1) * (1 - beta2).squareRoot()) : .infinity
    }
  }

  mutating func advance(_ gradientBound: Double) {
    if case .momentum(_, let momentum, _) = optimizer { velocityBound = momentum * velocityBound + gradientBound }
  }
}

/// θ ← θ − η g.
struct DirectDescent<Scalar: BLASScalar>: GradientUse {
  let directRate: Scalar?

  func update(_ range: Range<Int>, parameters: Tile<Scalar>, gradient: Tile<Scalar>) {}
}

struct MomentumUpdate<Scalar: BLASScalar>: GradientUse {
  let velocity: Tile<Scalar>
  let rate: Scalar
  let momentum: Scalar
  let nesterov: Bool

  var directRate: Scalar? { nil }

  func update(_ range: Range<Int>, parameters: Tile<Scalar>, gradient: Tile<Scalar>) {
    parameters.rows(range).descend(
      gradient.rows(range), velocity: velocity.rows(range), rate: rate, momentum: momentum, nesterov: nesterov)
  }
}

struct AdamUpdate<Scalar: BLASScalar>: GradientUse {
  let mean: Tile<Scalar>
  let square: Tile<Scalar>
  let factors: AdamFactors<Scalar>

  var directRate: Scalar? { nil }

  func update(_ range: Range<Int>, parameters: Tile<Scalar>, gradient: Tile<Scalar>) {
    parameters.rows(range).descend(gradient.rows(range), mean: mean.rows(range), square: square.rows(range), factors)
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
