import Tensor

/// v ← ρ v + (1 − ρ) g², θ ← θ − η g / (√v + ε) (Hinton 2012).
struct RMSProp: UpdateRule {
  let rate: Double
  /// ρ
  let decay: Double
  let epsilon: Double

  var name: String { "rmsprop" }
  var learningRate: Double? { rate }
  var momentCount: Int { 1 }
  func accepts(_ moment: Double, inColumn column: Int) -> Bool { moment >= 0 }

  var mistake: String? {
    guard isShare(decay) else { return "a decay of \(decay)" }
    return isDivisor(epsilon) ? nil : "ε = \(epsilon)"
  }

  func step(_ number: Int, rate: Double, weightDecay: Double) -> UpdateStep {
    var update = MomentUpdate<Double>(.rmsProp, shrinkage: 1 - rate * weightDecay)
    (update.rate, update.beta2, update.gain2, update.epsilon) = (rate, decay, 1 - decay, epsilon)
    return .moments(update)
  }

  /// v ≥ (1 − ρ) g², so |g| / √v ≤ 1 / √(1 − ρ). v is a mean of the gradients' squares.
  func distance(_ gradient: Double, rate: Double, _ bounds: StepBounds) -> Double {
    rate * bounds.quotient(1 / (1 - decay).squareRoot(), gradient, epsilon)
  }

  func largestGradient(rate: Double, room: Double, _ bounds: StepBounds) -> Double {
    bounds.largestSquared(self, rate: rate, room: room)
  }
}

extension StepBounds {
  /// The largest gradient for rules that divide by √v. The kernel multiplies the gradient by the rate before it
  /// divides, and adds the gradient's square to the earlier squares.
  func largestSquared(_ rule: some UpdateRule, rate: Double, room: Double) -> Double {
    let squares = largest - moment
    return rule.distance(largest, rate: rate, self) <= room && squares >= 0
      ? min(squares.squareRoot(), largest / rate) : -1
  }
}
