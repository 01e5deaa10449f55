import Perceptron
import PerceptronCharts
import PerceptronFiles

/// The options of `train`. `gradcheck` uses those of the network.
struct TrainOptions {
  let hidden: [Int]
  let activation: Activation
  private let output: Activation?
  private let loss: Loss?
  private let initializer: Initializer?
  /// The optimizer for a task. Plain SGD takes smaller steps for a regression, because squared errors of standardised
  /// targets are steeper than cross-entropies.
  let optimizer: (_ task: Preparation.Task) -> Optimizer
  private let normalization: Normalization
  private let dropout: [Double]
  let inputDropout: Double
  let labelSmoothing: Double
  let regularization: Regularization
  private let batchSize: Int?
  private let epochs: Int?
  /// The schedule of a training with this number of epochs.
  let schedule: (_ epochs: Int) throws(CommandError) -> Schedule
  /// The number of networks to train, each from its own seed.
  let networkCount: Int
  /// Nil for all usable processors.
  let threads: Int?
  /// The seed of the first network; the next networks use the numbers after it.
  let seed: UInt64
  let task: Preparation.Task?
  let target: String?
  let sampleWeight: String?
  let classWeights: ClassWeightOption?
  let scaling: Scaling.Method?
  /// The description of a table's columns.
  let columns: ColumnOptions
  private let augmentation: Augmentation.Kind?
  let isQuiet: Bool
  /// The other options that were given, for the model's file.
  let record: [String: String]

  /// The options that describe a network.
  static let networkOptions: [Option] = [
    Option("--hidden", "128,64", "sizes of the hidden layers; empty for a linear model (128)"),
    Option(
      "--activation", "NAME",
      "activation of the hidden layers: \(listed(hiddenActivations.map(\.rawValue))) (relu)"
    ),
    Option("--output", "NAME", "activation of the outputs: identity, sigmoid, softmax or tanh (by task and loss)"),
    Option(
      "--loss", "NAME",
      "\(listed(Loss.allCases.map(\.rawValue))), for any quantile between 0 and 1 (cross-entropy, or mse for"
        + " regression)"),
    Option(
      "--init", "NAME",
      "auto, he-normal, he-uniform, glorot-normal, glorot-uniform, lecun-normal, normal (biases too) or orthogonal"
        + " (auto: by activation)"),
    Option(
      "--normalization", "NAME",
      "normalization of hidden layers' weighted inputs: \(listed(Normalization.allCases.map(\.rawValue))) (none)"),
    Option("--seed", "N", "seed of the random numbers (0)"),
  ]

  /// The options that describe training.
  static let trainingOptions: [Option] =
    [
      Option("--task", "NAME", "classification or regression (inferred from the target)"),
      Option("--target", "NAME", "the target's name or 1-based number, or several: a,b (the last column)"),
      Option("--sample-weight", "NAME", "the column with the weight of each training sample (all equal)"),
      Option(
        "--class-weights", "NAME=W,…", "weights of the samples of each class, 1 if not named; or balanced (1)"),
      Option(
        "--scale", "NAME",
        "scaling of numeric features: standard, minmax, robust, smooth-clip (robust, and far numbers are drawn within"
          + " ±3), quantile or none (standard for tables, none for images)"),
      Option("--augment", "NAME", "random deformations of images, new in each epoch: none, affine or elastic (none)"),
    ] + OptimizerOptions.options + [
      Option("--batch-size", "N", "samples in a step (128; rprop, lbfgs: all)"),
      Option(
        "--dropout", "P,…", "probability of dropping a hidden output: one for all hidden layers, or one for each (0)"),
      Option("--input-dropout", "P", "probability of dropping an input (0)"),
      Option("--label-smoothing", "SHARE", "share of each target that is spread over all classes (0)"),
      Option("--epochs", "N", "passes over the data (20; for small tables about 1000 steps, at most 1000 epochs)"),
      Option("--ensemble", "N", "networks from N seeds, in one file; the answer is their mean (1)"),
      Option("--threads", "N", "threads that share the work; the result does not depend on N (all that may be used)"),
    ]

  /// The options that the model's file records elsewhere, that its layers show, or that need not be recorded.
  private static let recordedApart: Set<String> = [
    "--hidden", "--activation", "--output", "--loss", "--normalization", "--seed", "--task", "--target", "--optimizer",
    "--learning-rate", "--batch-size", "--dropout", "--epochs", "--ensemble", "--threads",
  ]

