/// An element type that BLAS computes with: `Float` or `Double`, and no other.
public protocol BLASScalar: BinaryFloatingPoint, Sendable {
  /// The routines of this precision, which compute on raw pointers; for this package only.
  associatedtype Routines: BLASRoutines where Routines.Scalar == Self
}

extension Float: BLASScalar {
  public typealias Routines = FloatRoutines
}

extension Double: BLASScalar {
  public typealias Routines = DoubleRoutines
}
