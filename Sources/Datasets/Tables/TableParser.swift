import PerceptronFiles
import Tensor

/// Parses a table in pieces, so that its bytes need not be in memory as a whole, and each piece in parts that a team
/// shares.
///
/// A piece ends with a line; a row that the last line end turns out to be within, in quotes, begins the next one. The
/// parts begin at line ends. Which of these are outside quotes is guessed from the number of quotes before them; a part
/// whose start turns out to be wrong, because the one before it ends elsewhere, is parsed again from the right place,
/// and so is one with an error, to have its line counted. So what is read depends on neither pieces nor parts.
///
/// A column is numeric until a word comes. Then the numbers before it become texts as they are written: those of the
/// same piece at once, those of earlier pieces after the last, for which the file is read a second time.
struct TableParser {
  /// Bytes that have been parsed.
  private struct Piece {
    let start: Int
    let end: Int
    let parts: Range<Int>
    /// The columns whose numbers are to become texts.
    var lateColumns: [Int] = []
  }

  private let path: String
  private let format: Table.Format
  private let team: Team
  /// About how many bytes a part and a piece have.
  private let partSize: Int
  private let pieceSize: Int
  private var input: ByteWindow
  private var rules = RowRules(isText: [], hasTrailingDelimiter: false)

  private var parts: [TablePart] = []
  private var pieces: [Piece] = []
  private var texts: [TextSet] = []
  /// How many of each column's texts are known to be no words.
  private var wordlessCounts: [Int] = []
  private var blankLines = SkippedLines()
  /// Blank lines that no row has followed yet.
  private var lastBlankLines = SkippedLines()
  private var comments = SkippedLines()

  /// The first rows, which tell how the table is laid out, are within so many bytes.
  private static let sampleSize = 1 << 22

  init(_ stream: ByteStream, path: String, format: Table.Format, team: Team, partSize: Int, pieceSize: Int) {
    self.path = path
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
    return Table(
      path: path, columnNames: layout.columnNames, parts: parts.filter { $0.rowCount > 0 }, texts: texts,
      textColumns: rules.isText, delimiter: layout.delimiter, hasHeader: layout.hasHeader, warnings: layout.warnings)
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
    // More if a row is longer.
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
    if !isFinal { try checkMemory(of: range) }
  }

  /// Takes over what a part found besides its rows.
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

  /// Whether the texts that are new in a column hold a word.
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

  /// Where the parts begin, and the end of the last.
  private func cuts(in bytes: [UInt8], from start: Int, to limit: Int) -> [Int] {
    let starts = Array(stride(from: start, to: limit, by: partSize))
    let haveOddQuotes = team.map(starts.count) { index in
      // A pointer, as a span's checks would keep the loop from being vectorised.
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
      // A part without a line end is joined to the one before, so that no byte is looked at twice.
      let end = min(starts[index] + partSize, limit)
      if let cut = Self.endOfLine(in: bytes.span, from: starts[index], to: end, isQuoted: isQuoted) {
        cuts.append(cut)
      }
    }
    return cuts + [limit]
  }

  /// Where the first line begins that is not in quotes; nil if none does.
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

  /// Makes sure that a row whose end is not in memory can be one: that neither a field nor their number is beyond all
  /// that is meant.
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

  /// Makes sure that the cells of the whole table, of which these parts are a piece, have room in memory.
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
    guard missing > 1 << 26, case let usable = usableMemory(), missing > usable else { return }
    throw .exceedsMemory(path: path, bytes: all, usable: usable + all - missing)
  }

  // MARK: - A second look

  private mutating func replaceNumbers(
    inColumns columns: [Int], ofParts range: Range<Int>, in bytes: [UInt8], offset: Int, _ scanner: FieldScanner
  ) throws(FileError) {
    for index in range {
      var scanner = scanner
      scanner.move(to: parts[index].start + offset, line: parts[index].firstLine)
      guard scanner.position <= bytes.count else { throw .changed(path: path) }
      try parts[index].replaceNumbers(inColumns: columns, in: bytes.span, scanner, rules, &texts)
    }
  }

  /// Reads the pieces once more in which columns seemed to be numeric that are not.
  private mutating func replaceLateNumbers(_ layout: TableLayout) throws(FileError) {
    let scanner = FieldScanner(path: path, delimiter: layout.delimiter.rawValue, position: 0)
    var isReadAgain = false
    for piece in pieces where !piece.lateColumns.isEmpty {
      isReadAgain = true
      let bytes = try input.bytes(from: piece.start, to: piece.end)
      let offset = -(parts[piece.parts.lowerBound].start)
      try replaceNumbers(inColumns: piece.lateColumns, ofParts: piece.parts, in: bytes, offset: offset, scanner)
    }
    if isReadAgain { try input.checkThatUnchanged() }
  }

  /// Drops the columns at the end whose fields are all empty; returns how many they were.
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
