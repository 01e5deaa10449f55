extension Matrix {
  /// Replaces every element x by f(x), with a vectorised function f.
  public mutating func apply(_ function: ElementwiseFunction) {
    let count = count
    withTile { Scalar._Routines.apply(function, count, $0.base, $0.base) }
  }

  /// Returns a new matrix with `transform` applied to every element; throws what it throws.
  @inlinable
  public func map<E: Error>(_ transform: (Scalar) throws(E) -> Scalar) throws(E) -> Matrix {
    let result = Matrix(rows: rows, columns: columns)
    let (from, to) = (buffer.base + offset, result.buffer.base)
    // Nothing else keeps the buffers alive while their elements are read and written.
    try withExtendedLifetime((buffer, result)) { () throws(E) in
      for i in 0..<count { to[i] = try transform(from[i]) }
    }
    return result
  }

  /// Multiplies every element by `factor`; 0 · NaN stays NaN.
  public mutating func scale(by factor: Scalar) {
    let count = count
    withTile { Scalar._Routines.scale(count, factor, $0.base) }
  }
}

// MARK: - Reductions

extension Matrix {
  /// The sum of the elements; the order of the additions depends only on their number.
  public func sum() -> Scalar { withReadOnlyTile { Scalar._Routines.sum(count, $0.base) } }

  /// The largest magnitude: 0 if there are no elements, NaN if one is NaN.
  public func maxMagnitude() -> Scalar { withReadOnlyTile { Scalar._Routines.maxMagnitude(count, $0.base) } }

  /// The sum of each row, as a rows × 1 vector.
  public func rowSums() -> Matrix {
    var sums = Matrix(rows: rows, columns: 1)
    sums.withTile { sums in withReadOnlyTile { sums.addRowSums(of: $0, scale: 1, accumulator: 0) } }
    return sums
  }

  /// The sum of each column, as a columns × 1 vector.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func columnSums() -> Matrix {
    Matrix((0..<columns).map { self[columns: $0..<$0 + 1].sum() })
  }

  /// The row index of each column's largest element. Of equal elements the first counts, and NaN counts as smaller than
  /// any number.
  ///
  /// - Precondition: Traps if there are columns but no rows.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func indicesOfColumnMaxima() -> [Int] {
    guard rows > 0 || columns == 0 else { fail("no largest element in the columns of a \(shape) matrix") }
    var indices = [Int](repeating: 0, count: columns)
    withReadOnlyTile { tile in
      for column in 0..<columns {
        let elements = tile.base + column * rows
        var best = 0
        for row in 1..<rows where elements[row] > elements[best] || elements[best].isNaN { best = row }
        indices[column] = best
      }
    }
    return indices
  }
}

// MARK: - Equality and description

extension Matrix: Equatable {
  /// Whether the shapes and all elements are equal (as numbers: −0 = 0, NaN ≠ NaN).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func == (left: Matrix, right: Matrix) -> Bool {
    guard left.rows == right.rows, left.columns == right.columns else { return false }
    return left.withReadOnlyTile { a in
      right.withReadOnlyTile { b in (0..<left.count).allSatisfy { a.base[$0] == b.base[$0] } }
    }
  }
}

extension Matrix: CustomStringConvertible {
  /// The shape, followed by the rows if the matrix has at most eight rows and eight columns.
  public var description: String {
    let title = "\(shape) Matrix<\(Scalar.self)>"
    guard !isEmpty, rows <= 8, columns <= 8 else { return title }
    return (0..<rows).reduce(title) { text, row in
      text + "\n[" + (0..<columns).map { "\(self[row, $0])" }.joined(separator: ", ") + "]"
    }
  }
}
