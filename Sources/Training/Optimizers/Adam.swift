import Tensor

/// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
/// θ ← (1 − η λ) θ − η m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ) (Kingma and Ba 2015).
struct Adam: UpdateRule {
  let rate: Double
  let beta1, beta2: Double
  let epsilon: Double
  let weightDecay: Double

  var name: String { weightDecay == 0 ? "adam" : "adamw" }
  var learningRate: Double? { rate }
  var momentCount: Int { 2 }
  func accepts(_ moment: Double, inColumn column: Int) -> Bool { column == 0 || moment >= 0 }

  var mistake: String? {
    guard isShare(beta1), isShare(beta2) else { return "the factors β₁ = \(beta1), β₂ = \(beta2)" }
    guard isDivisor(epsilon) else { return "ε = \(epsilon)" }
    return weightDecay >= 0 && weightDecay * rate < 1 ? nil : "a weight decay of \(weightDecay)"
  }

  func step(_ number: Int, rate: Double, weightDecay: Double) -> UpdateStep {
    var update = MomentUpdate<Double>(.adam, shrinkage: 1 - rate * weightDecay)
    (update.beta1, update.gain1, update.beta2, update.gain2) = (beta1, 1 - beta1, beta2, 1 - beta2)
    update.rate = rate / (1 - power(beta1, number))
    update.correction = 1 / (1 - power(beta2, number)).squareRoot()
    update.epsilon = epsilon
    return .moments(update)
  }

  /// With cₖ = β₁ᵏ / √β₂ᵏ, |m| ≤ (1 − β₁) Σ cₖ √β₂ᵏ |gₖ| ≤ (1 − β₁) √(Σ cₖ²) √(v / (1 − β₂)) by Cauchy and Schwarz, and
  /// Σ cₖ² = 1 / (1 − β₁² / β₂). The corrected moments satisfy m̂ ≤ m / (1 − β₁) and v̂ ≥ v. Also |m̂| ≤ (β₁ M + (1 −
  /// β₁) G) / (1 − β₁), where M is the bound on the mean before the step.
  func distance(_ gradient: Double, rate: Double, _ bounds: StepBounds) -> Double {
    rate
      * bounds.quotient(
        beta1 * beta1 < beta2 ? 1 / ((1 - beta1 * beta1 / beta2) * (1 - beta2)).squareRoot() : .infinity,
        beta1 * bounds.moment / (1 - beta1) + gradient, epsilon)
  }

  /// The kernel multiplies the mean by the corrected rate before it divides.
  func largestGradient(rate: Double, room: Double, _ bounds: StepBounds) -> Double {
    let limit = min(bounds.largest.squareRoot(), bounds.largest * (1 - beta1) / rate)
    if distance(bounds.largest, rate: rate, bounds) <= room { return limit }
    return min(room / rate * epsilon - beta1 * bounds.moment / (1 - beta1), limit)
  }

  func momentBound(after gradient: Double, _ bounds: StepBounds) -> Double {
    beta1 * bounds.moment + (1 - beta1) * gradient
  }
}

/// xⁿ by repeated squaring. The C library's `pow` rounds differently from version to version.
func power(_ x: Double, _ n: Int) -> Double {
  var (result, base, exponent) = (1.0, x, n)
  while exponent > 0 {
    if exponent & 1 == 1 { result *= base }
    base *= base
    exponent >>= 1
  }
  return result
}
