import PerceptronFiles
import PerceptronLayers
import Tensor

// The activations in ONNX: as one node, or as the combinations of nodes that exporters write.

/// The constants of SELU (Klambauer et al. 2017).
let seluAlpha = 1.6732632423543772848170429916717
let seluScale = 1.0507009873554804934193349852946

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
  /// Returns the activation whose last node is `node`, and the value it is applied to; nil if the node ends no
  /// activation.
  ///
  /// - Throws: ``FileError`` for an activation with a parameter that no activation here has.
  mutating func activation(_ node: ONNXNode) throws(FileError) -> (Activation, of: String)? {
    guard let x = node.inputs.first else { return nil }
    func require(_ name: String, _ found: Float, _ expected: Float) throws(FileError) {
      guard abs(found - expected) <= 1e-6 * abs(expected) else {
        throw bad(node, "its \(name) is \(found), expected \(expected)")
      }
    }
    switch node.operation {
    case "Relu": return (.relu, x)
    case "LeakyRelu":
      try require("alpha", float(node, "alpha", 0.01), 0.01)
      return (.leakyReLU, x)
    case "Elu":
      try require("alpha", float(node, "alpha", 1), 1)
      return (.elu, x)
    case "Selu":
      try require("alpha", float(node, "alpha", Float(seluAlpha)), Float(seluAlpha))
      try require("gamma", float(node, "gamma", Float(seluScale)), Float(seluScale))
      return (.selu, x)
    case "Gelu":
      if case .string(let kind)? = node.attributes["approximate"], kind != "none" {
        throw bad(node, "it is GELU's approximation by \(quoted(kind)), expected approximate \"none\"")
      }
      return (.gelu, x)
    case "Swish":
      try require("alpha", float(node, "alpha", 1), 1)
      return (.silu, x)
    case "Sigmoid": return (.sigmoid, x)
    case "Tanh": return (.tanh, x)
    case "Exp": return (.exponential, x)
    case "Softplus": return (.softplus, x)
    case "Softsign": return (.softsign, x)
    case "Mish": return (.mish, x)
    case "HardSwish": return (.hardSwish, x)
    case "Softmax":
      guard [-1, 1].contains(int(node, "axis", -1)) else {
        throw bad(node, "its axis is \(int(node, "axis", -1)), expected -1 or 1")
      }
      return (.softmax, x)
    case "Max":
      // max(x, 0)
      if node.inputs.count == 2, try number(node.inputs[1]) == 0 { return (.relu, x) }
      if node.inputs.count == 2, try number(x) == 0 { return (.relu, node.inputs[1]) }
      return nil
    case "Div":
      // x / (1 + |x|)
      guard node.inputs.count == 2, let inner = try onePlus(node.inputs[1]), let absolute = producer(inner),
        absolute.operation == "Abs", absolute.inputs == [x]
      else { return nil }
      return (.softsign, x)
    case "Where":
      // Where(x > c, x, softplus(x)), as in PyTorch with c = 20. From there on x and softplus(x) are equal in single
      // precision.
      guard node.inputs.count == 3, let condition = producer(x), condition.operation == "Greater",
        let softplus = producer(node.inputs[2]), softplus.operation == "Softplus", softplus.inputs == [node.inputs[1]],
        condition.inputs.count == 2, condition.inputs[0] == node.inputs[1],
        try number(condition.inputs[1]) ?? 0 >= 16
      else { return nil }
      return (.softplus, node.inputs[1])
    case "Mul": return try product(node)
    default: return nil
    }
  }

  /// x σ(x), x tanh(softplus(x)) or x / 2 · (1 + erf(x / √2)), with the factors in any order.
  private mutating func product(_ node: ONNXNode) throws(FileError) -> (Activation, of: String)? {
    var candidates: [String] = []
    factors(node.outputs[0], stoppingAt: nil, depth: 0, &candidates)
    for candidate in candidates {
      guard let (activation, x, factor) = try gate(candidate) else { continue }
      var all: [String] = []
      factors(node.outputs[0], stoppingAt: x, depth: 0, &all)
      var constant = 1.0
      var rest: [String] = []
      for value in all {
        if let number = try number(value) { constant *= number } else { rest.append(value) }
      }
      if abs(constant - factor) < 1e-6, rest.sorted() == [x, candidate].sorted() { return (activation, x) }
    }
    return nil
  }

  /// Lists the factors of nested products. `x` is a leaf of this tree, even if a product computes it.
  private func factors(_ value: String, stoppingAt x: String?, depth: Int, _ list: inout [String]) {
    if value != x, depth < 4, let node = producer(value), node.operation == "Mul", node.inputs.count == 2 {
      for input in node.inputs { factors(input, stoppingAt: x, depth: depth + 1, &list) }
    } else {
      list.append(value)
    }
  }

  /// Returns the activation that a factor makes of its product with x and a constant.
  private mutating func gate(_ value: String) throws(FileError) -> (Activation, of: String, factor: Double)? {
    guard let node = producer(value), let argument = node.inputs.first else { return nil }
    switch node.operation {
    case "Sigmoid": return (.silu, argument, 1)
    case "HardSigmoid" where abs(float(node, "alpha", 0.2) - 1 / 6) < 1e-6 && float(node, "beta", 0.5) == 0.5:
      return (.hardSwish, argument, 1)
    case "Max": return try boundedGate(node)
    case "Tanh":
      guard let softplus = producer(uncast(argument)), softplus.operation == "Softplus", let x = softplus.inputs.first
      else {
        return nil
      }
      return (.mish, x, 1)
    case "Add":
      guard let inner = try onePlus(value), let erf = producer(inner), erf.operation == "Erf",
        let scaled = erf.inputs.first, let scale = producer(scaled), scale.inputs.count == 2
      else { return nil }
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

  /// The x in max(min(x / 6 + 1/2, 1), 0), the gate of hard-swish.
  private mutating func boundedGate(_ node: ONNXNode) throws(FileError) -> (Activation, of: String, factor: Double)? {
    guard node.inputs.count == 2, try number(node.inputs[1]) == 0, let lower = producer(node.inputs[0]),
      lower.operation == "Min", lower.inputs.count == 2, try number(lower.inputs[1]) == 1,
      let sum = producer(lower.inputs[0]), sum.operation == "Add", sum.inputs.count == 2,
      try number(sum.inputs[1]) == 0.5, let product = producer(sum.inputs[0]), product.operation == "Mul",
      product.inputs.count == 2, let factor = try number(product.inputs[1]), abs(factor - 1 / 6.0) < 1e-6
    else { return nil }
    return (.hardSwish, product.inputs[0], 1)
  }

  /// Follows a value back through a limited number of casts. Keras inserts casts that change nothing.
  private func uncast(_ value: String) -> String {
    var value = value
    for _ in 0..<4 {
      guard let cast = producer(value), cast.operation == "Cast", let before = cast.inputs.first else { return value }
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
