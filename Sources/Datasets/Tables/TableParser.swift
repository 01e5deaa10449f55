import PerceptronFiles
import Tensor

/// Parses a table in pieces, so that its bytes need not be in memory as a whole. Each piece is parsed in parts that a
/// team shares.
///
/// A piece ends at a line end. If that line end turns out to be inside a quoted field, its row begins the next piece.
/// The parts begin at line ends. Whether a line end is outside quotes is guessed from the number of quotes before it.
/// If the start of a part turns out to be wrong, because the part before it ends elsewhere, the part is parsed again
/// from the right place. A part with an error is also parsed again, to count the line of the error. The result
/// therefore depends neither on the pieces nor on the parts.
///
/// A column is numeric until its first word. Then the numbers before the word become strings, as they are written. In
/// the same piece this happens at once; in earlier pieces it happens after the last piece, and the file is read a
/// second time for it.
struct TableParser {
  /// Bytes that have been parsed.
  private struct Piece {
    let start: Int
    let end: Int
    let parts: Range<Int>
    /// The columns whose numbers must become strings.
    var lateColumns: [Int] = []
  }

  private let path: String
  private let format: Table.Format
  private let team: Team
  /// The processes that each hold a share of the parts; nil if each process holds all.
  private let processes: Processes?
  /// The approximate numbers of bytes in a part and in a piece.
  private let partSize: Int
  private let pieceSize: Int
  private var input: ByteWindow
  private var rules = RowRules(isText: [], hasTrailingDelimiter: false)

  private var parts: [TablePart] = []
  private var pieces: [Piece] = []
  private var texts: [TextSet] = []
  /// How many of each column's strings are known not to be words.
  private var wordlessCounts: [Int] = []
  private var blankLines = SkippedLines()
  /// Blank lines that are not yet followed by a row.
  private var lastBlankLines = SkippedLines()
  private var comments = SkippedLines()
  /// A checksum of the rows' bytes, the delimiter and the columns' names, if processes share the rows.
  private var checksum = Checksum()

  /// The first rows, which show the layout of the table, are within this number of bytes.
  private static let sampleSize = 1 << 22

  init(
    _ stream: ByteStream, path: String, format: Table.Format, sharedBy processes: Processes?, team: Team,
    partSize: Int, pieceSize: Int
  ) {
    self.path = path
    self.processes = processes
    self.format = format
    self.team = team
    self.partSize = partSize
    self.pieceSize = pieceSize
    input = ByteWindow(stream, team: team)
  }

  mutating func parse() throws(FileError) -> Table {
    var layout = try findLayout()
    rules = RowRules(
      isText: layout.columnNames.map(format.isText), hasTrailingDelimiter: layout.hasTrailingDelimiter)
    texts = Array(repeating: TextSet(), count: rules.columnCount)
    wordlessCounts = Array(repeating: 0, count: rules.columnCount)
    blankLines = layout.blankLines
    comments = layout.comments
    try parsePieces(layout)
    guard parts.contains(where: { $0.rowCount > 0 }) else { throw .noRows(path: path) }
    try replaceLateNumbers(layout)
    let emptyColumns = removeEmptyColumns(atMost: layout.mostEmptyColumns)
    layout.removeLastColumns(emptyColumns)
    if emptyColumns + (layout.hasTrailingDelimiter ? 1 : 0) > 1 {
      layout.warn(.emptyColumns(path: path, count: emptyColumns + (layout.hasTrailingDelimiter ? 1 : 0)))
    } else if emptyColumns == 1 || layout.hasTrailingDelimiter {
      layout.warn(.trailingDelimiter(path: path))
    }
    if blankLines.count > 0 {
      layout.warn(.blankLines(path: path, line: blankLines.first, count: blankLines.count))
    }
    if comments.count > 0 { layout.warn(.comments(path: path, line: comments.first, count: comments.count)) }
    var table = Table(
      path: path, columnNames: layout.columnNames, parts: parts.filter { $0.rowCount > 0 }, texts: texts,
      textColumns: rules.isText, delimiter: layout.delimiter, hasHeader: layout.hasHeader, warnings: layout.warnings)
    if let processes {
      checksum.add("\(layout.delimiter), \(layout.columnNames)")
      table.sharing = Table.Sharing(processes: processes, checksum: checksum)
    }
    return table
  }

