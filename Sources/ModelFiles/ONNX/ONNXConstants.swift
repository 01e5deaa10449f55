import PerceptronFiles
import Tensor

/// The constants of an ONNX graph: initializers, Constant nodes, and values computed from these alone.
struct ONNXConstants<Scalar: BLASScalar> {
  /// Numbers in the order in which the last size of the shape varies fastest.
  struct Array {
    var shape: [Int]
    var values: [Scalar]
    /// Whether they are integers, which are divided as integers.
    var isInteger = false

    /// The same with another number in place of each.
    func map(_ body: (Scalar) -> Scalar) -> Array {
      Array(shape: shape, values: values.map(body), isInteger: isInteger)
    }
  }

  private let path: String
  private var tensors: [String: ONNXTensor] = [:]
  /// Nodes whose inputs are all constants, by their output.
  private var computed: [String: ONNXNode] = [:]
  /// How many bytes of numbers may still be read, counted as they would be in a file: the file's size plus a million
  /// numbers. Without a limit, a small file could use one tensor again and again.
  fileprivate var allowance: Int

  fileprivate init(path: String, tensors: [String: ONNXTensor], computed: [String: ONNXNode], allowance: Int) {
    (self.path, self.tensors, self.computed, self.allowance) = (path, tensors, computed, allowance)
  }

