import PerceptronFiles
import PerceptronLayers
import Tensor

// The activations in ONNX: as one node, or as the combinations of nodes that exporters write.

/// The constants of SELU (Klambauer et al. 2017).
let seluAlpha = 1.6732632423543772848170429916717
let seluScale = 1.0507009873554804934193349852946
/// √(2/π), of the approximation of GELU by tanh.
let geluTanhFactor = 0.79788456080286535588

// MARK: - Export

extension ONNXGraphBuilder {
  /// Adds the nodes of g(x). ONNX Runtime supports some activations in single precision only; in double precision they
  /// are made of simpler nodes.
  mutating func activation(_ activation: Activation, of x: String, _ type: ONNXTensor.DataType) -> String {
    func number(_ value: Double) -> ONNXTensor { ONNXTensor("\(activation.rawValue) constant", type, [], [value]) }
    switch activation {
    case .identity: return x
    case .sigmoid: return node("Sigmoid", [x])
    case .tanh: return node("Tanh", [x])
    case .exponential: return node("Exp", [x])
    case .relu: return node("Relu", [x])
    case .softmax: return node("Softmax", [x], ["axis": .int(-1)])
    case .leakyReLU where type == .float: return node("LeakyRelu", [x], ["alpha": .float(0.01)])
    case .leakyReLU:
      // max(x, x / 100)
      return node("Max", [x, node("Mul", [x, constant(number(0.01))])])
    case .elu where type == .float: return node("Elu", [x], ["alpha": .float(1)])
    case .elu: return node("Where", [isPositive(x, number(0)), x, exponentialBelowZero(x, number)])
    case .selu where type == .float: return node("Selu", [x])
    case .selu:
      let below = node("Mul", [exponentialBelowZero(x, number), constant(number(seluAlpha))])
      return node("Mul", [node("Where", [isPositive(x, number(0)), x, below]), constant(number(seluScale))])
    case .softplus: return softplus(x, type, number)
    case .softsign where type == .float: return node("Softsign", [x])
    case .softsign: return node("Div", [x, node("Add", [node("Abs", [x]), constant(number(1))])])
    case .gelu:
      // x / 2 · (1 + erf(x / √2)), with erf in single precision.
      var error = node("Mul", [x, constant(number(0.5.squareRoot()))])
      if type == .double { error = cast(error, to: .float) }
      error = node("Erf", [error])
      if type == .double { error = cast(error, to: .double) }
      let half = node("Mul", [x, constant(number(0.5))])
      return node("Mul", [half, node("Add", [error, constant(number(1))])])
    case .geluTanh:
      // x σ(2 √(2/π) (x + 0.044715 x³))
      let square = node("Mul", [node("Mul", [x, x]), constant(number(0.044715))])
      let inner = node("Mul", [x, node("Add", [square, constant(number(1))])])
      let gate = node("Sigmoid", [node("Mul", [inner, constant(number(2 * geluTanhFactor))])])
      return node("Mul", [x, gate])
    case .silu: return node("Mul", [x, node("Sigmoid", [x])])
    case .mish: return node("Mul", [x, node("Tanh", [softplus(x, type, number)])])
    case .hardSwish where type == .float: return node("HardSwish", [x], since: 14)
    case .hardSwish:
      let gate = node("Add", [node("Mul", [x, constant(number(1 / 6.0))]), constant(number(0.5))])
      let bounded = node("Max", [node("Min", [gate, constant(number(1))]), constant(number(0))])
      return node("Mul", [x, bounded])
    }
  }

  private mutating func isPositive(_ x: String, _ zero: ONNXTensor) -> String {
    node("Greater", [x, constant(zero)])
  }

  /// e^min(x, 0) − 1
  private mutating func exponentialBelowZero(_ x: String, _ number: (Double) -> ONNXTensor) -> String {
    node("Sub", [node("Exp", [node("Min", [x, constant(number(0))])]), constant(number(1))])
  }

  /// log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|)
  private mutating func softplus(
    _ x: String, _ type: ONNXTensor.DataType, _ number: (Double) -> ONNXTensor
  ) -> String {
    if type == .float { return node("Softplus", [x]) }
    let exponential = node("Exp", [node("Neg", [node("Abs", [x])])])
    let logarithm = node("Log", [node("Add", [exponential, constant(number(1))])])
    return node("Add", [node("Max", [x, constant(number(0))]), logarithm])
  }
}

// MARK: - Import

extension ONNXChain {
  /// What an activation does, one after another, and the value that it is applied to.
  typealias ActivationSteps = (operations: [ImportedOperation<Scalar>], of: String)

