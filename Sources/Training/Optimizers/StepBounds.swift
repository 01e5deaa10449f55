import Tensor

/// Bounds on the magnitudes of parameters and moments. They tell how large a gradient may be so that all numbers stay
/// finite.
struct StepBounds: Sendable {
  /// The largest number that any value may grow to: half the largest finite number, because sums round.
  let largest: Double
  /// The least normal number. The square of a number below its root has lost digits.
  private let leastNormal: Double
  /// An upper bound on the magnitudes of the first moment (the mean for Adam, the squares for AdaGrad).
  var moment = 0.0

  init<Scalar: BLASScalar>(_: Scalar.Type) {
    largest = Double(Scalar.greatestFiniteMagnitude) / 2
    leastNormal = Double(Scalar.leastNormalMagnitude)
  }

  /// A bound on |x| / (√v + ε) if |x| ≤ `ratio` · √v and |x| ≤ `bound`: the lesser of the bounds from both. √v is only
  /// sure to be accurate above the root of the least normal number; below it, |x| / ε is used.
  func quotient(_ ratio: Double, _ bound: Double, _ epsilon: Double) -> Double {
    min(ratio * max(2, 2 * leastNormal.squareRoot() / epsilon), bound / epsilon)
  }

  /// The largest bound on the gradient with which neither a moment nor a parameter can overflow; below 0 if there is
  /// none. No parameter is above `parameters`.
  func largestGradient(_ rule: any UpdateRule, rate: Double?, parameters: Double) -> Double {
    let room = largest - parameters
    guard let rate else { return rule.distance(0, rate: 0, self) <= room ? largest : -1 }
    // A rate beyond the range of the scalar type is infinite in it.
    guard rate <= largest else { return -1 }
    return rule.largestGradient(rate: rate, room: room, self)
  }
}
