import Tensor

/// How a column of a table becomes rows of a matrix.
enum ColumnSource {
  /// One row: the numbers, and `missing` in the place of those that are missing; where it is nil, none may be.
  case number(column: Int, missing: Double?)
  /// A row for each category: 1 in that of the field, by its code or number, else 0. A field of no category has a negative index.
  case category(column: Int, count: Int, indices: [Int], names: NameIndex)

  /// The number of rows.
  var count: Int {
    switch self {
    case .number: 1
    case .category(_, let count, _, _): count
    }
  }
}

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
  public func matrix<Scalar: BLASScalar>(
    ofColumns columns: [Int], scaledBy scaling: Scaling? = nil
  ) throws(DataError) -> Matrix<Scalar> {
    guard !columns.isEmpty, columns.allSatisfy(columnNames.indices.contains) else {
      fail("matrix(ofColumns: \(columns)): the table has the columns 0..<\(columnNames.count)")
    }
    return try matrix(
      of: columns.map { .number(column: $0, missing: nil) }, scaledBy: scaling, team: Team(workers: 1))
  }

  /// The rows that the sources give, one column for each sample; the scaling is of those that are numbers.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func matrix<Scalar: BLASScalar>(
    of sources: [ColumnSource], scaledBy scaling: Scaling?, team: Team
  ) throws(DataError) -> Matrix<Scalar> {
    var matrix = Matrix<Scalar>(rows: sources.reduce(0) { $0 + $1.count }, columns: rowCount)
    let failures = matrix.withTile { tile in
      team.map(parts.count) { index in
        fill(
          tile[columns: firstRows[index]..<firstRows[index] + parts[index].rowCount], from: parts[index], sources,
          scaling)
      }
    }
    for (firstRow, failure) in zip(firstRows, failures) {
      if let failure { throw notFinite(row: firstRow + failure.row, column: failure.column) }
    }
    return matrix
  }

  /// Writes a part's rows to the columns of a tile of zeros; returns the first field that is not a finite number there.
  @inline(__always)
  private func fill<Scalar>(
    _ tile: Tile<Scalar>, from part: TablePart, _ sources: [ColumnSource], _ scaling: Scaling?
  ) -> (row: Int, column: Int)? {
    let width = columnNames.count
    let cells = part.cells.span
    var index = 0
    for row in 0..<tile.columns {
      var feature = 0
      for source in sources {
        switch source {
        case .number(let column, let missing):
          var number = cells[row * width + column]
          if !number.isFinite {
            let code = Cell.code(number)
            let replacement = kinds[column][code] == .missing ? missing : DecimalNumber.parse(texts[column][code])
            guard let replacement else { return (row, column) }
            number = replacement
          }
          let value = Scalar(scaling.map { $0.scaled(number, feature) } ?? number)
          guard value.isFinite else { return (row, column) }
          tile[index] = value
          index += 1
          feature += 1
        case .category(let column, let count, let indices, let names):
          let cell = cells[row * width + column]
          let category = cell.isFinite ? names[cell] ?? -1 : indices[Cell.code(cell)]
          if category >= 0 { tile[index + category] = 1 }
          index += count
        }
      }
    }
    return nil
  }

  /// The error for a field that does not hold a finite number.
  private func notFinite(row: Int, column: Int) -> DataError {
    let text = text(row: row, column: column)
    let (line, name) = (line(ofRow: row), columnNames[column])
    let isNumeric = DecimalNumber.parse(text) != nil || TextKind(text) == .infinite
    return isNumeric
      ? .notFinite(path: path, line: line, column: name, field: column + 1, text: text)
      : .notANumber(path: path, line: line, column: name, field: column + 1, text: text)
  }
}
