import Tensor

/// What becomes of a gradient.
package protocol GradientUse<Scalar>: Sendable {
  associatedtype Scalar: BLASScalar

  /// With a rate, θ ← θ − rate · ∇L: the product that makes the gradient adds to the parameters, and there is no gradient vector and no update.
  var directRate: Scalar? { get }

  /// Updates a range of the parameters, whose gradient has just been computed and is in cache; called by the worker that computed it.
  func update(_ range: Range<Int>, parameters: Tile<Scalar>, gradient: Tile<Scalar>)
}

/// The gradient is left in its vector.
struct KeptGradient<Scalar: BLASScalar>: GradientUse {
  var directRate: Scalar? { nil }

  func update(_ range: Range<Int>, parameters: Tile<Scalar>, gradient: Tile<Scalar>) {}
}
