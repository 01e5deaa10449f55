/// The number types in array files, each with NumPy's name: a letter and the number of bytes.
package enum NumberType: String, Sendable {
  case f2, f4, f8, b1, u1, u2, u4, u8, i1, i2, i4, i8

  /// The bytes of one number.
  var size: Int { Int(rawValue.utf8.last! - UInt8(ascii: "0")) }

  /// Whether the type holds only integers; Booleans are 0 and 1.
  var isInteger: Bool { !rawValue.hasPrefix("f") }

  /// The numbers in the bytes from `start` on; integers beyond 2^53 are rounded.
  ///
  /// - Precondition: There are enough bytes.
  func numbers(in bytes: [UInt8], from start: Int, count: Int, isBigEndian: Bool) -> [Double] {
    @inline(__always)
    func read<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(_ number: (Bits) -> Double) -> [Double] {
      Self.integers(in: bytes, from: start, count: count, isBigEndian: isBigEndian, number)
    }
    return switch self {
    case .f2: read { Double(Float16(bitPattern: $0)) }
    case .f4: read { Double(Float(bitPattern: $0)) }
    case .f8: read { Double(bitPattern: $0) }
    case .b1: read { (value: UInt8) in value == 0 ? 0 : 1 }
    case .u1: read { (value: UInt8) in Double(value) }
    case .u2: read { (value: UInt16) in Double(value) }
    case .u4: read { (value: UInt32) in Double(value) }
    case .u8: read { (value: UInt64) in Double(value) }
    case .i1: read { (value: UInt8) in Double(Int8(bitPattern: value)) }
    case .i2: read { (value: UInt16) in Double(Int16(bitPattern: value)) }
    case .i4: read { (value: UInt32) in Double(Int32(bitPattern: value)) }
    case .i8: read { (value: UInt64) in Double(Int64(bitPattern: value)) }
    }
  }

  /// The results of a closure for the integers in the bytes from `start` on.
  ///
  /// - Precondition: There are enough bytes.
  @inline(__always)
  static func integers<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable, Result>(
    in bytes: [UInt8], from start: Int, count: Int, isBigEndian: Bool, _ result: (Bits) -> Result
  ) -> [Result] {
    let raw = bytes.span.bytes
    let size = MemoryLayout<Bits>.size
    var results: [Result] = []
    results.reserveCapacity(count)
    for index in 0..<count {
      let bits = raw.unsafeLoadUnaligned(fromByteOffset: start + index * size, as: Bits.self)
      results.append(result(isBigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits)))
    }
    return results
  }
}
