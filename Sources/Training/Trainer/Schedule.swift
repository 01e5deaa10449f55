import Tensor

/// Changes a setting in the course of training: a factor for each step. It is a factor of the learning rate, and others
/// of the dropout and of the weight decay.
///
/// A schedule is a value. It includes the state that a plateau needs; a ``Checkpoint`` stores it.
public struct Schedule: Sendable, Equatable {
  /// The factor as a function of p or e. Both count only the training after the warm-up: p is the share of it that is
  /// done, and e is the number of its complete epochs.
  public enum Shape: Sendable, Equatable {
    /// 1.
    case constant
    /// fᵏ with k = ⌊e / every⌋.
    case step(every: Int, factor: Double = 0.1)
    /// fᵉ.
    case exponential(factor: Double = 0.95)
    /// final + (1 − final) (1 + cos πp) / 2, computed anew in each step. `epochs` includes the warm-up (Loshchilov and
    /// Hutter 2017, without restarts).
    case cosine(epochs: Int, final: Double = 0)
    /// From `start` up to 1 while p < `rise`, then down to `final`, both along half a cosine (Smith 2018; here the
    /// momentum does not change).
    case oneCycle(epochs: Int, start: Double = 0.04, rise: Double = 0.3, final: Double = 4e-6)
    /// (1 − cos(2π log₂(1 + (2ᶜ − 1) p))) / 2: c cycles from 0 up to 1 and back, each of twice the length of the cycle
    /// before (Holzmüller, Grinsztajn and Steinwart 2024, who call it coslog4 for c = 4).
    case logCosine(epochs: Int, cycles: Int = 4)
    /// 1 for the first half, then down to 0 along half a cosine (Holzmüller, Grinsztajn and Steinwart 2024).
    case flatCosine(epochs: Int)
    /// fᵏ, where k counts the times that more than `patience` epochs passed without a better validation loss. A loss
    /// that is within 10⁻⁴ of the best, relative to its magnitude, is no better; see ``record(validationLoss:)``. `fit`
    /// takes the training loss if there are no validation samples.
    case plateau(factor: Double = 0.5, patience: Int = 3)
  }

  /// How the rate changes over the epochs.
  public let shape: Shape
  /// The number of warm-up epochs. The factor rises from nearly 0 to 1 in equal steps before the shape begins (Goyal et
  /// al. 2017).
  public let warmupEpochs: Int
  /// The lowest validation loss so far; nil before the first.
  var best: Double?
  /// The number of epochs since the best one, and the factor that the plateaus so far led to.
  var staleEpochs = 0
  var plateauFactor = 1.0

  /// The same rate in all steps.
  public static let constant = Schedule(.constant)

  /// Makes a schedule.
  ///
  /// - Precondition: Traps if a factor is not above 0 (a final factor: below 0) or is above 1, if `rise` is not above 0
  ///   and below 1, if `every` is below 1, if the patience or the number of warm-up epochs is negative, or if the
  ///   warm-up takes all epochs.
  public init(_ shape: Shape, warmupEpochs: Int = 0) {
    self.shape = shape
    self.warmupEpochs = warmupEpochs
    if let mistake { fail("cannot make a schedule with \(mistake)") }
  }

  /// Returns the factor for a step.
  ///
  /// - Parameters:
  ///   - step: The number of steps before this one.
  ///   - stepsPerEpoch: The number of steps in an epoch, at least 1.
  public func factor(step: Int, stepsPerEpoch: Int) -> Double {
    let warmupSteps = warmupEpochs * stepsPerEpoch
    guard step >= warmupSteps else { return Double(step + 1) / Double(warmupSteps + 1) }
    let done = step - warmupSteps
    func progress(_ epochs: Int) -> Double { min(Double(done) / Double(epochs * stepsPerEpoch - warmupSteps), 1) }
    switch shape {
    case .constant: return 1
    case .step(let every, let factor): return power(factor, done / stepsPerEpoch / every)
    case .exponential(let factor): return power(factor, done / stepsPerEpoch)
    case .cosine(let epochs, let final): return between(1, final, progress(epochs))
    case .oneCycle(let epochs, let start, let rise, let final):
      let p = progress(epochs)
      return p < rise ? between(start, 1, p / rise) : between(1, final, (p - rise) / (1 - rise))
    case .logCosine(let epochs, let cycles):
      let q = binaryLogarithm(1 + (power(2, cycles) - 1) * progress(epochs))
      let phase = 2 * (q - q.rounded(.down))
      return (1 - cosine(min(phase, 2 - phase))) / 2
    case .flatCosine(let epochs): return between(1, 0, max(2 * progress(epochs), 1) - 1)
    case .plateau: return plateauFactor
    }
  }

