import PerceptronFiles
import Tensor

/// The rows that begin in one part of a table's bytes.
struct TablePart: Sendable {
  /// The path of the file, for messages.
  let path: String
  /// The fields in the form of ``NaNBox``, rows × columns; without rows if another process holds the part.
  var cells: Matrix<Double>
  private(set) var rowCount: Int
  /// The process that holds the part.
  private(set) var owner = 0
  /// For a part that another process holds: which columns have numbers, and the columns that are here for a while.
  private var elsewhere: (haveNumbers: [Bool], visitors: [Int: Matrix<Double>])?
  /// For each column, the strings that the codes in the cells stand for.
  private(set) var texts: [TextSet]
  /// Where the first row begins; then the byte after the last row, and the number of lines up to there.
  let start: Int
  private(set) var end: Int
  private(set) var lineCount = 0
  /// The line on which the first row begins.
  var firstLine: Int
  /// Whether the bytes end inside the row after the last one.
  private(set) var isCut = false
  /// Lines that are left out, counted from the first line: blank lines above the last row, blank lines below it, and
  /// comments. A line of delimiters alone counts as a row for this, and as one of the blank lines above.
  private(set) var blankLines = SkippedLines()
  private(set) var lastBlankLines = SkippedLines()
  private(set) var comments = SkippedLines()
  /// Rows before which the surplus changes: the number of lines above a row, less the number of rows above it. The
  /// surplus grows if a row takes several lines or lines are left out.
  private var shifts: [(row: Int, surplus: Int)] = []

  var columnCount: Int { cells.columns }
  /// Whether this process holds the part.
  var isHere: Bool { elsewhere == nil }

  /// Takes rows that already exist.
  init(cells: Matrix<Double>, path: String) {
    self.path = path
    self.cells = cells
    rowCount = cells.rows
    texts = []
    (start, end, firstLine) = (0, 0, 1)
  }

  /// Parses the rows that begin before `limit`, from the scanner's position on.
  init(
    _ scanner: inout FieldScanner, in bytes: Span<UInt8>, before limit: Int, _ rules: RowRules
  ) throws(FileError) {
    let columnCount = rules.columnCount
    path = scanner.path
    texts = Array(repeating: TextSet(), count: columnCount)
    cells = Matrix(rows: 0, columns: columnCount)
    rowCount = 0
    start = scanner.position
    end = start
    firstLine = scanner.line
    let textColumns = rules.isText.contains(true) ? rules.isText : []
    let sampledCells = 2048
    var isReserved = false
    // Row after row.
    var fields: [Double] = []
    var row = 0
    while scanner.position < limit {
      let (position, line) = (scanner.position, scanner.line)
      do throws(FileError) {
        if scanner.skipBlankLine(in: bytes) {
          lastBlankLines.add(line: line - firstLine)
          continue
        }
        if scanner.skipEmptyRow(in: bytes) {
          addLastBlankLines()
          blankLines.add(line: line - firstLine)
          continue
        }
        if bytes[position] == Byte.hash, try scanner.skipComment(in: bytes, rules) {
          comments.add(line: line - firstLine)
          continue
        }
        try parseRow(&scanner, in: bytes, line: line, textColumns, rules, &fields)
      } catch {
        guard error.code == "unterminatedQuote", !rules.areBytesAll else { throw error }
        fields.removeLast(fields.count - row * columnCount)
        scanner.move(to: position, line: line)
        isCut = true
        break
      }
      if line - firstLine - row != shifts.last?.surplus ?? 0 { shifts.append((row, line - firstLine - row)) }
      row += 1
      addLastBlankLines()
      if !isReserved, fields.count >= sampledCells {
        isReserved = true
        // The reserve is for a few more rows than expected if the other rows are about as long as these. Unused memory
        // costs nothing.
        let rows = (limit - start) * row / (scanner.position - start)
        fields.reserveCapacity((rows + rows / 16 + 1) * columnCount)
      }
    }
    cells = Matrix(rows: row, columns: columnCount, rowMajor: fields)
    rowCount = row
    end = scanner.position
    lineCount = scanner.line - firstLine
  }

  private mutating func addLastBlankLines() {
    guard lastBlankLines.count > 0 else { return }
    blankLines.add(lastBlankLines)
    lastBlankLines = SkippedLines()
  }

  private mutating func parseRow(
    _ scanner: inout FieldScanner, in bytes: Span<UInt8>, line: Int, _ textColumns: [Bool], _ rules: RowRules,
    _ fields: inout [Double]
  ) throws(FileError) {
    let (width, hasText) = (columnCount, !textColumns.isEmpty)
    var column = 0
    while true {
      let field = try scanner.next(in: bytes, column: column)
      // Numbers beyond the last column are removed together with the row, which is refused.
      if field.isNumber, !hasText || column >= width || !textColumns[column] {
        fields.append(field.number)
      } else if column < width {
        fields.append(
          NaNBox.text(try scanner.code(of: field, in: bytes, line: line, column: column, among: &texts[column])))
      }
      column += 1
      if field.endsRow {
        if column == width || rules.hasTrailingDelimiter && column == width + 1 && field.isEmpty { return }
        throw .raggedRow(path: scanner.path, line: line, found: column, expected: width)
      }
      // No table has this many columns. A line end is missing, and the next one may be far away.
      if column > Table.mostColumns {
        throw .raggedRow(path: scanner.path, line: line, found: column, expected: width)
      }
    }
  }

