extension Matrix {
  /// Makes a matrix with its elements in transposed order. Operations that accept a view do not need this copy.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init(_ view: Transposed<Scalar>) {
    let source = view.matrix
    self.init(rows: source.columns, columns: source.rows)
    source.withReadOnlyTile { tile.fill(rowMajor: $0.base) }
  }

  /// Calls `body` with the elements row after row, several rows at a time.
  ///
  /// All elements at once would take the matrix's memory a second time; 65536 elements stay in the cache.
  package func forEachRowMajorPart(_ body: ([Scalar]) -> Void) {
    let height = max((1 << 16) / max(columns, 1), 1)
    withReadOnlyTile { tile in
      for first in stride(from: 0, to: rows, by: height) {
        body(tile.rows(first..<min(first + height, rows)).rowMajorElements())
      }
    }
  }
}

extension MatrixOperand {
  var rowCount: Int { isTransposed ? matrix.columns : matrix.rows }
  var columnCount: Int { isTransposed ? matrix.rows : matrix.columns }

  /// The product of this operand and `other`, as a new matrix.
  public func multiplied(by other: some MatrixOperand<Scalar>) -> Matrix<Scalar> {
    var result = Matrix<Scalar>(rows: rowCount, columns: other.columnCount)
    multiply(self, by: other, into: &result)
    return result
  }
}

/// Multiplies two matrices into a third.
///
///     C ← α op(A) op(B) + β C        op(X) = X or Xᵀ
///
/// With AVX2, with AVX-512 and on arm64 the package's own kernels compute the product, so it does not depend on which
/// processors OpenBLAS knows. Elsewhere BLAS's gemm computes it, or gemv if C is a single column.
///
/// - Shapes: op(A) m × k, op(B) k × n, C m × n.
/// - If β = 0 the old C is not read, so a NaN in it vanishes. If α = 0 or k = 0, A and B are not read, so a NaN in them
///   has no effect.
/// - C may be one of the operands, or share storage with one. The result is the same as with copies of the operands,
///   since C gets its own storage first.
/// - Precondition: Traps if the shapes do not match, or if BLAS multiplies and a size is greater than 2 147 483 647.
/// - Complexity: 2 m n k flops; allocates only if C shares its storage.
public func multiply<Scalar>(
  _ a: some MatrixOperand<Scalar>, by b: some MatrixOperand<Scalar>, into c: inout Matrix<Scalar>,
  alpha: Scalar = 1, beta: Scalar = 0
) {
  guard a.columnCount == b.rowCount else {
    fail("cannot multiply \(describe(a)) by \(describe(b)): inner sizes \(a.columnCount) ≠ \(b.rowCount)")
  }
  guard c.rows == a.rowCount, c.columns == b.columnCount else {
    fail("cannot multiply \(describe(a)) by \(describe(b)) into \(c.shape): \(a.rowCount)×\(b.columnCount) is needed")
  }
  c.withTile { destination in
    a.matrix.withReadOnlyTile { left in
      b.matrix.withReadOnlyTile { right in
        destination.product(
          left, right, transposeA: a.isTransposed, transposeB: b.isTransposed, alpha: alpha, beta: beta)
      }
    }
  }
}

private func describe(_ operand: some MatrixOperand) -> String {
  "\(operand.rowCount)×\(operand.columnCount)" + (operand.isTransposed ? " (transposed)" : "")
}

extension Matrix {
  /// Adds a multiple of another matrix: self ← self + α X.
  ///
  /// - Precondition: Traps if the shapes differ.
  public mutating func add(_ x: Matrix, scaledBy alpha: Scalar = 1) {
    checkSameShape(x, "add")
    let count = count
    withTile { y in
      x.withReadOnlyTile { x in
        Scalar._Routines.add(count, alpha, x.base, y.base)
      }
    }
  }

  /// The sum of the products of corresponding elements.
  ///
  /// - Precondition: Traps if the shapes differ.
  public func dot(_ other: Matrix) -> Scalar {
    checkSameShape(other, "take the dot product of")
    var sum: Scalar = 0
    withReadOnlyTile { x in
      other.withReadOnlyTile { y in
        forEachChunk(of: count) { start, size in sum += Scalar._Routines.dot(size, x.base + start, y.base + start) }
      }
    }
    return sum
  }

  /// The Euclidean (Frobenius) norm, √Σ x². Intermediate values do not overflow if the result does not.
  public func norm() -> Scalar {
    var norm: Scalar = 0
    withReadOnlyTile { x in
      forEachChunk(of: count) { start, size in
        let part = Scalar._Routines.nrm2(size, x.base + start)
        norm = norm == 0 ? part : norm.hypotenuse(part)
      }
    }
    return norm
  }

  func checkSameShape(_ other: Matrix, _ operation: @autoclosure () -> String) {
    if other.rows != rows || other.columns != columns { fail("cannot \(operation()) \(shape) and \(other.shape)") }
  }
}

/// Calls `body` with chunks of 2³⁰ elements, since vectors may be longer than BLAS's 32-bit sizes allow.
private func forEachChunk(of count: Int, _ body: (Int, Int32) -> Void) {
  let chunk = 1 << 30
  for start in stride(from: 0, to: count, by: chunk) { body(start, Int32(min(chunk, count - start))) }
}

extension BinaryFloatingPoint {
  fileprivate func hypotenuse(_ other: Self) -> Self {
    let (large, small) = (Swift.max(self, other), Swift.min(self, other))
    let ratio = small / large
    return large * (1 + ratio * ratio).squareRoot()
  }
}
