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
      "of the hidden layers: \(listed(hiddenActivations.map(\.rawValue))) (relu)"
    ),
    Option("--output", "NAME", "activation of the outputs: identity, sigmoid, softmax or tanh (by task and loss)"),
    Option(
      "--loss", "NAME",
      "\(listed(Loss.allCases.map(\.rawValue))) (cross-entropy, or mse for regression)"),
    Option(
      "--init", "NAME",
      "auto, he-normal, he-uniform, glorot-normal, glorot-uniform, lecun-normal, normal (biases too) or orthogonal"
        + " (auto: by activation)"),
    Option("--normalization", "NAME", "of the hidden layers' weighted inputs: none, batch or layer (none)"),
    Option("--seed", "N", "chooses the random numbers (0)"),
  ]

  /// The options that describe training.
  static let trainingOptions: [Option] =
    [
      Option("--task", "NAME", "classification or regression (inferred from the target)"),
      Option("--target", "NAME", "the target's name or 1-based number, or several: a,b (the last column)"),
      Option("--sample-weight", "NAME", "the column that says how much each training sample counts (all alike)"),
      Option(
        "--class-weights", "NAME=W,…", "how much the samples of a class count, 1 where not named; or balanced (1)"),
      Option(
        "--scale", "NAME",
        "of numeric features: standard, minmax, robust, quantile or none (standard for tables, none for images)"),
      Option("--augment", "NAME", "random deformations of images, new in each epoch: none, affine or elastic (none)"),
      Option(
        "--optimizer", "NAME", "sgd, momentum, nesterov, rmsprop, adagrad, adam, adamw, rprop or lbfgs (adam)"),
      Option(
        "--learning-rate", "RATE",
        "(adam, adamw 0.001; sgd 0.1, for regression 0.01; others 0.01; rprop and lbfgs find their steps themselves)"),
      Option("--momentum", "SHARE", "of the velocity that is kept (0.9)"),
      Option("--beta1", "SHARE", "of adam's mean gradient that is kept (0.9)"),
      Option("--beta2", "SHARE", "of the mean square that is kept (adam, adamw 0.999; rmsprop 0.99)"),
      Option("--epsilon", "NUMBER", "added to the root of the squares (adam, adamw, rmsprop 1e-8; adagrad 1e-10)"),
      Option("--schedule", "NAME", "of the learning rate: \(scheduleHelp) (constant)"),
      Option("--warmup-epochs", "N", "in which the learning rate rises to its value (0)"),
      Option("--l1", "RATE", "adds RATE times the sum of the weights' magnitudes to the training loss (0)"),
      Option("--l2", "RATE", "adds RATE times half the sum of the weights' squares to the training loss (0)"),
      Option("--weight-decay", "RATE", "shrinks the parameters in each step, apart from the gradient (0; adamw 0.01)"),
      Option("--clip-norm", "NORM", "makes longer gradients as long as NORM (off)"),
      Option("--max-norm", "NORM", "of the weights into a unit: longer ones are scaled down (off)"),
      Option("--batch-size", "N", "samples in a step (128; rprop, lbfgs: all)"),
      Option(
        "--dropout", "P,…", "probability with which a hidden output is dropped, for all hidden layers or each (0)"),
      Option("--input-dropout", "P", "probability with which an input is dropped (0)"),
      Option("--label-smoothing", "SHARE", "of a target that is spread over all classes (0)"),
      Option("--epochs", "N", "times to go through the data (20; up to 1000 for small tables, about 1000 steps)"),
      Option("--ensemble", "N", "networks from N seeds, whose mean is the answer, in one file (1)"),
      Option("--threads", "N", "that share the work; the result does not depend on them (all that may be used)"),
    ]

  private static let scheduleHelp =
    "constant, step (a tenth after each third of the epochs), exponential (0.95 times every epoch), cosine, one-cycle"
    + " or plateau (half after four epochs in which the loss on the validation data, or without these the training"
    + " loss, did not fall)"

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
    loss = try arguments.choice("--loss", Self.names(Loss.allCases))
    if let loss, let output { try Self.check(loss, output) }
    let initializers = Self.names(Initializer.allCases).map { ($0.0, Optional($0.1)) }
    initializer = try arguments.choice("--init", [("auto", nil)] + initializers) ?? nil
    optimizer = try Self.optimizer(arguments)
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
    regularization = try Self.regularization(arguments)
    batchSize = try arguments.integer("--batch-size", in: 1...1_000_000)
    epochs = try arguments.integer("--epochs", in: 1...1_000_000)
    networkCount = try arguments.integer("--ensemble", in: networkCounts) ?? 1
    schedule = try Self.schedule(arguments)
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
        ("standard", .standard), ("minmax", .minMax), ("robust", .robust), ("quantile", .quantile),
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
        "--augment \(augmentation.rawValue) is for pixels as they are;"
          + " leave --scale \(preparation.inputScaling.method.rawValue.lowercased()) out")
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
        "\(output == .softmax ? "--output softmax" : "--loss cross-entropy") is for one target; several are classified"
          + " by --output sigmoid with --loss binary-cross-entropy, mse or quadratic")
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
          + " have \(parameters.fixed(0)) parameters, and training would take \(size(bytes)) of the \(size(memory)) of"
          + " memory that may be used; choose smaller layers")
    }
    if labelSmoothing > 0 && !loss.isForClasses {
      throw .usage("--label-smoothing is for --loss cross-entropy or binary-cross-entropy, found \(loss.rawValue)")
    }
    return (loss, .chain(sizes, hidden: activation, output: output, normalization: normalization, dropout: dropout))
  }

  private static let optimizers = [
    "sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw", "rprop", "lbfgs",
  ]
  private static let withRate = Array(optimizers.dropLast(2))

  /// The optimizer's name, after a check that the given options apply to it.
  private static func optimizerName(_ arguments: Arguments) throws(CommandError) -> String {
    let name = try arguments.choice("--optimizer", optimizers.map { ($0, $0) }) ?? "adam"
    let adams = ["adam", "adamw"]
    let uses = [
      ("--learning-rate", withRate), ("--momentum", ["momentum", "nesterov"]), ("--beta1", adams),
      ("--beta2", ["rmsprop"] + adams), ("--epsilon", ["rmsprop", "adagrad"] + adams), ("--schedule", withRate),
      ("--warmup-epochs", withRate), ("--weight-decay", withRate), ("--clip-norm", withRate),
      ("--l1", optimizers.dropLast()), ("--max-norm", optimizers.dropLast()),
    ]
    for (option, owners) in uses where arguments.string(option) != nil && !owners.contains(name) {
      throw .usage("\(option) is for --optimizer \(listed(owners)), found \(name)")
    }
    return name
  }

  private static func optimizer(_ arguments: Arguments) throws(CommandError) -> (Preparation.Task) -> Optimizer {
    let name = try optimizerName(arguments)
    let rate = try arguments.positive("--learning-rate")
    let momentum = try arguments.share("--momentum") ?? 0.9
    let beta1 = try arguments.share("--beta1") ?? 0.9
    let beta2 = try arguments.share("--beta2")
    let epsilon = try arguments.positive("--epsilon")
    let decay = try weightDecay(arguments, name)
    // If no rate is given, the largest default rate is used for the check.
    if decay * (rate ?? (name.hasPrefix("adam") ? 0.001 : 0.1)) >= 1 {
      throw .usage("--weight-decay: its product with the learning rate must be below 1")
    }
    return { task in
      switch name {
      case "sgd": .sgd(learningRate: rate ?? (task == .regression ? 0.01 : 0.1))
      case "momentum", "nesterov":
        .momentum(learningRate: rate ?? 0.01, momentum: momentum, nesterov: name == "nesterov")
      case "rmsprop": .rmsProp(learningRate: rate ?? 0.01, decay: beta2 ?? 0.99, epsilon: epsilon ?? 1e-8)
      case "adagrad": .adaGrad(learningRate: rate ?? 0.01, epsilon: epsilon ?? 1e-10)
      case "rprop": .rProp()
      case "lbfgs": .lbfgs()
      default:
        .adam(
          learningRate: rate ?? 0.001, beta1: beta1, beta2: beta2 ?? 0.999, epsilon: epsilon ?? 1e-8,
          weightDecay: decay)
      }
    }
  }

  private static func weightDecay(_ arguments: Arguments, _ optimizer: String) throws(CommandError) -> Double {
    try arguments.natural("--weight-decay") ?? (optimizer == "adamw" ? 0.01 : 0)
  }

  private static func regularization(_ arguments: Arguments) throws(CommandError) -> Regularization {
    let name = try optimizerName(arguments)
    return Regularization(
      l1: try arguments.natural("--l1") ?? 0, l2: try arguments.natural("--l2") ?? 0,
      // Adam has its own weight decay.
      weightDecay: name.hasPrefix("adam") ? 0 : try weightDecay(arguments, name),
      clipNorm: try arguments.positive("--clip-norm"), maxNorm: try arguments.positive("--max-norm"))
  }

  private static func schedule(
    _ arguments: Arguments
  ) throws(CommandError) -> (_ epochs: Int) throws(CommandError) -> Schedule {
    typealias Shape = (_ epochs: Int) -> Schedule.Shape
    let shapes: [(String, Shape)] = [
      ("constant", { _ in .constant }), ("step", { .step(every: ($0 + 2) / 3) }),
      ("exponential", { _ in .exponential() }),
      ("cosine", { .cosine(epochs: $0) }), ("one-cycle", { .oneCycle(epochs: $0) }), ("plateau", { _ in .plateau() }),
    ]
    let shape = try arguments.choice("--schedule", shapes) ?? { _ in .constant }
    let warmup = try arguments.integer("--warmup-epochs", in: 0...999_999) ?? 0
    if arguments.string("--schedule") == "one-cycle", warmup > 0 {
      throw .usage("--warmup-epochs: --schedule one-cycle warms up by itself; leave one of them out")
    }
    return { epochs throws(CommandError) in
      // The number of epochs may be derived from the data.
      _ = try arguments.integer("--warmup-epochs", in: 0...epochs - 1)
      return Schedule(shape(epochs), warmupEpochs: warmup)
    }
  }

  /// The number of epochs for this number of samples.
  ///
  /// If `--epochs` is not given, it is the number that makes about 1000 steps (200 for methods that use all samples in
  /// each step). It is at most the number of epochs that 1000 batches of the usual size take, and at least 20. Small
  /// tables need more than 20 epochs, and for large tables 20 are enough.
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
  private static func listed(_ names: [String]) -> String {
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