  /// Scans the part once more and replaces the numbers in these columns by strings, because the columns turned out to
  /// hold words.
  /// - Parameter sets: The strings of the whole table, to which new ones are added.
  /// - Throws: ``FileError`` (`changed`) if the bytes have changed.
  mutating func replaceNumbers(
    inColumns chosen: [Int], in bytes: Span<UInt8>, _ scanner: FieldScanner, _ rules: RowRules,
    _ sets: inout [TextSet]
  ) throws(FileError) {
    guard chosen.contains(where: { column in hasNumbers(inColumn: column) }) else { return }
    var scanner = scanner
    var isChosen = [Bool](repeating: false, count: columnCount)
    for column in chosen { isChosen[column] = true }
    var row = 0
    while row < rowCount {
      guard scanner.position < bytes.count else { throw .changed(path: scanner.path) }
      if scanner.skipBlankLine(in: bytes) || scanner.skipEmptyRow(in: bytes) { continue }
      if bytes[scanner.position] == Byte.hash, try scanner.skipComment(in: bytes, rules) { continue }
      for column in 0..<columnCount {
        let field = try scanner.next(in: bytes, column: column)
        if isChosen[column], cells[row, column].isFinite {
          let code = try scanner.code(of: field, in: bytes, line: scanner.line, column: column, among: &sets[column])
          cells[row, column] = NaNBox.text(code)
        }
        if field.endsRow != (column == columnCount - 1) {
          guard column == columnCount - 1, try scanner.next(in: bytes, column: columnCount).endsRow else {
            throw .changed(path: scanner.path)
          }
        }
      }
      row += 1
    }
  }

  func hasNumbers(inColumn column: Int) -> Bool {
    if let elsewhere { return elsewhere.haveNumbers[column] }
    return withColumn(column) { cells in
      for row in cells.indices where cells[row].isFinite { return true }
      return false
    }
  }

  /// Calls `body` with the fields of a column.
  ///
  /// - Precondition: Traps if another process holds them: see ``Table/holding(_:)``.
  @inline(__always)
  func withColumn<Result>(_ column: Int, _ body: (Span<Double>) -> Result) -> Result {
    fields(ofColumn: column).withSpan(body)
  }

  private func fields(ofColumn column: Int) -> Matrix<Double> {
    guard let elsewhere else { return cells[columns: column..<column + 1] }
    guard let visitor = elsewhere.visitors[column] else {
      fail("another process holds the fields of column \(column), and they were not asked for")
    }
    return visitor
  }

  /// The fields of some columns, rows × columns, and the place of each of them there.
  func fields(ofColumns columns: [Int]) -> (fields: Matrix<Double>, places: [Int]) {
    guard !isHere else { return (cells, columns) }
    var fields = Matrix<Double>(rows: rowCount, columns: columns.count)
    for (place, column) in columns.enumerated() {
      fields[columns: place..<place + 1] = self.fields(ofColumn: column).reshaped(rows: rowCount, columns: 1)
    }
    return (fields, Array(columns.indices))
  }

  /// Says which process holds the part. The others keep only what the whole table needs to know of it.
  mutating func leave(to owner: Int, _ processes: Processes) {
    self.owner = owner
    guard owner != processes.rank else { return }
    elsewhere = ((0..<columnCount).map { hasNumbers(inColumn: $0) }, [:])
    cells = Matrix(rows: 0, columns: columnCount)
  }

  /// Takes the fields of a column from the process that holds the part.
  mutating func receive(_ fields: Matrix<Double>, ofColumn column: Int) { elsewhere?.visitors[column] = fields }

  /// Replaces the codes of the strings by their codes in the sets of the whole table, to which new strings are added.
  mutating func joinTexts(_ sets: inout [TextSet]) {
    for column in texts.indices where !texts[column].isEmpty {
      let codes = sets[column].codes(of: texts[column])
      guard codes != Array(codes.indices) else { continue }
      let own = column * rowCount..<(column + 1) * rowCount
      cells.withMutableSpan { cells in
        for index in own where !cells[index].isFinite {
          cells[index] = NaNBox.text(codes[NaNBox.code(cells[index])])
        }
      }
    }
    texts = []
  }

  /// Removes columns at the end.
  mutating func removeLastColumns(_ count: Int) { cells = cells[columns: 0..<columnCount - count] }

  /// The line on which a row begins.
  func line(ofRow row: Int) -> Int {
    // Finds the last shift up to the row.
    var (low, high) = (0, shifts.count)
    while low < high {
      let middle = (low + high) / 2
      if shifts[middle].row <= row { low = middle + 1 } else { high = middle }
    }
    return firstLine + row + (low > 0 ? shifts[low - 1].surplus : 0)
  }
}
