import Tensor

/// v ← μ v + g, θ ← θ − η v (Polyak 1964), or θ ← θ − η (g + μ v) (Nesterov 1983; Sutskever et al. 2013).
struct Momentum: UpdateRule {
  let rate: Double
  let momentum: Double
  let isNesterov: Bool

  var name: String { isNesterov ? "nesterov" : "momentum" }
  var learningRate: Double? { rate }
  var momentCount: Int { 1 }
  var mistake: String? { isShare(momentum) ? nil : "a momentum of \(momentum)" }

  func step(_ number: Int, rate: Double, weightDecay: Double) -> UpdateStep {
    var update = MomentUpdate<Double>(isNesterov ? .nesterov : .momentum, shrinkage: 1 - rate * weightDecay)
    (update.rate, update.beta1) = (rate, momentum)
    return .moments(update)
  }

  /// |v| ≤ μ V + G and |g + μ v| ≤ G + μ (μ V + G), where V is the bound on the velocity before the step.
  func distance(_ gradient: Double, rate: Double, _ bounds: StepBounds) -> Double {
    rate * (momentum * bounds.moment + 2 * gradient)
  }

  func largestGradient(rate: Double, room: Double, _ bounds: StepBounds) -> Double {
    let velocity = momentum * bounds.moment
    // In this order, a NaN propagates and permits no gradient.
    return min(min((room / rate - velocity) / 2, bounds.largest - velocity), bounds.largest)
  }

  func momentBound(after gradient: Double, _ bounds: StepBounds) -> Double { momentum * bounds.moment + gradient }
}
