import Tensor

/// θ ← θ − η sign(β₁ m + (1 − β₁) g), m ← β₂ m + (1 − β₂) g (Chen et al. 2023).
struct Lion: UpdateRule {
  let rate: Double
  let beta1, beta2: Double

  var name: String { "lion" }
  var learningRate: Double? { rate }
  var momentCount: Int { 1 }
  var mistake: String? { isShare(beta1) && isShare(beta2) ? nil : "the factors β₁ = \(beta1), β₂ = \(beta2)" }

  func step(_ number: Int, rate: Double, weightDecay: Double) -> UpdateStep {
    var update = MomentUpdate<Double>(.lion, shrinkage: 1 - rate * weightDecay)
    (update.rate, update.beta1, update.gain1) = (rate, beta1, 1 - beta1)
    (update.beta2, update.gain2) = (beta2, 1 - beta2)
    return .moments(update)
  }

  /// A sign is at most 1.
  func distance(_ gradient: Double, rate: Double, _ bounds: StepBounds) -> Double { rate }

  func largestGradient(rate: Double, room: Double, _ bounds: StepBounds) -> Double {
    rate <= room ? bounds.largest : -1
  }

  func momentBound(after gradient: Double, _ bounds: StepBounds) -> Double {
    max(bounds.moment, beta2 * bounds.moment + (1 - beta2) * gradient)
  }
}
