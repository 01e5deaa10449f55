/// A rule by which parameters and their moments change, the factors that are the same for all of them, and where the moments stand: in the order of the
/// parameters.
public struct MomentUpdate<Scalar: Sendable>: @unchecked Sendable {
  public enum Rule: Sendable {
    /// m ← β₁ m + g, θ ← kept · θ − rate · m.
    case momentum
    /// m ← β₁ m + g, θ ← kept · θ − rate · (g + β₁ m).
    case nesterov
    /// m ← β₁ m + r₁ g, v ← β₂ v + r₂ g², θ ← kept · θ − rate · m / (correction · √v + ε).
    case adam
    /// v ← β₂ v + r₂ g², θ ← kept · θ − rate · g / (√v + ε).
    case rmsProp
    /// v ← v, or β₂ v where g has the sign of m, or β₁ v where it has the other, from r₁ to r₂; m ← g, or 0 where it had the other;
    /// θ ← kept · θ − sign(m) v.
    case rProp
  }

  @usableFromInline let rule: Rule
  @usableFromInline var rate, beta1, rest1, beta2, rest2, correction, epsilon: Scalar
  @usableFromInline let kept: Scalar
  @usableFromInline var mean: UnsafeMutablePointer<Scalar>?
  @usableFromInline var square: UnsafeMutablePointer<Scalar>?

  /// The same for the parameters from number `offset` on.
  @usableFromInline
  func advanced(by offset: Int) -> MomentUpdate {
    var update = self
    if let mean { update.mean = mean + offset }
    if let square { update.square = square + offset }
    return update
  }
}

extension MomentUpdate where Scalar: BLASScalar {
  @inlinable
  init(_ rule: Rule, kept: Scalar, mean: Tile<Scalar>?, square: Tile<Scalar>?) {
    (self.rule, self.kept) = (rule, kept)
    (rate, beta1, rest1, beta2, rest2, correction, epsilon) = (0, 0, 0, 0, 0, 0, 0)
    (self.mean, self.square) = (mean?.base, square?.base)
  }

  /// The momentum method, Nesterov's or the plain one.
  @inlinable
  package static func momentum(
    velocity: Tile<Scalar>, rate: Scalar, momentum: Scalar, nesterov: Bool, kept: Scalar
  ) -> MomentUpdate {
    var update = MomentUpdate(nesterov ? .nesterov : .momentum, kept: kept, mean: velocity, square: nil)
    (update.rate, update.beta1) = (rate, momentum)
    return update
  }

  /// Adam, where `rate` and `correction` make up for moments that start at 0.
  @inlinable
  package static func adam(
    mean: Tile<Scalar>, square: Tile<Scalar>, rate: Scalar, beta1: Scalar, rest1: Scalar, beta2: Scalar, rest2: Scalar,
    correction: Scalar, epsilon: Scalar, kept: Scalar
  ) -> MomentUpdate {
    var update = MomentUpdate(.adam, kept: kept, mean: mean, square: square)
    (update.rate, update.correction, update.epsilon) = (rate, correction, epsilon)
    (update.beta1, update.rest1, update.beta2, update.rest2) = (beta1, rest1, beta2, rest2)
    return update
  }

  /// RMSProp; with both `decay` and `rest` 1, AdaGrad.
  @inlinable
  package static func rmsProp(
    square: Tile<Scalar>, rate: Scalar, decay: Scalar, rest: Scalar, epsilon: Scalar, kept: Scalar
  ) -> MomentUpdate {
    var update = MomentUpdate(.rmsProp, kept: kept, mean: nil, square: square)
    (update.rate, update.beta2, update.rest2, update.epsilon) = (rate, decay, rest, epsilon)
    return update
  }

  /// iRPROP⁻, whose steps stay in `range`.
  @inlinable
  package static func rProp(
    previousGradient: Tile<Scalar>, steps: Tile<Scalar>, decrease: Scalar, increase: Scalar,
    range: ClosedRange<Scalar>, kept: Scalar
  ) -> MomentUpdate {
    var update = MomentUpdate(.rProp, kept: kept, mean: previousGradient, square: steps)
    (update.beta1, update.beta2) = (decrease, increase)
    (update.rest1, update.rest2) = (range.lowerBound, range.upperBound)
    return update
  }
}
