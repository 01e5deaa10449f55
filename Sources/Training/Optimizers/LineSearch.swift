/// Finds a step length α from a point θ along a direction d in which φ(α) = L(θ + α d) falls. The result fulfils the
/// strong Wolfe conditions
///
///     φ(α) ≤ φ(0) + c₁ α φ′(0),   |φ′(α)| ≤ c₂ |φ′(0)|,   c₁ = 10⁻⁴, c₂ = 0.9
///
/// or, if 25 trials after the first find no such α, it is the best of the trials.
///
/// - Source: Nocedal and Wright, "Numerical Optimization", 2006. Algorithm 3.5 finds an interval that holds such an α,
///   and algorithm 3.6 narrows it. Each trial is the minimum of the cubic through the values and slopes of two earlier
///   points (equation 3.59).
struct LineSearch {
  /// α, φ(α) and φ′(α). If the value is not finite, it is ∞ and the slope is 0.
  struct Point {
    var length: Double
    var value: Double
    var slope: Double
  }

  private static let mostTrials = 25

  /// φ(0), with a slope below 0.
  let start: Point
  /// The largest magnitude in d. It shows when an interval is too small to matter.
  let largestComponent: Double

  /// - Parameters:
  ///   - length: The first trial.
  ///   - evaluate: Returns φ at a length above 0.
  ///   - keep: Called if the point that was evaluated last is the best so far. The result is the point that was kept
  ///     last.
  /// - Returns: The best point; the start if no point is better.
  func find(from length: Double, evaluate: (Double) -> Point, keep: () -> Void) -> Point {
    var trials = 0
    var (previous, trial) = (start, evaluate(length))
    while decreases(trial) && (trials == 0 || trial.value < previous.value) {
      if isFlat(trial) || (trial.slope < 0 && trials == Self.mostTrials) {
        keep()
        return trial
      }
      if trial.slope >= 0 { break }
      let next = minimum(
        previous, trial, within: trial.length + 0.01 * (trial.length - previous.length)...10 * trial.length)
      keep()
      (previous, trial) = (trial, evaluate(next))
      trials += 1
    }
    var (low, high) = (previous, trial)
    if trial.value < previous.value {
      (low, high) = (trial, previous)
      keep()
    }
    narrow(&low, &high, trials, evaluate, keep)
    return low
  }

  /// Narrows the interval between the best point and another point, until the best point fulfils the conditions.
  private func narrow(
    _ low: inout Point, _ high: inout Point, _ trials: Int, _ evaluate: (Double) -> Point, _ keep: () -> Void
  ) {
    var wasClose = false
    for _ in trials..<Self.mostTrials where abs(high.length - low.length) * largestComponent >= 1e-9 {
      let trial = evaluate(next(low, high, &wasClose))
      if !decreases(trial) || trial.value >= low.value {
        guard trial.value < low.value else {
          high = trial
          continue
        }
        high = low
      } else if !isFlat(trial), trial.slope * (high.length - low.length) >= 0 {
        high = low
      }
      low = trial
      keep()
      if decreases(trial) && isFlat(trial) { return }
    }
  }

  /// The next trial within an interval: the cubic's minimum. If two in a row come close to an end, or one reaches it,
  /// the trial is a tenth of the interval away from that end.
  private func next(_ low: Point, _ high: Point, _ wasClose: inout Bool) -> Double {
    let range = min(low.length, high.length)...max(low.length, high.length)
    let length = minimum(low, high, within: range)
    let margin = 0.1 * (range.upperBound - range.lowerBound)
    guard min(range.upperBound - length, length - range.lowerBound) < margin else {
      wasClose = false
      return length
    }
    guard wasClose || length <= range.lowerBound || length >= range.upperBound else {
      wasClose = true
      return length
    }
    wasClose = false
    return range.upperBound - length < length - range.lowerBound
      ? range.upperBound - margin : range.lowerBound + margin
  }

  private func decreases(_ point: Point) -> Bool { point.value <= start.value + 1e-4 * point.length * start.slope }

  private func isFlat(_ point: Point) -> Bool { abs(point.slope) <= -0.9 * start.slope }

  /// The minimum of the cubic with the values and slopes of both points, clamped to a range; the middle of the range if
  /// there is no minimum.
  private func minimum(_ a: Point, _ b: Point, within range: ClosedRange<Double>) -> Double {
    let (left, right) = a.length <= b.length ? (a, b) : (b, a)
    let d1 = left.slope + right.slope - 3 * (left.value - right.value) / (left.length - right.length)
    let d2 = (d1 * d1 - left.slope * right.slope).squareRoot()
    let position =
      right.length
      - (right.length - left.length) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2))
    guard position.isFinite else { return (range.lowerBound + range.upperBound) / 2 }
    return min(max(position, range.lowerBound), range.upperBound)
  }
}