  /// The epochs after which the factor is 0, rounded: the ends of the cycles of ``Shape/logCosine(epochs:cycles:)``.
  /// Empty for other shapes.
  public var cycleEnds: [Int] {
    guard case .logCosine(let epochs, let cycles) = shape else { return [] }
    let (own, whole) = (Double(epochs - warmupEpochs), power(2, cycles) - 1)
    return (1...cycles).map { warmupEpochs + Int((own * (power(2, $0) - 1) / whole).rounded()) }
      .filter { $0 > warmupEpochs }.reduce(into: []) { ends, end in if ends.last != end { ends.append(end) } }
  }

  /// Tells a plateau the validation loss after an epoch; other shapes ignore it. A loss that is not finite is no better
  /// than the best.
  public mutating func record(validationLoss: Double) {
    guard case .plateau(let factor, let patience) = shape else { return }
    if validationLoss.isFinite && best.map({ validationLoss < $0 - 1e-4 * abs($0) }) ?? true {
      (best, staleEpochs) = (validationLoss, 0)
    } else {
      staleEpochs += 1
      if staleEpochs > patience { (plateauFactor, staleEpochs) = (plateauFactor * factor, 0) }
    }
  }

  /// Whether the factor depends on the validation loss.
  var isPlateau: Bool { if case .plateau = shape { true } else { false } }

  private var mistake: String? {
    func share(_ value: Double) -> Bool { value > 0 && value <= 1 }
    func fits(_ epochs: Int) -> String? {
      epochs > warmupEpochs ? nil : "\(warmupEpochs) warm-up epochs of \(epochs)"
    }
    guard warmupEpochs >= 0 else { return "\(warmupEpochs) warm-up epochs" }
    switch shape {
    case .constant: return nil
    case .step(let every, let factor):
      return every >= 1 && share(factor) ? nil : "a factor of \(factor) every \(every) epochs"
    case .exponential(let factor): return share(factor) ? nil : "a factor of \(factor) every epoch"
    case .cosine(let epochs, let final):
      return final >= 0 && final <= 1 ? fits(epochs) : "a final factor of \(final)"
    case .oneCycle(let epochs, let start, let rise, let final):
      guard share(start), share(rise), rise < 1, final >= 0, final <= 1 else {
        return "factors from \(start) to 1 in \(rise) of the steps, and then to \(final)"
      }
      return fits(epochs)
    case .logCosine(let epochs, let cycles): return 1...32 ~= cycles ? fits(epochs) : "\(cycles) cycles"
    case .flatCosine(let epochs): return fits(epochs)
    case .plateau(let factor, let patience):
      return share(factor) && patience >= 0 ? nil : "a factor of \(factor) after \(patience) epochs"
    }
  }
}

/// Returns `a` at p = 0 and `b` at p = 1, and follows half a cosine between them.
private func between(_ a: Double, _ b: Double, _ p: Double) -> Double { b + (a - b) * (1 + cosine(p)) / 2 }

/// Returns cos πp for 0 ≤ p ≤ 1, by the series of the sine. The C library's function may round differently from version
/// to version.
private func cosine(_ p: Double) -> Double {
  let x = Double.pi * (0.5 - p)
  var sum = 1.0
  // sin x = x (1 − x² / 2·3 (1 − x² / 4·5 (…))); the first omitted term is below 10⁻¹⁹.
  for n in stride(from: 22.0, to: 0, by: -2) { sum = 1 - sum * x * x / (n * (n + 1)) }
  return x * sum
}

/// log₂ x for a normal x ≥ 1, by the series of the inverse hyperbolic tangent, for the same reason.
private func binaryLogarithm(_ x: Double) -> Double {
  // log m = 2 artanh s = 2 (s + s³ / 3 + s⁵ / 5 + …) with s = (m − 1) / (m + 1) ≤ 1/3; the first omitted term is below
  // 10⁻²¹.
  let s = (x.significand - 1) / (x.significand + 1)
  var sum = 0.0
  for n in stride(from: 41.0, to: 0, by: -2) { sum = sum * s * s + 1 / n }
  return Double(x.exponent) + 2 * s * sum / 0.693_147_180_559_945_309_4
}
