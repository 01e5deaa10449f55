import PerceptronFiles
import PerceptronLayers
import Tensor

// What the nodes of a graph do, except for activations.

extension ONNXChain {
  /// Records what a node does and returns the name of the value that it is applied to.
  mutating func before(_ node: ONNXNode, _ value: String) throws(FileError) -> String {
    guard node.outputs.first == value, let x = node.inputs.first else {
      throw bad(node, "only its first output is supported, and it must have an input")
    }
    guard node.domain.isEmpty else {
      guard node.isMachineLearning else { throw bad(node, "operations of \(quoted(node.domain)) are not supported") }
      try machineLearning(node)
      return x
    }
    if let (operations, x) = try activation(node) {
      if case .activation(.softmax)? = operations.last { needsRankTwo(node) }
      for operation in operations.reversed() { step(node, operation) }
      return x
    }
    switch node.operation {
    case "Gemm": try gemm(node)
    case "MatMul": try matMul(node)
    case "Add", "Sub", "Mul", "Div": return try affine(node)
    case "BatchNormalization": try batchNormalization(node)
    case "LayerNormalization": try normalization(.layer, node)
    case "RMSNormalization": try normalization(.rms, node)
    case "Neg": step(node, .scaling(UnitScaling(factors: [-1], offsets: [0])))
    case "Concat": return try complements(node)
    case "LogSoftmax":
      guard isAtEnd, [-1, 1].contains(int(node, "axis", -1)) else {
        throw bad(node, "only the last node may be one, over the classes")
      }
      // The answer is the probabilities, not their logarithms.
      needsRankTwo(node)
      step(node, .activation(.softmax))
    case "Flatten":
      guard int(node, "axis", 1) == 1 else { throw bad(node, "its axis is \(int(node, "axis", 1)), expected 1") }
      flattens()
    case "Reshape": try reshape(node)
    case "Squeeze":
      // Of an output of one number, or of the sizes of 1 between the samples and the features of the input.
      if isAtEnd {
        step(node, .width(1))
      } else {
        guard inputs.count == 1, uncast(x) == inputs[0].name, let rank = inputs[0].shape?.count,
          try axes(node) == Array(1..<max(rank - 1, 1))
        else {
          throw bad(node, "only the input's sizes between samples and features, or the last output's, can be squeezed")
        }
        flattens()
      }
    case "Dropout":
      if node.inputs.count > 2, !node.inputs[2].isEmpty {
        guard try number(node.inputs[2]) == 0 else { throw bad(node, "it is in training mode; export for inference") }
      }
    case "Cast":
      guard [1, 10, 11, 16].contains(int(node, "to", 0)) else {
        throw bad(node, "it casts to a type that is not a real number")
      }
    case "Identity": break
    case "Where":
      // Where(IsNaN(x), c, x).
      guard node.inputs.count == 3, let condition = producer(x), condition.operation == "IsNaN",
        condition.inputs == [node.inputs[2]], constants.contains(node.inputs[1])
      else { throw bad(node, "only NaN can be replaced, and only by constants") }
      let (shape, values) = try constants.scaling(node.inputs[1])
      guard shape.count <= 2, shape.dropLast().allSatisfy({ $0 == 1 }) else {
        throw bad(node, "its constant is \(shapeText(shape)), expected a vector")
      }
      step(node, .missing(values))
      return node.inputs[2]
    default:
      throw bad(
        node,
        "expected Gemm, MatMul, Add, Sub, Mul, Div, Neg, BatchNormalization, LayerNormalization, RMSNormalization,"
          + " Flatten, Reshape, Squeeze, Dropout, Cast, Identity or an activation")
    }
    return x
  }

  /// 1 − p and p beside each other, with p = σ(x): the probabilities of two classes, softmax of 0 and x.
  private mutating func complements(_ node: ONNXNode) throws(FileError) -> String {
    guard node.inputs.count == 2, [-1, 1].contains(int(node, "axis", 0)), let sigmoid = producer(node.inputs[1]),
      sigmoid.operation == "Sigmoid", sigmoid.domain.isEmpty, let x = sigmoid.inputs.first,
      let difference = producer(node.inputs[0]), difference.operation == "Sub", difference.inputs.count == 2,
      difference.inputs[1] == node.inputs[1], try number(difference.inputs[0]) == 1
    else { throw bad(node, "it joins two branches") }
    step(node, .activation(.softmax))
    step(
      node,
      .linear(
        weights: Matrix(rows: 2, columns: 1, columnMajor: [0, 1]), bias: Matrix(rows: 2, columns: 1)))
    return x
  }

