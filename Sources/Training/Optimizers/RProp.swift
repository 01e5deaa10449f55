import Tensor

/// iRPROP⁻ (Igel and Hüsken 2003): every parameter has its own step, see
/// ``Optimizer/rProp(initialStep:decrease:increase:smallestStep:largestStep:)``.
struct RProp: UpdateRule {
  let initialStep: Double
  /// η⁻ and η⁺.
  let decrease, increase: Double
  let smallestStep, largestStep: Double

  var name: String { "rprop" }
  var learningRate: Double? { nil }
  /// The previous gradient, and the steps.
  var momentCount: Int { 2 }
  func initialMoment(_ column: Int) -> Double { column == 1 ? initialStep : 0 }

  var mistake: String? {
    guard smallestStep > 0, smallestStep <= initialStep, initialStep <= largestStep, largestStep.isFinite else {
      return "steps that begin with \(initialStep) and stay in \(smallestStep)…\(largestStep)"
    }
    return decrease > 0 && decrease < 1 && increase > 1 && increase.isFinite
      ? nil : "the factors η⁻ = \(decrease), η⁺ = \(increase)"
  }

  func accepts(_ moment: Double, inColumn column: Int) -> Bool {
    column == 0 || Float(smallestStep)...Float(largestStep) ~= Float(moment)
  }

  func step(_ number: Int, rate: Double, weightDecay: Double) -> UpdateStep {
    var update = MomentUpdate<Double>(.rProp, shrinkage: 1)
    (update.beta1, update.beta2, update.smallest, update.largest) = (decrease, increase, smallestStep, largestStep)
    return .moments(update)
  }

  func distance(_ gradient: Double, rate: Double, _ bounds: StepBounds) -> Double { largestStep }
}