  private mutating func findLayout() throws(FileError) -> TableLayout {
    var size = Self.sampleSize
    try input.fill(size)
    try FileKind.check(Array(input.bytes.prefix(1 << 16)), path: path)
    while true {
      try input.fill(size)
      let (end, isFinal) = input.lines(upTo: size)
      if end > 0 || isFinal {
        do throws(FileError) {
          let bytes = input.bytes.span.extracting(0..<end)
          if let layout = try TableLayout(of: bytes, isWhole: isFinal, path: path, format: format) { return layout }
        } catch {
          guard error.code == "unterminatedQuote", !isFinal else { throw error }
        }
      } else {
        try checkLongRow(
          FieldScanner(path: path, delimiter: (format.delimiter ?? .usual(forPath: path)).rawValue, position: 0))
      }
      size *= 2
    }
  }

  private mutating func parsePieces(_ layout: TableLayout) throws(FileError) {
    var scanner = FieldScanner(path: path, delimiter: layout.delimiter.rawValue, position: layout.start)
    scanner.move(to: layout.start, line: layout.line)
    input.drop(layout.start)
    // The size is larger if a row is longer.
    var size = pieceSize
    while true {
      try input.fill(size)
      scanner.move(to: input.start, line: scanner.line)
      let (end, isFinal) = input.lines(upTo: size)
      if end > input.start {
        try parsePiece(&scanner, before: end, isFinal: isFinal)
      } else if !isFinal {
        try checkLongRow(scanner)
      }
      if isFinal { return }
      let count = scanner.position - input.start
      size = count == 0 ? 2 * size : pieceSize
      input.drop(count)
    }
  }

  private mutating func parsePiece(
    _ scanner: inout FieldScanner, before limit: Int, isFinal: Bool
  ) throws(FileError) {
    let (start, line) = (scanner.position, scanner.line)
    var newParts = try parseRows(input.bytes, &scanner, before: limit, isFinal: isFinal)
    guard scanner.position > start else { return }
    let range = parts.count..<parts.count + newParts.count
    for index in newParts.indices { add(&newParts[index]) }
    parts += newParts
    var rewound = scanner
    rewound.move(to: start, line: line)
    let words = rules.isText.indices.filter { column in !rules.isText[column] && hasWords(inColumn: column) }
    for column in words { rules.isText[column] = true }
    if !words.isEmpty {
      let bytes = input.bytes
      try replaceNumbers(inColumns: words, ofParts: range, in: bytes, offset: 0, rewound)
    }
    for index in pieces.indices {
      pieces[index].lateColumns += words.filter { column in
        parts[pieces[index].parts].contains { $0.hasNumbers(inColumn: column) }
      }
    }
    pieces.append(
      Piece(start: input.base + start, end: input.base + scanner.position, parts: range))
    if let processes {
      input.bytes.withUnsafeBytes { checksum.add(UnsafeRawBufferPointer(rebasing: $0[start..<scanner.position])) }
      // The processes take turns.
      for index in range { parts[index].leave(to: index % processes.count, processes) }
    }
    if MatrixFiles.directory != nil { moveToFile(range) }
    if !isFinal { try checkMemory(of: range) }
  }

  /// Moves the cells of parts to one file, if they are many.
  private mutating func moveToFile(_ range: Range<Int>) {
    let range = range.filter { parts[$0].isHere }
    var cells = Matrix<Double>(rows: 1, columns: range.reduce(0) { $0 + parts[$1].cells.count })
    // Until all are copied, no part has a view of the file: a change would copy all of it.
    var places: [Range<Int>] = []
    for part in range.map({ parts[$0].cells }) {
      let start = places.last?.upperBound ?? 0
      places.append(start..<start + part.count)
      cells[columns: start..<start + part.count] = part.reshaped(rows: 1, columns: part.count)
    }
    for (index, place) in zip(range, places) {
      let (rows, columns) = (parts[index].rowCount, parts[index].columnCount)
      parts[index].cells = cells[columns: place].reshaped(rows: rows, columns: columns)
    }
  }

