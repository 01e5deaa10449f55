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

/// Makes the model of an imported network. The options describe its inputs and outputs, and its file what they leave
/// open.
func importedModel<Scalar>(
  _ network: ImportedNetwork<Scalar>, path: String, _ arguments: Arguments
) throws(CommandError) -> TrainedModel<Scalar> {
  var imported = network
  let chosen = try arguments.choice("--task", Preparation.Task.allCases.map { ($0.rawValue, $0) })
  if chosen != .regression { imported.separateUniformShare() }
  // Most networks for classes end in logits, because their losses take these.
  if chosen == .classification, imported.network.outputActivation == .identity {
    imported.network = imported.network.withOutputs(activatedBy: imported.network.outputSize == 1 ? .sigmoid : .softmax)
  }
  let activation = imported.network.outputActivation
  guard chosen != .classification || [.softmax, .sigmoid].contains(activation) else {
    throw .usage(
      "--task classification needs outputs that are logits, softmax or sigmoid, found \(activation.rawValue)")
  }
  let inputs = try importedInputs(of: imported, arguments)
  let outputs = try importedOutputs(of: imported, for: chosen ?? imported.task, after: inputs, arguments)
  if let mistake = Preparation.mistake(inputs: inputs, inputScaling: imported.inputScaling, outputs: outputs) {
    throw .usage("cannot prepare \(mistake)")
  }
  return TrainedModel(imported, inputs: inputs, outputs: outputs, path: path)
}

/// Where the features come from.
private func importedInputs<Scalar>(
  of imported: ImportedNetwork<Scalar>, _ arguments: Arguments
) throws(CommandError) -> Preparation.Inputs {
  let count = imported.network.inputSize
  guard let text = arguments.string("--image") else {
    let columns = try names("--columns", count: count, "inputs", arguments)
    return columns.map { .columns(imported.columns(named: $0)) } ?? imported.inputs
  }
  guard arguments.string("--columns") == nil else { throw .usage("--image and --columns exclude each other") }
  let shape = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
  guard shape.count == 2, shape.allSatisfy({ (1...count).contains($0) }), shape[0] * shape[1] == count else {
    throw .usage("--image: expected HEIGHTxWIDTH of \(count) pixels, found \(text.debugDescription)")
  }
  return .pixels(shape: shape)
}

/// What the outputs mean.
private func importedOutputs<Scalar>(
  of imported: ImportedNetwork<Scalar>, for task: Preparation.Task, after inputs: Preparation.Inputs,
  _ arguments: Arguments
) throws(CommandError) -> Preparation.Outputs {
  let standard = imported.outputs(for: task, after: inputs)
  let targets = try names("--target", count: standard.targetColumns.count, "outputs", arguments)
  switch standard {
  case .classes(let classes, let column):
    return .classes(
      try names("--classes", count: classes.count, "outputs", arguments) ?? classes,
      column: column.map { targets?[0] ?? $0 })
  case .labels(let columns, let classes):
    let pair = try names("--classes", count: 2, "classes of each output", arguments)
    return .labels(columns: targets ?? columns, classes: pair.map { pair in columns.map { _ in pair } } ?? classes)
  case .values(let columns, let scaling), .quantiles(let columns, _, let scaling):
    guard arguments.string("--classes") == nil else { throw .usage("--classes is for classification") }
    return .values(columns: targets ?? columns, scaling: scaling)
  }
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
