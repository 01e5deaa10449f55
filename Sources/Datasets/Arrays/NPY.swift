import PerceptronFiles
import Tensor

/// A NumPy array of numbers or strings from a .npy file of format version 1, 2 or 3.
///
/// The format (NumPy Enhancement Proposal 1) is: the bytes 93 "NUMPY", the version, the header's length, the header,
/// then the elements. The header is a Python dictionary of element type, order and shape. The elements can be floats of
/// 2, 4 and 8 bytes, integers of 1 to 8 bytes, Booleans, and strings of fixed width (U, and S in UTF-8). They can be
/// little-endian or big-endian, in C or Fortran order.
public struct NPY: Sendable, Equatable {
  /// The file's path, for messages.
  public let path: String
  /// The dimensions; the first is the number of samples. There is at least one dimension, and each is at least 1.
  public let shape: [Int]
  /// The elements, with the last dimension varying fastest. Integers beyond 2^53 are rounded. For an array of strings
  /// they are indices into ``texts``.
  public let elements: [Double]
  /// The distinct strings of an array of strings, in order of first occurrence; nil for numbers.
  public let texts: [String]?
  /// The type of the elements; nil for strings.
  package let type: NumberType?
  /// The elements in 64 bits, if they are integers and ``elements`` rounds at least one of them.
  let exactIntegers: [UInt64]?

  /// Reads a file, plain or gzipped.
  /// - Throws: a ``FileError`` that says what is wrong with the file. Sizes are checked before memory is allocated for
  ///   them.
  public init(contentsOf path: String) throws(FileError) {
    try self.init(try ByteFile.read(path), path: path)
  }

  /// Parses a file's bytes; the path is for messages.
  package init(_ bytes: [UInt8], path: String) throws(FileError) {
    let header = try NPYHeader(bytes, path: path)
    let count = header.shape.reduce(1, *)
    func inOrder<Element>(_ elements: [Element]) -> [Element] {
      header.isFortranOrder ? Self.reordered(elements, header.shape) : elements
    }
    self.path = path
    shape = header.shape
    switch header.type {
    case .number(let type):
      self.type = type
      texts = nil
      elements = inOrder(
        type.numbers(in: bytes, from: header.end, count: count, isBigEndian: header.isBigEndian))
      exactIntegers =
        if type == .u8 || type == .i8, elements.contains(where: { $0.magnitude > 0x1p53 }) {
          inOrder(
            NumberType.integers(
              in: bytes, from: header.end, count: count, isBigEndian: header.isBigEndian, { (bits: UInt64) in bits }))
        } else {
          nil
        }
    case .text(let characterSize, let length):
      type = nil
      exactIntegers = nil
      var set = TextSet()
      var codes: [Double] = []
      codes.reserveCapacity(count)
      for index in 0..<count {
        let start = header.end + index * characterSize * length
        guard let text = Self.text(bytes, start, characterSize, length, isBigEndian: header.isBigEndian) else {
          throw .badNPY(
            path: path, problem: "element \(index + 1) is not valid \(characterSize == 1 ? "UTF-8" : "Unicode")")
        }
        codes.append(Double(set.code(of: text)))
      }
      elements = inOrder(codes)
      texts = Array(set)
    }
  }

  /// The number of samples.
  public var count: Int { shape[0] }
  /// The number of elements of each sample.
  package var sampleSize: Int { elements.count / shape[0] }

  /// A string without the zeros that pad it; nil if the bytes are not valid text.
  private static func text(
    _ bytes: [UInt8], _ start: Int, _ characterSize: Int, _ length: Int, isBigEndian: Bool
  ) -> String? {
    if characterSize == 1 {
      let end = bytes[start..<start + length].lastIndex { $0 != 0 } ?? start - 1
      return String(validating: bytes[start..<(end + 1)], as: UTF8.self)
    }
    let values = NumberType.integers(in: bytes, from: start, count: length, isBigEndian: isBigEndian) {
      (bits: UInt32) in
      bits
    }
    var text = String.UnicodeScalarView()
    for value in values[..<((values.lastIndex { $0 != 0 } ?? -1) + 1)] {
      guard let scalar = Unicode.Scalar(value) else { return nil }
      text.append(scalar)
    }
    return String(text)
  }

  /// Reorders elements so that the last dimension varies fastest instead of the first.
  private static func reordered<Element>(_ elements: [Element], _ shape: [Int]) -> [Element] {
    // Dimensions of 1 do not affect the order. A header may have thousands, and each would cost a step for every
    // element.
    let shape = shape.filter { $0 > 1 }
    // The distance between neighbours in each dimension.
    var strides = shape
    var stride = 1
    for dimension in shape.indices {
      strides[dimension] = stride
      stride *= shape[dimension]
    }
    var place = [Int](repeating: 0, count: shape.count)
    var index = 0
    return elements.indices.map { _ in
      let element = elements[index]
      var dimension = shape.count - 1
      while dimension >= 0 {
        place[dimension] += 1
        index += strides[dimension]
        if place[dimension] < shape[dimension] { break }
        index -= strides[dimension] * shape[dimension]
        place[dimension] = 0
        dimension -= 1
      }
      return element
    }
  }
}