  /// Adds what a part found apart from its rows.
  private mutating func add(_ part: inout TablePart) {
    part.joinTexts(&texts)
    if part.rowCount > 0 || part.blankLines.count > 0 {
      blankLines.add(lastBlankLines)
      blankLines.add(part.blankLines.moved(by: part.firstLine))
      lastBlankLines = SkippedLines()
    }
    lastBlankLines.add(part.lastBlankLines.moved(by: part.firstLine))
    comments.add(part.comments.moved(by: part.firstLine))
  }

  /// Whether the new strings of a column include a word.
  private mutating func hasWords(inColumn column: Int) -> Bool {
    let new = texts[column][wordlessCounts[column]...]
    wordlessCounts[column] = texts[column].count
    return new.contains { TextKind($0) == .word }
  }

  private func parseRows(
    _ bytes: [UInt8], _ scanner: inout FieldScanner, before limit: Int, isFinal: Bool
  ) throws(FileError) -> [TablePart] {
    let cuts = cuts(in: bytes, from: scanner.position, to: limit)
    var rules = rules
    rules.areBytesAll = isFinal
    let (start, partRules) = (scanner, rules)
    var guesses: [TablePart?] = team.map(cuts.count - 1) { index in
      var scanner = start
      scanner.move(to: cuts[index], line: 1)
      return try? TablePart(
        &scanner, in: bytes.span.extracting(0..<limit), before: cuts[index + 1], partRules)
    }
    var parts: [TablePart] = []
    for index in guesses.indices {
      var part: TablePart
      if let guess = guesses[index].take(), guess.start == scanner.position {
        part = guess
        part.firstLine = scanner.line
        scanner.move(to: part.end, line: scanner.line + part.lineCount)
      } else {
        part = try TablePart(
          &scanner, in: bytes.span.extracting(0..<limit), before: cuts[index + 1], rules)
      }
      let isCut = part.isCut
      parts.append(part)
      if isCut { break }
    }
    return parts
  }

  /// The starts of the parts, and the end of the last part.
  private func cuts(in bytes: [UInt8], from start: Int, to limit: Int) -> [Int] {
    let starts = Array(stride(from: start, to: limit, by: partSize))
    let haveOddQuotes = team.map(starts.count) { index in
      // A pointer is used because the checks of a span would prevent the loop from being vectorised.
      bytes.withUnsafeBufferPointer { bytes in
        let part = UnsafeBufferPointer(rebasing: bytes[starts[index]..<min(starts[index] + partSize, limit)])
        var count: UInt8 = 0
        for byte in part { count &+= byte == Byte.quote ? 1 : 0 }
        return count & 1 == 1
      }
    }
    var isQuoted = false
    var cuts = [start]
    for index in starts.indices.dropFirst() {
      isQuoted = isQuoted != haveOddQuotes[index - 1]
      // A part without a line end is joined to the part before it, so that no byte is scanned twice.
      let end = min(starts[index] + partSize, limit)
      if let cut = Self.endOfLine(in: bytes.span, from: starts[index], to: end, isQuoted: isQuoted) {
        cuts.append(cut)
      }
    }
    return cuts + [limit]
  }

  /// The start of the first line that is outside quotes; nil if there is none.
  private static func endOfLine(in bytes: Span<UInt8>, from start: Int, to end: Int, isQuoted: Bool) -> Int? {
    var isQuoted = isQuoted
    for index in start..<end {
      switch bytes[index] {
      case Byte.quote: isQuoted.toggle()
      case Byte.lineFeed where !isQuoted: return index + 1
      case Byte.carriageReturn where !isQuoted:
        return index + 1 < bytes.count && bytes[index + 1] == Byte.lineFeed ? index + 2 : index + 1
      default: break
      }
    }
    return nil
  }

