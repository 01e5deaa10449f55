import Tensor

/// How far a step can move a parameter. In all of it the gradient's bound G is for the penalties' gradients too.
struct Reach: Sendable {
  /// The largest number that anything may grow to: half the largest finite one, as sums round.
  let largest: Double
  /// The magnitude below whose root a square has lost its digits.
  private let leastNormal: Double
  /// No element of the first moment (of Adam the mean, of AdaGrad the squares) has a larger magnitude.
  var momentBound = 0.0

  init<Scalar: BLASScalar>(_: Scalar.Type) {
    largest = Double(Scalar.greatestFiniteMagnitude) / 2
    leastNormal = Double(Scalar.leastNormalMagnitude)
  }

  /// The most that a step moves any parameter where no element of the gradient is larger than `gradientBound`.
  ///
  /// The decay of weights, θ ← kept · θ with 0 < kept ≤ 1, moves none away from 0 and does not count.
  func distance(_ optimizer: Optimizer, _ gradientBound: Double) -> Double {
    switch optimizer {
    case .sgd(let rate): rate * gradientBound
    // |v| ≤ μ V + G for the velocity's bound V before, and |g + μ v| ≤ G + μ (μ V + G).
    case .momentum(let rate, let momentum, _): rate * (momentum * momentBound + 2 * gradientBound)
    // v ≥ (1 − ρ) g², so that |g| / √v ≤ 1 / √(1 − ρ).
    case .rmsProp(let rate, let decay, let epsilon):
      rate * quotient(1 / (1 - decay).squareRoot(), gradientBound, epsilon)
    // v ≥ g².
    case .adaGrad(let rate, let epsilon): rate * quotient(1, gradientBound, epsilon)
    // With cₖ = β₁ᵏ / √β₂ᵏ, |m| ≤ (1 − β₁) Σ cₖ √β₂ᵏ |gₖ| ≤ (1 − β₁) √(Σ cₖ²) √(v / (1 − β₂)) by Cauchy and Schwarz, and Σ cₖ² = 1 / (1 − β₁² / β₂);
    // m̂ ≤ m / (1 − β₁) and v̂ ≥ v. Also |m̂| ≤ (β₁ M + (1 − β₁) G) / (1 − β₁) for the mean's bound M before.
    case .adam(let rate, let beta1, let beta2, let epsilon, _):
      rate
        * quotient(
          beta1 * beta1 < beta2 ? 1 / ((1 - beta1 * beta1 / beta2) * (1 - beta2)).squareRoot() : .infinity,
          beta1 * momentBound / (1 - beta1) + gradientBound, epsilon)
    case .rProp(_, _, _, _, let largest): largest
    // The line search takes no step to where a parameter is not finite.
    case .lbfgs: 0
    }
  }

  /// A bound on |x| / (√v + ε) where |x| ≤ `ratio` · √v and |x| ≤ `bound`: the lesser of both, but √v is only sure to have its digits where it is
  /// above the root of the least normal number, and |x| / ε counts below.
  private func quotient(_ ratio: Double, _ bound: Double, _ epsilon: Double) -> Double {
    min(ratio * max(2, 2 * leastNormal.squareRoot() / epsilon), bound / epsilon)
  }

  /// The largest gradient bound for which neither a moment nor a parameter, none of which is above `parameterBound`, can overflow; below 0 where
  /// there is none.
  func largestGradient(_ optimizer: Optimizer, _ parameterBound: Double) -> Double {
    let room = largest - parameterBound
    guard let rate = optimizer.learningRate else { return distance(optimizer, 0) <= room ? largest : -1 }
    // A rate beyond the range of the numbers is infinite there.
    guard rate <= largest else { return -1 }
    switch optimizer {
    // In this order a NaN stays and admits nothing.
    case .momentum(_, let momentum, _):
      let velocity = momentum * momentBound
      return min(min((room / rate - velocity) / 2, largest - velocity), largest)
    // The kernel multiplies the gradient by the rate before it divides, and adds its square to those before.
    case .rmsProp, .adaGrad:
      let squares = largest - momentBound
      return distance(optimizer, largest) <= room && squares >= 0 ? min(squares.squareRoot(), largest / rate) : -1
    // The kernel multiplies the mean by the corrected rate before it divides.
    case .adam(_, let beta1, _, let epsilon, _):
      let limit = min(largest.squareRoot(), largest * (1 - beta1) / rate)
      if distance(optimizer, largest) <= room { return limit }
      return min(room / rate * epsilon - beta1 * momentBound / (1 - beta1), limit)
    case .sgd, .rProp, .lbfgs: return min(room / rate, largest)
    }
  }

  mutating func advance(_ optimizer: Optimizer, _ gradientBound: Double) {
    switch optimizer {
    // RMSProp's squares are a mean of those of the gradients.
    case .sgd, .rmsProp, .rProp, .lbfgs: break
    case .momentum(_, let momentum, _): momentBound = momentum * momentBound + gradientBound
    case .adaGrad: momentBound += gradientBound * gradientBound
    case .adam(_, let beta1, _, _, _): momentBound = beta1 * momentBound + (1 - beta1) * gradientBound
    }
  }
}
