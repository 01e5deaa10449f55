import PerceptronFiles

/// Cuts the bytes of a table into fields, from first to last.
///
/// Quotes follow RFC 4180; a quote inside a field that does not begin with a quote stands for itself. Rows end with LF,
/// CRLF or CR. Spaces around unquoted fields do not belong to the fields; tabs are spaces too, unless they are the
/// delimiter.
struct FieldScanner {
  /// What a field is, and where its text is.
  struct Field {
    /// The text: the bytes from `start` up to `end`. If `hasDoubledQuotes`, one of each two quotes is left out.
    var start: Int
    var end: Int
    /// The field's number. It is NaN or infinite if the field is not a finite number, or an integer that no Double
    /// holds.
    var number: Double
    var hasDoubledQuotes = false
    var endsRow: Bool

    var isNumber: Bool { number.isFinite }
    var isEmpty: Bool { start == end }
  }

  private enum End { case field, row }

  let path: String
  let delimiter: UInt8
  /// Where the next field begins.
  private(set) var position: Int
  /// The 1-based line of the next field.
  private(set) var line: Int

  /// The largest number of bytes of a field. A longer field most likely lacks a closing quote.
  static let longestField = 1 << 20

  init(path: String, delimiter: UInt8, position: Int) {
    self.path = path
    self.delimiter = delimiter
    self.position = position
    self.line = 1
  }

  /// Moves to a position on the given line.
  mutating func move(to position: Int, line: Int) {
    self.position = position
    self.line = line
  }

  /// The next field; `column` is its 0-based number, for messages.
  @inline(__always)
  mutating func next(in bytes: Span<UInt8>, column: Int) throws(FileError) -> Field {
    let start = skipSpaces(in: bytes, from: position)
    var index = start
    let number = DecimalNumber.scan(bytes, at: &index)
    // NaN does not move the index: the field begins with text, or is empty.
    let end = index
    index = skipSpaces(in: bytes, from: index)
    guard index - start <= Self.longestField else { throw .longField(path: path, line: line, field: column + 1) }
    if let kind = consumeEnd(in: bytes, at: index) {
      return Field(start: start, end: end, number: exact(number, in: bytes, start, end), endsRow: kind == .row)
    }
    return try nextText(in: bytes, from: start, column: column)
  }

  /// Skips the line at the position if it holds only spaces.
  @inline(__always)
  mutating func skipBlankLine(in bytes: Span<UInt8>) -> Bool {
    let index = skipSpaces(in: bytes, from: position)
    guard index == bytes.count || bytes[index] == Byte.lineFeed || bytes[index] == Byte.carriageReturn else {
      return false
    }
    _ = consumeEnd(in: bytes, at: index)
    return true
  }

  /// Skips the row at the position if it holds only delimiters, at least one, and spaces.
  @inline(__always)
  mutating func skipEmptyRow(in bytes: Span<UInt8>) -> Bool {
    var index = skipSpaces(in: bytes, from: position)
    guard index < bytes.count, bytes[index] == delimiter else { return false }
    while index < bytes.count, bytes[index] == delimiter { index = skipSpaces(in: bytes, from: index + 1) }
    guard index == bytes.count || bytes[index] == Byte.lineFeed || bytes[index] == Byte.carriageReturn else {
      return false
    }
    _ = consumeEnd(in: bytes, at: index)
    return true
  }

  /// Skips the rest of the line, whatever it holds.
  mutating func skipLine(in bytes: Span<UInt8>) {
    var index = position
    while index < bytes.count, bytes[index] != Byte.lineFeed, bytes[index] != Byte.carriageReturn { index += 1 }
    _ = consumeEnd(in: bytes, at: index)
  }

  /// Skips the line at the position, which begins with a #, unless its number of fields makes it a row.
  /// - Throws: ``FileError`` (`unterminatedQuote`) if the bytes end inside the row that it would be, and ``FileError``
  ///   (`longField`).
  mutating func skipComment(in bytes: Span<UInt8>, _ rules: RowRules) throws(FileError) -> Bool {
    var row = self
    var count = 0
    do throws(FileError) {
      var field: Field
      repeat {
        field = try row.next(in: bytes, column: count)
        count += 1
        if field.endsRow, count == rules.columnCount { return false }
        if field.endsRow, rules.hasTrailingDelimiter, count == rules.columnCount + 1, field.isEmpty { return false }
      } while !field.endsRow && count <= rules.columnCount
    } catch {
      if error.code == "longField" || error.code == "unterminatedQuote" && !rules.areBytesAll { throw error }
    }
    skipLine(in: bytes)
    return true
  }

  /// The field's text.
  func text(of field: Field, in bytes: Span<UInt8>, line: Int, column: Int) throws(FileError) -> String {
    let utf8 = field.hasDoubledQuotes ? unquoted(field, in: bytes) : []
    let span = field.hasDoubledQuotes ? utf8.span : bytes.extracting(field.start..<field.end)
    guard let text = try? UTF8Span(validating: span) else {
      throw .invalidUTF8(path: path, line: line, field: column + 1)
    }
    return String(copying: text)
  }

