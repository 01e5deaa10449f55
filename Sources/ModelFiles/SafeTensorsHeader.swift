/// A reader of the JSON header, strict where a general JSON parser is lenient: repeated or unknown keys, signs,
/// fractions, leading zeros and numbers beyond `Int` are errors that name the byte.
struct SafeTensorsHeader {
  /// The whole file, of which the header takes the bytes 8 up to `end`.
  let bytes: [UInt8]
  let path: String
  let end: Int

  /// The most sizes of a shape, those of NumPy: a header could otherwise make the reader take many times its length of memory.
  private static let mostDimensions = 64

  private var position = 8

  private(set) var entries: [SafeTensors.Entry] = []
  private(set) var indices: [String: Int] = [:]
  private(set) var metadata: [String: String] = [:]
  /// What stands for the checksum among the metadata, and where its first digit is.
  private(set) var checksum: (text: String, position: Int)?

  init(bytes: [UInt8], path: String, end: Int) {
    self.bytes = bytes
    self.path = path
    self.end = end
  }

  mutating func read() throws(ModelError) {
    var hasMetadata = false
    try object { (reader, name) throws(ModelError) in
      if name != SafeTensors.metadataName {
        try reader.tensor(name)
      } else if !hasMetadata {
        hasMetadata = true
        try reader.readMetadata()
      } else {
        throw reader.error("\(name) is given twice")
      }
    }
    skipSpace()
    guard position == end else { throw error("found more after the closing }, expected only spaces") }
  }

  // MARK: - What the header holds

  private mutating func readMetadata() throws(ModelError) {
    try object { (reader, key) throws(ModelError) in
      guard reader.metadata.count < SafeTensors.mostMetadata else {
        throw reader.error("found more than \(SafeTensors.mostMetadata) texts of metadata, expected at most as many")
      }
      reader.skipSpace()
      let start = reader.position + 1
      let value = try reader.string()
      let isFirst: Bool
      if key == SafeTensors.checksumName {
        isFirst = reader.checksum == nil
        reader.checksum = (value, start)
      } else {
        isFirst = reader.metadata.updateValue(value, forKey: key) == nil
      }
      guard isFirst else { throw .badMetadata(path: reader.path, key: key, problem: "it is given twice") }
    }
  }

  private mutating func tensor(_ name: String) throws(ModelError) {
    var dataTypeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    try object { (reader, key) throws(ModelError) in
      switch key {
      case "dtype" where dataTypeName == nil: dataTypeName = try reader.string()
      case "shape" where shape == nil: shape = try reader.wholeNumbers()
      case "data_offsets" where offsets == nil: offsets = try reader.wholeNumbers()
      default: throw reader.error("found key \(quoted(key)), expected dtype, shape and data_offsets, once each")
      }
    }

    func problem(_ text: String) -> ModelError { .badTensor(path: path, name: name, problem: text) }
    guard indices.updateValue(entries.count, forKey: name) == nil else { throw problem("it is given twice") }
    guard let dataTypeName, let shape, let offsets else {
      throw problem("expected dtype, shape and data_offsets")
    }
    guard let dataType = SafeTensors.DataType(rawValue: dataTypeName) else {
      throw .unsupportedDataType(path: path, name: name, found: dataTypeName)
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw problem("expected data_offsets [begin, end], begin not after end")
    }
    let (bits, overflow) = (SafeTensors.elementCount(shape) ?? .max).multipliedReportingOverflow(by: dataType.bitWidth)
    guard !overflow else {
      throw problem(
        "its shape takes more bytes than can be counted, its data_offsets span \(offsets[1] - offsets[0]) bytes")
    }
    guard bits.isMultiple(of: 8), bits / 8 == offsets[1] - offsets[0] else {
      throw problem(
        "its shape takes \(bits.isMultiple(of: 8) ? "\(bits / 8) bytes" : "\(bits) bits"), "
          + "its data_offsets span \(offsets[1] - offsets[0]) bytes")
    }
    entries.append(
      SafeTensors.Entry(name: name, dataType: dataType, shape: shape, range: offsets[0]..<offsets[1]))
  }

  // MARK: - JSON

  /// Reads `{"name": value, …}`; `member` reads the value that follows a name.
  private mutating func object(
    _ member: (inout Self, String) throws(ModelError) -> Void
  ) throws(ModelError) {
    try expect("{")
    if accept("}") { return }
    repeat {
      skipSpace()
      let name = try string()
      try expect(":")
      try member(&self, name)
    } while accept(",")
    try expect("}", or: ",")
  }

  private mutating func wholeNumbers() throws(ModelError) -> [Int] {
    var numbers: [Int] = []
    try expect("[")
    if accept("]") { return numbers }
    repeat {
      guard numbers.count < Self.mostDimensions else {
        throw error("found more than \(Self.mostDimensions) numbers, expected ]")
      }
      numbers.append(try wholeNumber())
    } while accept(",")
    try expect("]", or: ",")
    return numbers
  }

  private mutating func wholeNumber() throws(ModelError) -> Int {
    skipSpace()
    let start = position
    // Errors point at the number's first digit.
    func refused(_ problem: String) -> ModelError { .badHeader(path: path, byte: start, problem: problem) }
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

  private mutating func string() throws(ModelError) -> String {
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

  private mutating func skipSpace() {
    while let byte = peek(), " \n\r\t".utf8.contains(byte) { position += 1 }
  }

  /// Steps over a byte where it comes next.
  private mutating func accept(_ wanted: Unicode.Scalar) -> Bool {
    skipSpace()
    guard peek() == UInt8(ascii: wanted) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ wanted: Unicode.Scalar, or other: Unicode.Scalar? = nil) throws(ModelError) {
    guard accept(wanted) else {
      throw error("found \(found), expected '\(wanted)'" + (other.map { " or '\($0)'" } ?? ""))
    }
  }

  /// The byte at `position`, as an error shows it.
  private var found: String {
    switch peek() {
    case nil: "the end of the header"
    case let byte? where (0x21..<0x7F).contains(byte): "'\(Unicode.Scalar(byte))'"
    case let byte?: "byte value \(byte)"
    }
  }

  private func error(_ problem: String) -> ModelError {
    .badHeader(path: path, byte: position, problem: problem)
  }
}
