import PerceptronFiles
import Tensor

/// The constants of an ONNX graph: initializers, Constant nodes, and values computed from these alone.
struct ONNXConstants<Scalar: BLASScalar> {
  /// Numbers in the order in which the last size of the shape varies fastest.
  struct Array {
    var shape: [Int]
    var values: [Scalar]
  }

  private let path: String
  private var tensors: [String: ONNXTensor] = [:]
  /// Nodes whose inputs are all constants, by their output.
  private var computed: [String: ONNXNode] = [:]
  /// How many bytes of numbers may still be read, counted as they would be in a file: the file's size plus a million
  /// numbers. Without a limit, a small file could use one tensor again and again.
  private var allowance: Int

  /// - Parameter fileSize: The file's size in bytes.
  init(_ graph: ONNXGraph, fileSize: Int, path: String) {
    self.path = path
    allowance = fileSize + 4 << 20
    for tensor in graph.initializers { tensors[tensor.name] = tensor }
    for node in graph.nodes {
      guard let output = node.outputs.first else { continue }
      if node.operation == "Constant" {
        tensors[output] = Self.tensor(node)
      } else if !node.inputs.isEmpty, node.inputs.allSatisfy({ $0.isEmpty || contains($0) }) {
        computed[output] = node
      }
    }
  }

  /// Whether a value is the same for all samples.
  func contains(_ name: String) -> Bool { tensors[name] != nil || computed[name] != nil }

  /// Whether a constant may be a single number.
  func mayBeSingle(_ name: String) -> Bool { tensors[name].map { $0.count == 1 } ?? (computed[name] != nil) }

  /// The strings of a constant.
  func strings(_ name: String) -> [String]? { tensors[name].flatMap { $0.dataType == .string ? $0.strings : nil } }

  /// Returns the numbers of a constant for which `contains` is true.
  ///
  /// - Throws: ``FileError`` if they are not finite, if their count does not match the shape, if they are strings, or
  ///   if they are computed by unsupported operations.
  mutating func array(_ name: String) throws(FileError) -> Array { try array(name, depth: 0) }

  /// Returns a constant that scales units, in double precision, and its shape. Its numbers count as read again, with
  /// eight bytes each.
  mutating func scaling(_ name: String) throws(FileError) -> (shape: [Int], values: [Double]) {
    let array = try array(name)
    try take(8 * array.values.count, name)
    return (array.shape, array.values.map { Double($0) })
  }

