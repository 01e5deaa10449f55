/// Parses the bytes of a table in one pass.
///
/// Numbers go to one array, row by row; only fields of columns that hold text become strings. A column is found to
/// hold text at its first such field; if that is not in the first row, the rows before it are scanned once more.
struct TableParser {
  let path: String
  let delimiter: UInt8
  let header: Table.Header

  private var names: [String] = []
  private var cells: [Double] = []
  private var lines: [Int] = []
  /// For each column that holds text, the texts from the row on in which that was found.
  private var texts: [[String]?] = []

  init(path: String, delimiter: UInt8, header: Table.Header) {
    self.path = path
    self.delimiter = delimiter
    self.header = header
  }

  mutating func parse(_ bytes: Span<UInt8>) throws(DataError) -> Table {
    var scanner = FieldScanner(path: path, delimiter: delimiter, position: Self.hasByteOrderMark(bytes) ? 3 : 0)
    try parseFirstRow(bytes, &scanner)
    let firstRow = scanner
    try parseRows(bytes, &scanner)
    guard !lines.isEmpty else { throw .noRows(path: path) }
    try completeTexts(bytes, from: firstRow)
    return Table(path: path, columnNames: names, cells: cells, lines: lines, texts: texts)
  }

  /// Finds the number of columns and their names, and leaves the scanner at the first row of data.
  private mutating func parseFirstRow(_ bytes: Span<UInt8>, _ scanner: inout FieldScanner) throws(DataError) {
    let start = scanner
    if scanner.skipBlankLine(in: bytes) {
      while scanner.position < bytes.count, scanner.skipBlankLine(in: bytes) {}
      guard scanner.position < bytes.count else { throw .emptyFile(path: path) }
      throw .blankLine(path: path, line: 1)
    }
    var fields: [FieldScanner.Field] = []
    repeat {
      fields.append(try scanner.next(in: bytes, column: fields.count))
    } while !fields[fields.count - 1].endsRow
    texts = Array(repeating: nil, count: fields.count)

    let hasHeader =
      switch header {
      case .present: true
      case .absent: false
      case .automatic: !fields.allSatisfy(\.isNumber)
      }
    guard hasHeader else {
      names = (1...fields.count).map(String.init)
      scanner = start
      return
    }
    var fieldOfName: [String: Int] = [:]
    for (column, field) in fields.enumerated() {
      let text = try scanner.text(of: field, in: bytes, line: 1, column: column)
      let name = text.isEmpty ? String(column + 1) : text
      if let first = fieldOfName.updateValue(column + 1, forKey: name) {
        throw .duplicateColumn(path: path, name: name, first: first, second: column + 1)
      }
      names.append(name)
    }
  }

  private mutating func parseRows(_ bytes: Span<UInt8>, _ scanner: inout FieldScanner) throws(DataError) {
    let columns = names.count
    let start = scanner.position
    let sampledRows = 256
    var blankLine: Int?
    while scanner.position < bytes.count {
      let line = scanner.line
      if scanner.skipBlankLine(in: bytes) {
        blankLine = blankLine ?? line
        continue
      }
      if let blankLine { throw .blankLine(path: path, line: blankLine) }
      var column = 0
      while true {
        let field = try scanner.next(in: bytes, column: column)
        if column < columns {
          cells.append(field.number)
          if !field.isNumber || texts[column] != nil {
            let text = try scanner.text(of: field, in: bytes, line: line, column: column)
            texts[column, default: []].append(text)
          }
        }
        column += 1
        if field.endsRow { break }
      }
      guard column == columns else {
        throw .raggedRow(path: path, line: line, found: column, expected: columns)
      }
      lines.append(line)
      if lines.count == sampledRows {
        // A bit more than if the other rows were about as long as these; memory that stays unused costs nothing.
        let rows = (bytes.count - start) / (scanner.position - start) * sampledRows / 16 * 17
        cells.reserveCapacity(rows * columns)
        lines.reserveCapacity(rows)
      }
    }
  }

  /// Puts the texts of the rows before the one in which a column was found to hold text before the others.
  private mutating func completeTexts(_ bytes: Span<UInt8>, from start: FieldScanner) throws(DataError) {
    let missing = texts.map { texts in texts.map { lines.count - $0.count } ?? 0 }
    guard let rows = missing.max(), rows > 0 else { return }
    var earlier = [[String]](repeating: [], count: names.count)
    var scanner = start
    for row in 0..<rows {
      for column in names.indices {
        let field = try scanner.next(in: bytes, column: column)
        guard row < missing[column] else { continue }
        earlier[column].append(try scanner.text(of: field, in: bytes, line: lines[row], column: column))
      }
    }
    for column in names.indices where missing[column] > 0 {
      texts[column] = earlier[column] + (texts[column] ?? [])
    }
  }

  private static func hasByteOrderMark(_ bytes: Span<UInt8>) -> Bool {
    bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
  }
}

extension [[String]?] {
  fileprivate subscript(index: Int, default value: [String]) -> [String] {
    get { self[index] ?? value }
    _modify {
      if self[index] == nil { self[index] = value }
      yield &self[index]!
    }
  }
}