  /// The code of the field's text in a set. The text is added if it is new.
  func code(
    of field: Field, in bytes: Span<UInt8>, line: Int, column: Int, among texts: inout TextSet
  ) throws(FileError) -> Int {
    let code =
      field.hasDoubledQuotes
      ? texts.code(of: unquoted(field, in: bytes).span) : texts.code(of: bytes.extracting(field.start..<field.end))
    guard let code else { throw .invalidUTF8(path: path, line: line, field: column + 1) }
    return code
  }

  /// The bytes of a field, with one quote for each two.
  private func unquoted(_ field: Field, in bytes: Span<UInt8>) -> [UInt8] {
    var utf8: [UInt8] = []
    utf8.reserveCapacity(field.end - field.start)
    var index = field.start
    while index < field.end {
      utf8.append(bytes[index])
      index += bytes[index] == Byte.quote ? 2 : 1
    }
    return utf8
  }

  private mutating func nextText(in bytes: Span<UInt8>, from start: Int, column: Int) throws(FileError) -> Field {
    if start < bytes.count, bytes[start] == Byte.quote {
      return try nextQuoted(in: bytes, from: start + 1, column: column)
    }
    var index = start
    let limit = min(bytes.count, start + Self.longestField + 1)
    while index < limit {
      if let kind = consumeEnd(in: bytes, at: index) {
        return Field(start: start, end: trim(bytes, start, index), number: .nan, endsRow: kind == .row)
      }
      if bytes[index] == 0 { throw .nulByte(path: path, line: line) }
      index += 1
    }
    guard limit == bytes.count else { throw .longField(path: path, line: line, field: column + 1) }
    position = index
    return Field(start: start, end: trim(bytes, start, index), number: .nan, endsRow: true)
  }

  private mutating func nextQuoted(in bytes: Span<UInt8>, from start: Int, column: Int) throws(FileError) -> Field {
    let openingLine = line
    var field = Field(start: start, end: start, number: .nan, endsRow: false)
    var index = start
    while true {
      guard index - start <= Self.longestField else {
        throw .longField(path: path, line: openingLine, field: column + 1)
      }
      guard index < bytes.count else { throw .unterminatedQuote(path: path, line: openingLine) }
      switch bytes[index] {
      case Byte.quote where index + 1 < bytes.count && bytes[index + 1] == Byte.quote:
        field.hasDoubledQuotes = true
        index += 2
        continue
      case Byte.quote:
        field.end = index
        index = skipSpaces(in: bytes, from: index + 1)
        guard let kind = consumeEnd(in: bytes, at: index) else {
          throw .textAfterQuote(path: path, line: line, field: column + 1)
        }
        field.endsRow = kind == .row
        field.number = number(in: bytes, of: field)
        return field
      case Byte.lineFeed:
        line += 1
      case Byte.carriageReturn where index + 1 == bytes.count || bytes[index + 1] != Byte.lineFeed:
        line += 1
      case 0:
        throw .nulByte(path: path, line: line)
      default:
        break
      }
      index += 1
    }
  }

  /// The number that a quoted field holds, or NaN.
  private func number(in bytes: Span<UInt8>, of field: Field) -> Double {
    let start = skipSpaces(in: bytes, from: field.start)
    var index = start
    let number = DecimalNumber.scan(bytes, at: &index)
    return skipSpaces(in: bytes, from: index) == field.end ? exact(number, in: bytes, start, index) : .nan
  }

  /// The number in these bytes. It is NaN for an integer that no Double holds, or that begins with zeros: as a name,
  /// 007 is not 7.
  @inline(__always)
  private func exact(_ number: Double, in bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Double {
    let isSpecial =
      number.magnitude >= 0x1p53 && DecimalNumber.isLongInteger(bytes.extracting(start..<end))
      || end - start > 1 && bytes[start] == UInt8(ascii: "0") && DecimalNumber.isPadded(bytes.extracting(start..<end))
    return isSpecial ? .nan : number
  }

  /// Skips the end of a field if it is at the index.
  @inline(__always)
  private mutating func consumeEnd(in bytes: Span<UInt8>, at index: Int) -> End? {
    guard index < bytes.count else {
      position = index
      return .row
    }
    let byte = bytes[index]
    if byte == delimiter {
      position = index + 1
      return .field
    }
    if byte == Byte.lineFeed {
      position = index + 1
    } else if byte == Byte.carriageReturn {
      position = index + 1 < bytes.count && bytes[index + 1] == Byte.lineFeed ? index + 2 : index + 1
    } else {
      return nil
    }
    line += 1
    return .row
  }

  @inline(__always)
  private func isSpace(_ byte: UInt8) -> Bool {
    byte == Byte.space || (byte == Byte.tab && delimiter != Byte.tab)
  }

  @inline(__always)
  private func skipSpaces(in bytes: Span<UInt8>, from start: Int) -> Int {
    var index = start
    while index < bytes.count, isSpace(bytes[index]) { index += 1 }
    return index
  }

  /// The end of the text without trailing spaces.
  private func trim(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
    var end = end
    while end > start, isSpace(bytes[end - 1]) { end -= 1 }
    return end
  }
}
