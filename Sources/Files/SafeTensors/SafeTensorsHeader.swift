/// A reader of the JSON header that is stricter than a general JSON parser: repeated or unknown keys, signs, fractions,
/// leading zeros and numbers beyond `Int` are errors that name the byte.
struct SafeTensorsHeader {
  private let path: String
  private var json: JSONReader

  /// The maximum number of dimensions of a shape, as in NumPy. Without a limit, a header could make the reader use many
  /// times its length of memory.
  private static let mostDimensions = 64

  private(set) var entries: [SafeTensors.Entry] = []
  private(set) var indices: [String: Int] = [:]
  private(set) var metadata: [String: [UInt8]] = [:]
  /// The checksum's text among the metadata, and the position of its first digit.
  private(set) var checksum: (text: String, position: Int)?

  /// Makes a reader of a file whose header takes the bytes from 8 up to `end`.
  init(bytes: [UInt8], path: String, end: Int) {
    self.path = path
    json = JSONReader(bytes, 8..<end, endName: "the end of the header") { byte, problem in
      .badHeader(path: path, byte: byte, problem: problem)
    }
  }

  mutating func read() throws(FileError) {
    var (isFirst, hasMetadata) = (true, false)
    while let name = try json.name(&isFirst) {
      if name != SafeTensors.metadataName {
        try tensor(name)
      } else if !hasMetadata {
        hasMetadata = true
        try readMetadata()
      } else {
        throw json.error("\(name) is given twice")
      }
    }
    try json.finish("}")
  }

  // MARK: - What the header holds

  private mutating func readMetadata() throws(FileError) {
    var isFirstMember = true
    while let key = try json.name(&isFirstMember) {
      guard metadata.count < SafeTensors.mostMetadata else {
        throw json.error("found more than \(SafeTensors.mostMetadata) strings of metadata, which is the limit")
      }
      json.skipSpace()
      let start = json.position + 1
      let value = try json.utf8()
      let isFirst: Bool
      if key == SafeTensors.checksumName {
        isFirst = checksum == nil
        checksum = (String(decoding: value, as: UTF8.self), start)
      } else {
        isFirst = metadata.updateValue(value, forKey: key) == nil
      }
      guard isFirst else { throw .badMetadata(path: path, key: key, problem: "it is given twice") }
    }
  }

  private mutating func tensor(_ name: String) throws(FileError) {
    var dataTypeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    var isFirst = true
    while let key = try json.name(&isFirst) {
      switch key {
      case "dtype" where dataTypeName == nil: dataTypeName = try json.string()
      case "shape" where shape == nil: shape = try wholeNumbers()
      case "data_offsets" where offsets == nil: offsets = try wholeNumbers()
      default: throw json.error("found key \(quoted(key)), expected dtype, shape and data_offsets, once each")
      }
    }

    func problem(_ text: String) -> FileError { .badTensor(path: path, name: name, problem: text) }
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

  private mutating func wholeNumbers() throws(FileError) -> [Int] {
    try json.array(atMost: Self.mostDimensions, "numbers") { json throws(FileError) in try json.wholeNumber() }
  }
}
