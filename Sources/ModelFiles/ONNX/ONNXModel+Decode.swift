import PerceptronFiles

// The field numbers are those of onnx.proto, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Fields that are
// not needed are skipped.

extension ONNXModel {
  /// Reads a file's bytes. The numbers of the tensors are not copied. Numbers in other files are read from these, which
  /// must be beside the path.
  ///
  /// - Throws: ``FileError`` (`badONNX`) if they are not a complete ONNX file, (`unsupportedTensor`) if a tensor's
  ///   numbers are of an unsupported type or not where the file says.
  package init(_ bytes: [UInt8], path: String) throws(FileError) {
    var decoder = ONNXDecoder(bytes: bytes, path: path)
    self = try decoder.model()
  }
}

/// Reads the messages of an ONNX file. No kind of message that is read contains itself, which limits the nesting
/// depth.
private struct ONNXDecoder {
  let bytes: [UInt8]
  let path: String

  /// The maximum number of nodes, tensors, names and list elements that are read. Without a limit, each few bytes of a
  /// malicious file would take hundreds of bytes in memory.
  static let mostParts = 65_536
  private var parts = 0
  /// The other files that hold numbers, by their names.
  private var externals: [String: [UInt8]] = [:]

  init(bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  // MARK: - Messages

  mutating func model() throws(FileError) -> ONNXModel {
    var model = ONNXModel()
    var hasGraph = false
    try message(bytes.indices) { (decoder, field) throws(FileError) in
      switch field.number {
      case 1: model.version = try decoder.int(field)
      case 2: model.producer = try decoder.text(field)
      case 7:
        guard !hasGraph else { throw decoder.error(field, "found a second graph") }
        hasGraph = true
        model.graph = try decoder.graph(field)
      case 8:
        let (domain, version) = try decoder.operatorSet(field)
        model.operatorSets[domain == "ai.onnx" ? "" : domain] = version
      case 14:
        let (key, value) = try decoder.entry(field)
        model.metadata[key] = value
      default: break
      }
    }
    guard hasGraph else { throw .badONNX(path: path, byte: bytes.count, problem: "found no graph") }
    model.externalByteCount = externals.values.reduce(0) { $0 + $1.count }
    return model
  }

  private mutating func operatorSet(_ field: ProtobufField) throws(FileError) -> (String, Int) {
    var (domain, version) = ("", 0)
    try message(try range(field)) { (decoder, field) throws(FileError) in
      switch field.number {
      case 1: domain = try decoder.text(field)
      case 2: version = try decoder.int(field)
      default: break
      }
    }
    return (domain, version)
  }

  private mutating func entry(_ field: ProtobufField) throws(FileError) -> (String, String) {
    var (key, value) = ("", "")
    try message(try range(field)) { (decoder, field) throws(FileError) in
      switch field.number {
      case 1: key = try decoder.text(field)
      case 2: value = try decoder.text(field)
      default: break
      }
    }
    return (key, value)
  }

  private mutating func graph(_ field: ProtobufField) throws(FileError) -> ONNXGraph {
    var graph = ONNXGraph()
    try message(try range(field)) { (decoder, field) throws(FileError) in
      switch field.number {
      case 1: graph.nodes.append(try decoder.node(field))
      case 2: graph.name = try decoder.text(field)
      case 5: graph.initializers.append(try decoder.tensor(field))
      case 11: graph.inputs.append(try decoder.value(field))
      case 12: graph.outputs.append(try decoder.value(field))
      default: break
      }
    }
    return graph
  }

  private mutating func node(_ field: ProtobufField) throws(FileError) -> ONNXNode {
    var node = ONNXNode()
    try message(try range(field)) { (decoder, field) throws(FileError) in
      switch field.number {
      case 1: node.inputs.append(try decoder.text(field))
      case 2: node.outputs.append(try decoder.text(field))
      case 3: node.name = try decoder.text(field)
      case 4: node.operation = try decoder.text(field)
      case 5:
        let (name, value) = try decoder.attribute(field)
        node.attributes[name] = value
      case 7:
        let domain = try decoder.text(field)
        node.domain = domain == "ai.onnx" ? "" : domain
      default: break
      }
    }
    return node
  }

  private mutating func attribute(_ field: ProtobufField) throws(FileError) -> (String, ONNXAttribute) {
    var name = ""
    var type = 0
    var value = ONNXAttribute.other
    var (ints, strings, floats) = ([Int](), [String](), [Float]())
    try message(try range(field)) { (decoder, field) throws(FileError) in
      switch field.number {
      case 1: name = try decoder.text(field)
      case 2:
        guard case .fixed32(let bits) = field.value else { throw decoder.wrongType(field) }
        value = .float(Float(bitPattern: bits))
      case 3: value = .int(try decoder.int(field))
      case 4: value = .string(try decoder.text(field))
      case 5: value = .tensor(try decoder.tensor(field))
      case 7: try decoder.floats(field, &floats)
      case 8: try decoder.ints(field, &ints)
      case 9: strings.append(try decoder.text(field))
      case 20: type = try decoder.int(field)
      default: break
      }
    }
    // A writer may omit an empty list, an empty string or a number that is 0; the type then tells which it is.
    switch type {
    case 1 where value == .other: value = .float(0)
    case 2 where value == .other: value = .int(0)
    case 3 where value == .other: value = .string("")
    case 6: value = .floats(floats)
    case 7: value = .ints(ints)
    case 8: value = .strings(strings)
    default: break
    }
    return (name, value)
  }

  private mutating func tensor(_ field: ProtobufField) throws(FileError) -> ONNXTensor {
    var tensor = ONNXTensor()
    var type = 0
    var isElsewhere = false
    var place: [String: String] = [:]
    try message(try range(field)) { (decoder, field) throws(FileError) in
      switch field.number {
      case 1: try decoder.ints(field, &tensor.shape)
      case 2: type = try decoder.int(field)
      // Packed or not: in both cases the bytes of the numbers, in order.
      case 4, 10: tensor.contents.append(decoder.bytes[field.range])
      case 5, 7:
        tensor.encoding = .varints
        tensor.contents.append(try decoder.wholeVarints(field))
      case 6: tensor.strings.append(try decoder.text(field))
      case 8: tensor.name = try decoder.text(field)
      case 9:
        tensor.encoding = .littleEndian
        tensor.contents = decoder.bytes[try decoder.range(field)]
      case 13:
        let (key, value) = try decoder.entry(field)
        place[key] = value
      case 14: if try decoder.int(field) == 1 { isElsewhere = true }
      default: break
      }
    }
    if isElsewhere { tensor.contents = try external(place, tensor.name) }
    guard let dataType = ONNXTensor.DataType(rawValue: type) else {
      throw .unsupportedTensor(
        path: path, name: tensor.name,
        problem: "it is of the data type \(type), expected float, double, float16, bfloat16, int32, int64 or bool")
    }
    tensor.dataType = dataType
    return tensor
  }

  /// The numbers of a tensor that are in another file, in the same directory or below.
  private mutating func external(_ place: [String: String], _ tensor: String) throws(FileError) -> ArraySlice<UInt8> {
    func bad(_ problem: String) -> FileError { .unsupportedTensor(path: path, name: tensor, problem: problem) }
    guard let name = place["location"], !name.isEmpty, !name.hasPrefix("/"), !name.split(separator: "/").contains("..")
    else {
      throw bad(
        "its numbers are in the file \(quoted(place["location"] ?? "")), which is not beside the graph;"
          + " export the model as one file (in PyTorch with external_data=False)")
    }
    if externals[name] == nil {
      let file = path.lastIndex(of: "/").map { path[...$0] + name } ?? name
      guard ByteFile.size(file) != nil else {
        throw bad("its numbers are in the file \(quoted(file)), which is not there; keep both files in one directory")
      }
      externals[name] = try ByteFile.read(file)
    }
    let bytes = externals[name]!
    let offset = Int(place["offset"] ?? "0") ?? -1
    guard (0...bytes.count).contains(offset),
      case let length = place["length"].map({ Int($0) ?? -1 }) ?? bytes.count - offset,
      (0...bytes.count - offset).contains(length)
    else { throw bad("its numbers are beyond the end of \(quoted(name)); export the model again") }
    return bytes[offset..<offset + length]
  }

  private mutating func value(_ field: ProtobufField) throws(FileError) -> ONNXValue {
    var value = ONNXValue()
    try message(try range(field)) { (decoder, field) throws(FileError) in
      switch field.number {
      case 1: value.name = try decoder.text(field)
      case 2:
        // TypeProto.
        try decoder.message(try decoder.range(field)) { (decoder, field) throws(FileError) in
          guard field.number == 1 else { return }
          // TypeProto.Tensor.
          try decoder.message(try decoder.range(field)) { (decoder, field) throws(FileError) in
            switch field.number {
            case 1: value.dataType = try decoder.int(field)
            case 2: value.shape = try decoder.shape(field)
            default: break
            }
          }
        }
      default: break
      }
    }
    return value
  }

  /// TensorShapeProto.
  private mutating func shape(_ field: ProtobufField) throws(FileError) -> [ONNXValue.Size] {
    var shape: [ONNXValue.Size] = []
    try message(try range(field)) { (decoder, field) throws(FileError) in
      guard field.number == 1 else { return }
      var size = ONNXValue.Size.named("")
      try decoder.message(try decoder.range(field)) { (decoder, field) throws(FileError) in
        switch field.number {
        case 1: size = .fixed(try decoder.int(field))
        case 2: size = .named(try decoder.text(field))
        default: break
        }
      }
      shape.append(size)
    }
    return shape
  }

  // MARK: - Fields

  private mutating func message(
    _ range: Range<Int>, _ body: (inout Self, ProtobufField) throws(FileError) -> Void
  ) throws(FileError) {
    try count()
    var reader = reader(of: range)
    while let field = try reader.next() { try body(&self, field) }
  }

  private mutating func count() throws(FileError) {
    parts += 1
    guard parts <= Self.mostParts else {
      throw .badONNX(
        path: path, byte: 0, problem: "found more than \(Self.mostParts) nodes, tensors, names and numbers of lists")
    }
  }

  private func range(_ field: ProtobufField) throws(FileError) -> Range<Int> {
    guard case .bytes(let range) = field.value else { throw wrongType(field) }
    return range
  }

  private func int(_ field: ProtobufField) throws(FileError) -> Int {
    guard case .varint(let bits) = field.value else { throw wrongType(field) }
    return Int(Int64(bitPattern: bits))
  }

  private mutating func text(_ field: ProtobufField) throws(FileError) -> String {
    try count()
    guard let text = String(validating: bytes[try range(field)], as: UTF8.self) else {
      throw error(field, "found text that is not UTF-8")
    }
    return text
  }

  /// Integers, packed or not.
  private mutating func ints(_ field: ProtobufField, _ list: inout [Int]) throws(FileError) {
    guard case .bytes(let range) = field.value else {
      try count()
      list.append(try int(field))
      return
    }
    var reader = reader(of: range)
    while let bits = try reader.nextVarint() {
      try count()
      list.append(Int(Int64(bitPattern: bits)))
    }
  }

  /// Numbers in single precision, packed or not.
  private mutating func floats(_ field: ProtobufField, _ list: inout [Float]) throws(FileError) {
    if case .fixed32(let bits) = field.value {
      try count()
      list.append(Float(bitPattern: bits))
      return
    }
    let bytes = bytes[try range(field)]
    guard bytes.count % 4 == 0 else { throw error(field, "found \(bytes.count) bytes of numbers of 4 bytes") }
    for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: 4) {
      try count()
      list.append(Float(bitPattern: bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }))
    }
  }

  /// Returns the bytes of varints, packed or not, after checking that none is truncated or too long.
  private func wholeVarints(_ field: ProtobufField) throws(FileError) -> ArraySlice<UInt8> {
    var reader = reader(of: field.range)
    while try reader.nextVarint() != nil {}
    return bytes[field.range]
  }

  private func wrongType(_ field: ProtobufField) -> FileError {
    error(field, "found the field \(field.number) with another wire type than ONNX's")
  }

  private func reader(of range: Range<Int>) -> ProtobufReader {
    ProtobufReader(bytes, range) { [path] in .badONNX(path: path, byte: $0, problem: $1) }
  }

  private func error(_ field: ProtobufField, _ problem: String) -> FileError {
    .badONNX(path: path, byte: field.range.lowerBound, problem: problem)
  }
}

extension ArraySlice<UInt8> {
  /// Appends bytes. The first ones are used without a copy.
  fileprivate mutating func append(_ more: ArraySlice<UInt8>) {
    if isEmpty { self = more } else { self += more }
  }
}