  /// The operators of classical machine learning.
  private mutating func machineLearning(_ node: ONNXNode) throws(FileError) {
    func numbers(_ name: String) -> [Double] {
      if case .floats(let values)? = node.attributes[name] { values.map { Double($0) } } else { [] }
    }
    switch node.operation {
    case "Scaler":
      let (centers, factors) = (numbers("offset"), numbers("scale"))
      step(
        node,
        .scaling(
          UnitScaling(
            factors: factors.isEmpty ? [1] : factors, centers: centers.isEmpty ? [0] : centers, offsets: [0])))
    case "Imputer":
      let values = numbers("imputed_value_floats")
      guard !values.isEmpty, values.allSatisfy(\.isFinite), float(node, "replaced_value_float", 0).isNaN else {
        throw bad(node, "only NaN can be replaced, and only by numbers")
      }
      step(node, .missing(values))
    case "Normalizer":
      throw bad(
        node,
        "it divides each sample by its own norm, which a model does not do; convert the pipeline without it, and divide"
          + " the samples before they are given to the model")
    default: throw bad(node, "of these operators, only Scaler and Imputer are supported")
    }
  }

  /// The axes of a Squeeze node, counted from the first; empty if it has none.
  private mutating func axes(_ node: ONNXNode) throws(FileError) -> [Int] {
    if case .ints(let axes)? = node.attributes["axes"] { return axes.sorted() }
    guard node.inputs.count > 1 else { return [] }
    return (constants.integers(node.inputs[1]) ?? []).sorted()
  }

  /// α A B + β C.
  private mutating func gemm(_ node: ONNXNode) throws(FileError) {
    guard int(node, "transA", 0) == 0 else { throw bad(node, "its transA is not 0; samples must be rows") }
    needsRankTwo(node)
    let (alpha, beta) = (Scalar(float(node, "alpha", 1)), Scalar(float(node, "beta", 1)))
    var weights = try weights(node, isTransposed: int(node, "transB", 0) != 0)
    if alpha != 1 { weights.scale(by: alpha) }
    let outputs = weights.rows
    var bias = Matrix<Scalar>(rows: outputs, columns: 1)
    if node.inputs.count > 2, !node.inputs[2].isEmpty {
      let array = try constant(node, 2)
      let values = array.values
      guard [1, outputs].contains(values.count), array.shape.dropLast().allSatisfy({ $0 == 1 }) else {
        throw bad(node, "its C has \(values.count) numbers, expected \(outputs)")
      }
      bias = Matrix((0..<outputs).map { beta * values[values.count == 1 ? 0 : $0] })
    }
    step(node, .linear(weights: weights, bias: bias))
  }

  private mutating func matMul(_ node: ONNXNode) throws(FileError) {
    let weights = try weights(node, isTransposed: false)
    step(node, .linear(weights: weights, bias: Matrix(rows: weights.rows, columns: 1)))
  }

  /// Returns the second input, which is inputs × outputs or transposed, as outputs × inputs.
  private mutating func weights(_ node: ONNXNode, isTransposed: Bool) throws(FileError) -> Matrix<Scalar> {
    if let first = node.inputs.first, constants.contains(first) {
      throw bad(node, "its first input is a constant; samples must be the first factor, as rows")
    }
    return try constants.weights(constantName(node, 1), transposed: !isTransposed, of: node)
  }

  /// x + c, x − c, c − x, x c and x / c; returns x.
  private mutating func affine(_ node: ONNXNode) throws(FileError) -> String {
    guard node.inputs.count == 2 else { throw bad(node, "it has \(node.inputs.count) inputs, expected 2") }
    let constantFirst = constants.contains(node.inputs[0])
    guard constantFirst || constants.contains(node.inputs[1]) else {
      throw bad(node, "it joins two branches, or is an unknown activation")
    }
    let (shape, values) = try constants.scaling(try constantName(node, constantFirst ? 0 : 1))
    guard shape.count <= 2, shape.dropLast().allSatisfy({ $0 == 1 }) else {
      throw bad(node, "its constant is \(shapeText(shape)), expected a vector")
    }
    let scaling: UnitScaling
    switch node.operation {
    case "Add": scaling = UnitScaling(factors: [1], offsets: values)
    case "Sub" where constantFirst: scaling = UnitScaling(factors: [-1], offsets: values)
    case "Sub": scaling = UnitScaling(factors: [1], centers: values, offsets: [0])
    case "Mul": scaling = UnitScaling(factors: values, offsets: [0])
    case "Div" where !constantFirst && values.allSatisfy({ $0 != 0 }):
      scaling = UnitScaling(factors: values.map { 1 / $0 }, offsets: [0])
    default: throw bad(node, "only division by nonzero constants is supported")
    }
    step(node, .scaling(scaling))
    return node.inputs[constantFirst ? 1 : 0]
  }

