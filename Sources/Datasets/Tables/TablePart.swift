import PerceptronFiles

/// The rows that begin in one part of a table's bytes.
struct TablePart: Sendable {
  /// The fields, row by row, in the form of ``NaNBox``.
  private(set) var cells: [Double] = []
  /// For each column, the strings that the codes in the cells stand for.
  private(set) var texts: [TextSet]
  private(set) var columnCount: Int
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

  var rowCount: Int { cells.count / columnCount }

  /// Takes rows that already exist.
  init(cells: [Double], columnCount: Int) {
    self.cells = cells
    self.columnCount = columnCount
    texts = []
    (start, end, firstLine) = (0, 0, 1)
  }

  /// Parses the rows that begin before `limit`, from the scanner's position on.
  init(
    _ scanner: inout FieldScanner, in bytes: Span<UInt8>, before limit: Int, _ rules: RowRules
  ) throws(FileError) {
    columnCount = rules.columnCount
    texts = Array(repeating: TextSet(), count: columnCount)
    start = scanner.position
    end = start
    firstLine = scanner.line
    let textColumns = rules.isText.contains(true) ? rules.isText : []
    let sampledCells = 2048
    var isReserved = false
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
        try parseRow(&scanner, in: bytes, line: line, textColumns, rules)
      } catch {
        guard error.code == "unterminatedQuote", !rules.areBytesAll else { throw error }
        cells.removeLast(cells.count - row * columnCount)
        scanner.move(to: position, line: line)
        isCut = true
        break
      }
      if line - firstLine - row != shifts.last?.surplus ?? 0 { shifts.append((row, line - firstLine - row)) }
      row += 1
      addLastBlankLines()
      if !isReserved, cells.count >= sampledCells {
        isReserved = true
        // The reserve is for a few more rows than expected if the other rows are about as long as these. Unused memory
        // costs nothing.
        let rows = (limit - start) * row / (scanner.position - start)
        cells.reserveCapacity((rows + rows / 16 + 1) * columnCount)
      }
    }
    end = scanner.position
    lineCount = scanner.line - firstLine
  }

  private mutating func addLastBlankLines() {
    guard lastBlankLines.count > 0 else { return }
    blankLines.add(lastBlankLines)
    lastBlankLines = SkippedLines()
  }

  private mutating func parseRow(
    _ scanner: inout FieldScanner, in bytes: Span<UInt8>, line: Int, _ textColumns: [Bool], _ rules: RowRules
  ) throws(FileError) {
    let (width, hasText) = (columnCount, !textColumns.isEmpty)
    var column = 0
    while true {
      let field = try scanner.next(in: bytes, column: column)
      // Numbers beyond the last column are removed together with the row, which is refused.
      if field.isNumber, !hasText || column >= width || !textColumns[column] {
        cells.append(field.number)
      } else if column < width {
        cells.append(
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
    var index = 0
    while index < cells.count {
      guard scanner.position < bytes.count else { throw .changed(path: scanner.path) }
      if scanner.skipBlankLine(in: bytes) || scanner.skipEmptyRow(in: bytes) { continue }
      if bytes[scanner.position] == Byte.hash, try scanner.skipComment(in: bytes, rules) { continue }
      for column in 0..<columnCount {
        let field = try scanner.next(in: bytes, column: column)
        if isChosen[column], cells[index].isFinite {
          let code = try scanner.code(of: field, in: bytes, line: scanner.line, column: column, among: &sets[column])
          cells[index] = NaNBox.text(code)
        }
        index += 1
        if field.endsRow != (column == columnCount - 1) {
          guard column == columnCount - 1, try scanner.next(in: bytes, column: columnCount).endsRow else {
            throw .changed(path: scanner.path)
          }
        }
      }
    }
  }

  func hasNumbers(inColumn column: Int) -> Bool {
    let cells = cells.span
    for index in stride(from: column, to: cells.count, by: columnCount) where cells[index].isFinite { return true }
    return false
  }

  /// Replaces the codes of the strings by their codes in the sets of the whole table, to which new strings are added.
  mutating func joinTexts(_ sets: inout [TextSet]) {
    for column in texts.indices where !texts[column].isEmpty {
      let codes = sets[column].codes(of: texts[column])
      guard codes != Array(codes.indices) else { continue }
      for index in stride(from: column, to: cells.count, by: columnCount) where !cells[index].isFinite {
        cells[index] = NaNBox.text(codes[NaNBox.code(cells[index])])
      }
    }
    texts = []
  }

  /// Removes columns at the end.
  mutating func removeLastColumns(_ count: Int) {
    let width = columnCount - count
    for row in 0..<rowCount {
      for column in 0..<width { cells[row * width + column] = cells[row * columnCount + column] }
    }
    cells.removeLast(rowCount * count)
    columnCount = width
  }

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
