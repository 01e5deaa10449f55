import PerceptronFiles

// The field numbers are those of onnx.proto, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.

extension ONNXModel {
  /// The bytes of the file. Equal models give equal bytes.
  package var encoded: [UInt8] {
    var writer = ProtobufWriter()
    writer.write(1, version)
    writer.write(2, producer)
    writer.write(7) { graph.encode(into: &$0) }
    for (domain, version) in operatorSets.sorted(by: { $0.key < $1.key }) {
      writer.write(8) {
        if !domain.isEmpty { $0.write(1, domain) }
        $0.write(2, version)
      }
    }
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      writer.write(14) {
        $0.write(1, key)
        $0.write(2, value)
      }
    }
    return writer.bytes
  }
}

extension ONNXGraph {
  fileprivate func encode(into writer: inout ProtobufWriter) {
    for node in nodes { writer.write(1) { node.encode(into: &$0) } }
    writer.write(2, name)
    for tensor in initializers { writer.write(5) { tensor.encode(into: &$0) } }
    for value in inputs { writer.write(11) { value.encode(into: &$0) } }
    for value in outputs { writer.write(12) { value.encode(into: &$0) } }
  }
}

extension ONNXNode {
  fileprivate func encode(into writer: inout ProtobufWriter) {
    for input in inputs { writer.write(1, input) }
    for output in outputs { writer.write(2, output) }
    if !name.isEmpty { writer.write(3, name) }
    writer.write(4, operation)
    for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
      writer.write(5) { value.encode(name, into: &$0) }
    }
    if !domain.isEmpty { writer.write(7, domain) }
  }
}

extension ONNXAttribute {
  /// Field 20 is the type.
  fileprivate func encode(_ name: String, into writer: inout ProtobufWriter) {
    writer.write(1, name)
    switch self {
    case .float(let value):
      writer.write(2, value)
      writer.write(20, 1)
    case .int(let value):
      writer.write(3, value)
      writer.write(20, 2)
    case .string(let value):
      writer.write(4, value)
      writer.write(20, 3)
    case .tensor(let value):
      writer.write(5) { value.encode(into: &$0) }
      writer.write(20, 4)
    case .ints(let values):
      // Not packed: the file uses the proto2 syntax for this field.
      for value in values { writer.write(8, value) }
      writer.write(20, 7)
    case .floats(let values):
      for value in values { writer.write(7, value) }
      writer.write(20, 6)
    case .strings(let values):
      for value in values { writer.write(9, value) }
      writer.write(20, 8)
    case .other: break
    }
  }
}

extension ONNXTensor {
  fileprivate func encode(into writer: inout ProtobufWriter) {
    writer.write(1, packed: shape)
    writer.write(2, dataType.rawValue)
    for text in strings { writer.write(6, text) }
    writer.write(8, name)
    switch (dataType, encoding) {
    case (.string, _): break
    case (_, .littleEndian): writer.write(9, contents)
    case (.int64, .varints): writer.write(7, contents)
    case (_, .varints): writer.write(5, contents)
    }
  }
}

extension ONNXValue {
  fileprivate func encode(into writer: inout ProtobufWriter) {
    writer.write(1, name)
    // TypeProto, TypeProto.Tensor, TensorShapeProto and its Dimension.
    writer.write(2) {
      $0.write(1) {
        $0.write(1, dataType)
        guard let shape else { return }
        $0.write(2) {
          for size in shape {
            $0.write(1) {
              switch size {
              case .fixed(let count): $0.write(1, count)
              case .named(let name): $0.write(2, name)
              }
            }
          }
        }
      }
    }
  }
}