  /// γ (x − μ) / √(σ² + ε) + β for each unit.
  private mutating func batchNormalization(_ node: ONNXNode) throws(FileError) {
    // Before set 14, further outputs told that it is in training mode.
    guard int(node, "training_mode", 0) == 0, !node.outputs.dropFirst().contains(where: { !$0.isEmpty }) else {
      throw bad(node, "it is in training mode; export for inference")
    }
    needsRankTwo(node)
    var arrays: [[Double]] = []
    for index in 1...4 { arrays.append(try constants.scaling(try constantName(node, index)).values) }
    let epsilon = Double(float(node, "epsilon", 1e-5))
    guard Set(arrays.map(\.count)).count == 1, arrays[3].allSatisfy({ $0 + epsilon > 0 }) else {
      throw bad(node, "its constants differ in size, or a variance is below 0")
    }
    let names: [LayerParameter] = [.scale, .shift, .runningMean, .runningVariance]
    step(node, .scaling(UnitScaling(epsilon: epsilon) { Matrix(arrays[names.firstIndex(of: $0)!]) }))
  }

  /// γ ∘ (x − μ) / √(σ² + ε) + β for each sample, or RMS normalisation.
  private mutating func normalization(_ normalization: Normalization, _ node: ONNXNode) throws(FileError) {
    guard [-1, 1].contains(int(node, "axis", -1)) else { throw bad(node, "its axis is not the last one") }
    needsRankTwo(node)
    let scale = Matrix(try constant(node, 1).values)
    var parameters: [LayerParameter: Matrix<Scalar>] = [.scale: scale]
    if normalization.parameters.contains(.shift) {
      let hasShift = node.inputs.count > 2 && !node.inputs[2].isEmpty
      parameters[.shift] = hasShift ? Matrix(try constant(node, 2).values) : Matrix(rows: scale.count, columns: 1)
    }
    let epsilon = Double(float(node, "epsilon", 1e-5))
    guard parameters.values.allSatisfy({ $0.count == scale.count }), epsilon > 0 else {
      throw bad(node, "its constants differ in size, or its epsilon is not above 0")
    }
    step(node, .normalization(normalization, parameters, epsilon: epsilon))
  }

  /// The batch size that the input states; nil if any is possible.
  private var batchSize: Int? {
    if case .fixed(let size)? = inputs[0].shape?.first { size } else { nil }
  }

  /// Reshapes to samples × features. The shape is a constant of two sizes, or is concatenated from one size that is
  /// computed and one that is constant.
  private mutating func reshape(_ node: ONNXNode) throws(FileError) {
    guard node.inputs.count > 1 else { throw bad(node, "it has no shape") }
    var count = 1
    if constants.contains(node.inputs[1]) {
      let sizes = try constant(node, 1).values
      count = sizes.count
      if count == 1, isAtEnd, [-1, batchSize.map { Scalar($0) }].contains(sizes[0]) {
        // A list of single numbers.
        return step(node, .width(1))
      }
      if count == 2 {
        guard [0, -1, batchSize.map { Scalar($0) }].contains(sizes[0]) else {
          throw bad(node, "it reshapes to \(sizes[0]) × \(sizes[1]), expected samples × features")
        }
        if sizes[1] != -1 {
          guard sizes[1] > 0, let width = Int(exactly: sizes[1]) else {
            throw bad(node, "it reshapes to \(sizes[0]) × \(sizes[1]), expected samples × features")
          }
          step(node, .width(width))
        }
      }
    } else if let shape = producer(node.inputs[1]), shape.operation == "Concat" {
      count = shape.inputs.count
    }
    guard count == 2 else { throw bad(node, "it reshapes to \(count) dimensions, expected samples × features") }
    flattens()
  }

  // MARK: - Constants

  private mutating func constant(_ node: ONNXNode, _ index: Int) throws(FileError) -> ONNXConstants<Scalar>.Array {
    try constants.array(try constantName(node, index))
  }

  /// The numbers of a constant input of which only the last size may be above 1.
  mutating func vector(_ node: ONNXNode, _ index: Int) throws(FileError) -> [Scalar] {
    let array = try constant(node, index)
    guard array.shape.count <= 2, array.shape.dropLast().allSatisfy({ $0 == 1 }) else {
      throw bad(node, "its constant is \(shapeText(array.shape)), expected a vector")
    }
    return array.values
  }

  private func constantName(_ node: ONNXNode, _ index: Int) throws(FileError) -> String {
    guard node.inputs.count > index, constants.contains(node.inputs[index]) else {
      throw bad(node, "its input \(index + 1) is not a constant")
    }
    return node.inputs[index]
  }
}
