/// The rows that begin in one part of a table's bytes.
struct TablePart: Sendable {
  /// Row by row the fields, as ``Cell`` tells.
  private(set) var cells: [Double] = []
  /// For each column the texts that the codes in the cells stand for.
  private(set) var texts: [TextSet]
  let columnCount: Int
  /// Where the first row begins, and the byte and the line after the last.
  let start: Int
  private(set) var end: Int
  private(set) var lineCount = 0
  /// The line on which the first row begins.
  var firstLine: Int
  /// The first of the blank lines at the end, counted from the first line, if there are any.
  private(set) var blankLine: Int?
  /// Rows that take several lines, and how many lines more than rows there are up to their ends.
  private var longRows: [(row: Int, surplus: Int)] = []

  var rowCount: Int { cells.count / columnCount }

  /// Takes rows that are there already.
  init(cells: [Double], columnCount: Int) {
    self.cells = cells
    self.columnCount = columnCount
    texts = []
    (start, end, firstLine) = (0, 0, 1)
  }

  /// Parses the rows that begin before `limit`, from the scanner's position on; none may come if a line before was blank.
  init(
    _ scanner: inout FieldScanner, in bytes: Span<UInt8>, before limit: Int, isText: [Bool],
    after earlierBlankLine: Int? = nil
  ) throws(DataError) {
    columnCount = isText.count
    let hasText = isText.contains(true)
    texts = Array(repeating: TextSet(), count: columnCount)
    start = scanner.position
    end = start
    firstLine = scanner.line
    let sampledRows = 256
    var row = 0
    while scanner.position < limit {
      let line = scanner.line
      if scanner.skipBlankLine(in: bytes) {
        blankLine = blankLine ?? line - firstLine
        continue
      }
      if let line = earlierBlankLine ?? blankLine.map({ firstLine + $0 }) {
        throw .blankLine(path: scanner.path, line: line)
      }
      try parseRow(&scanner, in: bytes, line: line, isText: hasText ? isText : [])
      row += 1
      if scanner.line - line > 1 { longRows.append((row - 1, scanner.line - firstLine - row)) }
      if row == sampledRows {
        // A bit more than if the other rows were about as long as these; memory that stays unused costs nothing.
        cells.reserveCapacity((limit - start) / (scanner.position - start) * sampledRows / 16 * 17 * columnCount)
      }
    }
    end = scanner.position
    lineCount = scanner.line - firstLine
  }

  private mutating func parseRow(
    _ scanner: inout FieldScanner, in bytes: Span<UInt8>, line: Int, isText: [Bool]
  ) throws(DataError) {
    var column = 0
    while true {
      let field = try scanner.next(in: bytes, column: column)
      if field.isNumber, isText.isEmpty || column >= columnCount || !isText[column] {
        cells.append(field.number)
      } else if column < columnCount {
        cells.append(
          Cell.text(try scanner.code(of: field, in: bytes, line: line, column: column, among: &texts[column])))
      }
      column += 1
      if field.endsRow { break }
    }
    guard column == columnCount else {
      throw .raggedRow(path: scanner.path, line: line, found: column, expected: columnCount)
    }
  }

  /// Scans the part once more to put texts in the place of the numbers in these columns, which turned out to hold words.
  mutating func replaceNumbers(
    inColumns chosen: [Int], in bytes: Span<UInt8>, _ scanner: FieldScanner
  ) throws(DataError) {
    guard chosen.contains(where: { column in hasNumbers(inColumn: column) }) else { return }
    var scanner = scanner
    scanner.move(to: start, line: firstLine)
    var isChosen = [Bool](repeating: false, count: columnCount)
    for column in chosen { isChosen[column] = true }
    for index in cells.indices {
      let column = index % columnCount
      let field = try scanner.next(in: bytes, column: column)
      guard isChosen[column], cells[index].isFinite else { continue }
      cells[index] = Cell.text(
        try scanner.code(of: field, in: bytes, line: scanner.line, column: column, among: &texts[column]))
    }
  }

  private func hasNumbers(inColumn column: Int) -> Bool {
    stride(from: column, to: cells.count, by: columnCount).contains { cells[$0].isFinite }
  }

  /// Gives the texts the codes that they have in the sets of the whole table, to which new ones are added.
  mutating func joinTexts(_ sets: inout [TextSet]) {
    for column in 0..<columnCount {
      let codes = sets[column].codes(of: texts[column])
      texts[column] = TextSet()
      guard codes != Array(codes.indices) else { continue }
      for index in stride(from: column, to: cells.count, by: columnCount) where !cells[index].isFinite {
        cells[index] = Cell.text(codes[Cell.code(cells[index])])
      }
    }
  }

  /// The line on which a row begins.
  func line(ofRow row: Int) -> Int {
    firstLine + row + (longRows.last { $0.row < row }?.surplus ?? 0)
  }
}
