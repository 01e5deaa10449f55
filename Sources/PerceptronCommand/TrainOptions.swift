import Perceptron

/// What `train` was asked for; `gradcheck` takes the network's part of it.
struct TrainOptions {
  let hidden: [Int]
  let activation: Activation
  private let output: Activation?
  private let loss: Loss?
  private let initializer: Initializer?
  /// The optimizer for a task: squared errors of standardised targets are steeper than cross-entropies, so plain SGD takes smaller steps.
  let optimizer: (_ task: Preparation.Task) -> Optimizer
  let batchSize: Int
  let epochs: Int
  let threads: Int
  let seed: UInt64
  let task: Preparation.Task?
  let target: String?
  let sampleWeight: String?
  let scaling: Scaling.Method?
  let header: Table.Header

  /// The options that describe a network.
  static let networkOptions: [Option] = [
    Option("--hidden", "128,64", "sizes of the hidden layers; empty for a linear model (128)"),
    Option("--activation", "NAME", "of the hidden layers: relu, tanh, sigmoid or identity (relu)"),
    Option("--output", "NAME", "activation of the outputs: identity, sigmoid, softmax or tanh (by task and loss)"),
    Option(
      "--loss", "NAME", "cross-entropy, binary-cross-entropy, mse or quadratic (cross-entropy, or mse for regression)"),
    Option(
      "--init", "NAME",
      "auto, he-normal, he-uniform, glorot-normal, glorot-uniform, normal (biases too) or orthogonal (auto: by activation)"
    ),
    Option("--seed", "N", "chooses the random numbers (0)"),
  ]

  /// The options that describe training.
  static let trainingOptions: [Option] =
    [
      Option("--task", "NAME", "classification or regression (inferred from the target)"),
      Option("--target", "NAME", "the target's name or 1-based number, or several: a,b (the last column)"),
      Option("--header", nil, "the first row is a header (found out by itself)"),
      Option("--no-header", nil, "the first row is data"),
      Option(
        "--scale", "NAME",
        "of numeric features: standard, minmax, robust, quantile or none (standard for tables, none for images)"),
      Option("--optimizer", "NAME", "sgd, momentum, nesterov, adam or adamw (adam)"),
      Option("--learning-rate", "RATE", "(adam, adamw 0.001; momentum, nesterov 0.01; sgd 0.1, for regression 0.01)"),
      Option("--momentum", "SHARE", "of the velocity that is kept (0.9)"),
      Option("--beta1", "SHARE", "of adam's mean gradient that is kept (0.9)"),
      Option("--beta2", "SHARE", "of adam's mean square that is kept (0.999)"),
      Option("--epsilon", "NUMBER", "added to adam's root (1e-8)"),
      Option("--weight-decay", "RATE", "adamw's, decoupled from the gradient (0.01)"),
      Option("--batch-size", "N", "samples in a step (128)"),
      Option("--epochs", "N", "times to go through the data (20)"),
      Option("--threads", "N", "that share the work; the result does not depend on them (all that may be used)"),
    ]

  /// The options that are not built yet.
  static let planned = Option.planned(
    "--validation", "--validation-split", "--schedule", "--warmup-epochs", "--l1", "--l2", "--dropout",
    "--input-dropout",
    "--max-norm", "--clip-norm", "--label-smoothing", "--normalization", "--class-weights", "--sample-weight",
    "--early-stopping", "--augment", "--ensemble", "--checkpoint", "--checkpoint-every", "--resume", "--report",
    "--log")