  /// Returns the activation whose last node is `node`; nil if the node ends no activation.
  ///
  /// Activations with parameters that no activation here has are made of others.
  ///
  /// - Throws: ``FileError`` for parameters with which this is not possible.
  mutating func activation(_ node: ONNXNode) throws(FileError) -> ActivationSteps? {
    guard let x = node.inputs.first else { return nil }
    func alone(_ activation: Activation) -> ActivationSteps { ([.activation(activation)], x) }
    func require(_ name: String, _ found: Float, _ expected: Float) throws(FileError) {
      guard abs(found - expected) <= 1e-6 * abs(expected) else {
        throw bad(node, "its \(name) is \(found), expected \(expected)")
      }
    }
    switch node.operation {
    case "Relu": return alone(.relu)
    case "LeakyRelu":
      let slope = float(node, "alpha", 0.01)
      return slope == 0.01 ? alone(.leakyReLU) : ([.rectifier([Scalar(slope)])], x)
    case "PRelu": return ([.rectifier(try vector(node, 1))], x)
    case "Elu": return ([.elu(Double(float(node, "alpha", 1)))], x)
    case "Celu":
      // α elu(x / α)
      let alpha = Double(float(node, "alpha", 1))
      guard alpha > 0 else { throw bad(node, "its alpha is \(alpha), expected a number above 0") }
      return (ImportedOperation.scaled(by: 1 / alpha, .activation(.elu), by: alpha), x)
    case "Selu":
      try require("alpha", float(node, "alpha", Float(seluAlpha)), Float(seluAlpha))
      try require("gamma", float(node, "gamma", Float(seluScale)), Float(seluScale))
      return alone(.selu)
    case "Gelu":
      guard case .string(let kind)? = node.attributes["approximate"], kind != "none" else { return alone(.gelu) }
      guard kind == "tanh" else { throw bad(node, "its approximation \(quoted(kind)) is unknown") }
      return alone(.geluTanh)
    case "Swish":
      let alpha = Double(float(node, "alpha", 1))
      guard alpha != 0 else { throw bad(node, "its alpha is 0") }
      return alpha == 1 ? alone(.silu) : (ImportedOperation.scaled(by: alpha, .activation(.silu), by: 1 / alpha), x)
    case "Sigmoid": return alone(.sigmoid)
    case "Tanh": return alone(.tanh)
    case "Exp": return alone(.exponential)
    case "Softplus": return alone(.softplus)
    case "Softsign": return alone(.softsign)
    case "Mish": return alone(.mish)
    case "HardSwish": return alone(.hardSwish)
    case "HardSigmoid":
      let scaling = UnitScaling(
        factors: [Double(float(node, "alpha", 0.2))], offsets: [Double(float(node, "beta", 0.5))])
      return ([.scaling(scaling)] + ImportedOperation.clip(from: 0, to: 1), x)
    case "Clip":
      let (low, high) = try bounds(node)
      guard low <= high else { throw bad(node, "its lower bound \(low) is above its upper bound \(high)") }
      try check(bounds: [low, high], node)
      return (ImportedOperation.clip(from: low, to: high), x)
    case "Softmax":
      guard [-1, 1].contains(int(node, "axis", -1)) else {
        throw bad(node, "its axis is \(int(node, "axis", -1)), expected -1 or 1")
      }
      return alone(.softmax)
    case "Max", "Min":
      guard node.inputs.count == 2 else { return nil }
      for (x, other) in [(0, 1), (1, 0)] {
        guard let bound = try number(node.inputs[other]) else { continue }
        let isLower = node.operation == "Max"
        try check(bounds: [bound], node)
        return (
          ImportedOperation.clip(from: isLower ? bound : -.infinity, to: isLower ? .infinity : bound), node.inputs[x]
        )
      }
      return nil
    case "Div":
      // x / (1 + |x|)
      if node.inputs.count == 2, let inner = try onePlus(node.inputs[1]), let absolute = producer(inner),
        absolute.operation == "Abs", absolute.inputs == [x]
      {
        return alone(.softsign)
      }
      return try product(node)
    case "Where":
      // Where(x > c, x, softplus(x)), as in PyTorch with c = 20. From there on x and softplus(x) are equal in single
      // precision.
      guard node.inputs.count == 3, let condition = producer(x), condition.operation == "Greater",
        let softplus = producer(node.inputs[2]), softplus.operation == "Softplus", softplus.inputs == [node.inputs[1]],
        condition.inputs.count == 2, condition.inputs[0] == node.inputs[1],
        try number(condition.inputs[1]) ?? 0 >= 16
      else { return nil }
      return ([.activation(.softplus)], node.inputs[1])
    case "Mul": return try product(node)
    default: return nil
    }
  }

