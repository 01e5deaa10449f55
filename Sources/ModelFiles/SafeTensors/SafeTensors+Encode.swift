import Tensor

extension SafeTensors {
  /// A tensor to be written.
  package struct Tensor: Sendable {
    enum Values {
      case floats([Float])
      case doubles([Double])
    }

    let name: String
    let shape: [Int]
    let values: Values

    package init(name: String, shape: [Int], values: [Float]) {
      self.init(name: name, shape: shape, count: values.count, values: .floats(values))
    }

    package init(name: String, shape: [Int], values: [Double]) {
      self.init(name: name, shape: shape, count: values.count, values: .doubles(values))
    }

    private init(name: String, shape: [Int], count: Int, values: Values) {
      guard SafeTensors.elementCount(shape) == count else {
        fail("cannot write tensor \(name): \(count) values do not fill the shape \(shape)")
      }
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// Why a file is not written: no reader would take its header.
  package struct TooLong: Error, CustomStringConvertible {
    package let description: String
  }

  /// Returns the bytes of a file with these tensors, in the order given, and this metadata: first the checksum, then
  /// the rest sorted by key.
  ///
  /// The header is padded with spaces so that the data begin at a multiple of 8 bytes. Equal tensors and metadata give
  /// equal bytes. Traps when two tensors have the same name, one is called `__metadata__`, or the metadata have a
  /// checksum.
  ///
  /// - Throws: ``TooLong`` if the header or the number of its metadata is beyond what is read.
  package static func encode(
    _ tensors: [Tensor], metadata: [String: String] = [:]
  ) throws(TooLong) -> [UInt8] {
    guard metadata.count <= mostMetadata else {
      throw TooLong(description: "there are \(metadata.count) of them, at most \(mostMetadata) are possible")
    }
    var names: Set = [metadataName]
    guard metadata[checksumName] == nil else { fail("cannot write the metadata \(checksumName): the name is taken") }
    let beforeChecksum = "{\(json(metadataName)):{\(json(checksumName)):\""
    var members = ["\(beforeChecksum.dropFirst())\(noChecksum)\""]
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { members[0] += ",\(json(key)):\(json(value))" }
    members[0] += "}"
    var dataCount = 0
    for tensor in tensors {
      guard names.insert(tensor.name).inserted else {
        fail("cannot write tensor \(tensor.name): the name is taken")
      }
      let begin = dataCount
      dataCount += tensor.byteCount
      let sizes = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(json(tensor.name)):{\"dtype\":\"\(tensor.dataType.rawValue)\",\"shape\":[\(sizes)],"
          + "\"data_offsets\":[\(begin),\(dataCount)]}")
    }

    var header = Array("{\(members.joined(separator: ","))}".utf8)
    while !header.count.isMultiple(of: 8) { header.append(UInt8(ascii: " ")) }
    guard header.count <= longestHeader else {
      throw TooLong(description: "the header would take \(header.count) bytes, the format allows \(longestHeader)")
    }

    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + dataCount)
    append(UInt64(header.count), to: &bytes)
    bytes += header
    for tensor in tensors {
      switch tensor.values {
      case .floats(let values): append(values, to: &bytes) { $0.bitPattern }
      case .doubles(let values): append(values, to: &bytes) { $0.bitPattern }
      }
    }
    let checksumStart = 8 + beforeChecksum.utf8.count
    bytes.replaceSubrange(
      checksumStart..<checksumStart + noChecksum.utf8.count, with: checksum(of: bytes, at: checksumStart).utf8)
    return bytes
  }

  /// Appends a number, lowest byte first.
  private static func append<Bits: FixedWidthInteger>(_ bits: Bits, to bytes: inout [UInt8]) {
    for byte in 0..<Bits.bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: bits >> Bits(8 * byte)))
    }
  }

  /// Appends numbers, each lowest byte first.
  private static func append<Number, Bits: FixedWidthInteger>(
    _ numbers: [Number], to bytes: inout [UInt8], _ bits: (Number) -> Bits
  ) {
    #if _endian(little)
      numbers.withUnsafeBytes { bytes += $0 }
    #else
      for number in numbers { append(bits(number), to: &bytes) }
    #endif
  }

  /// Returns text as a JSON string.
  private static func json(_ text: String) -> String {
    var json = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": json += "\\\(scalar)"
      case ..<"\u{20}": json += (scalar.value < 16 ? "\\u000" : "\\u00") + String(scalar.value, radix: 16)
      default: json.unicodeScalars.append(scalar)
      }
    }
    return json + "\""
  }
}

extension SafeTensors.Tensor {
  var dataType: SafeTensors.DataType {
    switch values {
    case .floats: .f32
    case .doubles: .f64
    }
  }

  var byteCount: Int {
    switch values {
    case .floats(let values): 4 * values.count
    case .doubles(let values): 8 * values.count
    }
  }
}
