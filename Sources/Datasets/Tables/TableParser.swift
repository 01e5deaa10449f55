import PerceptronFiles
import Tensor

/// Parses a table of one or more files in pieces, so that their bytes need not be in memory as a whole. Each piece is
/// parsed in parts that a team shares.
///
/// A piece ends at a line end. If that line end turns out to be inside a quoted field, its row begins the next piece.
/// The parts begin at line ends. Whether a line end is outside quotes is guessed from the number of quotes before it.
/// If the start of a part turns out to be wrong, because the part before it ends elsewhere, the part is parsed again
/// from the right place. A part with an error is also parsed again, to count the line of the error. The result
/// therefore depends neither on the pieces nor on the parts.
///
/// A column is numeric until its first word. Then the numbers before the word become strings, as they are written. In
/// the same piece this happens at once; in earlier pieces it happens after the last file, and their files are read a
/// second time for it.
struct TableParser {
  /// Bytes of a file that have been parsed.
  struct Piece {
    let file: Int
    let start: Int
    let end: Int
    let parts: Range<Int>
    /// The columns whose numbers must become strings.
    var lateColumns: [Int] = []
  }

  /// A file that has been parsed and has rows.
  struct File {
    let path: String
    let layout: TableLayout
    let blankLines: SkippedLines
    let comments: SkippedLines
    let version: ByteStream.Version
    /// The bytes, if the file cannot be opened again.
    let bytes: ByteWindow?
  }

  private let paths: [String]
  let open: (_ path: String) throws(FileError) -> ByteStream
  private let format: Table.Format
  let team: Team
  /// The processes that each hold a share of the parts; nil if each process holds all.
  let processes: Processes?
  /// The number of bytes that have been parsed, and that of the cells which this process holds.
  private var (bytesRead, bytesHeld) = (0, 0)
  /// The number of rows that each process holds.
  private var rowCounts: [Int]
  /// The approximate numbers of bytes in a part and in a piece.
  private let partSize: Int
  private let pieceSize: Int
  /// The file that is being parsed.
  private var input: ByteWindow
  var rules = RowRules(isText: [], hasTrailingDelimiter: false)

  /// The path and the layout of the first file that is not empty. The others must have the same columns.
  private var first: (path: String, layout: TableLayout)?
  private(set) var files: [File] = []
  private var filesWithoutRows: [String] = []
  var parts: [TablePart] = []
  private(set) var pieces: [Piece] = []
  var texts: [TextSet] = []
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

  /// - Parameters:
  ///   - paths: At least one.
  ///   - open: Opens a file.
  init(
    _ paths: [String], format: Table.Format, sharedBy processes: Processes?, team: Team, partSize: Int,
    pieceSize: Int, open: @escaping (_ path: String) throws(FileError) -> ByteStream
  ) throws(FileError) {
    self.paths = paths
    self.open = open
    self.processes = processes
    rowCounts = Array(repeating: 0, count: processes?.count ?? 1)
    self.format = format
    self.team = team
    self.partSize = partSize
    self.pieceSize = pieceSize
    input = ByteWindow(try open(paths[0]), team: team)
  }

  mutating func parse() throws(FileError) -> Table {
    let sizes = paths.map { Double(ByteFile.size($0) ?? 0) }
    var (sizeBefore, sizeAfter) = (0.0, sizes.reduce(0, +))
    for index in paths.indices {
      if index > 0 { input = ByteWindow(try open(paths[index]), team: team) }
      sizeAfter -= sizes[index]
      // Files may be compressed, so that there are more bytes than their sizes say.
      let expansion = sizeBefore > 0 ? Double(bytesRead) / sizeBefore : 1
      if try !parseFile(bytesAfter: sizeAfter * expansion) { filesWithoutRows.append(input.path) }
      sizeBefore += sizes[index]
    }
    guard let first else { throw .emptyFile(path: filesWithoutRows[0]) }
    guard let firstFile = files.first else { throw .noRows(path: first.path) }
    try replaceLateNumbers()
    var layout = first.layout
    let emptyColumns = removeEmptyColumns(atMost: files.map(\.layout.mostEmptyColumns).min()!)
    layout.removeLastColumns(emptyColumns)
    var table = Table(
      path: files.count == 1 ? firstFile.path : "\(firstFile.path) and \(files.count - 1) more",
      columnNames: layout.columnNames, parts: parts.filter { $0.rowCount > 0 }, texts: texts,
      textColumns: rules.isText, delimiter: layout.delimiter, hasHeader: layout.hasHeader,
      warnings: warnings(emptyColumns: emptyColumns))
    if let processes {
      checksum.add("\(layout.delimiter), \(layout.columnNames)")
      table.sharing = Table.Sharing(processes: processes, checksum: checksum)
    }
    return table
  }

  /// Returns whether the file has rows.
  private mutating func parseFile(bytesAfter: Double) throws(FileError) -> Bool {
    let layout: TableLayout
    do throws(FileError) {
      layout = try findLayout()
    } catch {
      // One of several files may be empty.
      guard paths.count > 1, error == .emptyFile(path: input.path) else { throw error }
      return false
    }
    if let first {
      try check(layout, with: first.layout, of: first.path)
    } else {
      first = (input.path, layout)
      rules.isText = layout.columnNames.map(format.isText)
      texts = Array(repeating: TextSet(), count: rules.columnCount)
      wordlessCounts = Array(repeating: 0, count: rules.columnCount)
    }
    rules.hasTrailingDelimiter = layout.hasTrailingDelimiter
    (blankLines, lastBlankLines, comments) = (layout.blankLines, SkippedLines(), layout.comments)
    // The border between two files counts in the checksum, too.
    if !files.isEmpty { checksum.add("file \(files.count)") }
    let firstPart = parts.count
    try parsePieces(layout, bytesAfter: bytesAfter)
    guard parts[firstPart...].contains(where: { $0.rowCount > 0 }) else {
      parts.removeSubrange(firstPart...)
      pieces.removeAll { $0.file == files.count }
      return false
    }
    files.append(
      File(
        path: input.path, layout: layout, blankLines: blankLines, comments: comments, version: input.version,
        bytes: input.canOpenAgain ? nil : input))
    return true
  }

