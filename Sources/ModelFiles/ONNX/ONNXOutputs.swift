import PerceptronFiles
import Tensor

// Which of a graph's outputs is the answer, and what names its label output gives to the classes.

extension ONNXChain {
  /// The value that is the answer, and the names of the classes if the graph has them.
  struct Answer {
    var value: String
    /// For softmax: the class of each output.
    var classes: [String]?
    /// For sigmoid: the class below ½ and that from ½ on, of each output.
    var labels: [[String]]?
    /// The other outputs of numbers, which are not used.
    var others: [String] = []
  }

  /// Finds the answer.
  ///
  /// - Parameter name: The output to use; nil for the only one of numbers, or the one that is computed from the others,
  ///   or the only one of probabilities.
  func answer(named name: String?) throws(FileError) -> Answer {
    let real: Set = [0, 1, 10, 11, 16]
    var candidates = graph.outputs.filter { real.contains($0.dataType) }.map(\.name)
    if candidates.isEmpty { candidates = graph.outputs.map(\.name) }
    if let name {
      guard graph.outputs.contains(where: { $0.name == name }) else {
        let names = graph.outputs.map { quoted($0.name) }.joined(separator: ", ")
        throw .unsupportedGraph(path: path, problem: "there is no output \(quoted(name)); the outputs are \(names)")
      }
      candidates = [name]
    }
    let others = candidates
    if candidates.count > 1 {
      // Such as logits and probabilities: the latter are computed from the former.
      var last = candidates.filter { candidate in
        let sources = ancestors(of: candidate)
        return candidates.allSatisfy { $0 == candidate || sources.contains(shaped($0)) }
      }
      if last.isEmpty {
        last = candidates.filter { ["Softmax", "Sigmoid"].contains(producer(shaped($0))?.operation ?? "") }
      }
      guard last.count == 1 else {
        let names = candidates.map(quoted).joined(separator: ", ")
        throw .unsupportedGraph(
          path: path,
          problem: "the graph has \(candidates.count) outputs of numbers, \(names); choose one with --output")
      }
      candidates = last
    }
    guard let output = candidates.first else { throw .unsupportedGraph(path: path, problem: "the graph has no output") }
    var answer = Answer(value: output)
    if let node = producer(output), node.operation == "ZipMap", node.isMachineLearning, let value = node.inputs.first {
      answer = Answer(
        value: value, classes: strings(node, "classlabels_strings") ?? integers(node, "classlabels_int64s"))
    }
    answer.others = others.filter { $0 != output }
    // A chosen output stands for itself.
    guard name == nil else { return answer }
    for label in graph.outputs where label.name != output && !candidates.contains(label.name) {
      if real.contains(label.dataType) { continue }
      try read(label.name, into: &answer)
    }
    return answer
  }

  /// All values from which a value is computed.
  private func ancestors(of value: String) -> Set<String> {
    var (found, next) = (Set<String>(), [value])
    while let value = next.popLast() {
      for input in producer(value)?.inputs ?? [] where found.insert(input).inserted { next.append(input) }
    }
    return found
  }

  // MARK: - Labels

  /// Reads the names that a label output gives to the classes.
  ///
  /// - Throws: ``FileError`` if it is not the name of the largest output, or of each output's class.
  private func read(_ label: String, into answer: inout Answer) throws(FileError) {
    let value = shaped(label)
    guard let node = producer(value) else { return }
    switch node.operation {
    case "Gather", "ArrayFeatureExtractor":
      guard node.inputs.count == 2, let names = names(node.inputs[0]) else { break }
      try check(node, index: node.inputs[1], of: answer)
      answer.classes = names
      return
    case "LabelEncoder" where node.isMachineLearning:
      guard let index = node.inputs.first, let names = encodedNames(node) else { break }
      try check(node, index: index, of: answer)
      answer.classes = names
      return
    case "ArgMax": return try check(node, index: value, of: answer)
    case "Where":
      guard node.inputs.count == 3, isHalfOrMore(node.inputs[0], answer), let no = names(node.inputs[2]),
        let yes = names(node.inputs[1]), no.count == yes.count
      else { break }
      answer.labels = zip(no, yes).map { [$0, $1] }
      return
    case "Binarizer" where node.isMachineLearning:
      if float(node, "threshold", 0) == 0.5, let x = node.inputs.first {
        if isAnswer(x, answer) { return }
        // skl2onnx writes several labels as 1 − p and p beside each other, of which p alone says as much.
        if isWithComplement(answer.value, of: x) {
          answer.value = x
          return
        }
      }
    default: if isHalfOrMore(value, answer) { return }
    }
    throw bad(
      node, "it makes a label in another way than from the largest output; choose the output of numbers with --output")
  }

