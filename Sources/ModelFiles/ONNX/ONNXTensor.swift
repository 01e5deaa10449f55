import PerceptronFiles

/// A constant of an ONNX graph: TensorProto of onnx.proto.
package struct ONNXTensor: Equatable {
  /// The values of TensorProto.DataType that are supported.
  package enum DataType: Int {
    case float = 1
    case int32 = 6
    case int64 = 7
    case string = 8
    case bool = 9
    case float16 = 10
    case double = 11
    case bfloat16 = 16
  }

  /// The encoding of the numbers in ``contents``.
  package enum Encoding {
    /// Fixed-size numbers, low bytes first: raw_data, float_data and double_data.
    case littleEndian
    /// Varints: int32_data, which also holds the bits of 16-bit numbers, and int64_data.
    case varints
  }

  package var name: String
  /// The sizes; the last one varies fastest. Empty for a single number.
  package var shape: [Int]
  package var dataType: DataType
  package var encoding: Encoding
  /// The bytes of the numbers. For a tensor that was read, they are a slice of the file's bytes.
  package var contents: ArraySlice<UInt8>
  /// The values of a string tensor.
  package var strings: [String]

  /// The product of the shape's sizes; nil if it overflows or a size is negative.
  package var count: Int? { SafeTensors.elementCount(shape) }

  package init(
    name: String = "", shape: [Int] = [], dataType: DataType = .float, encoding: Encoding = .littleEndian,
    contents: ArraySlice<UInt8> = [], strings: [String] = []
  ) {
    self.name = name
    self.shape = shape
    self.dataType = dataType
    self.encoding = encoding
    self.contents = contents
    self.strings = strings
  }
}

extension ONNXTensor {
  /// Makes a tensor of floating-point numbers.
  package init(_ name: String, _ type: DataType, _ shape: [Int], _ values: some Sequence<Double>) {
    var bytes: [UInt8] = []
    for value in values {
      if type == .double {
        bytes.append(littleEndian: value.bitPattern)
      } else {
        bytes.append(littleEndian: Float(value).bitPattern)
      }
    }
    self.init(name: name, shape: shape, dataType: type, contents: bytes[...])
  }

  package init(_ name: String, _ shape: [Int], _ values: [Int]) {
    var bytes: [UInt8] = []
    for value in values { bytes.append(littleEndian: Int64(value)) }
    self.init(name: name, shape: shape, dataType: .int64, contents: bytes[...])
  }

  package init(_ name: String, _ shape: [Int], texts: [String]) {
    self.init(name: name, shape: shape, dataType: .string, strings: texts)
  }

  /// Returns the numbers, or those in a range of places, rounded to the nearest if `Scalar` is narrower. Returns nil if
  /// they are strings or if their count does not match the shape.
  ///
  /// - Parameter places: Nil for all numbers. Varints can only be read all at once; for them the result is nil if
  ///   `places` is given.
  package func values<Scalar: BinaryFloatingPoint>(
    _ places: Range<Int>? = nil, as type: Scalar.Type = Scalar.self
  ) -> [Scalar]? {
    guard let count else { return nil }
    func fixed<Bits: FixedWidthInteger & BitwiseCopyable>(_ number: (Bits) -> Scalar) -> [Scalar]? {
      let size = MemoryLayout<Bits>.size
      guard contents.count % size == 0, contents.count / size == count else { return nil }
      let bytes = contents.span.bytes
      return (places ?? 0..<count).map {
        number(Bits(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: $0 * size, as: Bits.self)))
      }
    }
    guard places == nil || encoding == .littleEndian else { return nil }
    switch (dataType, encoding) {
    case (.float, .littleEndian): return fixed { (bits: UInt32) in Scalar(Float(bitPattern: bits)) }
    case (.double, .littleEndian): return fixed { (bits: UInt64) in Scalar(Double(bitPattern: bits)) }
    case (.float16, .littleEndian): return fixed { (bits: UInt16) in Scalar(Float16(bitPattern: bits)) }
    case (.bfloat16, .littleEndian): return fixed { (bits: UInt16) in Scalar(Self.brain(bits)) }
    case (.int32, .littleEndian): return fixed { (bits: UInt32) in Scalar(Int32(bitPattern: bits)) }
    case (.int64, .littleEndian): return fixed { (bits: UInt64) in Scalar(Int64(bitPattern: bits)) }
    case (.bool, .littleEndian): return fixed { (bits: UInt8) in bits == 0 ? 0 : 1 }
    case (.float16, .varints): return varints(count) { Scalar(Float16(bitPattern: UInt16(truncatingIfNeeded: $0))) }
    case (.bfloat16, .varints): return varints(count) { Scalar(Self.brain(UInt16(truncatingIfNeeded: $0))) }
    case (.int32, .varints), (.int64, .varints), (.bool, .varints):
      return varints(count) { Scalar(Int64(bitPattern: $0)) }
    case (.string, _), (.float, .varints), (.double, .varints): return nil
    }
  }

  private func varints<Scalar>(_ count: Int, _ number: (UInt64) -> Scalar) -> [Scalar]? {
    // A varint takes at least one byte.
    guard count <= contents.count else { return nil }
    var values: [Scalar] = []
    values.reserveCapacity(count)
    var (bits, shift) = (UInt64(0), UInt64(0))
    for byte in contents {
      bits |= UInt64(byte & 0x7F) << shift
      shift += 7
      guard byte < 0x80 else { continue }
      values.append(number(bits))
      (bits, shift) = (0, 0)
    }
    return values.count == count ? values : nil
  }

  /// The number that has these bits as the upper half of a `Float`.
  private static func brain(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}