  /// Refuses a file that does not have the header and the columns of the first.
  private func check(_ layout: TableLayout, with first: TableLayout, of path: String) throws(FileError) {
    guard layout.hasHeader == first.hasHeader else {
      throw .otherHeader(path: input.path, hasHeader: layout.hasHeader, first: path)
    }
    guard layout.columnNames == first.columnNames else {
      throw .otherColumns(path: input.path, found: layout.columnNames, expected: first.columnNames, first: path)
    }
  }

  /// What is odd about the files, each kind of warning once.
  private func warnings(emptyColumns: Int) -> [DataWarning] {
    var kinds: [(first: DataWarning, count: Int)] = []
    func add(_ warning: DataWarning) {
      if let index = kinds.firstIndex(where: { $0.first.code == warning.code }) {
        kinds[index].count += 1
      } else {
        kinds.append((warning, 1))
      }
    }
    for file in files {
      file.layout.warnings.forEach(add)
      let empty = emptyColumns + (file.layout.hasTrailingDelimiter ? 1 : 0)
      if empty > 1 { add(.emptyColumns(path: file.path, count: empty)) }
      if empty == 1 { add(.trailingDelimiter(path: file.path)) }
      let (blank, comments) = (file.blankLines, file.comments)
      if blank.count > 0 { add(.blankLines(path: file.path, line: blank.first, count: blank.count)) }
      if comments.count > 0 { add(.comments(path: file.path, line: comments.first, count: comments.count)) }
    }
    for path in filesWithoutRows { add(.noRows(path: path)) }
    return kinds.map { $0.first.also(inOtherFiles: $0.count - 1) }
  }

  private mutating func findLayout() throws(FileError) -> TableLayout {
    var size = Self.sampleSize
    try input.fill(size)
    try FileKind.check(Array(input.bytes.prefix(1 << 16)), path: input.path)
    var format = format
    if let first = first?.layout {
      format.delimiter = first.delimiter
      if first.hasHeader { format.expectedColumns = first.columnNames }
    }
    while true {
      try input.fill(size)
      let (end, isFinal) = input.lines(upTo: size)
      if end > 0 || isFinal {
        do throws(FileError) {
          let bytes = input.bytes.span.extracting(0..<end)
          if let layout = try TableLayout(of: bytes, isWhole: isFinal, path: input.path, format: format) {
            // Numbers that look like a header are data if the first file has none.
            guard layout.hasHeader, first?.layout.hasHeader == false, format.header == .automatic,
              !layout.columnNames.contains(where: { FieldLook($0) == .word })
            else { return layout }
            format.header = .absent
            continue
          }
        } catch {
          guard error.code == "unterminatedQuote", !isFinal else { throw error }
        }
      } else {
        try checkLongRow(
          FieldScanner(
            path: input.path, delimiter: (format.delimiter ?? .usual(forPath: input.path)).rawValue, position: 0))
      }
      size *= 2
    }
  }

  private mutating func parsePieces(_ layout: TableLayout, bytesAfter: Double) throws(FileError) {
    var scanner = FieldScanner(path: input.path, delimiter: layout.delimiter.rawValue, position: layout.start)
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
        if !isFinal || bytesAfter > 0 { try checkMemory(bytesAfter: bytesAfter) }
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
      Piece(file: files.count, start: input.base + start, end: input.base + scanner.position, parts: range))
    bytesRead += scanner.position - start
    if let processes {
      input.bytes.withUnsafeBytes { checksum.add(UnsafeRawBufferPointer(rebasing: $0[start..<scanner.position])) }
      for index in range {
        // The process that holds the fewest rows, the first of these.
        let owner = rowCounts.firstIndex(of: rowCounts.min()!)!
        rowCounts[owner] += parts[index].rowCount
        parts[index].leave(to: owner, processes)
      }
    }
    bytesHeld += range.reduce(0) { $0 + parts[$1].cells.count * MemoryLayout<Double>.size }
    if MatrixFiles.directory != nil { moveToFile(range) }
  }

  /// Moves the cells of parts to one file, if they are many.
  mutating func moveToFile(_ range: Range<Int>) {
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
        if rules.columnCount == 0 { throw .manyColumns(path: input.path, most: Table.mostColumns) }
        throw .raggedRow(path: input.path, line: start.line, found: column, expected: rules.columnCount)
      }
    }
  }

  /// Checks, after each piece, that memory has room for the cells of the whole table.
  ///
  /// - Parameter bytesAfter: The number of bytes of the files that follow this one.
  private func checkMemory(bytesAfter: Double) throws(FileError) {
    // A file without rows may have no piece.
    guard let last = pieces.last, last.file == files.count else { return }
    // If the size of the file is unknown, there will at least be as much again as in this piece.
    let unread = Double(input.size.map { $0 - last.end } ?? last.end - last.start) + bytesAfter
    let missing = Int(min(Double(bytesHeld) * unread / Double(bytesRead), 1e18))
    guard missing > 1 << 26, case let usable = MatrixFiles.room, missing > usable else { return }
    throw .exceedsMemory(
      path: paths.count > 1 ? "\(paths[0]) and \(paths.count - 1) more" : input.path, bytes: bytesHeld + missing,
      usable: usable + bytesHeld, in: MatrixFiles.directory)
  }
}
