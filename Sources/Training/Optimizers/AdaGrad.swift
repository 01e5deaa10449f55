import Tensor

/// v ← v + g², θ ← θ − η g / (√v + ε) (Duchi, Hazan and Singer 2011).
struct AdaGrad: UpdateRule {
  let rate: Double
  let epsilon: Double

  var name: String { "adagrad" }
  var learningRate: Double? { rate }
  var momentCount: Int { 1 }
  var mistake: String? { isDivisor(epsilon) ? nil : "ε = \(epsilon)" }
  func accepts(_ moment: Double, inColumn column: Int) -> Bool { moment >= 0 }

  func step(_ number: Int, rate: Double, weightDecay: Double) -> UpdateStep {
    var update = MomentUpdate<Double>(.rmsProp, shrinkage: 1 - rate * weightDecay)
    (update.rate, update.beta2, update.gain2, update.epsilon) = (rate, 1, 1, epsilon)
    return .moments(update)
  }

  /// v ≥ g².
  func distance(_ gradient: Double, rate: Double, _ bounds: StepBounds) -> Double {
    rate * bounds.quotient(1, gradient, epsilon)
  }

  func largestGradient(rate: Double, room: Double, _ bounds: StepBounds) -> Double {
    bounds.largestSquared(self, rate: rate, room: room)
  }

  func momentBound(after gradient: Double, _ bounds: StepBounds) -> Double { bounds.moment + gradient * gradient }
}
