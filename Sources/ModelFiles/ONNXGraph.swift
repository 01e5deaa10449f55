/// What this package needs of an ONNX model: ModelProto of onnx.proto, version 3 of the proto syntax.
struct ONNXModel: Equatable {
  /// The version of the file format; each operator set needs a certain one at least.
  var version = 0
  /// The version of the operator set of each domain; that of ONNX itself is "".
  var operatorSets: [String: Int] = [:]
  var producer = ""
  var metadata: [String: String] = [:]
  var graph = ONNXGraph()
}

/// GraphProto: nodes, each of which comes after those whose outputs it takes.
struct ONNXGraph: Equatable {
  var name = ""
  var nodes: [ONNXNode] = []
  var initializers: [ONNXTensor] = []
  var inputs: [ONNXValue] = []
  var outputs: [ONNXValue] = []
}

/// NodeProto: an operator and the names of the values that it takes and gives; "" is an optional input that is not there.
struct ONNXNode: Equatable {
  var name = ""
  var operation = ""
  /// Whose operator it is; "" is ONNX.
  var domain = ""
  var inputs: [String] = []
  var outputs: [String] = []
  var attributes: [String: ONNXAttribute] = [:]
}

/// AttributeProto, of the types that are needed.
enum ONNXAttribute: Equatable {
  case float(Float)
  case int(Int)
  case string(String)
  case tensor(ONNXTensor)
  case ints([Int])
  case strings([String])
  /// Of another type.
  case other
}

/// ValueInfoProto: the name and type of an input or output of the graph.
struct ONNXValue: Equatable {
  enum Size: Equatable {
    case fixed(Int)
    /// The same for all values that say the same name.
    case named(String)
  }

  var name = ""
  /// TensorProto.DataType; 0 where the value is not a tensor.
  var dataType = 0
  /// nil where the file does not say.
  var shape: [Size]?
}
