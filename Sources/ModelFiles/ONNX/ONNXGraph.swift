/// The parts of an ONNX model that this package uses: ModelProto of onnx.proto, version 3 of the proto syntax.
package struct ONNXModel: Equatable {
  /// The version of the file format. Each operator set requires a minimum version.
  package var version: Int
  /// The operator set version of each domain; the domain of ONNX itself is "".
  package var operatorSets: [String: Int]
  package var producer: String
  package var metadata: [String: String]
  package var graph: ONNXGraph
  /// The bytes of the other files that hold numbers of the graph.
  package var externalByteCount = 0

  package init(
    version: Int = 0, operatorSets: [String: Int] = [:], producer: String = "", metadata: [String: String] = [:],
    graph: ONNXGraph = ONNXGraph()
  ) {
    self.version = version
    self.operatorSets = operatorSets
    self.producer = producer
    self.metadata = metadata
    self.graph = graph
  }
}

/// GraphProto: a list of nodes. Each node comes after the nodes whose outputs it uses.
package struct ONNXGraph: Equatable {
  package var name: String
  package var nodes: [ONNXNode]
  package var initializers: [ONNXTensor]
  package var inputs: [ONNXValue]
  package var outputs: [ONNXValue]

  package init(
    name: String = "", nodes: [ONNXNode] = [], initializers: [ONNXTensor] = [], inputs: [ONNXValue] = [],
    outputs: [ONNXValue] = []
  ) {
    self.name = name
    self.nodes = nodes
    self.initializers = initializers
    self.inputs = inputs
    self.outputs = outputs
  }
}

/// NodeProto: an operator and the names of its inputs and outputs; "" stands for an optional input that is absent.
package struct ONNXNode: Equatable {
  package var name: String
  package var operation: String
  /// The domain of the operator; "" is ONNX.
  package var domain: String
  package var inputs: [String]
  package var outputs: [String]
  package var attributes: [String: ONNXAttribute]

  package init(
    name: String = "", operation: String = "", domain: String = "", inputs: [String] = [], outputs: [String] = [],
    attributes: [String: ONNXAttribute] = [:]
  ) {
    self.name = name
    self.operation = operation
    self.domain = domain
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
  }
}

/// AttributeProto, limited to the types that are used here.
package enum ONNXAttribute: Equatable {
  case float(Float)
  case int(Int)
  case string(String)
  case tensor(ONNXTensor)
  case ints([Int])
  case floats([Float])
  case strings([String])
  /// An attribute of another type.
  case other
}

/// ValueInfoProto: the name and type of an input or output of the graph.
package struct ONNXValue: Equatable {
  package enum Size: Equatable {
    case fixed(Int)
    /// A symbolic size: values with the same name have the same size.
    case named(String)
  }

  package var name: String
  /// TensorProto.DataType; 0 if the value is not a tensor.
  package var dataType: Int
  /// nil if the file does not say.
  package var shape: [Size]?

  package init(name: String = "", dataType: Int = 0, shape: [Size]? = nil) {
    self.name = name
    self.dataType = dataType
    self.shape = shape
  }
}