  init(_ arguments: Arguments, defaultHidden: String = "128") throws(CommandError) {
    hidden = try Self.sizes(arguments.string("--hidden") ?? defaultHidden)
    activation =
      try arguments.choice(
        "--activation", Self.names(Self.hiddenActivations)) ?? .relu
    output = try arguments.choice("--output", Self.names([Activation.identity, .sigmoid, .softmax, .tanh]))
    let named = arguments.string("--loss").flatMap { Loss(rawValue: $0) }
    loss = if let named { named } else { try arguments.choice("--loss", Self.names(Loss.allCases)) }
    if let loss, let output { try Self.check(loss, output) }
    let initializers = Self.names(Initializer.allCases).map { ($0.0, Optional($0.1)) }
    initializer = try arguments.choice("--init", [("auto", nil)] + initializers) ?? nil
    let optimizing = try OptimizerOptions(arguments)
    optimizer = optimizing.optimizer
    normalization = try arguments.choice("--normalization", Self.names(Normalization.allCases)) ?? .none
    dropout = try Self.dropout(arguments, hidden)
    inputDropout = try arguments.share("--input-dropout") ?? 0
    labelSmoothing = try arguments.share("--label-smoothing") ?? 0
    if arguments.string("--optimizer") == "lbfgs",
      normalization == .batch || inputDropout > 0 || dropout.contains(where: { $0 > 0 })
    {
      throw .usage(
        "--optimizer lbfgs needs a loss that stays the same from step to step; leave out --dropout, --input-dropout and"
          + " --normalization batch")
    }
    regularization = optimizing.regularization
    batchSize = try arguments.integer("--batch-size", in: 1...1_000_000)
    epochs = try arguments.integer("--epochs", in: 1...1_000_000)
    networkCount = try arguments.integer("--ensemble", in: networkCounts) ?? 1
    schedule = optimizing.schedule
    if let epochs { _ = try schedule(epochs) }
    var record: [String: String] = [:]
    for option in Self.networkOptions + Self.trainingOptions where !Self.recordedApart.contains(option.name) {
      record[String(option.name.dropFirst(2))] = arguments.string(option.name)
    }
    self.record = record
    threads = try arguments.integer("--threads", in: 1...1024)
    seed = UInt64(try arguments.integer("--seed", in: 0...(.max)) ?? 0)
    task = try arguments.choice("--task", Self.names(Preparation.Task.allCases))
    target = arguments.string("--target")
    sampleWeight = arguments.string("--sample-weight")
    classWeights = try arguments.string("--class-weights").map(ClassWeightOption.init)
    scaling = try arguments.choice(
      "--scale",
      [
        ("standard", .standard), ("minmax", .minMax), ("robust", .robust), ("smooth-clip", .smoothClip),
        ("quantile", .quantile),
        ("none", Scaling.Method.none),
      ])
    augmentation =
      try arguments.choice(
        "--augment", [("none", nil)] + Self.names(Augmentation.Kind.allCases).map { ($0.0, Optional($0.1)) }) ?? nil
    columns = try TableOptions.columns(arguments)
    isQuiet = arguments.flag("--quiet")
    try Self.checkRange(arguments)
  }

  /// Refuses a number that changes too much in the precision of the training: a nonzero number that becomes 0,
  /// subnormal or infinite, or a share that becomes 1.
  private static func checkRange(_ arguments: Arguments) throws(CommandError) {
    let isDouble = arguments.string("--precision") == "double"
    func check(_ option: String, _ value: Double, isDouble: Bool, isShare: Bool) throws(CommandError) {
      let isNormal = isDouble ? value.isNormal : Float(value).isNormal
      let isOne = isShare && (isDouble ? value >= 1 : Float(value) >= 1)
      guard value == 0 || isNormal && !isOne else {
        throw .usage(
          "\(option): \(value) is \(isOne ? "1" : "too large or too small to compute with") in"
            + " \(isDouble ? "double" : "float")"
            + " precision; choose another number\(isDouble ? "" : ", or --precision double")")
      }
    }
    let shares = ["--momentum", "--beta1", "--beta2", "--input-dropout", "--label-smoothing"]
    let numbers = ["--learning-rate", "--l1", "--l2", "--weight-decay", "--clip-norm", "--max-norm"]
    for option in shares + numbers {
      guard let value = arguments.string(option).flatMap(Double.init) else { continue }
      try check(option, value, isDouble: isDouble, isShare: shares.contains(option))
    }
    for share in arguments.string("--dropout")?.split(separator: ",").compactMap({ Double($0) }) ?? [] {
      try check("--dropout", share, isDouble: isDouble, isShare: true)
    }
    // Epsilon is part of a divisor that contains squares. The optimizers require it to be in the range of Float in any
    // precision.
    if let epsilon = arguments.string("--epsilon").flatMap(Double.init), !Float(epsilon).isNormal {
      throw .usage("--epsilon: \(epsilon) is too large or too small to compute with; choose another number")
    }
  }