  /// Checks that a value is the index of the largest of the answer's outputs.
  private func check(_ node: ONNXNode, index: String, of answer: Answer) throws(FileError) {
    guard let maximum = producer(shaped(index)), maximum.operation == "ArgMax", let x = maximum.inputs.first,
      isAnswer(x, answer), [-1, 1].contains(int(maximum, "axis", 0)), int(maximum, "select_last_index", 0) == 0
    else {
      throw bad(
        node, "its index is not that of the largest output, so the label is another; choose an output with --output")
    }
  }

  /// Whether a value has the order of the answer's outputs: it is the answer, or becomes the answer by softmax.
  private func isAnswer(_ value: String, _ answer: Answer) -> Bool {
    let wanted = shaped(value)
    var value = shaped(answer.value)
    for _ in 0..<8 {
      if value == wanted { return true }
      guard let node = producer(value), ["Softmax", "LogSoftmax"].contains(node.operation), let x = node.inputs.first
      else { return false }
      value = shaped(x)
    }
    return false
  }

  /// Whether a value is 1 − p and p beside each other.
  private func isWithComplement(_ value: String, of p: String) -> Bool {
    guard let node = producer(shaped(value)), node.operation == "Concat", node.inputs.count == 2, node.inputs[1] == p,
      [-1, 1].contains(int(node, "axis", 0)), let difference = producer(node.inputs[0]), difference.operation == "Sub",
      difference.inputs.count == 2, difference.inputs[1] == p
    else { return false }
    return constants.single(difference.inputs[0]) == 1
  }

  /// Whether a value says that the answer is ½ or more, or that it is more than ½.
  private func isHalfOrMore(_ value: String, _ answer: Answer) -> Bool {
    guard let node = producer(shaped(value)), ["Greater", "GreaterOrEqual"].contains(node.operation),
      node.inputs.count == 2, isAnswer(node.inputs[0], answer)
    else { return false }
    return constants.single(node.inputs[1]) == 0.5
  }

  /// Follows a value back through a limited number of nodes that change neither its elements nor their order.
  private func shaped(_ value: String) -> String {
    var value = value
    for _ in 0..<64 {
      guard let node = producer(value), let x = node.inputs.first, !constants.contains(value),
        ["Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten"].contains(node.operation)
      else { break }
      value = x
    }
    return value
  }

  /// The strings or integers of a constant.
  private func names(_ value: String) -> [String]? {
    constants.strings(value) ?? constants.integers(value)?.map(String.init)
  }

  /// The names of the classes 0, 1, … in a label encoder.
  private func encodedNames(_ node: ONNXNode) -> [String]? {
    guard case .ints(let keys)? = node.attributes["keys_int64s"], keys == Array(keys.indices) else { return nil }
    return strings(node, "values_strings") ?? integers(node, "values_int64s")
  }

  private func strings(_ node: ONNXNode, _ name: String) -> [String]? {
    if case .strings(let values)? = node.attributes[name], !values.isEmpty { values } else { nil }
  }

  private func integers(_ node: ONNXNode, _ name: String) -> [String]? {
    if case .ints(let values)? = node.attributes[name], !values.isEmpty { values.map(String.init) } else { nil }
  }
}

extension ONNXNode {
  /// Whether the operator is of ONNX's domain for classical machine learning.
  var isMachineLearning: Bool { domain == "ai.onnx.ml" }
}
