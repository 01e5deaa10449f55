/// An element type that BLAS computes with: `Float` or `Double`, and no other.
public protocol BLASScalar: BinaryFloatingPoint, Sendable {
  /// The routines of this precision, which compute on raw pointers; for this package only.
  associatedtype _Routines: _BLASRoutines where _Routines.Scalar == Self
}

extension Float: BLASScalar {
  public typealias _Routines = _FloatRoutines
}

extension Double: BLASScalar {
  public typealias _Routines = _DoubleRoutines
}
