/// What can stand in a product: a ``Matrix``, or its ``Matrix/transposed`` view.
public protocol MatrixOperand<Scalar>: Sendable {
  associatedtype Scalar: BLASScalar
  /// The elements as they are stored.
  var matrix: Matrix<Scalar> { get }
  /// Whether the operand is the stored matrix's transpose.
  var isTransposed: Bool { get }
}

/// A matrix read as its transpose: a flag for BLAS, not a copy.
public struct Transposed<Scalar: BLASScalar>: MatrixOperand {
  public let matrix: Matrix<Scalar>
  public var isTransposed: Bool { true }
}

extension Matrix: MatrixOperand {
  public var matrix: Matrix { self }
  public var isTransposed: Bool { false }

  /// This matrix read as its transpose; copies nothing.
  public var transposed: Transposed<Scalar> { Transposed(matrix: self) }
}
