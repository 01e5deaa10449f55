import Perceptron

/// `perceptron gradcheck`.
enum GradcheckCommand: Command {
  static let name = "gradcheck"
  static let usage = "perceptron gradcheck [--inputs N] [--outputs N] [options of train that describe the network]"
  static let summary = "compare back-propagation with central differences, layer by layer"
  static let options =
    [
      Option("--inputs", "N", "features of the random data (5)"),
      Option("--outputs", "N", "outputs of the network (3)"),
      Option("--samples", "N", "random samples (7)"),
      Option("--hidden", "8,6", "sizes of the hidden layers; empty for a linear model (8,6)"),
    ] + TrainOptions.networkOptions.filter { $0.name != "--hidden" } + [
      Option("--task", "NAME", "classification or regression (classification)")
    ]

  /// The largest relative error that passes.
  private static let tolerance = 1e-6

  static func run(_ arguments: Arguments) throws {
    guard arguments.positional.isEmpty else {
      throw CommandError.usage("unexpected argument \(arguments.positional[0])")
    }
    let options = try TrainOptions(arguments)
    let inputSize = try arguments.integer("--inputs", in: 1...10_000) ?? 5
    let outputSize = try arguments.integer("--outputs", in: 1...10_000) ?? 3
    _ = try makeTeam(threads: 1)
    let batch = try arguments.integer("--samples", in: 1...10_000) ?? 7
    let task = options.task ?? .classification
    let (loss, output) = try options.objective(task)
    var recipe = try options.pieces.recipe(task, loss, isTable: false, samples: batch)
    if arguments.string("--hidden") == nil { recipe.hidden = [8, 6] }
    var generator = Philox(seed: options.seed, stream: 1)
    var inputs = Matrix<Double>(rows: inputSize, columns: batch)
    inputs.fillNormal(using: &generator)
    let targets: Matrix<Double> = oneHot(
      (0..<batch).map { _ in generator.nextIndex(below: outputSize) }, classes: outputSize)
    let (embedding, layers) = recipe.layers(
      numbers: Array(0..<inputSize), output: output, fittedOn: Samples(features: inputs, targets: targets))
    var weightsGenerator = Philox(seed: options.seed)
    var network = Network<Double>(
      layers, embedding: embedding, initializer: recipe.initializer ?? .automatic(for: layers[0].activation),
      using: &weightsGenerator)

    // Without a bias, a unit whose inputs are all 0 would be at ReLU's kink. There is no derivative to compare with
    // there.
    for layer in layers.indices {
      var bias = Matrix<Double>(rows: layers[layer].outputSize, columns: 1)
      bias.fillNormal(standardDeviation: 0.5, using: &generator)
      network[layer: layer, .bias] = bias
    }
    let check = network.gradientCheck(loss, inputs: inputs, targets: targets)
    let parts = (network.embedding.map { ["\($0)"] } ?? []) + network.layers.map { "\($0)" }
    let errors = (check.embeddingError.map { [$0] } ?? []) + check.relativeErrors
    for (part, error) in zip(parts, errors) {
      try printLine("\(part.padded(to: 30)) largest relative error \(error.short)")
    }
    guard check.largestRelativeError <= tolerance else {
      throw CommandError.badData("the gradient is off by \(check.largestRelativeError), more than \(tolerance)")
    }
    try printLine("back-propagation agrees with central differences within \(tolerance)")
  }
}
