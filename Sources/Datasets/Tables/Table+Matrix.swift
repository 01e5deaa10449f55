import PerceptronFiles
import Tensor

/// A column of a table, with the rule that turns its fields into rows of a matrix.
struct EncodedColumn {
  let encoder: ColumnEncoder
  /// The column's index in the table.
  let index: Int
  /// What the column's strings mean, indexed by the codes in the cells.
  let values: [FieldValue]
  /// Whether a missing field is a mistake.
  let refusesMissing: Bool

  init(_ encoder: ColumnEncoder, _ index: Int, of table: Table, refusesMissing: Bool = false) {
    self.encoder = encoder
    self.index = index
    self.refusesMissing = refusesMissing
    values = table.texts[index].map(encoder.value(of:))
  }

  @inline(__always)
  func value(_ cell: Double) -> FieldValue { cell.isFinite ? encoder.value(of: cell) : values[NaNBox.code(cell)] }
}

extension Table {
  /// The numbers of the chosen columns. Each column of the table is a row of the matrix, and each sample is a column.
  ///
  /// - Parameters:
  ///   - columns: 0-based indices, in the order of the result's rows; at least one.
  ///   - scaling: How each column is scaled, in `Double`, before it is rounded to `Scalar`; nil for no scaling.
  ///   - formats: How the numbers of each column are written; plain numbers if the array is empty.
  ///   - missing: Which strings are missing values and therefore not numbers.
  /// - Returns: a matrix of columns × ``rowCount``.
  /// - Throws: ``FileError`` (`notANumber`) or ``FileError`` (`notFinite`) for the first field, in row order, that
  ///   `Scalar` cannot hold as a finite number.
  package func matrix<Scalar: BLASScalar>(
    ofColumns columns: [Int], as type: Scalar.Type = Scalar.self, scaledBy scaling: Scaling? = nil,
    formats: [NumberFormat] = [],
    missing: MissingSpellings = MissingSpellings()
  ) throws(FileError) -> Matrix<Scalar> {
    guard !columns.isEmpty, columns.allSatisfy(columnNames.indices.contains) else {
      fail("matrix(ofColumns: \(columns)): the table has the columns 0..<\(columnNames.count)")
    }
    let scaling = scaling ?? .unscaled(columns.count)
    let encoded = columns.enumerated().map { row, column in
      let input = InputColumn.number(
        name: columnNames[column], mean: 0, format: formats.isEmpty ? .plain : formats[row])
      let encoder = ColumnEncoder(
        input, firstFeature: row, scales: [scaling.scale(ofFeature: row)], missing: missing)
      return EncodedColumn(encoder, column, of: self, refusesMissing: true)
    }
    return try matrix(of: encoded, team: Team(workers: 1))
  }

  /// The features of encoded columns, with one matrix column for each sample.
  ///
  /// - Parameter isOwn: Whether only the rows are wanted that this process holds. An error is then that of the first
  ///   row of all processes, which ask together.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func matrix<Scalar: BLASScalar>(
    of columns: [EncodedColumn], ofOwnRows isOwn: Bool = false, team: Team
  ) throws(FileError) -> Matrix<Scalar> {
    let chosen = parts.indices.filter { !isOwn || parts[$0].isHere }
    var starts = [0]
    for index in chosen { starts.append(starts.last! + parts[index].rowCount) }
    var matrix = Matrix<Scalar>(rows: columns.reduce(0) { $0 + $1.encoder.features.count }, columns: starts.last!)
    let failures = matrix.withTile { tile in
      team.map(chosen.count) { place in
        fill(tile[columns: starts[place]..<starts[place + 1]], from: parts[chosen[place]], columns)
      }
    }
    let first = zip(chosen, failures).lazy.compactMap { index, failure in
      failure.map { (row: firstRows[index] + $0.row, column: $0.column) }
    }.first
    if isOwn, let processes = sharers {
      let rows = processes.gather(Double(first?.row ?? rowCount))
      let columnPlaces = processes.gather(Double(first?.column ?? 0))
      guard let process = rows.indices.min(by: { rows[$0] < rows[$1] }), rows[process] < Double(rowCount) else {
        return matrix
      }
      let column = columns[Int(columnPlaces[process])]
      throw holding([column.index]).mistake(row: Int(rows[process]), column)
    }
    if let first { throw mistake(row: first.row, columns[first.column]) }
    return matrix
  }

  /// Writes a part's rows to the columns of a tile of zeros. Returns the first field that has no finite features.
  @inline(__always)
  private func fill<Scalar>(
    _ tile: Tile<Scalar>, from part: TablePart, _ columns: [EncodedColumn]
  ) -> (row: Int, column: Int)? {
    let rows = tile.columns
    let (fields, indices) = part.fields(ofColumns: columns.map(\.index))
    let (columns, places) = (columns.span, indices.span)
    return fields.withSpan { cells in
      for row in 0..<rows {
        for index in columns.indices {
          let value = columns[index].value(cells[places[index] * rows + row])
          if case .missing = value, columns[index].refusesMissing { return (row, index) }
          guard columns[index].encoder.write(value, to: tile, from: row * tile.rows) else { return (row, index) }
        }
      }
      return nil
    }
  }

  /// The error for a field that does not fit its column.
  private func mistake(row: Int, _ encoded: EncodedColumn) -> FileError {
    let column = encoded.index
    let text = text(row: row, column: column)
    let (path, line, name) = (path(ofRow: row), line(ofRow: row), columnNames[column])
    switch encoded.encoder.column {
    case .date(_, let format, _, _):
      return .notADate(
        path: path, line: line, column: name, field: column + 1, text: text, pattern: format.pattern)
    case .number(_, _, let format, _)
    where (format.number(text) != nil || TextKind(text) == .infinite) && !encoded.encoder.isMissing(text):
      return .notFinite(path: path, line: line, column: name, field: column + 1, text: text)
    case .number, .category:
      return .notANumber(path: path, line: line, column: name, field: column + 1, text: text)
    }
  }
}
