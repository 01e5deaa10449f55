/// Writes a message of the protobuf wire format; see ``ProtobufReader``.
package struct ProtobufWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func write(_ field: Int, _ number: Int) {
    tag(field, 0)
    varint(UInt64(bitPattern: Int64(number)))
  }

  package mutating func write(_ field: Int, _ number: Float) {
    tag(field, 5)
    bytes.append(littleEndian: number.bitPattern)
  }

  package mutating func write(_ field: Int, _ text: String) { write(field, text.utf8) }

  package mutating func write(_ field: Int, _ contents: some Collection<UInt8>) {
    tag(field, 2)
    varint(UInt64(contents.count))
    bytes.append(contentsOf: contents)
  }

  /// Writes integers as packed varints; writes nothing if there are none.
  package mutating func write(_ field: Int, packed numbers: [Int]) {
    guard !numbers.isEmpty else { return }
    var packed = ProtobufWriter()
    for number in numbers { packed.varint(UInt64(bitPattern: Int64(number))) }
    write(field, packed.bytes)
  }

  package mutating func write(_ field: Int, message: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    message(&inner)
    write(field, inner.bytes)
  }

  private mutating func tag(_ field: Int, _ wireType: Int) { varint(UInt64(field << 3 | wireType)) }

  private mutating func varint(_ number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
