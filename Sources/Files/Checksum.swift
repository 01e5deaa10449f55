import CPerceptronChecksum
import CPerceptronZlib

/// The CRC-32 of a sequence of bytes, as in zlib, gzip and PNG.
package struct Checksum: Sendable, Equatable {
  package private(set) var value: UInt32 = 0

  /// The eight hexadecimal digits of the checksum.
  package var digits: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.utf8.count) + digits
  }

  package init() {}

  /// Adds bytes to the checksum.
  package mutating func add(_ bytes: ArraySlice<UInt8>) {
    bytes.withUnsafeBytes { add($0) }
  }

  /// Adds numbers to the checksum, in their representation in memory.
  package mutating func add<Number: BinaryFloatingPoint>(_ numbers: [Number]) {
    numbers.withUnsafeBytes { add($0) }
  }

  /// Adds a string to the checksum, as UTF-8.
  package mutating func add(_ text: String) {
    Array(text.utf8).withUnsafeBytes { add($0) }
  }

  /// Adds bytes to the checksum.
  package mutating func add(_ bytes: UnsafeRawBufferPointer) {
    // Without an address, zlib would start a new checksum.
    guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
    value = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { folded in
      let count = ck_fold_crc32(value, start, bytes.count, folded.baseAddress)
      let sum = count > 0 ? crc32_z(UInt(UInt32.max), folded.baseAddress, 16) : UInt(value)
      return UInt32(crc32_z(sum, start + count, bytes.count - count))
    }
  }
}
