import Tensor

/// The tensors and the metadata of one safetensors file.
///
///     header length, 8 bytes little-endian │ header, JSON │ the tensors' numbers, back to back
///
/// Every size in the header is checked against the file's length before anything is read by it, and every byte
/// of the data belongs to exactly one tensor. Source: the Hugging Face safetensors format.
///
/// What is written here has a checksum besides, as the first of its metadata: eight hexadecimal digits, the CRC-32 of
/// all bytes of the file with these digits as zeros.
package struct SafeTensors: Sendable {
  /// What the header says about one tensor.
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

  /// The longest header that is read, in bytes: the limit of the format's reference implementation.
  package static let longestHeader = 100_000_000

  /// The most pairs of metadata that are read: a pair takes more memory than its text takes in the file.
  package static let mostMetadata = 100_000

  /// The name under which the header keeps the metadata; no tensor can have it.
  static let metadataName = "__metadata__"

  /// The key of the checksum among the metadata.
  static let checksumName = "checksum"

  /// The tensors in the order of the header.
  package let entries: [Entry]
  /// The metadata but for the checksum, each text as UTF-8.
  package let metadataBytes: [String: [UInt8]]
  /// What stands for the checksum, and at which byte of the file; nil if nothing does.
  private let checksum: (text: String, position: Int)?

  package let path: String
  private let bytes: [UInt8]
  private let dataStart: Int
  private let indices: [String: Int]

  /// The bytes of a file; if it is a gzip file that cannot be one of safetensors when it is decompressed, those that it
  /// begins with.
  package static func bytes(of path: String) throws(FileError) -> [UInt8] {
    try ByteFile.read(path) { canBegin(with: $0) }
  }

  /// Reads the header of a file's bytes and checks it; `path` is what errors call the file.
  ///
  /// - Throws: `FileError` when the bytes are not a whole and consistent safetensors file.
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

  /// Returns what the header says about a tensor, or nil if the file has none of that name.
  package func entry(_ name: String) -> Entry? {
    indices[name].map { entries[$0] }
  }

  /// The metadata but for the checksum, made anew by every call.
  ///
  /// - Complexity: O(metadata).
  package var metadata: [String: String] { metadataBytes.mapValues { String(decoding: $0, as: UTF8.self) } }

  /// A text of the metadata, or nil if there is none of that key.
  package func text(_ key: String) -> String? { metadataBytes[key].map { String(decoding: $0, as: UTF8.self) } }

  /// The length of the file.
  package var byteCount: Int { bytes.count }
  /// How many bytes the tensors take.
  package var dataCount: Int { bytes.count - dataStart }

  /// Whether the file has a checksum.
  package var hasChecksum: Bool { checksum != nil }

  /// Checks that the checksum is that of the file's bytes, if there is one.
  ///
  /// - Throws: `FileError.wrongChecksum`.
  /// - Complexity: O(file).
  package func verifyChecksum() throws(FileError) {
    guard let checksum else { return }
    guard checksum.text == Self.checksum(of: bytes, at: checksum.position) else { throw .wrongChecksum(path: path) }
  }

  /// The digits of the checksum of a file's bytes, which are to stand or stand at `position`.
  package static func checksum(of bytes: [UInt8], at position: Int) -> String {
    var checksum = Checksum()
    checksum.add(bytes[..<position])
    checksum.add(Array(noChecksum.utf8)[...])
    checksum.add(bytes[min(position + noChecksum.utf8.count, bytes.count)...])
    return checksum.digits
  }

  /// What the checksum's digits count as in the checksum.
  static let noChecksum = "00000000"

  /// Returns a tensor's numbers in the order of the file, or those of some places, counted from 0.
  ///
  /// They are exact if `Scalar` is the stored type or wider, and rounded to the nearest otherwise: a stored
  /// `Double` beyond the range of `Float` becomes an infinity.
  ///
  /// - Throws: `FileError.missingTensor`, or `FileError.unsupportedDataType` for others than F64, F32, F16 and BF16.
  package func values<Scalar: BinaryFloatingPoint>(
    of name: String, _ places: Range<Int>? = nil, as type: Scalar.Type = Scalar.self
  ) throws(FileError) -> [Scalar] {
    guard let entry = entry(name) else { throw .missingTensor(path: path, name: name) }
    let bytesOfAll = dataStart + entry.range.lowerBound..<dataStart + entry.range.upperBound
    let width = entry.dataType.bitWidth / 8
    let part =
      places.map { bytesOfAll.lowerBound + $0.lowerBound * width..<bytesOfAll.lowerBound + $0.upperBound * width }
      ?? bytesOfAll
    // Concrete types, because conversions between generic scalars are slow; through Any, because a cast from array to
    // array goes element by element.
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

  /// Puts a tensor's numbers, which stand row after row, into a matrix of its shape.
  ///
  /// - Throws: As ``values(of:_:as:)``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func read<Scalar: BLASScalar>(_ name: String, into matrix: Tile<Scalar>) throws(FileError) {
    try matrix.fill { (places) throws(FileError) in try values(of: name, places) }
  }

  /// The numbers whose bits are at a range of the file's bytes.
  @inline(__always)
  private func numbers<Bits: FixedWidthInteger & BitwiseCopyable, Number>(
    _ part: Range<Int>, _ number: (Bits) -> Number
  ) -> [Number] {
    let width = Bits.bitWidth / 8
    let count = part.count / width
    // The memory of an empty array is the standard library's own, for all threads: the closure's count would be written
    // into it.
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

  /// Returns a little-endian number; it need not be aligned.
  private static func integer<Bits: FixedWidthInteger & BitwiseCopyable>(at offset: Int, of bytes: [UInt8]) -> Bits {
    Bits(littleEndian: bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Bits.self))
  }

  // MARK: - Checks

  /// Whether a file that begins with these bytes can be one: asked before all of a gzip file is decompressed.
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
      guard !isText else { throw .notSafeTensors(path: path, found: "it begins as a text does") }
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

  /// Checks that the tensors fill `dataCount` bytes from the first to the last, without holes or overlaps.
  private static func check(_ entries: [Entry], fill dataCount: Int, path: String) throws(FileError) {
    var filled = 0
    // By both ends, so that an empty tensor stands before the one that begins at the same byte.
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
