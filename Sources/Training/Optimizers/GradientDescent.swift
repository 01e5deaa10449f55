/// θ ← θ − η g (Robbins and Monro 1951).
struct GradientDescent: UpdateRule {
  let rate: Double

  var name: String { "sgd" }
  var learningRate: Double? { rate }

  func step(_ number: Int, rate: Double, weightDecay: Double) -> UpdateStep {
    .descend(rate: rate, shrinkage: 1 - rate * weightDecay)
  }

  func distance(_ gradient: Double, rate: Double, _ bounds: StepBounds) -> Double { rate * gradient }
}