  /// The seed of the network with this number, counted from 0.
  func seed(ofNetwork number: Int) -> UInt64 { seed + UInt64(number) }

  /// The augmentation of the training samples for the network with this number, counted from 0; nil for none.
  func augmentation(_ preparation: Preparation, ofNetwork number: Int) throws(CommandError) -> Augmentation? {
    guard let augmentation else { return nil }
    guard case .pixels(let shape) = preparation.inputs, shape.count > 1 else {
      throw .usage("--augment \(augmentation.rawValue) is for images with a height and a width")
    }
    guard preparation.inputScaling.method == .none else {
      throw .usage(
        "--augment \(augmentation.rawValue) needs unscaled pixels;"
          + " leave out --scale \(preparation.inputScaling.method.rawValue.lowercased())")
    }
    return Augmentation(augmentation, shape: shape, seed: seed(ofNetwork: number))
  }

  /// The loss and the layers for prepared data.
  func layers(_ preparation: Preparation) throws(CommandError) -> (loss: Loss, layers: [Dense]) {
    let areLabels = if case .labels = preparation.outputs { true } else { false }
    return try layers(
      preparation.task, inputs: preparation.inputCount, outputs: preparation.outputCount, areLabels: areLabels)
  }

  /// The loss and the layers for a task, checked against each other. Several labels are independent questions.
  func layers(
    _ task: Preparation.Task, inputs: Int, outputs: Int, areLabels: Bool = false
  ) throws(CommandError) -> (loss: Loss, layers: [Dense]) {
    let defaultOutput = areLabels ? Activation.sigmoid : nil
    let loss = self.loss ?? Self.defaultLoss(task, self.output ?? defaultOutput)
    let output = self.output ?? defaultOutput ?? Self.defaultOutput(task, loss)
    if areLabels && (loss == .crossEntropy || output == .softmax) {
      throw .usage(
        "\(output == .softmax ? "--output softmax" : "--loss cross-entropy") is for one target; for several"
          + " use --output sigmoid with --loss binary-cross-entropy, mse or quadratic")
    }
    try Self.check(loss, output)
    if task == .regression && loss.isForClasses {
      let others = Loss.allCases.filter { !$0.isForClasses }.map(\.rawValue)
      throw .usage(
        "--loss \(loss.rawValue) is for classification; use \(Self.listed(others)), or --task classification")
    }
    if task == .regression && output == .softmax {
      throw .usage("--output softmax is for classification; use identity, sigmoid or tanh, or --task classification")
    }
    let sizes = [inputs] + hidden + [outputs]
    let parameters = zip(sizes, sizes.dropFirst()).reduce(0.0) { $0 + (Double($1.0) + 1) * Double($1.1) }
    // Besides the parameters of each network, in Float, training needs the gradient and two moments of one network.
    let (bytes, memory) = (4 * parameters * Double(networkCount + 3), Double(usableMemory()))
    func size(_ bytes: Double) -> String {
      bytes < 1e9 ? "\((bytes / 1e6).fixed(0)) MB" : "\((bytes / 1e9).fixed(1)) GB"
    }
    guard bytes < memory else {
      throw .usage(
        "--hidden: \(networkCount == 1 ? "the network" : "each of the \(networkCount) networks of --ensemble") would"
          + " have \(parameters.fixed(0)) parameters, and training would take \(size(bytes)), more than the"
          + " \(size(memory)) of memory that may be used; choose smaller layers")
    }
    if labelSmoothing > 0 && !loss.isForClasses {
      throw .usage("--label-smoothing is for --loss cross-entropy or binary-cross-entropy, found \(loss.rawValue)")
    }
    return (loss, .chain(sizes, hidden: activation, output: output, normalization: normalization, dropout: dropout))
  }