  /// Checks that a row whose end is not in memory can be a row: neither the length of a field nor the number of fields
  /// exceeds the limits.
  private func checkLongRow(_ start: FieldScanner) throws(FileError) {
    var scanner = start
    let bytes = input.bytes.span
    var column = 0
    while scanner.position < bytes.count {
      do throws(FileError) {
        _ = try scanner.next(in: bytes, column: column)
      } catch {
        if error.code == "longField" { throw error }
        return
      }
      column += 1
      guard column <= Table.mostColumns else {
        if rules.columnCount == 0 { throw .manyColumns(path: path, most: Table.mostColumns) }
        throw .raggedRow(path: path, line: start.line, found: column, expected: rules.columnCount)
      }
    }
  }

  /// Checks that memory has room for the cells of the whole table, of which these parts are a piece.
  private func checkMemory(of newParts: Range<Int>) throws(FileError) {
    let size = MemoryLayout<Double>.size
    let newBytes = parts[newParts].reduce(0) { $0 + $1.cells.count * size }
    var missing = newBytes
    var all = missing
    if let fileSize = input.size, let piece = pieces.last {
      let share = Double(fileSize - piece.end) / Double(piece.end - pieces[0].start)
      all = parts.reduce(0) { $0 + $1.cells.count * size }
      missing = Int(Double(all) * share)
      all += missing
    } else {
      all = parts.reduce(0) { $0 + $1.cells.count * size } + missing
    }
    guard missing > 1 << 26, case let usable = MatrixFiles.room, missing > usable else { return }
    throw .exceedsMemory(path: path, bytes: all, usable: usable + all - missing, in: MatrixFiles.directory)
  }

  // MARK: - A second look

  private mutating func replaceNumbers(
    inColumns columns: [Int], ofParts range: Range<Int>, in bytes: [UInt8], offset: Int, _ scanner: FieldScanner
  ) throws(FileError) {
    for index in range {
      var scanner = scanner
      scanner.move(to: parts[index].start + offset, line: parts[index].firstLine)
      guard scanner.position <= bytes.count else { throw .changed(path: path) }
      if parts[index].isHere {
        try parts[index].replaceNumbers(inColumns: columns, in: bytes.span, scanner, rules, &texts)
      } else if let processes, columns.contains(where: { parts[index].hasNumbers(inColumn: $0) }) {
        // The strings get the same codes on all processes.
        let length = parts[index].end - parts[index].start
        var part = try TablePart(
          &scanner, in: bytes.span, before: min(scanner.position + length, bytes.count), rules)
        part.joinTexts(&texts)
        part.leave(to: parts[index].owner, processes)
        parts[index] = part
      }
    }
  }

  /// Reads the pieces again in which columns seemed to be numeric but are not.
  private mutating func replaceLateNumbers(_ layout: TableLayout) throws(FileError) {
    let scanner = FieldScanner(path: path, delimiter: layout.delimiter.rawValue, position: 0)
    var isReadAgain = false
    for piece in pieces where !piece.lateColumns.isEmpty {
      isReadAgain = true
      let bytes = try input.bytes(from: piece.start, to: piece.end)
      let offset = -(parts[piece.parts.lowerBound].start)
      try replaceNumbers(inColumns: piece.lateColumns, ofParts: piece.parts, in: bytes, offset: offset, scanner)
      if MatrixFiles.directory != nil { moveToFile(piece.parts) }
    }
    if isReadAgain { try input.checkThatUnchanged() }
  }

  /// Removes the columns at the end whose fields are all empty; returns their number.
  private mutating func removeEmptyColumns(atMost most: Int) -> Int {
    let count = (0..<min(most, rules.columnCount - 1)).prefix { index in
      let column = rules.columnCount - 1 - index
      return Array(texts[column]) == [""] && !parts.contains { $0.hasNumbers(inColumn: column) }
    }.count
    guard count > 0 else { return 0 }
    for index in parts.indices { parts[index].removeLastColumns(count) }
    texts.removeLast(count)
    rules.isText.removeLast(count)
    return count
  }
}
