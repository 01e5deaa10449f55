import PerceptronFiles
import Tensor

extension NPY {
  /// The values that can be written: numbers of either precision, integers, or strings.
  public enum Values: Sendable {
    /// Numbers of type `<f4`.
    case floats([Float])
    /// Numbers of type `<f8`.
    case doubles([Double])
    /// Numbers of type `<i8`.
    case integers([Int])
    /// Strings of type `<U`, as wide as the longest.
    case texts([String])
  }

  /// Writes a .npy file atomically and replaces an existing file.
  ///
  /// - Parameter shape: The dimensions; the last one varies fastest in the values. A matrix of features × samples has
  ///   the shape [samples, features].
  /// - Throws: ``FileError`` (`cannotWrite`).
  /// - Precondition: Traps if the number of values differs from the product of the dimensions.
  public static func write(_ values: Values, shape: [Int], to path: String) throws(FileError) {
    try AtomicFile.write(encode(values, shape: shape), to: path)
  }

  /// The bytes of a .npy file of format version 1 in C order.
  ///
  /// - Precondition: Traps if the number of values differs from the product of the dimensions.
  package static func encode(_ values: Values, shape: [Int]) -> [UInt8] {
    var body: [UInt8] = []
    let (type, count): (String, Int)
    switch values {
    case .floats(let numbers):
      (type, count) = ("<f4", numbers.count)
      numbers.withLittleEndianBytes { body += $0 }
    case .doubles(let numbers):
      (type, count) = ("<f8", numbers.count)
      numbers.withLittleEndianBytes { body += $0 }
    case .integers(let numbers):
      (type, count) = ("<i8", numbers.count)
      for number in numbers { body.append(littleEndian: number) }
    case .texts(let texts):
      // Each string takes as many 32-bit code points as the longest one, padded with zeros.
      let width = max(texts.map(\.unicodeScalars.count).max() ?? 0, 1)
      (type, count) = ("<U\(width)", texts.count)
      for text in texts {
        for scalar in text.unicodeScalars { body.append(littleEndian: scalar.value) }
        body += [UInt8](repeating: 0, count: 4 * (width - text.unicodeScalars.count))
      }
    }
    guard count == shape.reduce(1, *) else { fail("cannot write \(count) values as an array of the shape \(shape)") }
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }"
    // The elements begin at a multiple of 64 bytes, after magic, version, length, header and a line feed.
    header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    let length = UInt16(header.utf8.count)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(header.utf8) + body
  }
}
