/// An operand of a product: a ``Matrix``, or its ``Matrix/transposed`` view.
public protocol MatrixOperand<Scalar>: Sendable {
  /// The type of an element.
  associatedtype Scalar: BLASScalar
  /// The elements as they are stored.
  var matrix: Matrix<Scalar> { get }
  /// Whether the operand is the stored matrix's transpose.
  var isTransposed: Bool { get }
}

/// A view of a matrix as its transpose: a flag for BLAS, not a copy.
public struct Transposed<Scalar: BLASScalar>: MatrixOperand {
  /// The matrix that is seen transposed.
  public let matrix: Matrix<Scalar>
  /// Always true.
  public var isTransposed: Bool { true }
}

extension Matrix: MatrixOperand {
  /// The matrix itself.
  public var matrix: Matrix { self }
  /// Always false.
  public var isTransposed: Bool { false }

  /// A view of this matrix as its transpose; copies nothing.
  public var transposed: Transposed<Scalar> { Transposed(matrix: self) }
}
