import Tensor

extension Table {
  /// The numbers of the chosen columns, one row of the matrix for each column and one column for each sample.
  ///
  /// - Parameters:
  ///   - columns: 0-based indices, in the order of the result's rows; at least one.
  ///   - scaling: How each is scaled, in `Double`, before it is rounded to `Scalar`; nil for as it is.
  /// - Returns: a matrix of columns × ``rowCount``.
  /// - Throws: ``DataError/notANumber(path:line:column:field:text:)`` or
  ///   ``DataError/notFinite(path:line:column:field:text:)`` for the first field, in the order of the rows, that
  ///   `Scalar` cannot hold as a finite number.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func matrix<Scalar: BLASScalar>(
    ofColumns columns: [Int], scaledBy scaling: Scaling? = nil
  ) throws(DataError) -> Matrix<Scalar> {
    let width = columnNames.count
    guard !columns.isEmpty, columns.allSatisfy(columnNames.indices.contains) else {
      fail("matrix(ofColumns: \(columns)): the table has the columns 0..<\(width)")
    }
    var matrix = Matrix<Scalar>(rows: columns.count, columns: rowCount)
    let rows = rowCount
    let cells = cells.span
    try matrix.withMutableSpan { (span: inout MutableSpan<Scalar>) throws(DataError) in
      var index = 0
      for row in 0..<rows {
        for (feature, column) in columns.enumerated() {
          let cell = cells[row * width + column]
          let value = Scalar(scaling.map { $0.scaled(cell, feature) } ?? cell)
          guard value.isFinite else { throw notFinite(row: row, column: column) }
          span[index] = value
          index += 1
        }
      }
    }
    return matrix
  }

  /// The error for a field that does not hold a finite number.
  private func notFinite(row: Int, column: Int) -> DataError {
    let cell = cells[row * columnNames.count + column]
    let text = texts(ofColumn: column)?[row] ?? cell.description
    let name = columnNames[column]
    let line = line(ofRow: row)
    // "nan" and "inf" are what other programs write for a number that is none.
    let isNumeric = !cell.isNaN || Double(text).map(\.isFinite) == false
    return isNumeric
      ? .notFinite(path: path, line: line, column: name, field: column + 1, text: text)
      : .notANumber(path: path, line: line, column: name, field: column + 1, text: text)
  }
}
