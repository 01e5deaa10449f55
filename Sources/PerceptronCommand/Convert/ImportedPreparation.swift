import Perceptron

// The meaning of an imported network's inputs and outputs, as given by the options of import.

let importedPreparationOptions = [
  Option("--columns", "NAMES", "the table's columns that are the inputs, in order (1, 2, …, as if without a header)"),
  Option("--image", "HEIGHTxWIDTH", "the inputs are the pixels of images, from 0 to 1"),
  Option(
    "--task", "classification|regression",
    "(classification if the output is softmax or sigmoid; with it, logits get a softmax, and a single one a sigmoid)"),
  Option("--classes", "NAMES", "the classes in order; for sigmoid, those of outputs near 0 and near 1 (0, 1, …)"),
  Option(
    "--target", "NAMES", "the table's columns that the outputs predict, one for softmax (those after the inputs)"
  ),
]

/// Makes the preparation and the loss of a network.
///
/// - Parameter graph: The graph that the network is from; nil for a state dictionary, whose inputs are not scaled.
func importedPreparation<Scalar>(
  _ network: Network<Scalar>, _ graph: ONNXPerceptron<Scalar>?, _ arguments: Arguments
) throws(CommandError) -> (Preparation, Loss) {
  let (inputs, outputs, activation) = (network.inputSize, network.outputSize, network.outputActivation)
  let inferred: Preparation.Task = [.softmax, .sigmoid].contains(activation) ? .classification : .regression
  let task =
    try arguments.choice("--task", Preparation.Task.allCases.map { ($0.rawValue, $0) }) ?? inferred
  guard task == .regression || inferred == .classification else {
    throw .usage(
      "--task classification needs outputs that are logits, softmax or sigmoid, found \(activation.rawValue)")
  }
  // A graph may say that a sample has two dimensions.
  let ownShape =
    arguments.string("--columns") == nil ? graph.flatMap { $0.inputShape.count == 2 ? $0.inputShape : nil } : nil
  let isImage = arguments.string("--image") != nil || ownShape != nil
  guard arguments.string("--image") == nil || arguments.string("--columns") == nil else {
    throw .usage("--image and --columns exclude each other")
  }
  let targetCount = task == .classification && activation == .softmax ? 1 : outputs
  let targets =
    try names("--target", count: targetCount, "outputs", arguments)
    ?? (arguments.string("--columns") == nil && graph?.columnNames == nil && !isImage
      ? (inputs + 1...inputs + targetCount).map(String.init)
      : targetCount == 1 ? ["target"] : (1...targetCount).map { "target \($0)" })
  let meaning: Preparation.Outputs
  if task == .regression {
    guard arguments.string("--classes") == nil else { throw .usage("--classes is for classification") }
    meaning = .values(columns: targets, scaling: .unscaled(outputs))
  } else if activation == .softmax {
    let known = graph?.classes.flatMap { Set($0).count == outputs && $0.count == outputs ? $0 : nil }
    let classes =
      try names("--classes", count: outputs, "outputs", arguments) ?? known ?? (0..<outputs).map(String.init)
    meaning = .classes(classes, column: isImage ? nil : targets[0])
  } else {
    let classes = try names("--classes", count: 2, "classes of each output", arguments)
    let known = graph?.labels.flatMap { $0.count == outputs && $0.allSatisfy { Set($0).count == 2 } ? $0 : nil }
    meaning = .labels(
      columns: targets,
      classes: classes.map { Array(repeating: $0, count: outputs) } ?? known
        ?? Array(repeating: ["0", "1"], count: outputs))
  }
  let source: Preparation.Inputs
  if let text = arguments.string("--image") {
    let shape = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard shape.count == 2, shape.allSatisfy({ (1...inputs).contains($0) }), shape[0] * shape[1] == inputs else {
      throw .usage("--image: expected HEIGHTxWIDTH of \(inputs) pixels, found \(text.debugDescription)")
    }
    source = .pixels(shape: shape)
  } else if let ownShape {
    source = .pixels(shape: ownShape)
  } else {
    let columns = try names("--columns", count: inputs, "inputs", arguments)
    // A missing number is refused unless the graph replaces it.
    source = .columns(
      graph?.columns(named: columns)
        ?? (columns ?? (1...inputs).map(String.init)).map { .number(name: $0, mean: nil) })
  }
  let scaling = graph?.inputScaling ?? .unscaled(inputs)
  if let mistake = Preparation.mistake(inputs: source, inputScaling: scaling, outputs: meaning) {
    throw .usage("cannot prepare \(mistake)")
  }
  let loss: Loss =
    task == .regression ? .meanSquaredError : activation == .softmax ? .crossEntropy : .binaryCrossEntropy
  return (Preparation(inputs: source, inputScaling: scaling, outputs: meaning), loss)
}

/// Returns comma-separated names, all different; nil if the option is not given.
private func names(
  _ option: String, count: Int, _ what: String, _ arguments: Arguments
) throws(CommandError) -> [String]? {
  guard let text = arguments.string(option) else { return nil }
  let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  guard names.count == count else {
    throw .usage("\(option): expected \(count) names, for the \(what), found \(names.count)")
  }
  guard Set(names).count == names.count, !names.contains("") else {
    throw .usage("\(option): the names must be different and not empty")
  }
  return names
}