  /// The number of epochs for this number of samples.
  ///
  /// If `--epochs` is not given, it is the number that makes about 1000 steps (200 for methods that use all samples in
  /// each step). It is at most the number that makes 1000 batches of the usual size, and at least 20. Small tables need
  /// more than 20 epochs, and for large tables 20 are enough.
  func epochs(_ optimizer: Optimizer, samples: Int, batchSize: Int) -> Int {
    if let epochs { return epochs }
    let steps = optimizer.isFullBatch ? 200 : 1000
    let stepsPerEpoch = (samples + batchSize - 1) / batchSize
    return max(20, min(steps / stepsPerEpoch, 1000 * Self.usualBatchSize / samples))
  }

  private static var usualBatchSize: Int { 128 }

  /// The batch size of an optimizer for this number of samples.
  func batchSize(_ optimizer: Optimizer, samples: Int) throws(CommandError) -> Int {
    if optimizer.isFullBatch, let batchSize, batchSize < samples {
      throw .usage(
        "--batch-size: --optimizer \(optimizer.name) takes all \(samples) samples in each step, found \(batchSize);"
          + " leave it out")
    }
    let size = min(batchSize ?? (optimizer.isFullBatch ? samples : Self.usualBatchSize), samples)
    if normalization == .batch && !hidden.isEmpty && size == 1 {
      throw .usage(
        samples == 1
          ? "--normalization batch needs at least 2 training samples, found 1;"
            + " leave it out, or use --normalization layer"
          : "--batch-size 1 with --normalization batch: one sample has no variance to normalize by; choose a larger"
            + " batch size, or --normalization layer")
    }
    return size
  }

  /// The network with this number, counted from 0, before training. Its random numbers use the first stream of its
  /// seed; the order of the samples uses the second.
  func network<Scalar: BLASScalar>(_ layers: [Dense], number: Int = 0) -> Network<Scalar> {
    var generator = Philox(seed: seed(ofNetwork: number))
    let hidden = layers.count > 1 ? activation : layers[0].activation
    return Network(layers, initializer: initializer ?? .automatic(for: hidden), using: &generator)
  }

  private static func check(_ loss: Loss, _ output: Activation) throws(CommandError) {
    guard loss.accepts(output) else {
      let fitting = loss == .crossEntropy ? "softmax" : "sigmoid"
      throw .usage("--loss \(loss.rawValue) needs --output \(fitting), found --output \(output.rawValue)")
    }
  }

  private static func defaultLoss(_ task: Preparation.Task, _ output: Activation?) -> Loss {
    switch (task, output) {
    case (.classification, nil), (.classification, .softmax): .crossEntropy
    case (.classification, .sigmoid): .binaryCrossEntropy
    default: .meanSquaredError
    }
  }

  private static func defaultOutput(_ task: Preparation.Task, _ loss: Loss) -> Activation {
    switch loss {
    case .crossEntropy: .softmax
    case .binaryCrossEntropy: .sigmoid
    default: task == .classification ? .softmax : .identity
    }
  }

  /// The activations that act on single units.
  private static var hiddenActivations: [Activation] { Activation.allCases.filter { $0 != .softmax } }

  /// `a, b or c`.
  static func listed(_ names: [String]) -> String {
    names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1]
  }

  private static func names<Value: RawRepresentable<String>>(_ values: [Value]) -> [(String, Value)] {
    values.map { ($0.rawValue, $0) }
  }

  private static func dropout(_ arguments: Arguments, _ hidden: [Int]) throws(CommandError) -> [Double] {
    guard let text = arguments.string("--dropout") else { return [] }
    guard !hidden.isEmpty else {
      throw .usage("--dropout: there is no hidden layer; see --hidden, or use --input-dropout")
    }
    let shares = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
    guard shares.allSatisfy((0..<1).contains) else {
      throw .usage("--dropout: expected numbers from 0 to below 1, found \(text.debugDescription)")
    }
    guard shares.count == 1 || shares.count == hidden.count else {
      throw .usage(
        "--dropout: expected one number, or one for each of the \(hidden.count) hidden layers, found \(shares.count)")
    }
    return shares
  }

  private static func sizes(_ text: String) throws(CommandError) -> [Int] {
    guard !text.isEmpty else { return [] }
    let count = text.count { $0 == "," } + 1
    guard count < mostLayers else {
      throw .usage("--hidden: expected at most \(mostLayers - 1) hidden layers, found \(count)")
    }
    return try text.split(separator: ",", omittingEmptySubsequences: false).map { field throws(CommandError) in
      guard let size = Int(field), (1...1_000_000).contains(size) else {
        throw .usage("--hidden: expected whole numbers from 1 to 1000000, found \(text.debugDescription)")
      }
      return size
    }
  }
}