  /// Refuses bounds beside which numbers lose digits: max(x, low) is computed as relu(x − low) + low.
  private func check(bounds: [Double], _ node: ONNXNode) throws(FileError) {
    let most = Scalar.self == Float.self ? 64.0 : 1e9
    guard let bound = bounds.first(where: { $0.isFinite && $0.magnitude > most }) else { return }
    throw bad(
      node, "its bound \(bound) is beyond ±\(most)\(Scalar.self == Float.self ? "; give --precision double" : "")")
  }

  /// The bounds of a Clip node; infinite if absent.
  private mutating func bounds(_ node: ONNXNode) throws(FileError) -> (low: Double, high: Double) {
    func bound(_ index: Int, _ name: String, _ absent: Double) throws(FileError) -> Double {
      guard node.inputs.count > index, !node.inputs[index].isEmpty else {
        let value = float(node, name, Float(absent))
        return value.isFinite && value.magnitude < .greatestFiniteMagnitude ? Double(value) : absent
      }
      guard let value = constants.single(node.inputs[index]) else {
        guard let value = try number(node.inputs[index]) else { throw bad(node, "its bounds are not single constants") }
        return value
      }
      return value.isFinite && value.magnitude < Double(Float.greatestFiniteMagnitude) ? value : absent
    }
    return (try bound(1, "min", -.infinity), try bound(2, "max", .infinity))
  }

  /// x σ(x), x tanh(softplus(x)), x / 2 · (1 + erf(x / √2)) and the like, with the factors in any order.
  private mutating func product(_ node: ONNXNode) throws(FileError) -> ActivationSteps? {
    var candidates: [String] = []
    try factors(node.outputs[0], stoppingAt: nil, depth: 0, &candidates)
    for candidate in candidates {
      guard let (activation, x, factor) = try gate(candidate) else { continue }
      var all: [String] = []
      var constant = try factors(node.outputs[0], stoppingAt: x, depth: 0, &all)
      var rest: [String] = []
      for value in all {
        if let number = try number(value) { constant *= number } else { rest.append(value) }
      }
      if abs(constant - factor) < 1e-6, rest.sorted() == [x, candidate].sorted() {
        return ([.activation(activation)], x)
      }
    }
    return nil
  }

  /// Lists the factors of nested products and of quotients by constants, and returns the product of these constants'
  /// inverses. `x` is a leaf of this tree, even if a product computes it.
  @discardableResult
  private mutating func factors(
    _ value: String, stoppingAt x: String?, depth: Int, _ list: inout [String]
  ) throws(FileError) -> Double {
    if value != x, depth < 4, let node = producer(value), node.inputs.count == 2 {
      if node.operation == "Mul" {
        let first = try factors(node.inputs[0], stoppingAt: x, depth: depth + 1, &list)
        return first * (try factors(node.inputs[1], stoppingAt: x, depth: depth + 1, &list))
      }
      if node.operation == "Div", let divisor = try number(node.inputs[1]), divisor != 0 {
        return try factors(node.inputs[0], stoppingAt: x, depth: depth + 1, &list) / divisor
      }
    }
    list.append(value)
    return 1
  }

  /// Returns the activation that a factor makes of its product with x and a constant.
  private mutating func gate(_ value: String) throws(FileError) -> (activation: Activation, of: String, factor: Double)?
  {
    guard let node = producer(value), let argument = node.inputs.first else { return nil }
    switch node.operation {
    case "Sigmoid":
      if let x = try geluTanhArgument(argument, 2) { return (.geluTanh, x, 1) }
      return (.silu, argument, 1)
    case "HardSigmoid" where abs(float(node, "alpha", 0.2) - 1 / 6) < 1e-6 && float(node, "beta", 0.5) == 0.5:
      return (.hardSwish, argument, 1)
    case "Max": return try boundedGate(node)
    case "Clip":
      // x clip(x + 3, 0, 6) / 6
      guard try bounds(node) == (0, 6), let sum = producer(argument), sum.operation == "Add", sum.inputs.count == 2
      else {
        return nil
      }
      for (x, other) in [(0, 1), (1, 0)] where try number(sum.inputs[other]) == 3 {
        return (.hardSwish, sum.inputs[x], 1 / 6.0)
      }
      return nil
    case "Tanh":
      guard let softplus = producer(uncast(argument)), softplus.operation == "Softplus", let x = softplus.inputs.first
      else {
        return nil
      }
      return (.mish, x, 1)
    case "Add":
      guard let inner = try onePlus(value), let function = producer(inner), let scaled = function.inputs.first else {
        return nil
      }
      if function.operation == "Tanh" { return try geluTanhArgument(scaled, 1).map { (.geluTanh, $0, 0.5) } }
      guard function.operation == "Erf", let scale = producer(scaled), scale.inputs.count == 2 else { return nil }
      let root = 0.5.squareRoot()
      switch scale.operation {
      case "Div":
        guard let divisor = try number(scale.inputs[1]), abs(divisor - 1 / root) < 1e-6 else { return nil }
        return (.gelu, scale.inputs[0], 0.5)
      case "Mul":
        for (x, other) in [(0, 1), (1, 0)] {
          if let factor = try number(scale.inputs[other]), abs(factor - root) < 1e-6 {
            return (.gelu, scale.inputs[x], 0.5)
          }
        }
        return nil
      default: return nil
      }
    default: return nil
    }
  }

