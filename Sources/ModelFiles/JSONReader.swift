import Datasets

/// A reader of JSON, strict where a general parser is lenient: signs, fractions and leading zeros of whole numbers, and those beyond `Int`, are errors
/// that name the byte. It makes nothing of a value but what it is asked for.
struct JSONReader {
  /// The JSON begins at `position` and takes the bytes up to `end`.
  private let bytes: [UInt8]
  private let end: Int
  private(set) var position: Int
  /// What errors call the end.
  private let endName: String
  /// The error for a problem at a byte.
  private let refusal: (_ byte: Int, _ problem: String) -> ModelError

  /// The most objects and arrays in one another that are skipped.
  private static let mostNested = 64

  init(
    _ bytes: [UInt8], _ range: Range<Int>, endName: String,
    refusal: @escaping (_ byte: Int, _ problem: String) -> ModelError
  ) {
    self.bytes = bytes
    (position, end) = (range.lowerBound, range.upperBound)
    self.endName = endName
    self.refusal = refusal
  }

  // MARK: - Values

  /// The name of an object's next member, whose value follows; nil behind the last one.
  mutating func name(_ isFirst: inout Bool) throws(ModelError) -> String? {
    guard try next(&isFirst, "{", "}") else { return nil }
    skipSpace()
    let name = try string()
    try expect(":")
    return name
  }

  /// Whether one more value of an array follows.
  mutating func element(_ isFirst: inout Bool) throws(ModelError) -> Bool { try next(&isFirst, "[", "]") }

  private mutating func next(
    _ isFirst: inout Bool, _ opening: Unicode.Scalar, _ closing: Unicode.Scalar
  ) throws(ModelError) -> Bool {
    if isFirst {
      isFirst = false
      try expect(opening)
      return !accept(closing)
    }
    if accept(",") { return true }
    try expect(closing, or: ",")
    return false
  }

  /// Reads `[value, …]`, of at most so many values.
  mutating func array<Value>(
    atMost count: Int, _ what: String, _ value: (inout Self) throws(ModelError) -> Value
  ) throws(ModelError) -> [Value] {
    var (values, isFirst) = ([Value](), true)
    while try element(&isFirst) {
      guard values.count < count else { throw error("found more than \(count) \(what), expected ]") }
      values.append(try value(&self))
    }
    return values
  }

  /// Checks that nothing follows but spaces.
  mutating func finish(_ closing: String) throws(ModelError) {
    skipSpace()
    guard position == end else { throw error("found more after the closing \(closing), expected only spaces") }
  }

  /// A number that is finite.
  mutating func number() throws(ModelError) -> Double {
    skipSpace()
    let start = position
    guard let byte = peek(), byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
      throw error("found \(found), expected a number")
    }
    var place = start
    let number = DecimalNumber.scan(bytes.span, at: &place)
    position = place
    guard number.isFinite else { throw refusal(start, "expected a finite number") }
    return number
  }

  /// Steps over a value of any kind.
  mutating func skip(depth: Int = 0) throws(ModelError) {
    skipSpace()
    var isFirst = true
    switch peek().map(Unicode.Scalar.init) {
    case "{", "[":
      guard depth < Self.mostNested else { throw error("found more than \(Self.mostNested) values in one another") }
      if peek() == UInt8(ascii: "{") {
        while try name(&isFirst) != nil { try skip(depth: depth + 1) }
      } else {
        while try element(&isFirst) { try skip(depth: depth + 1) }
      }
    case "\"": _ = try string()
    case "t": try skip("true")
    case "f": try skip("false")
    case "n": try skip("null")
    default: _ = try number()
    }
  }

  private mutating func skip(_ word: String) throws(ModelError) {
    guard bytes[position..<end].starts(with: word.utf8) else { throw error("found \(found), expected a value") }
    position += word.utf8.count
  }

  mutating func wholeNumber() throws(ModelError) -> Int {
    skipSpace()
    let start = position
    // Errors point at the number's first digit.
    func refused(_ problem: String) -> ModelError { refusal(start, problem) }
    var number = 0
    while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      let (tenfold, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tenfold.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      guard !overflow, !carry else { throw refused("found a number greater than \(Int.max)") }
      number = sum
      position += 1
    }
    guard position > start else { throw error("found \(found), expected a whole number, at least 0") }
    guard bytes[start] != UInt8(ascii: "0") || position == start + 1 else {
      throw refused("found a number with a leading 0")
    }
    return number
  }

  mutating func string() throws(ModelError) -> String {
    try expect("\"")
    var text: [UInt8] = []
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw error("found text that is not UTF-8") }
        position += 1
        return string
      case UInt8(ascii: "\\"):
        position += 1
        text.append(contentsOf: String(try escapedScalar()).utf8)
      case ..<0x20:
        throw error("found \(found) inside a text")
      default:
        position += 1
        text.append(byte)
      }
    }
    throw error("found \(found), expected '\"'")
  }

  /// Reads what follows a backslash.
  private mutating func escapedScalar() throws(ModelError) -> Unicode.Scalar {
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
      // Beyond 16 bits JSON writes a pair of surrogates, U+D800… and U+DC00….
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
  private mutating func hexadecimal() throws(ModelError) -> UInt32 {
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

  mutating func skipSpace() {
    while let byte = peek(), " \n\r\t".utf8.contains(byte) { position += 1 }
  }

  /// Steps over a byte where it comes next.
  mutating func accept(_ wanted: Unicode.Scalar) -> Bool {
    skipSpace()
    guard peek() == UInt8(ascii: wanted) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ wanted: Unicode.Scalar, or other: Unicode.Scalar? = nil) throws(ModelError) {
    guard accept(wanted) else {
      throw error("found \(found), expected '\(wanted)'" + (other.map { " or '\($0)'" } ?? ""))
    }
  }

  /// The byte at `position`, as an error shows it.
  var found: String {
    switch peek() {
    case nil: endName
    case let byte? where (0x21..<0x7F).contains(byte): "'\(Unicode.Scalar(byte))'"
    case let byte?: "byte value \(byte)"
    }
  }

  func error(_ problem: String) -> ModelError {
    refusal(position, problem)
  }
}