  /// Returns the weights of a node, a constant of two sizes, as a matrix of these sizes or its transpose.
  ///
  /// - Throws: As ``array(_:)``, and if the constant does not have two dimensions.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  mutating func weights(_ name: String, transposed: Bool, of node: ONNXNode) throws(FileError) -> Matrix<Scalar> {
    func check(_ shape: [Int]) throws(FileError) {
      guard shape.count == 2, shape.allSatisfy({ $0 > 0 }) else {
        throw .unsupportedNode(
          path: path, node: node.label,
          problem: "its weights have \(shape.count) dimensions, expected two sizes from 1")
      }
    }
    guard let tensor = tensors[name], tensor.encoding == .littleEndian, tensor.dataType != .string else {
      let array = try array(name)
      try check(array.shape)
      return transposed
        ? Matrix(rows: array.shape[1], columns: array.shape[0], columnMajor: array.values)
        : Matrix(rows: array.shape[0], columns: array.shape[1], rowMajor: array.values)
    }
    try check(tensor.shape)
    try take(tensor, name)
    // The numbers are read in parts: reading all at once would need memory for a second copy.
    func values(_ places: Range<Int>) throws(FileError) -> [Scalar] {
      guard let values: [Scalar] = tensor.values(places) else { throw wrongCount(name) }
      return values
    }
    let (rows, columns) = (tensor.shape[0], tensor.shape[1])
    _ = try values(0..<0)  // returns nothing, but checks that the count fits the matrix
    var matrix = transposed ? Matrix<Scalar>(rows: columns, columns: rows) : Matrix(rows: rows, columns: columns)
    try matrix.withTile { (tile) throws(FileError) in
      // A matrix stored row by row is its transpose stored column by column.
      try (transposed ? tile.vector : tile).fill(rowMajor: values)
    }
    guard matrix.maxMagnitude().isFinite else { throw .notFinite(path: path, name: name) }
    return matrix
  }

  /// Subtracts a tensor's numbers from the number of bytes that may still be read.
  private mutating func take(_ tensor: ONNXTensor, _ name: String) throws(FileError) {
    let bytes = tensor.count.map { $0.multipliedReportingOverflow(by: tensor.dataType.size) }
    try take(bytes.map { $0.overflow ? .max : $0.partialValue } ?? .max, name)
  }

  private mutating func take(_ bytes: Int, _ name: String) throws(FileError) {
    guard bytes <= allowance else {
      throw .unsupportedTensor(
        path: path, name: name,
        problem: "the graph's numbers are more than the file's; a tensor is used again and again")
    }
    allowance -= bytes
  }

  private func wrongCount(_ name: String) -> FileError {
    .unsupportedTensor(path: path, name: name, problem: "the count of its numbers does not match its shape")
  }

  private mutating func array(_ name: String, depth: Int) throws(FileError) -> Array {
    guard let tensor = tensors[name] else {
      guard let node = computed[name], depth < 8 else {
        throw .unsupportedTensor(path: path, name: name, problem: "it is computed in too many steps")
      }
      return try array(of: node, depth: depth + 1)
    }
    try take(tensor, name)
    guard let values: [Scalar] = tensor.values() else { throw wrongCount(name) }
    guard values.allSatisfy(\.isFinite) else { throw .notFinite(path: path, name: name) }
    return Array(shape: tensor.shape, values: values)
  }

  // MARK: - What is computed of constants

  private mutating func array(of node: ONNXNode, depth: Int) throws(FileError) -> Array {
    var inputs: [Array] = []
    // The second input of Reshape, Squeeze and Unsqueeze is a shape.
    let isShaping = ["Reshape", "Squeeze", "Unsqueeze"].contains(node.operation)
    for name in node.inputs.prefix(isShaping ? 1 : 2) where !name.isEmpty {
      inputs.append(try array(name, depth: depth))
    }
    let (a, b) = (inputs.first, inputs.count > 1 ? inputs[1] : nil)
    switch (node.operation, a, b) {
    case ("Identity", let a?, nil), ("Cast", let a?, nil): return a
    // The values are those of a vector, so they stay the same whatever sizes of 1 are added or removed.
    case (_, let a?, _) where isShaping && a.shape.filter({ $0 != 1 }).count <= 1:
      return Array(shape: [a.values.count], values: a.values)
    case ("Transpose", let a?, nil) where a.shape.count == 2:
      let matrix = Matrix(rows: a.shape[0], columns: a.shape[1], rowMajor: a.values)
      return Array(shape: a.shape.reversed(), values: matrix.elements)
    case ("Sqrt", let a?, nil): return Array(shape: a.shape, values: a.values.map { $0.squareRoot() })
    case ("Reciprocal", let a?, nil): return Array(shape: a.shape, values: a.values.map { 1 / $0 })
    case ("Neg", let a?, nil): return Array(shape: a.shape, values: a.values.map { -$0 })
    case ("Add", let a?, let b?): return try combined(node, a, b, +)
    case ("Sub", let a?, let b?): return try combined(node, a, b, -)
    case ("Mul", let a?, let b?): return try combined(node, a, b, *)
    case ("Div", let a?, let b?): return try combined(node, a, b, /)
    default:
      throw .unsupportedNode(
        path: path, node: node.label, problem: "this operation on constants is not computed; let the exporter fold them"
      )
    }
  }

  /// Combines two arrays element by element, if their counts are equal or one count is 1.
  private func combined(
    _ node: ONNXNode, _ a: Array, _ b: Array, _ body: (Scalar, Scalar) -> Scalar
  ) throws(FileError) -> Array {
    if a.values.count == b.values.count { return Array(shape: a.shape, values: zip(a.values, b.values).map(body)) }
    if b.values.count == 1 { return Array(shape: a.shape, values: a.values.map { body($0, b.values[0]) }) }
    if a.values.count == 1 { return Array(shape: b.shape, values: b.values.map { body(a.values[0], $0) }) }
    throw .unsupportedNode(path: path, node: node.label, problem: "its constants have shapes that do not fit")
  }

  private static func tensor(_ node: ONNXNode) -> ONNXTensor? {
    for (name, attribute) in node.attributes {
      switch (name, attribute) {
      case ("value", .tensor(let tensor)): return tensor
      case ("value_float", .float(let value)): return ONNXTensor("", .float, [], [Double(value)])
      case ("value_int", .int(let value)): return ONNXTensor("", [], [value])
      case ("value_ints", .ints(let values)): return ONNXTensor("", [values.count], values)
      default: break
      }
    }
    return nil
  }
}

extension ONNXTensor.DataType {
  /// The number of bytes that a number counts as. Numbers that are not weights count at least as single precision.
  fileprivate var size: Int {
    switch self {
    case .float16, .bfloat16: 2
    case .double, .int64: 8
    case .float, .int32, .string, .bool: 4
    }
  }
}

extension ONNXNode {
  /// The node's name in errors: its name, or the name of its output, and its operation.
  var label: String {
    let name = name.isEmpty ? "of the output \(quoted(outputs.first ?? ""))" : quoted(name)
    return "\(name) (\(Self.plain(domain.isEmpty ? operation : "\(domain).\(operation)")))"
  }

  /// The name of an operation is a word unless the file is damaged. It is quoted if it is not a word.
  private static func plain(_ name: String) -> String {
    name.utf8.allSatisfy { (0x21..<0x7F).contains($0) } && name.utf8.count <= 80 ? name : quoted(name)
  }
}
