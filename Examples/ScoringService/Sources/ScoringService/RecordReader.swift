import Perceptron

/// Reads a record from a line of JSON: one object, whose members are numbers, strings or null.
///
/// `JSONDecoder` can read the same records into `[String: InputValue]`, but a request with 784 members then takes 840
/// µs of processor time instead of 360, most of it not for the prediction (AMD EPYC, Zen 4, 2026-11-24).
struct RecordReader {
  private let bytes: ArraySlice<UInt8>
  private var index: Int

  /// The reason why a line is not a record.
  enum Failure: Error, Equatable, CustomStringConvertible {
    /// The line is not a JSON object as expected.
    case noObject(byte: Int, expected: String)
    /// The line is an object, but a member cannot be a field.
    case badColumn(String, problem: String)

    var description: String {
      switch self {
      case .noObject(let byte, let expected):
        "the request is no JSON object: byte \(byte): expected \(expected); send one object a line"
      case .badColumn(let name, let problem):
        // The name is shortened so that the line stays readable.
        "column \(String(name.unicodeScalars.prefix(80)).debugDescription): \(problem)"
      }
    }
  }

  static func record(_ line: ArraySlice<UInt8>) throws(Failure) -> [String: InputValue] {
    var reader = RecordReader(bytes: line, index: line.startIndex)
    let record = try reader.object()
    reader.skipSpaces()
    guard reader.index == line.endIndex else { throw reader.failure("the end of the line") }
    return record
  }

  private func failure(_ expected: String) -> Failure {
    .noObject(byte: index - bytes.startIndex + 1, expected: expected)
  }

  // MARK: - Values

  private mutating func object() throws(Failure) -> [String: InputValue] {
    var record: [String: InputValue] = [:]
    try expect("{")
    skipSpaces()
    if take("}") { return record }
    repeat {
      skipSpaces()
      let name = try string("a column's name in quotes")
      try expect(":")
      skipSpaces()
      guard record.updateValue(try field(name), forKey: name) == nil else {
        throw .badColumn(name, problem: "given twice; give it once")
      }
      skipSpaces()
    } while take(",")
    try expect("}", or: "a comma")
    return record
  }

  private mutating func field(_ name: String) throws(Failure) -> InputValue {
    switch index < bytes.endIndex ? bytes[index] : 0 {
    case UInt8(ascii: "\""): return .text(try string("a text"))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    case UInt8(ascii: "n") where takeWord("null"): return .missing
    case UInt8(ascii: "t") where takeWord("true"), UInt8(ascii: "f") where takeWord("false"),
      UInt8(ascii: "["), UInt8(ascii: "{"):
      throw .badColumn(name, problem: "expected a number, a text or null")
    default: throw failure("a number, a text or null")
    }
  }

  private mutating func number() throws(Failure) -> Double {
    let start = index
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") { try digits() }
    if take("e") || take("E") {
      if !take("-") { _ = take("+") }
      try digits()
    }
    guard let value = Double(String(decoding: bytes[start..<index], as: UTF8.self)) else { throw failure("a number") }
    return value
  }

  private mutating func digits() throws(Failure) {
    let start = index
    while index < bytes.endIndex, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[index] { index += 1 }
    guard index > start else { throw failure("a digit") }
  }

  private mutating func string(_ what: String) throws(Failure) -> String {
    guard take("\"") else { throw failure(what) }
    var text = ""
    while true {
      let start = index
      while index < bytes.endIndex, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\"),
        bytes[index] >= 0x20
      { index += 1 }
      guard let part = String(validating: bytes[start..<index], as: UTF8.self) else {
        index = start
        throw failure("UTF-8")
      }
      text += part
      if take("\"") { return text }
      guard take("\\") else { throw failure("the end of a text") }
      text.unicodeScalars.append(try escaped())
    }
  }

  /// Reads the escape after a backslash.
  private mutating func escaped() throws(Failure) -> Unicode.Scalar {
    for (letter, scalar) in Self.escapes where take(letter) { return scalar }
    guard take("u") else { throw failure("an escape") }
    let first = try codeUnit()
    guard UTF16.isLeadSurrogate(first) else {
      guard let scalar = Unicode.Scalar(first) else { throw failure("a character") }
      return scalar
    }
    guard take("\\"), take("u") else { throw failure("the second half of a character") }
    let second = try codeUnit()
    guard UTF16.isTrailSurrogate(second) else { throw failure("the second half of a character") }
    return UTF16.decode(UTF16.EncodedScalar([first, second]))
  }

  private static let escapes: [(Unicode.Scalar, Unicode.Scalar)] = [
    ("\"", "\""), ("\\", "\\"), ("/", "/"), ("b", "\u{8}"), ("f", "\u{C}"), ("n", "\n"), ("r", "\r"), ("t", "\t"),
  ]

  private mutating func codeUnit() throws(Failure) -> UInt16 {
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard index < bytes.endIndex, let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue else {
        throw failure("four hexadecimal digits")
      }
      value = value << 4 | UInt16(digit)
      index += 1
    }
    return value
  }

  // MARK: - Bytes

  /// Whether a byte is JSON whitespace other than a line feed.
  static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }

  private mutating func skipSpaces() {
    while index < bytes.endIndex, Self.isSpace(bytes[index]) { index += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard index < bytes.endIndex, bytes[index] == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    let isThere = word.withUTF8Buffer { bytes[index...].starts(with: $0) }
    if isThere { index += word.utf8CodeUnitCount }
    return isThere
  }

  private mutating func expect(_ character: Unicode.Scalar, or other: String? = nil) throws(Failure) {
    skipSpaces()
    guard take(character) else { throw failure((other.map { "\($0) or " } ?? "") + "\(character)") }
  }
}
