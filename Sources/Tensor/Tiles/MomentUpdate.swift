/// A rule by which parameters and their moments change, the factors that are the same for all of them, and where the
/// moments stand: in the order of the parameters.
public struct MomentUpdate<Scalar: Sendable>: @unchecked Sendable {
  @usableFromInline let rule: MomentRule
  @usableFromInline package var rate, beta1, rest1, beta2, rest2, correction, epsilon: Scalar
  @usableFromInline let kept: Scalar
  @usableFromInline var mean: UnsafeMutablePointer<Scalar>?
  @usableFromInline var square: UnsafeMutablePointer<Scalar>?

  @inlinable
  init(
    rule: MomentRule, rate: Scalar, beta1: Scalar, rest1: Scalar, beta2: Scalar, rest2: Scalar, correction: Scalar,
    epsilon: Scalar, kept: Scalar, mean: UnsafeMutablePointer<Scalar>?, square: UnsafeMutablePointer<Scalar>?
  ) {
    (self.rule, self.rate, self.kept) = (rule, rate, kept)
    (self.beta1, self.rest1, self.beta2, self.rest2) = (beta1, rest1, beta2, rest2)
    (self.correction, self.epsilon) = (correction, epsilon)
    (self.mean, self.square) = (mean, square)
  }

  /// The same for the parameters from number `offset` on.
  @usableFromInline
  func advanced(by offset: Int) -> MomentUpdate {
    var update = self
    if let mean { update.mean = mean + offset }
    if let square { update.square = square + offset }
    return update
  }
}

extension MomentUpdate<Double> {
  /// A rule whose other factors are 0, and without moments.
  package init(_ rule: MomentRule, kept: Double) {
    (self.rule, self.kept) = (rule, kept)
    (rate, beta1, rest1, beta2, rest2, correction, epsilon) = (0, 0, 0, 0, 0, 0, 0)
  }

  /// The same with rounded factors, for moments that stand in the columns of `moments`.
  @inlinable
  package func rounded<Other: BLASScalar>(moments: Tile<Other>) -> MomentUpdate<Other> {
    let first = moments.base
    let second = moments.columns > 1 ? first + moments.stride : nil
    return MomentUpdate<Other>(
      rule: rule, rate: Other(rate), beta1: Other(beta1), rest1: Other(rest1), beta2: Other(beta2),
      rest2: Other(rest2), correction: Other(correction), epsilon: Other(epsilon), kept: Other(kept),
      mean: rule == .rmsProp ? nil : first, square: rule == .rmsProp ? first : second)
  }
}
