import Perceptron

/// A tensor of the open inference protocol (KServe, version 2, with Triton's extension for binary data).
struct InferenceTensor {
  let name: String
  let dataType: String
  let shape: [Int]
  /// The elements, row by row.
  let values: [InputValue]

  /// The bytes of an element in binary data; nil for strings, which are preceded by their length, and for unknown
  /// types.
  private static func width(_ dataType: String) -> Int? {
    switch dataType {
    case "BOOL", "INT8", "UINT8": 1
    case "INT16", "UINT16": 2
    case "INT32", "UINT32", "FP32": 4
    case "INT64", "UINT64", "FP64": 8
    default: nil
    }
  }

  /// Reads the elements of binary data.
  static func values(_ bytes: ArraySlice<UInt8>, _ name: String, _ dataType: String) throws(Problem) -> [InputValue] {
    func mistake(_ problem: String) -> Problem { Problem(.malformed, "input \(name.debugDescription): \(problem)") }
    if dataType == "BYTES" {
      var (values, rest) = ([InputValue](), bytes)
      while !rest.isEmpty {
        let length = rest.count >= 4 ? Int(unsigned(rest.prefix(4))) : Int.max
        rest = rest.dropFirst(4)
        guard length <= rest.count, let text = String(validating: rest.prefix(length), as: UTF8.self) else {
          throw mistake("the binary data are not strings in UTF-8, each after its length in 4 bytes")
        }
        values.append(.text(text))
        rest = rest.dropFirst(length)
      }
      return values
    }
    guard let width = width(dataType) else {
      throw mistake(
        "found the data type \(dataType.debugDescription), expected FP32, FP64, an integer type, BOOL or BYTES")
    }
    guard bytes.count % width == 0 else { throw mistake("\(bytes.count) bytes are no whole number of \(dataType)") }
    return stride(from: bytes.startIndex, to: bytes.endIndex, by: width).map { start in
      let bits = unsigned(bytes[start..<start + width])
      return switch dataType {
      case "BOOL": .text(bits == 0 ? "false" : "true")
      case "FP32": .number(Double(Float(bitPattern: UInt32(bits))))
      case "FP64": .number(Double(bitPattern: bits))
      case "INT8", "INT16", "INT32", "INT64":
        // The sign is in the highest bit of the element.
        .number(Double(Int64(bitPattern: bits << (64 - 8 * UInt64(width))) >> (64 - 8 * Int64(width))))
      default: .number(Double(bits))
      }
    }
  }

  /// A number of up to 8 bytes, the lowest first.
  private static func unsigned(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

/// What a client asks for.
struct InferenceRequest {
  private(set) var id: String?
  private(set) var inputs: [InferenceTensor] = []
  /// The names of the outputs, and whether they are to be binary; nil for all.
  private(set) var outputs: [(name: String, isBinary: Bool)]?
  /// Whether outputs are binary unless they say otherwise.
  private(set) var prefersBinary = false

  /// - Parameter headerLength: The bytes of the JSON before the binary data; nil if all is JSON.
  /// - Throws: ``Problem``.
  init(_ body: [UInt8], headerLength: String?) throws(Problem) {
    var end = body.count
    if let headerLength {
      guard let length = Int(headerLength), (0...body.count).contains(length) else {
        throw Problem(
          .malformed,
          "found the Inference-Header-Content-Length \(headerLength.debugDescription) of \(body.count) bytes")
      }
      end = length
    }
    var parts: [Part] = []
    do throws(FileError) {
      var reader = JSONReader(body, 0..<end, endName: "the end") { byte, problem in
        FileError(path: nil, "byte \(byte + 1): \(problem)")
      }
      var isFirst = true
      while let name = try reader.name(&isFirst) {
        switch name {
        case "id": id = try reader.string()
        case "inputs":
          parts = try reader.array(atMost: Table.mostColumns, "inputs") { reader throws(FileError) in try Part(&reader)
          }
        case "outputs":
          let found = try reader.array(atMost: 64, "outputs") { reader throws(FileError) in try Part(&reader) }
          outputs = found.map { ($0.name, $0.isBinary ?? false) }
        case "parameters":
          var isFirst = true
          while let name = try reader.name(&isFirst) {
            if name == "binary_data_output" { prefersBinary = try reader.bool() } else { try reader.skip() }
          }
        default: try reader.skip()
        }
      }
      try reader.finish("}")
    } catch {
      throw Problem(.malformed, "\(error.description); give an inference request as JSON")
    }
    var rest = body[end...]
    for part in parts {
      var values = part.values
      if let size = part.binarySize {
        guard size <= rest.count else {
          throw Problem(
            .malformed, "input \(part.name.debugDescription): its \(size) bytes of binary data are not there")
        }
        values = try InferenceTensor.values(rest.prefix(size), part.name, part.dataType)
        rest = rest.dropFirst(size)
      }
      guard !part.shape.isEmpty, SafeTensors.elementCount(part.shape) == values.count else {
        throw Problem(
          .malformed, "input \(part.name.debugDescription): found \(values.count) elements for the shape \(part.shape)")
      }
      inputs.append(InferenceTensor(name: part.name, dataType: part.dataType, shape: part.shape, values: values))
    }
    guard rest.isEmpty else { throw Problem(.malformed, "\(rest.count) bytes of binary data belong to no input") }
  }

  /// A member of `inputs` or `outputs`.
  private struct Part {
    var name = ""
    var dataType = ""
    var shape: [Int] = []
    var values: [InputValue] = []
    var binarySize: Int?
    var isBinary: Bool?

    init(_ reader: inout JSONReader) throws(FileError) {
      var isFirst = true
      while let member = try reader.name(&isFirst) {
        switch member {
        case "name": name = try reader.string()
        case "datatype": dataType = try reader.string()
        case "shape":
          shape = try reader.array(atMost: 8, "sizes") { reader throws(FileError) in try reader.wholeNumber() }
        case "data": try Self.read(&reader, depth: 0, into: &values)
        case "parameters":
          var isFirst = true
          while let parameter = try reader.name(&isFirst) {
            switch parameter {
            case "binary_data_size": binarySize = try reader.wholeNumber()
            case "binary_data": isBinary = try reader.bool()
            default: try reader.skip()
            }
          }
        default: try reader.skip()
        }
      }
    }

    /// Reads elements, which may be in nested lists.
    private static func read(_ reader: inout JSONReader, depth: Int, into values: inout [InputValue]) throws(FileError)
    {
      guard depth < 8 else { throw reader.error("found lists nested more than 8 deep") }
      var isFirst = true
      while try reader.element(&isFirst) {
        if reader.nextScalar() == "[" {
          try read(&reader, depth: depth + 1, into: &values)
        } else if let value = try reader.inputValue() {
          values.append(value)
        } else {
          throw reader.error("found an object, expected a number, a string, true, false or null")
        }
      }
    }
  }
}
