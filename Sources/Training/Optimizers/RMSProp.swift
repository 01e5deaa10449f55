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

  /// v ≥ (1 − ρ) g², so that |g| / √v ≤ 1 / √(1 − ρ). The squares are a mean of those of the gradients.
  func distance(_ gradient: Double, rate: Double, _ bounds: StepBounds) -> Double {
    rate * bounds.quotient(1 / (1 - decay).squareRoot(), gradient, epsilon)
  }

  func largestGradient(rate: Double, room: Double, _ bounds: StepBounds) -> Double {
    bounds.largestSquared(self, rate: rate, room: room)
  }
}

extension StepBounds {
  /// For rules that divide by √v: the kernel multiplies the gradient by the rate before it divides, and adds its square
  /// to those before.
  func largestSquared(_ rule: some UpdateRule, rate: Double, room: Double) -> Double {
    let squares = largest - moment
    return rule.distance(largest, rate: rate, self) <= room && squares >= 0
      ? min(squares.squareRoot(), largest / rate) : -1
  }
}
