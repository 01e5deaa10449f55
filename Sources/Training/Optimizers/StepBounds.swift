import Tensor

/// What keeps parameters and moments finite: bounds on their magnitudes, from which follows how large a gradient may
/// be.
struct StepBounds: Sendable {
  /// The largest number that anything may grow to: half the largest finite one, as sums round.
  let largest: Double
  /// The magnitude below whose root a square has lost its digits.
  private let leastNormal: Double
  /// No element of the first moment (of Adam the mean, of AdaGrad the squares) has a larger magnitude.
  var moment = 0.0

  init<Scalar: BLASScalar>(_: Scalar.Type) {
    largest = Double(Scalar.greatestFiniteMagnitude) / 2
    leastNormal = Double(Scalar.leastNormalMagnitude)
  }

  /// A bound on |x| / (√v + ε) if |x| ≤ `ratio` · √v and |x| ≤ `bound`: the lesser of both, but √v is only sure to have
  /// its digits if it is above the root of the least normal number, and |x| / ε counts below.
  func quotient(_ ratio: Double, _ bound: Double, _ epsilon: Double) -> Double {
    min(ratio * max(2, 2 * leastNormal.squareRoot() / epsilon), bound / epsilon)
  }

  /// The largest gradient bound for which neither a moment nor a parameter, none of which is above `parameters`, can
  /// overflow; below 0 if there is none.
  func largestGradient(_ rule: any UpdateRule, rate: Double?, parameters: Double) -> Double {
    let room = largest - parameters
    guard let rate else { return rule.distance(0, rate: 0, self) <= room ? largest : -1 }
    // A rate beyond the range of the numbers is infinite there.
    guard rate <= largest else { return -1 }
    return rule.largestGradient(rate: rate, room: room, self)
  }
}
