import PerceptronFiles
import Tensor

/// The dimensions and the values of an IDX file.
///
/// The format (LeCun, Cortes and Burges, The MNIST database of handwritten digits) starts with two zero bytes and the
/// element type: 8 for unsigned bytes, 9 for signed bytes, B, C, D and E for big-endian 16-bit and 32-bit integers,
/// `Float` and `Double`. Then come the number of dimensions and each dimension as a big-endian 32-bit integer. The
/// values follow, with the last dimension varying fastest.
package struct IDX: Sendable, Equatable {
  /// The dimensions; the first is the number of samples. Each is at least 1.
  package let dimensions: [Int]
  /// The type of the values.
  package let type: NumberType
  /// The bytes of the values. Their number is the product of the dimensions and the size of a value.
  package var values: ArraySlice<UInt8> { bytes[(4 + 4 * dimensions.count)...] }
  /// The whole file.
  private let bytes: [UInt8]

  /// The values as numbers.
  package var numbers: [Double] {
    type.numbers(in: bytes, from: values.startIndex, count: values.count / type.size, isBigEndian: true)
  }

  /// Reads a file, plain or gzipped, whose number of dimensions is in the given range.
  /// - Throws: a ``FileError`` that says what is wrong with the file. Sizes are checked before memory is allocated for
  ///   them.
  package init(contentsOf path: String, ranks: ClosedRange<Int>) throws(FileError) {
    try self.init(try ByteFile.read(path), path: path, ranks: ranks)
  }

  /// Parses a file's bytes; the path is for messages.
  package init(_ bytes: [UInt8], path: String, ranks: ClosedRange<Int>) throws(FileError) {
    guard ranks.lowerBound >= 1, ranks.upperBound <= 255 else {
      fail("IDX: ranks \(ranks) are not within 1...255")
    }
    guard !bytes.isEmpty else { throw .emptyFile(path: path) }
    guard bytes.count >= 4 else { throw .truncatedIDX(path: path, expected: 4, found: bytes.count) }
    let magic = Self.integer(in: bytes, at: 0)
    let rank = Int(magic & 0xFF)
    guard magic >> 16 == 0, let type = Self.types[magic >> 8], ranks.contains(rank) else {
      throw .wrongMagic(path: path, found: magic, expected: Self.expectation(ranks))
    }
    let headerSize = 4 + 4 * rank
    guard bytes.count >= headerSize else {
      throw .truncatedIDX(path: path, expected: headerSize, found: bytes.count)
    }
    let dimensions = (0..<rank).map { Int(Self.integer(in: bytes, at: 4 + 4 * $0)) }
    guard !dimensions.contains(0) else { throw .emptyIDX(path: path, dimensions: dimensions) }
    var size = type.size
    for dimension in dimensions {
      let (product, overflows) = size.multipliedReportingOverflow(by: dimension)
      guard !overflows, product <= Int.max - headerSize else {
        throw .oversizedIDX(path: path, dimensions: dimensions)
      }
      size = product
    }
    let expected = headerSize + size
    guard bytes.count >= expected else {
      throw .truncatedIDX(path: path, expected: expected, found: bytes.count)
    }
    guard bytes.count == expected else {
      throw .surplusIDX(path: path, expected: expected, found: bytes.count)
    }
    self.type = type
    self.dimensions = dimensions
    self.bytes = bytes
  }

  private static let types: [UInt32: NumberType] = [8: .u1, 9: .i1, 0xB: .i2, 0xC: .i4, 0xD: .f4, 0xE: .f8]

  private static func integer(in bytes: [UInt8], at index: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 << 8 | UInt32(bytes[index + $1]) }
  }

  private static func expectation(_ ranks: ClosedRange<Int>) -> String {
    func magic(_ rank: Int) -> String { "0x0000080\(String(rank, radix: 16))" }
    return ranks == 1...1
      ? "\(magic(1)) (labels in unsigned bytes; 09, 0b to 0e in the place of 08 for other numbers)"
      : "\(magic(ranks.lowerBound)) to \(magic(ranks.upperBound))"
        + " (images in unsigned bytes; 09, 0b to 0e in the place of 08 for other numbers)"
  }
}