  /// The x of s √(2/π) (x + 0.044715 x³), where the cube may also be x (1 + 0.044715 x²).
  private mutating func geluTanhArgument(_ value: String, _ scale: Double) throws(FileError) -> String? {
    var leaves: [String] = []
    var constant = try factors(value, stoppingAt: nil, depth: 0, &leaves)
    var rest: [String] = []
    for leaf in leaves { if let number = try number(leaf) { constant *= number } else { rest.append(leaf) } }
    guard abs(constant - scale * geluTanhFactor) < 1e-5 else { return nil }
    func isMonomial(_ value: String, of x: String, degree: Int) throws(FileError) -> Bool {
      var (coefficient, powers) = (1.0, 0)
      var leaves: [String] = []
      coefficient = try factors(value, stoppingAt: x, depth: 0, &leaves)
      for leaf in leaves {
        if leaf == x {
          powers += 1
        } else if let number = try number(leaf) {
          coefficient *= number
        } else if let power = producer(leaf), power.operation == "Pow", power.inputs.count == 2, power.inputs[0] == x,
          let exponent = try number(power.inputs[1]), (1...3).contains(exponent)
        {
          powers += Int(exponent)
        } else {
          return false
        }
      }
      return powers == degree && abs(coefficient - 0.044715) < 1e-6
    }
    // x + 0.044715 x³
    if rest.count == 1, let sum = producer(rest[0]), sum.operation == "Add", sum.inputs.count == 2 {
      for (x, other) in [(0, 1), (1, 0)] where try isMonomial(sum.inputs[other], of: sum.inputs[x], degree: 3) {
        return sum.inputs[x]
      }
    }
    // x (1 + 0.044715 x²)
    if rest.count == 2 {
      for (x, other) in [(0, 1), (1, 0)] {
        if let square = try onePlus(rest[other]), try isMonomial(square, of: rest[x], degree: 2) { return rest[x] }
      }
    }
    return nil
  }

  /// The x in max(min(x / 6 + 1/2, 1), 0), the gate of hard-swish.
  private mutating func boundedGate(_ node: ONNXNode) throws(FileError) -> (
    activation: Activation, of: String, factor: Double
  )? {
    guard node.inputs.count == 2, try number(node.inputs[1]) == 0, let lower = producer(node.inputs[0]),
      lower.operation == "Min", lower.inputs.count == 2, try number(lower.inputs[1]) == 1,
      let sum = producer(lower.inputs[0]), sum.operation == "Add", sum.inputs.count == 2,
      try number(sum.inputs[1]) == 0.5, let product = producer(sum.inputs[0]), product.operation == "Mul",
      product.inputs.count == 2, let factor = try number(product.inputs[1]), abs(factor - 1 / 6.0) < 1e-6
    else { return nil }
    return (.hardSwish, product.inputs[0], 1)
  }

  /// Follows a value back through a limited number of nodes that change nothing but the precision, which some
  /// exporters insert.
  func uncast(_ value: String) -> String {
    var value = value
    for _ in 0..<4 {
      guard let cast = producer(value), let before = cast.inputs.first,
        cast.operation == "Identity" || cast.operation == "Cast" && [1, 10, 11, 16].contains(int(cast, "to", 0))
      else { return value }
      value = before
    }
    return value
  }

  /// The y of 1 + y.
  private mutating func onePlus(_ value: String) throws(FileError) -> String? {
    guard let node = producer(value), node.operation == "Add", node.inputs.count == 2 else { return nil }
    if try number(node.inputs[1]) == 1 { return node.inputs[0] }
    if try number(node.inputs[0]) == 1 { return node.inputs[1] }
    return nil
  }
}