  init(_ arguments: Arguments, defaultHidden: String = "128") throws(CommandError) {
    hidden = try Self.sizes(arguments.string("--hidden") ?? defaultHidden)
    activation =
      try arguments.choice(
        "--activation", Self.names(Activation.allCases.filter { $0 != .softmax }),
        planned: ["leaky-relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "softsign"]) ?? .relu
    output = try arguments.choice("--output", Self.names([Activation.identity, .sigmoid, .softmax, .tanh]))
    loss = try arguments.choice("--loss", Self.names(Loss.allCases), planned: ["mae", "huber"])
    if let loss, let output { try Self.check(loss, output) }
    let initializers = Self.names(Initializer.allCases).map { ($0.0, Optional($0.1)) }
    initializer = try arguments.choice("--init", [("auto", nil)] + initializers, planned: ["lecun-normal"]) ?? nil
    optimizer = try Self.optimizer(arguments)
    batchSize = try arguments.integer("--batch-size", in: 1...1_000_000) ?? 128
    epochs = try arguments.integer("--epochs", in: 1...1_000_000) ?? 20
    threads = try arguments.integer("--threads", in: 1...1024) ?? usableProcessorCount()
    seed = UInt64(try arguments.integer("--seed", in: 0...(.max)) ?? 0)
    task = try arguments.choice("--task", Self.names(Preparation.Task.allCases))
    target = arguments.string("--target")
    sampleWeight = arguments.string("--sample-weight")
    scaling = try arguments.choice(
      "--scale",
      [
        ("standard", .standard), ("minmax", .minMax), ("robust", .robust), ("quantile", .quantile),
        ("none", Scaling.Method.none),
      ])
    header = try headerMode(arguments)
  }

  /// The loss and the layers for a task, checked against each other. Several labels are questions of their own.
  func layers(
    _ task: Preparation.Task, inputs: Int, outputs: Int, areLabels: Bool = false
  ) throws(CommandError) -> (loss: Loss, layers: [Dense]) {
    let defaultOutput = areLabels ? Activation.sigmoid : nil
    let loss = self.loss ?? Self.defaultLoss(task, self.output ?? defaultOutput)
    let output = self.output ?? defaultOutput ?? Self.defaultOutput(task, loss)
    if areLabels && (loss == .crossEntropy || output == .softmax) {
      throw .usage(
        "\(output == .softmax ? "--output softmax" : "--loss cross-entropy") is for one target; several are classified by"
          + " --output sigmoid with --loss binary-cross-entropy, mse or quadratic")
    }
    try Self.check(loss, output)
    if task == .regression && (loss == .crossEntropy || loss == .binaryCrossEntropy) {
      throw .usage("--loss \(loss.rawValue) is for classification; use mse or quadratic, or --task classification")
    }
    if task == .regression && output == .softmax {
      throw .usage("--output softmax is for classification; use identity, sigmoid or tanh, or --task classification")
    }
    let sizes = [inputs] + hidden + [outputs]
    let parameters = zip(sizes, sizes.dropFirst()).reduce(0.0) { $0 + (Double($1.0) + 1) * Double($1.1) }
    let memory = physicalMemory()
    guard parameters * 8 < memory else {
      throw .usage(
        "--hidden: the network would have \(parameters.fixed(0)) parameters, which do not fit this machine's memory of "
          + "\((memory / 1e9).fixed(0)) GB; choose smaller layers")
    }
    return (loss, .chain(sizes, hidden: activation, output: output))
  }

  private static func optimizer(_ arguments: Arguments) throws(CommandError) -> (Preparation.Task) -> Optimizer {
    let names = ["sgd", "momentum", "nesterov", "adam", "adamw"]
    let name =
      try arguments.choice("--optimizer", names.map { ($0, $0) }, planned: ["rmsprop", "adagrad", "rprop", "lbfgs"])
      ?? "adam"
    let uses = [
      "--momentum": ["momentum", "nesterov"], "--beta1": ["adam", "adamw"], "--beta2": ["adam", "adamw"],
      "--epsilon": ["adam", "adamw"], "--weight-decay": ["adamw"],
    ]
    for (option, owners) in uses.sorted(by: { $0.key < $1.key })
    where arguments.string(option) != nil && !owners.contains(name) {
      throw .usage("\(option) is for --optimizer \(owners.joined(separator: " or ")), found \(name)")
    }
    let rate = try arguments.positive("--learning-rate")
    let momentum = try arguments.share("--momentum") ?? 0.9
    let (beta1, beta2) = (try arguments.share("--beta1") ?? 0.9, try arguments.share("--beta2") ?? 0.999)
    let epsilon = try arguments.positive("--epsilon") ?? 1e-8
    let decay = try arguments.positive("--weight-decay") ?? 0.01
    if name == "adamw" && decay * (rate ?? 0.001) >= 1 {
      throw .usage("--weight-decay: its product with the learning rate must be below 1")
    }
    return { task in
      switch name {
      case "sgd": .sgd(learningRate: rate ?? (task == .regression ? 0.01 : 0.1))
      case "momentum", "nesterov":
        .momentum(learningRate: rate ?? 0.01, momentum: momentum, nesterov: name == "nesterov")
      default:
        .adam(
          learningRate: rate ?? 0.001, beta1: beta1, beta2: beta2, epsilon: epsilon,
          weightDecay: name == "adamw" ? decay : 0)
      }
    }
  }

  /// The network before training. Its random numbers are the seed's first stream, the order of the samples its second.
  func network<Scalar: BLASScalar>(_ layers: [Dense]) -> Network<Scalar> {
    var generator = Philox(seed: seed)
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
    case .quadratic, .meanSquaredError: task == .classification ? .softmax : .identity
    }
  }

  private static func names<Value: RawRepresentable<String>>(_ values: [Value]) -> [(String, Value)] {
    values.map { ($0.rawValue, $0) }
  }

  private static func sizes(_ text: String) throws(CommandError) -> [Int] {
    guard !text.isEmpty else { return [] }
    return try text.split(separator: ",", omittingEmptySubsequences: false).map { field throws(CommandError) in
      guard let size = Int(field), (1...1_000_000).contains(size) else {
        throw .usage("--hidden: expected whole numbers from 1 to 1000000, found \(text.debugDescription)")
      }
      return size
    }
  }
}
