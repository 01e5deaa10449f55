/// A field of a protobuf message: its number and its value.
package struct ProtobufField {
  package enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    /// A string, a message or packed numbers: these bytes of the file.
    case bytes(Range<Int>)
  }

  package let number: Int
  package let value: Value
  /// The range of the value alone, without its tag and length.
  package let range: Range<Int>
}

/// Reads one message of the protobuf wire format, field by field. Every length is checked against the remaining bytes.
///
///     tag, varint: field number · 8 + wire type
///     │ value: 0 varint, 1 eight bytes, 2 length, varint, and as many bytes, 5 four bytes
///
/// The reader does not descend into nested messages, so their depth costs nothing. If a field is a message, the caller
/// makes a reader of its bytes. Source: the encoding page of the Protocol Buffers documentation.
package struct ProtobufReader {
  package let bytes: [UInt8]
  /// Makes the error for a problem at a byte.
  private let refusal: (_ byte: Int, _ problem: String) -> FileError
  private var position: Int
  private let end: Int

  package init(
    _ bytes: [UInt8], _ range: Range<Int>, refusal: @escaping (_ byte: Int, _ problem: String) -> FileError
  ) {
    self.bytes = bytes
    self.refusal = refusal
    position = range.lowerBound
    end = range.upperBound
  }

  /// Reads the next field; nil at the message's end.
  ///
  /// - Throws: ``FileError``, as `refusal` makes it.
  package mutating func next() throws(FileError) -> ProtobufField? {
    guard position < end else { return nil }
    let start = position
    let tag = try varint()
    guard tag >> 3 >= 1, tag >> 3 < 1 << 29 else { throw error(start, "found the field number \(tag >> 3)") }
    let number = Int(tag >> 3)
    var first = position
    let value: ProtobufField.Value
    switch tag & 7 {
    case 0: value = .varint(try varint())
    case 1: value = .fixed64(try fixed(8))
    case 2:
      let length = try varint()
      guard length <= end - position else {
        throw error(first, "found a length of \(length) bytes, but only \(end - position) left")
      }
      first = position
      position += Int(length)
      value = .bytes(first..<position)
    case 5: value = .fixed32(UInt32(try fixed(4)))
    default: throw error(start, "found the wire type \(tag & 7), expected 0, 1, 2 or 5")
    }
    return ProtobufField(number: number, value: value, range: first..<position)
  }

  /// Reads a varint without a tag, as in packed numbers; nil at the end.
  package mutating func nextVarint() throws(FileError) -> UInt64? { position < end ? try varint() : nil }

  /// Each byte holds seven bits, the low ones first; its highest bit says that more bytes follow.
  private mutating func varint() throws(FileError) -> UInt64 {
    let start = position
    var (value, shift) = (UInt64(0), UInt64(0))
    while position < end {
      let byte = bytes[position]
      position += 1
      guard shift < 63 || byte <= 1 else { throw error(start, "found a number of more than 64 bits") }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw error(start, "found the end within a number")
  }

  private mutating func fixed(_ count: Int) throws(FileError) -> UInt64 {
    guard end - position >= count else { throw error(position, "found the end within a number of \(count) bytes") }
    defer { position += count }
    return (0..<count).reduce(0) { $0 | UInt64(bytes[position + $1]) << (8 * $1) }
  }

  private func error(_ byte: Int, _ problem: String) -> FileError { refusal(byte, problem) }
}
