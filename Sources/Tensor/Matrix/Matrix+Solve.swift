extension Matrix {
  /// The reduced QR decomposition: this matrix = Q R with QᵀQ = 1 and R upper triangular.
  ///
  /// - Shapes: this m × n, Q m × min(m, n), R min(m, n) × n.
  /// - Precondition: Traps if a size is greater than 2 147 483 647, or if an element is NaN.
  /// - Complexity: O(m n min(m, n)), through LAPACK's geqrf and orgqr (Householder reflections).
  package func qrDecomposition() -> (q: Matrix, r: Matrix) {
    let inner = Swift.min(rows, columns)
    var r = Matrix(rows: inner, columns: columns)
    guard !isEmpty else { return (Matrix(rows: rows, columns: inner), r) }
    let m = blasSize(rows, "decompose \(shape)")
    let n = blasSize(columns, "decompose \(shape)")
    var factored = self
    var tau = Matrix(rows: inner, columns: 1)
    factored.withTile { a in
      tau.withTile { tau in
        check(Scalar._Routines.geqrf(m, n, a.base, m, tau.base), "geqrf")
        for column in 0..<columns {
          for row in 0...Swift.min(column, inner - 1) { r[row, column] = a.base[row + column * rows] }
        }
        check(Scalar._Routines.orgqr(m, Int32(inner), Int32(inner), a.base, m, tau.base), "orgqr")
      }
    }
    return (factored[columns: 0..<inner], r)
  }

  /// The matrix X that minimises ‖A X − B‖ for each column, where A is this matrix. If A has more columns than rows, X
  /// is the solution of least norm.
  ///
  /// - Shapes: A m × n, B m × s, X n × s.
  /// - Throws: ``LinearAlgebraError`` if a value is not finite, or if A does not have full rank. The rank is not full
  ///   if a diagonal element of the QR (or LQ) decomposition is at most max(m, n) ε times the largest one.
  /// - Precondition: Traps if the numbers of rows differ, or if a size is greater than 2 147 483 647.
  /// - Complexity: O(m n min(m, n)), through LAPACK's gels.
  package func leastSquares(_ b: Matrix) throws(LinearAlgebraError) -> Matrix {
    guard b.rows == rows else { fail("cannot solve \(shape) for \(b.shape): \(rows) ≠ \(b.rows) rows") }
    var solution = Matrix(rows: columns, columns: b.columns)
    guard !isEmpty, b.columns > 0 else { return solution }
    guard maxMagnitude().isFinite, b.maxMagnitude().isFinite else { throw .notFinite }
    let m = blasSize(rows, "solve \(shape)")
    let n = blasSize(columns, "solve \(shape)")
    let sides = blasSize(b.columns, "solve \(shape) for \(b.shape)")
    var a = self
    // gels overwrites the m rows of B with the n rows of X, so there must be room for the larger of the two.
    var x = Matrix(rows: Swift.max(rows, columns), columns: b.columns)
    let info = a.withTile { a in
      x.withTile { x in
        b.withReadOnlyTile { b in x.rows(0..<b.rows).copy(b) }
        return Scalar._Routines.gels(m, n, sides, a.base, m, x.base, Swift.max(m, n))
      }
    }
    if info > 0 { throw .rankDeficient(column: Int(info) - 1) }
    check(info, "gels")
    // gels detects only a diagonal element that is exactly 0.
    let diagonal = (0..<Swift.min(rows, columns)).map { a[$0, $0].magnitude }
    let least = Scalar(Swift.max(rows, columns)) * .ulpOfOne * diagonal.max()!
    if let column = diagonal.firstIndex(where: { !($0 > least) }) { throw .rankDeficient(column: column) }
    solution.withTile { solution in x.withReadOnlyTile { x in solution.copy(x.rows(0..<columns)) } }
    return solution
  }

  private func check(_ info: Int32, _ routine: String) {
    if info != 0 {
      fail("LAPACK's \(routine) refused argument \(-info) for a \(shape) matrix: out of memory, or a number is NaN")
    }
  }
}
