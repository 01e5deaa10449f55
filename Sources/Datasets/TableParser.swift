import Tensor

/// Parses the bytes of a table: the first row, then all others in one pass, in parts that a team shares.
///
/// The parts begin at line ends. Which of these are outside quotes is guessed from the number of quotes before them; a part whose start turns out to
/// be wrong, because the one before it ends elsewhere, is parsed again from the right place, and so is one with an error, to have its line counted.
/// So what is read does not depend on the parts.
struct TableParser {
  let path: String
  let delimiter: Table.Delimiter
  let format: Table.Format
  let team: Team
  /// About how many bytes a part has.
  let partSize: Int

  func parse(_ bytes: [UInt8]) throws(DataError) -> Table {
    var scanner = FieldScanner(
      path: path, delimiter: delimiter.rawValue, position: Self.hasByteOrderMark(bytes.span) ? 3 : 0)
    let names = try parseFirstRow(bytes.span, &scanner)
    var parts = try parseRows(bytes, &scanner, isText: names.map(format.isText))
    guard parts.contains(where: { $0.rowCount > 0 }) else { throw .noRows(path: path) }
    let columnsOfWords = names.indices.filter { column in
      parts.contains { $0.texts[column].contains { TextKind($0) == .word } }
    }
    var texts = Array(repeating: TextSet(), count: names.count)
    for index in parts.indices {
      try parts[index].replaceNumbers(inColumns: columnsOfWords, in: bytes.span, scanner)
      parts[index].joinTexts(&texts)
    }
    return Table(
      path: path, columnNames: names, parts: parts, texts: texts, textColumns: names.map(format.isText),
      delimiter: delimiter)
  }

  /// Finds the number of columns and their names, and leaves the scanner at the first row of data.
  private func parseFirstRow(_ bytes: Span<UInt8>, _ scanner: inout FieldScanner) throws(DataError) -> [String] {
    let start = scanner
    if scanner.skipBlankLine(in: bytes) {
      while scanner.position < bytes.count, scanner.skipBlankLine(in: bytes) {}
      guard scanner.position < bytes.count else { throw .emptyFile(path: path) }
      throw .blankLine(path: path, line: 1)
    }
    var fields: [FieldScanner.Field] = []
    repeat {
      guard fields.count < Table.mostColumns else { throw .manyColumns(path: path, most: Table.mostColumns) }
      fields.append(try scanner.next(in: bytes, column: fields.count))
    } while !fields[fields.count - 1].endsRow

    let hasHeader =
      switch format.header {
      case .present: true
      case .absent: false
      case .automatic: !fields.allSatisfy(\.isNumber)
      }
    guard hasHeader else {
      scanner = start
      return (1...fields.count).map(String.init)
    }
    var names: [String] = []
    var fieldOfName: [String: Int] = [:]
    for (column, field) in fields.enumerated() {
      let text = try scanner.text(of: field, in: bytes, line: 1, column: column)
      let name = text.isEmpty ? String(column + 1) : text
      if let first = fieldOfName.updateValue(column + 1, forKey: name) {
        throw .duplicateColumn(path: path, name: name, first: first, second: column + 1)
      }
      names.append(name)
    }
    return names
  }

  private func parseRows(
    _ bytes: [UInt8], _ scanner: inout FieldScanner, isText: [Bool]
  ) throws(DataError) -> [TablePart] {
    let cuts = cuts(in: bytes, from: scanner.position)
    let start = scanner
    var guesses: [TablePart?] = team.map(cuts.count - 1) { index in
      var scanner = start
      scanner.move(to: cuts[index], line: 1)
      return try? TablePart(&scanner, in: bytes.span, before: cuts[index + 1], isText: isText)
    }
    var parts: [TablePart] = []
    var blankLine: Int?
    for index in guesses.indices {
      var part: TablePart
      if let guess = guesses[index].take(), guess.start == scanner.position, guess.rowCount == 0 || blankLine == nil {
        part = guess
        part.firstLine = scanner.line
        scanner.move(to: part.end, line: scanner.line + part.lineCount)
      } else {
        part = try TablePart(
          &scanner, in: bytes.span, before: cuts[index + 1], isText: isText, after: blankLine)
      }
      blankLine = blankLine ?? part.blankLine.map { part.firstLine + $0 }
      parts.append(part)
    }
    return parts
  }

  /// Where the parts begin, and the end of the last.
  private func cuts(in bytes: [UInt8], from start: Int) -> [Int] {
    let starts = Array(stride(from: start, to: bytes.count, by: partSize))
    let haveOddQuotes = team.map(starts.count) { index in
      // A pointer, as a span's checks would keep the loop from being vectorised.
      bytes.withUnsafeBufferPointer { bytes in
        let part = UnsafeBufferPointer(
          rebasing: bytes[starts[index]..<min(starts[index] + partSize, bytes.count)])
        var count: UInt8 = 0
        for byte in part { count &+= byte == Byte.quote ? 1 : 0 }
        return count & 1 == 1
      }
    }
    var isQuoted = false
    var cuts = [start]
    for index in starts.indices.dropFirst() {
      isQuoted = isQuoted != haveOddQuotes[index - 1]
      cuts.append(Self.endOfLine(in: bytes.span, from: starts[index], isQuoted: isQuoted))
    }
    return cuts + [bytes.count]
  }

  /// Where the first line begins that is not in quotes.
  private static func endOfLine(in bytes: Span<UInt8>, from start: Int, isQuoted: Bool) -> Int {
    var isQuoted = isQuoted
    for index in start..<bytes.count {
      switch bytes[index] {
      case Byte.quote: isQuoted.toggle()
      case Byte.lineFeed where !isQuoted: return index + 1
      case Byte.carriageReturn where !isQuoted:
        return index + 1 < bytes.count && bytes[index + 1] == Byte.lineFeed ? index + 2 : index + 1
      default: break
      }
    }
    return bytes.count
  }

  private static func hasByteOrderMark(_ bytes: Span<UInt8>) -> Bool {
    bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
  }
}