  /// - Parameter fileSize: The file's size in bytes.
  init(_ graph: ONNXGraph, fileSize: Int, path: String) {
    self.path = path
    allowance = fileSize + 4 << 20
    for tensor in graph.initializers { tensors[tensor.name] = tensor }
    for node in graph.nodes {
      guard let output = node.outputs.first else { continue }
      if node.operation == "Constant" {
        tensors[output] = Self.tensor(node)
      } else if node.domain.isEmpty, !node.inputs.isEmpty, node.inputs.allSatisfy({ $0.isEmpty || contains($0) }) {
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

  /// The integers of a constant.
  func integers(_ name: String) -> [Int]? {
    guard let tensor = tensors[name], [.int32, .int64].contains(tensor.dataType),
      let values: [Double] = tensor.values()
    else { return nil }
    let integers = values.compactMap { Int(exactly: $0) }
    return integers.count == values.count ? integers : nil
  }

  /// The number of a constant that is a single one; nil if it is none, or computed.
  func single(_ name: String) -> Double? {
    guard let tensor = tensors[name], tensor.count == 1, let values: [Double] = tensor.values() else { return nil }
    return values[0]
  }

  /// Returns the numbers of a constant for which `contains` is true.
  ///
  /// - Throws: ``FileError`` if they are not finite, if their count does not match the shape, if they are strings, or
  ///   if they are computed by unsupported operations.
  mutating func array(_ name: String) throws(FileError) -> Array { try array(name, depth: 0) }

  /// Returns a constant that scales units, in double precision, and its shape. Its numbers count as read again, with
  /// eight bytes each.
  mutating func scaling(_ name: String) throws(FileError) -> (shape: [Int], values: [Double]) {
    var constants = ONNXConstants<Double>(path: path, tensors: tensors, computed: computed, allowance: allowance)
    let array = try constants.array(name)
    try constants.take(8 * array.values.count, name)
    allowance = constants.allowance
    return (array.shape, array.values)
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

  fileprivate mutating func take(_ bytes: Int, _ name: String) throws(FileError) {
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
    return Array(
      shape: tensor.shape, values: values, isInteger: [.int32, .int64, .bool].contains(tensor.dataType))
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
    case ("Identity", let a?, nil): return a
    case ("Cast", let a?, nil): return try cast(a, node)
    case (_, let a?, _) where isShaping:
      guard let shape = shape(of: a.shape, after: node), SafeTensors.elementCount(shape) == a.values.count else {
        break
      }
      return Array(shape: shape, values: a.values, isInteger: a.isInteger)
    case ("Transpose", let a?, nil) where a.shape.count == 2:
      let order = if case .ints(let order)? = node.attributes["perm"] { order } else { [1, 0] }
      guard order == [1, 0] else {
        guard order == [0, 1] else { break }
        return a
      }
      let matrix = Matrix(rows: a.shape[0], columns: a.shape[1], rowMajor: a.values)
      return Array(shape: a.shape.reversed(), values: matrix.elements, isInteger: a.isInteger)
    case ("Sqrt", let a?, nil) where !a.isInteger: return a.map { $0.squareRoot() }
    case ("Reciprocal", let a?, nil) where !a.isInteger: return a.map { 1 / $0 }
    case ("Neg", let a?, nil): return a.map { -$0 }
    case ("Add", let a?, let b?): return try combined(node, a, b, +)
    case ("Sub", let a?, let b?): return try combined(node, a, b, -)
    case ("Mul", let a?, let b?): return try combined(node, a, b, *)
    case ("Div", let a?, let b?) where a.isInteger:
      guard !b.values.contains(0) else { break }
      return try combined(node, a, b) { ($0 / $1).rounded(.towardZero) }
    case ("Div", let a?, let b?): return try combined(node, a, b, /)
    default: break
    }
    throw .unsupportedNode(
      path: path, node: node.label, problem: "this operation on constants is not computed; let the exporter fold them")
  }

  /// The shape after Reshape, Squeeze or Unsqueeze; nil if it is unknown or impossible.
  private func shape(of shape: [Int], after node: ONNXNode) -> [Int]? {
    var sizes: [Int]?
    if case .ints(let axes)? = node.attributes["axes"] { sizes = axes }
    if node.inputs.count > 1 { sizes = integers(node.inputs[1]) }
    switch node.operation {
    case "Reshape":
      guard let sizes, sizes.count <= 8, node.attributes["allowzero"].map({ $0 == .int(0) }) ?? true else { return nil }
      var result = sizes.enumerated().map { $1 == 0 ? (shape.indices.contains($0) ? shape[$0] : -2) : $1 }
      guard let open = result.firstIndex(of: -1) else { return result }
      result[open] = 1
      guard let rest = SafeTensors.elementCount(result), rest > 0, let count = SafeTensors.elementCount(shape) else {
        return nil
      }
      result[open] = count / rest
      return result
    case "Unsqueeze":
      guard let sizes, shape.count + sizes.count <= 8 else { return nil }
      let rank = shape.count + sizes.count
      let axes = Set(sizes.map { $0 < 0 ? $0 + rank : $0 })
      guard axes.count == sizes.count, axes.allSatisfy({ (0..<rank).contains($0) }) else { return nil }
      var rest = shape[...]
      return (0..<rank).map { axes.contains($0) ? 1 : rest.removeFirst() }
    default:
      guard let sizes else { return node.inputs.count > 1 ? nil : shape.filter { $0 != 1 } }
      let axes = Set(sizes.map { $0 < 0 ? $0 + shape.count : $0 })
      guard axes.allSatisfy({ shape.indices.contains($0) && shape[$0] == 1 }) else { return nil }
      return shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
    }
  }

  /// Converts an array as the operator does: integers are cut toward 0, numbers in another precision rounded.
  private func cast(_ array: Array, _ node: ONNXNode) throws(FileError) -> Array {
    let to = if case .int(let type)? = node.attributes["to"] { type } else { 0 }
    func rounded(_ round: (Scalar) -> Scalar) -> Array {
      Array(shape: array.shape, values: array.values.map(round), isInteger: false)
    }
    switch ONNXTensor.DataType(rawValue: to) {
    case .double: return rounded { $0 }
    case .float: return rounded { Scalar(Float($0)) }
    case .float16: return rounded { Scalar(Float16($0)) }
    case .int32, .int64:
      let limit = to == ONNXTensor.DataType.int32.rawValue ? Scalar(0x1p31) : Scalar(0x1p63)
      let values = array.values.map { $0.rounded(.towardZero) }
      guard values.allSatisfy({ $0.magnitude < limit }) else { break }
      return Array(shape: array.shape, values: values, isInteger: true)
    case .bool: return Array(shape: array.shape, values: array.values.map { $0 == 0 ? 0 : 1 }, isInteger: true)
    case .bfloat16, .string, nil: break
    }
    throw .unsupportedNode(
      path: path, node: node.label, problem: "this cast of constants is not computed; let the exporter fold them")
  }

  /// Combines two arrays element by element. As in NumPy, their shapes are aligned at the last size, and a size of 1 is
  /// repeated.
  private mutating func combined(
    _ node: ONNXNode, _ a: Array, _ b: Array, _ body: (Scalar, Scalar) -> Scalar
  ) throws(FileError) -> Array {
    let isInteger = a.isInteger && b.isInteger
    if a.shape == b.shape {
      return Array(shape: a.shape, values: zip(a.values, b.values).map(body), isInteger: isInteger)
    }
    let rank = max(a.shape.count, b.shape.count)
    let shapes = [a, b].map { Swift.Array(repeating: 1, count: rank - $0.shape.count) + $0.shape }
    var shape: [Int] = []
    for (one, other) in zip(shapes[0], shapes[1]) {
      guard one == other || one == 1 || other == 1 else {
        throw .unsupportedNode(path: path, node: node.label, problem: "its constants have shapes that do not fit")
      }
      shape.append(one == 1 ? other : one)
    }
    guard let count = SafeTensors.elementCount(shape) else {
      throw .unsupportedNode(path: path, node: node.label, problem: "its constants have shapes that do not fit")
    }
    // A row and a column make a matrix, which is larger than both.
    let bytes = count.multipliedReportingOverflow(by: 4)
    try take(bytes.overflow ? .max : bytes.partialValue, node.outputs.first ?? "")
    let values = (0..<count).map { place -> Scalar in
      // The places of the element in both arrays, from the last size to the first.
      var (rest, places, steps) = (place, [0, 0], [1, 1])
      for axis in shape.indices.reversed() {
        let index = rest % shape[axis]
        rest /= shape[axis]
        for array in 0..<2 {
          if shapes[array][axis] > 1 { places[array] += index * steps[array] }
          steps[array] *= shapes[array][axis]
        }
      }
      return body(a.values[places[0]], b.values[places[1]])
    }
    return Array(shape: shape, values: values, isInteger: isInteger)
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
