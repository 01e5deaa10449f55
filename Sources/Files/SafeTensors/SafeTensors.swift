import Tensor

/// The tensors and the metadata of one safetensors file.
///
///     header length, 8 bytes little-endian │ header, JSON │ the tensors' numbers, back to back
///
/// Every size in the header is checked against the file's length before it is used, and every byte of the data belongs
/// to exactly one tensor. Source: the Hugging Face safetensors format.
///
/// Files written by this package also have a checksum as their first metadata entry: eight hexadecimal digits, the
/// CRC-32 of all bytes of the file with these digits replaced by zeros.
package struct SafeTensors: Sendable {
  /// The header's entry for one tensor.
  package struct Entry: Equatable, Sendable {
    package let name: String
    package let dataType: DataType

    /// The sizes, outermost first; the last one varies fastest in the file. Empty for a single number.
    package let shape: [Int]

    /// The tensor's bytes, counted from the end of the header.
    package let range: Range<Int>
  }

  /// A part of the file that states its own length.
  package enum Section: String, Sendable {
    case header
    case tensors
  }

  /// The maximum length of a header that is read, in bytes: the limit of the format's reference implementation.
  package static let longestHeader = 100_000_000

  /// The maximum number of metadata entries that are read. An entry takes more memory than its text takes in the file.
  package static let mostMetadata = 100_000

  /// The header's key for the metadata; no tensor can have this name.
  static let metadataName = "__metadata__"

  /// The metadata key of the checksum.
  static let checksumName = "checksum"

  /// The tensors in the order of the header.
  package let entries: [Entry]
  /// The metadata without the checksum, each string as UTF-8.
  package let metadataBytes: [String: [UInt8]]
  /// The checksum's text and its position in the file; nil if there is none.
  private let checksum: (text: String, position: Int)?

  package let path: String
  private let bytes: [UInt8]
  private let dataStart: Int
  private let indices: [String: Int]

  /// Reads the bytes of a file. If it is gzipped and the decompressed data cannot be a safetensors file, returns only
  /// the first of them.
  package static func bytes(of path: String) throws(FileError) -> [UInt8] {
    try ByteFile.read(path) { canBegin(with: $0) }
  }

  /// Reads and checks the header of a file's bytes; `path` is the file's name in errors.
  ///
  /// - Throws: `FileError` if the bytes are not a complete and consistent safetensors file.
  /// - Complexity: O(header); the tensors are not copied.
  package init(bytes: [UInt8], path: String) throws(FileError) {
    let headerLength = try Self.headerLength(of: bytes, path: path)
    dataStart = 8 + headerLength
    var reader = SafeTensorsHeader(bytes: bytes, path: path, end: dataStart)
    try reader.read()
    try Self.check(reader.entries, fill: bytes.count - dataStart, path: path)

    self.entries = reader.entries
    self.metadataBytes = reader.metadata
    self.checksum = reader.checksum
    self.path = path
    self.bytes = bytes
    self.indices = reader.indices
  }

  /// Returns the header's entry for a tensor, or nil if the file has no tensor of that name.
  package func entry(_ name: String) -> Entry? {
    indices[name].map { entries[$0] }
  }

  /// The metadata without the checksum, computed by every call.
  ///
  /// - Complexity: O(metadata).
  package var metadata: [String: String] { metadataBytes.mapValues { String(decoding: $0, as: UTF8.self) } }

  /// Returns a string of the metadata, or nil if there is none for that key.
  package func text(_ key: String) -> String? { metadataBytes[key].map { String(decoding: $0, as: UTF8.self) } }

  /// The length of the file.
  package var byteCount: Int { bytes.count }
  /// The number of bytes that the tensors take.
  package var dataCount: Int { bytes.count - dataStart }

  /// Whether the file has a checksum.
  package var hasChecksum: Bool { checksum != nil }

  /// Checks that the checksum, if there is one, matches the file's bytes.
  ///
  /// - Throws: `FileError.wrongChecksum`.
  /// - Complexity: O(file).
  package func verifyChecksum() throws(FileError) {
    guard let checksum else { return }
    guard checksum.text == Self.checksum(of: bytes, at: checksum.position) else { throw .wrongChecksum(path: path) }
  }

  /// The digits of the checksum of a file's bytes. The digits' own place in the file is at `position`.
  package static func checksum(of bytes: [UInt8], at position: Int) -> String {
    var checksum = Checksum()
    checksum.add(bytes[..<position])
    checksum.add(Array(noChecksum.utf8)[...])
    checksum.add(bytes[min(position + noChecksum.utf8.count, bytes.count)...])
    return checksum.digits
  }

  /// The digits that stand in for the checksum while the checksum is computed.
  static let noChecksum = "00000000"

  /// Returns a tensor's numbers in the order of the file, or the numbers in a range of places, counted from 0.
  ///
  /// The numbers are exact if `Scalar` is the stored type or wider, and rounded to the nearest otherwise: a stored
  /// `Double` beyond the range of `Float` becomes an infinity.
  ///
  /// - Throws: `FileError.missingTensor`, or `FileError.unsupportedDataType` for types other than F64, F32, F16 and
  ///   BF16.
  package func values<Scalar: BinaryFloatingPoint>(
    of name: String, _ places: Range<Int>? = nil, as type: Scalar.Type = Scalar.self
  ) throws(FileError) -> [Scalar] {
    guard let entry = entry(name) else { throw .missingTensor(path: path, name: name) }
    let bytesOfAll = dataStart + entry.range.lowerBound..<dataStart + entry.range.upperBound
    let width = entry.dataType.bitWidth / 8
    let part =
      places.map { bytesOfAll.lowerBound + $0.lowerBound * width..<bytesOfAll.lowerBound + $0.upperBound * width }
      ?? bytesOfAll
    // Concrete types are used because conversions between generic scalars are slow. The cast goes through Any because a
    // direct cast between array types works element by element.
    switch entry.dataType {
    case .f32 where type == Float.self: return numbers(part, Float.init(bitPattern:)) as Any as! [Scalar]
    case .f32 where type == Double.self:
      return numbers(part) { Double(Float(bitPattern: $0)) } as Any as! [Scalar]
    case .f32: return numbers(part) { Scalar(Float(bitPattern: $0)) }
    case .f64 where type == Double.self: return numbers(part, Double.init(bitPattern:)) as Any as! [Scalar]
    case .f64 where type == Float.self:
      return numbers(part) { Float(Double(bitPattern: $0)) } as Any as! [Scalar]
    case .f64: return numbers(part) { Scalar(Double(bitPattern: $0)) }
    case .f16: return numbers(part) { Scalar(Float16(bitPattern: $0)) }
    case .bf16: return numbers(part) { (bits: UInt16) in Scalar(Float(bitPattern: UInt32(bits) << 16)) }
    default: throw .unsupportedDataType(path: path, name: name, found: entry.dataType.rawValue)
    }
  }

  /// Copies a tensor's numbers, which are stored row by row, into a matrix of its shape.
  ///
  /// - Throws: As ``values(of:_:as:)``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func read<Scalar: BLASScalar>(_ name: String, into matrix: Tile<Scalar>) throws(FileError) {
    try matrix.fill { (places) throws(FileError) in try values(of: name, places) }
  }

  /// The numbers whose bits are in a range of the file's bytes.
  @inline(__always)
  private func numbers<Bits: FixedWidthInteger & BitwiseCopyable, Number>(
    _ part: Range<Int>, _ number: (Bits) -> Number
  ) -> [Number] {
    let width = Bits.bitWidth / 8
    let count = part.count / width
    // An empty array uses memory of the standard library that all threads share, and the closure's count would be
    // written into it.
    guard count > 0 else { return [] }
    return bytes[part].withUnsafeBytes { bytes in
      [Number](unsafeUninitializedCapacity: count) { numbers, initializedCount in
        for index in 0..<count {
          let bits = Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: index * width, as: Bits.self))
          numbers.initializeElement(at: index, to: number(bits))
        }
        initializedCount = count
      }
    }
  }

  /// Returns a little-endian number, which need not be aligned.
  private static func integer<Bits: FixedWidthInteger & BitwiseCopyable>(at offset: Int, of bytes: [UInt8]) -> Bits {
    Bits(littleEndian: bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Bits.self))
  }

  // MARK: - Checks

  /// Whether a file that begins with these bytes can be a safetensors file. This is checked before all of a gzip file
  /// is decompressed.
  static func canBegin(with bytes: [UInt8]) -> Bool {
    do throws(FileError) { _ = try headerLength(of: bytes, path: "") } catch { return error.code == "cutShort" }
    return true
  }

  private static func headerLength(of bytes: [UInt8], path: String) throws(FileError) -> Int {
    guard bytes.count >= 8 else {
      throw .notSafeTensors(path: path, found: "it holds \(bytes.count) bytes, the header's length alone takes 8")
    }
    let length: UInt64 = integer(at: 0, of: bytes)
    guard length <= longestHeader else {
      let isText = bytes.prefix(8).allSatisfy { 0x20..<0x7F ~= $0 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
      guard !isText else { throw .notSafeTensors(path: path, found: "it begins like a text file") }
      throw .notSafeTensors(
        path: path, found: "it begins with a header length of \(length) bytes, expected at most \(longestHeader)")
    }
    guard length > 0, bytes.count == 8 || bytes[8] == UInt8(ascii: "{") else {
      throw .notSafeTensors(path: path, found: "there is no { after its first 8 bytes")
    }
    guard length <= bytes.count - 8 else {
      throw .cutShort(path: path, section: .header, promised: Int(length), found: bytes.count - 8)
    }
    return Int(length)
  }

  /// Checks that the tensors fill `dataCount` bytes completely, without holes or overlaps.
  private static func check(_ entries: [Entry], fill dataCount: Int, path: String) throws(FileError) {
    var filled = 0
    // Sorted by both ends, so that an empty tensor comes before the tensor that begins at the same byte.
    let inFileOrder = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    for entry in inFileOrder {
      guard entry.range.lowerBound == filled else {
        throw .badTensor(
          path: path, name: entry.name,
          problem: "it begins at byte \(entry.range.lowerBound) of the data, expected byte \(filled), "
            + "where the tensor before it ends")
      }
      filled = entry.range.upperBound
    }
    if filled > dataCount {
      throw .cutShort(path: path, section: .tensors, promised: filled, found: dataCount)
    }
    if filled < dataCount {
      throw .tooLong(path: path, promised: filled, found: dataCount)
    }
  }

  /// Returns the number of elements of a shape, or nil if it overflows or a size is negative.
  package static func elementCount(_ shape: [Int]) -> Int? {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !overflow else { return nil }
      count = product
    }
    return count
  }
}
