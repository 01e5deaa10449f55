import Tensor

/// A NumPy array of numbers from a .npy file, of format version 1, 2 or 3.
///
/// The format (NumPy Enhancement Proposal 1): the bytes 93 "NUMPY", the version, the header's length, the header as a Python dictionary of
/// element type, order and shape, then the elements. Floats of 4 and 8 bytes, integers of 1 to 8 bytes and Booleans are read, little-endian, in
/// C and Fortran order.
public struct NPY: Sendable, Equatable {
  /// The file, for messages.
  public let path: String
  /// The dimensions, first the number of samples; there is at least one, and each is at least 1.
  public let shape: [Int]
  /// The elements, the last dimension varying fastest; integers beyond 2^53 are rounded.
  public let elements: [Double]

  /// Reads a file, plain or gzipped.
  /// - Throws: the ``DataError`` of what is wrong with the file. Sizes are checked before memory is taken for them.
  public init(contentsOf path: String) throws(DataError) {
    try self.init(try ByteFile.read(path), path: path)
  }

  /// Parses a file's bytes; the path is for messages.
  package init(_ bytes: [UInt8], path: String) throws(DataError) {
    let header = try NPYHeader(bytes, path: path)
    let count = header.shape.reduce(1, *)
    let (type, start) = (header.type, header.end)
    var elements: [Double]
    switch type {
    case "f4": elements = Self.elements(bytes, start, count) { Double(Float(bitPattern: $0)) }
    case "f8": elements = Self.elements(bytes, start, count) { Double(bitPattern: $0) }
    case "b1": elements = Self.elements(bytes, start, count) { (value: UInt8) in value == 0 ? 0 : 1 }
    case "u1": elements = Self.elements(bytes, start, count) { (value: UInt8) in Double(value) }
    case "u2": elements = Self.elements(bytes, start, count) { (value: UInt16) in Double(value) }
    case "u4": elements = Self.elements(bytes, start, count) { (value: UInt32) in Double(value) }
    case "u8": elements = Self.elements(bytes, start, count) { (value: UInt64) in Double(value) }
    case "i1": elements = Self.elements(bytes, start, count) { (value: UInt8) in Double(Int8(bitPattern: value)) }
    case "i2": elements = Self.elements(bytes, start, count) { (value: UInt16) in Double(Int16(bitPattern: value)) }
    case "i4": elements = Self.elements(bytes, start, count) { (value: UInt32) in Double(Int32(bitPattern: value)) }
    default: elements = Self.elements(bytes, start, count) { (value: UInt64) in Double(Int64(bitPattern: value)) }
    }
    if header.isFortranOrder { elements = Self.reordered(elements, header.shape) }
    self.path = path
    shape = header.shape
    self.elements = elements
  }

  /// The number of samples.
  public var count: Int { shape[0] }
  /// The number of elements of a sample.
  public var sampleSize: Int { elements.count / shape[0] }

  @inline(__always)
  private static func elements<Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ bytes: [UInt8], _ start: Int, _ count: Int, _ number: (Bits) -> Double
  ) -> [Double] {
    let raw = bytes.span.bytes
    let size = MemoryLayout<Bits>.size
    var result: [Double] = []
    result.reserveCapacity(count)
    for index in 0..<count {
      let bits = Bits(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: start + index * size, as: Bits.self))
      result.append(number(bits))
    }
    return result
  }

  /// Elements of which the first dimension varies fastest, put so that the last one does.
  private static func reordered(_ elements: [Double], _ shape: [Int]) -> [Double] {
    // Dimensions of 1 change no order; a header may have thousands, each of which would be gone through for every element.
    let shape = shape.filter { $0 > 1 }
    // How far apart neighbours in each dimension are.
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
