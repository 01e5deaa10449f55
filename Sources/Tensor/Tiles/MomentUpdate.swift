/// An update rule for parameters and their moments, with the factors that all parameters share and the location of the
/// moments, which have the order of the parameters.
@_documentation(visibility: internal)
public struct MomentUpdate<Scalar: Sendable>: @unchecked Sendable {
  @usableFromInline let rule: MomentRule
  @usableFromInline package var rate, beta1, gain1, beta2, gain2, smallest, largest, correction, epsilon: Scalar
  @usableFromInline package var shrinkage: Scalar
  @usableFromInline var mean: UnsafeMutablePointer<Scalar>?
  @usableFromInline var square: UnsafeMutablePointer<Scalar>?

  @inlinable
  init(
    rule: MomentRule, rate: Scalar, beta1: Scalar, gain1: Scalar, beta2: Scalar, gain2: Scalar, smallest: Scalar,
    largest: Scalar, correction: Scalar, epsilon: Scalar, shrinkage: Scalar, mean: UnsafeMutablePointer<Scalar>?,
    square: UnsafeMutablePointer<Scalar>?
  ) {
    (self.rule, self.rate, self.shrinkage) = (rule, rate, shrinkage)
    (self.beta1, self.gain1, self.beta2, self.gain2) = (beta1, gain1, beta2, gain2)
    (self.smallest, self.largest, self.correction, self.epsilon) = (smallest, largest, correction, epsilon)
    (self.mean, self.square) = (mean, square)
  }

  /// The same update for the parameters from index `offset` on.
  @usableFromInline
  func advanced(by offset: Int) -> MomentUpdate {
    var update = self
    if let mean { update.mean = mean + offset }
    if let square { update.square = square + offset }
    return update
  }
}

extension MomentUpdate<Double> {
  /// Makes an update without moments, whose other factors are 0.
  package init(_ rule: MomentRule, shrinkage: Double) {
    (self.rule, self.shrinkage) = (rule, shrinkage)
    (rate, beta1, gain1, beta2, gain2) = (0, 0, 0, 0, 0)
    (smallest, largest, correction, epsilon) = (0, 0, 0, 0)
  }

  /// The same update with the factors rounded to `Other`, and with its moments in the columns of `moments`.
  @inlinable
  package func rounded<Other: BLASScalar>(moments: Tile<Other>) -> MomentUpdate<Other> {
    let first = moments.base
    let second = moments.columns > 1 ? first + moments.stride : nil
    return MomentUpdate<Other>(
      rule: rule, rate: Other(rate), beta1: Other(beta1), gain1: Other(gain1), beta2: Other(beta2),
      gain2: Other(gain2), smallest: Other(smallest), largest: Other(largest), correction: Other(correction),
      epsilon: Other(epsilon), shrinkage: Other(shrinkage),
      mean: rule == .rmsProp ? nil : first, square: rule == .rmsProp ? first : second)
  }
}
