/// Reads JSON value by value; only the values that are asked for are decoded.
///
/// It is stricter than a general parser: where a whole number is expected, a sign, a fraction, a leading zero or an
/// overflow of `Int` is an error that names the byte.
package struct JSONReader {
  /// The bytes; the JSON begins at `position` and ends before `end`.
  private let bytes: [UInt8]
  private let end: Int
  package private(set) var position: Int
  /// What errors call the end of the JSON.
  private let endName: String
  /// How many more bytes the strings may take.
  package private(set) var textLeft: Int
  /// Makes the error for a problem at a byte.
  private let refusal: (_ byte: Int, _ problem: String) -> FileError

  /// The deepest nesting of objects and arrays that is skipped.
  private static let mostNested = 64
  /// The maximum length of a number, in bytes. The numbers that this package writes take 24.
  private static let longestNumber = 1000

  /// Makes a reader of a range of bytes whose strings together may take `mostText` bytes.
  package init(
    _ bytes: [UInt8], _ range: Range<Int>, mostText: Int = .max, endName: String,
    refusal: @escaping (_ byte: Int, _ problem: String) -> FileError
  ) {
    self.bytes = bytes
    (position, end) = (range.lowerBound, range.upperBound)
    textLeft = mostText
    self.endName = endName
    self.refusal = refusal
  }

  // MARK: - Values

  /// Reads the name of an object's next member and stops before its value; nil after the last member.
  package mutating func name(_ isFirst: inout Bool) throws(FileError) -> String? {
    guard try next(&isFirst, "{", "}") else { return nil }
    skipSpace()
    let name = try string()
    try expect(":")
    return name
  }

  /// Whether the array has another value.
  package mutating func element(_ isFirst: inout Bool) throws(FileError) -> Bool { try next(&isFirst, "[", "]") }

  private mutating func next(
    _ isFirst: inout Bool, _ opening: Unicode.Scalar, _ closing: Unicode.Scalar
  ) throws(FileError) -> Bool {
    if isFirst {
      isFirst = false
      try expect(opening)
      return !accept(closing)
    }
    if accept(",") { return true }
    try expect(closing, or: ",")
    return false
  }

  /// Reads `[value, …]` with at most `count` values.
  package mutating func array<Value>(
    atMost count: Int, _ what: String, _ value: (inout Self) throws(FileError) -> Value
  ) throws(FileError) -> [Value] {
    var (values, isFirst) = ([Value](), true)
    while try element(&isFirst) {
      guard values.count < count else { throw error("found more than \(count) \(what), expected ]") }
      values.append(try value(&self))
    }
    return values
  }

  /// Checks that only white space follows.
  package mutating func finish(_ closing: String) throws(FileError) {
    skipSpace()
    guard position == end else { throw error("found more after the closing \(closing), expected only spaces") }
  }

  /// A number. One beyond the range of `Double` is infinite if that is allowed, and otherwise an error.
  package mutating func number(allowingInfinite: Bool = false) throws(FileError) -> Double {
    skipSpace()
    let start = position
    if peek() == UInt8(ascii: "-") { position += 1 }
    try wholeDigits("a number")
    if peek() == UInt8(ascii: ".") {
      position += 1
      try digits("a digit")
    }
    if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
      position += 1
      if let sign = peek(), "+-".utf8.contains(sign) { position += 1 }
      try digits("a digit")
    }
    // Longer numbers would be copied during the conversion.
    guard position - start <= Self.longestNumber else {
      throw refusal(start, "found a number of more than \(Self.longestNumber) bytes")
    }
    var place = 0
    let number = DecimalNumber.scan(bytes.span.extracting(start..<position), at: &place)
    guard number.isFinite || allowingInfinite else { throw refusal(start, "found a number beyond the range of Double") }
    return number
  }

  /// Steps over a value of any kind.
  package mutating func skip(depth: Int = 0) throws(FileError) {
    skipSpace()
    var isFirst = true
    switch peek().map(Unicode.Scalar.init) {
    case "{", "[":
      guard depth < Self.mostNested else { throw error("found values nested more than \(Self.mostNested) deep") }
      if peek() == UInt8(ascii: "{") {
        while try name(&isFirst) != nil { try skip(depth: depth + 1) }
      } else {
        while try element(&isFirst) { try skip(depth: depth + 1) }
      }
    case "\"": _ = try text()
    case "t": try skip("true")
    case "f": try skip("false")
    case "n": try skip("null")
    default: _ = try number()
    }
  }

  /// `true` or `false`.
  package mutating func bool() throws(FileError) -> Bool {
    skipSpace()
    let value = peek() == UInt8(ascii: "t")
    try skip(value ? "true" : "false")
    return value
  }

  private mutating func skip(_ word: String) throws(FileError) {
    guard bytes[position..<end].starts(with: word.utf8) else { throw error("found \(found), expected a value") }
    position += word.utf8.count
  }

  package mutating func wholeNumber() throws(FileError) -> Int {
    skipSpace()
    let start = position
    try wholeDigits("a whole number, at least 0")
    var number = 0
    for byte in bytes[start..<position] {
      let (tenfold, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tenfold.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      // Errors point at the number's first digit.
      guard !overflow, !carry else { throw refusal(start, "found a number greater than \(Int.max)") }
      number = sum
    }
    return number
  }

  /// Steps over the digits of an integer without leading zeros.
  private mutating func wholeDigits(_ expected: String) throws(FileError) {
    let start = position
    try digits(expected)
    guard bytes[start] != UInt8(ascii: "0") || position == start + 1 else {
      throw refusal(start, "found a number with a leading 0")
    }
  }

  /// Steps over one or more digits.
  private mutating func digits(_ expected: String) throws(FileError) {
    let start = position
    while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    guard position > start else { throw error("found \(found), expected \(expected)") }
  }

  package mutating func string() throws(FileError) -> String {
    let (raw, count) = try text()
    textLeft -= count
    guard textLeft >= 0 else {
      throw refusal(raw.lowerBound, "found more text than 8 MiB plus the size of the tensors")
    }
    if count == raw.count { return String(decoding: bytes[raw], as: UTF8.self) }
    return String(unsafeUninitializedCapacity: count) { unescape(raw, into: $0) }
  }

  /// The bytes of a string, which are UTF-8.
  package mutating func utf8() throws(FileError) -> [UInt8] {
    let (raw, count) = try text()
    return [UInt8](unsafeUninitializedCapacity: count) { $1 = unescape(raw, into: $0) }
  }

  /// Steps over a string.
  ///
  /// - Returns: The range between its quotation marks, and the number of bytes after its escapes are decoded.
  private mutating func text() throws(FileError) -> (raw: Range<Int>, count: Int) {
    try expect("\"")
    let start = position
    var count = 0
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        // An escape is ASCII, so the text around it is valid UTF-8 if the whole is.
        guard isUTF8(start..<position) else { throw error("found text that is not UTF-8") }
        defer { position += 1 }
        return (start..<position, count)
      case UInt8(ascii: "\\"):
        position += 1
        count += UTF8.width(try escapedScalar())
      case ..<0x20:
        throw error("found \(found) inside a string")
      default:
        position += 1
        count += 1
      }
    }
    throw error("found \(found), expected '\"'")
  }

  private func isUTF8(_ range: Range<Int>) -> Bool {
    (try? UTF8Span(validating: bytes.span.extracting(range))) != nil
  }

  /// Writes the decoded bytes of a string that has been stepped over.
  ///
  /// - Returns: The number of bytes.
  private func unescape(_ raw: Range<Int>, into text: UnsafeMutableBufferPointer<UInt8>) -> Int {
    var (reader, count) = (self, 0)
    reader.position = raw.lowerBound
    while reader.position < raw.upperBound {
      let byte = bytes[reader.position]
      reader.position += 1
      if byte == UInt8(ascii: "\\") {
        // This escape has been read once, so it is valid.
        let scalar = try! reader.escapedScalar()
        for unit in UTF8.encode(scalar)! {
          text[count] = unit
          count += 1
        }
      } else {
        text[count] = byte
        count += 1
      }
    }
    return count
  }

  /// Reads the rest of an escape after the backslash.
  private mutating func escapedScalar() throws(FileError) -> Unicode.Scalar {
    defer { position += 1 }
    switch peek().map(Unicode.Scalar.init) {
    case let scalar? where "\"\\/".unicodeScalars.contains(scalar): return scalar
    case "b": return "\u{8}"
    case "f": return "\u{C}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "u":
      var code = try hexadecimal()
      // JSON writes a character beyond 16 bits as a pair of surrogates, U+D800… and U+DC00….
      if (0xD800..<0xDC00).contains(code), bytes[position + 1..<end].starts(with: "\\u".utf8) {
        position += 2
        let low = try hexadecimal()
        code = (0xDC00..<0xE000).contains(low) ? 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) : 0xD800
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("found half of a surrogate pair") }
      return scalar
    default: throw error("found \(found) after a backslash")
    }
  }

  /// Reads the four digits after the `u` at `position`, and stops at the last of them.
  private mutating func hexadecimal() throws(FileError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      position += 1
      guard let digit = peek().flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
        throw error("found \(found), expected a hexadecimal digit")
      }
      code = code << 4 | UInt32(digit)
    }
    return code
  }

  // MARK: - Bytes

  private func peek() -> UInt8? { position < end ? bytes[position] : nil }

  package mutating func skipSpace() {
    // Most bytes are greater than all white space.
    while let byte = peek(), byte <= UInt8(ascii: " "), " \n\r\t".utf8.contains(byte) { position += 1 }
  }

  /// The byte that comes next after white space, as a scalar; nil at the end.
  package mutating func nextScalar() -> Unicode.Scalar? {
    skipSpace()
    return peek().map(Unicode.Scalar.init)
  }

  /// Steps over a byte if it comes next.
  package mutating func accept(_ wanted: Unicode.Scalar) -> Bool {
    skipSpace()
    guard peek() == UInt8(ascii: wanted) else { return false }
    position += 1
    return true
  }

  package mutating func expect(_ wanted: Unicode.Scalar, or other: Unicode.Scalar? = nil) throws(FileError) {
    guard accept(wanted) else {
      throw error("found \(found), expected '\(wanted)'" + (other.map { " or '\($0)'" } ?? ""))
    }
  }

  /// The byte at `position` as shown in an error.
  package var found: String {
    switch peek() {
    case nil: endName
    case let byte? where (0x21..<0x7F).contains(byte): "'\(Unicode.Scalar(byte))'"
    case let byte?: "byte value \(byte)"
    }
  }

  package func error(_ problem: String) -> FileError {
    refusal(position, problem)
  }
}
