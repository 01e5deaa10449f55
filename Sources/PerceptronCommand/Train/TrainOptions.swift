import Perceptron
import PerceptronFiles

/// The options of `train`. `gradcheck` uses those of the network.
struct TrainOptions {
  /// The probability of the prediction intervals; nil for none.
  let interval: Double?
  private let output: Activation?
  /// Nil for the task's own.
  let loss: Loss?
  /// The pieces of the recipe that were given.
  private(set) var pieces: RecipeOptions
  /// Cross-validation; nil for none.
  let folds: FoldOptions?
  /// Whether the answers for the held-out rows are written.
  let wantsPredictions: Bool
  /// The number of networks to train, each from its own seed; nil if it was not given. With folds, it is their number
  /// for each fold.
  private let givenNetworkCount: Int?
  /// Nil for all usable processors.
  let threads: Int?
  /// The seed of the first network; the next networks use the numbers after it.
  let seed: UInt64
  let task: Preparation.Task?
  let target: String?
  let sampleWeight: String?
  let classWeights: ClassWeightOption?
  let scaling: Scaling.Method?
  /// Whether predicted numbers stay within the range of the target in the training samples.
  let limitsAnswers: Bool
  /// The description of a table's columns.
  let columns: ColumnOptions
  private let augmentation: Augmentation.Kind?
  let isQuiet: Bool
  /// The other options that were given, for the model's file.
  private(set) var record: [String: String]

  /// The options that describe a network.
  static let networkOptions: [Option] =
    RecipeOptions.networkOptions + [
      Option(
        "--output", "NAME", "activation of the outputs: \(listed(outputActivations.map(\.rawValue))) (by task and loss)"
      ),
      Option(
        "--loss", "NAME",
        "\(listed(Loss.allCases.map(\.rawValue))), for any quantile between 0 and 1 and any power between 1 and 2"
          + " (cross-entropy, or mse for regression); poisson and tweedie are for counts, rates and amounts of 0 or"
          + " more"),
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
          + " ±3), quantile or none (by the recipe: smooth-clip or standard for tables, none for images)"),
      Option(
        "--clip-outputs", "NAME",
        "whether predicted numbers stay within the range of the target in the training samples: yes or no (no)"),
      Option("--augment", "NAME", "random deformations of images, new in each epoch: none, affine or elastic (none)"),
    ] + RecipeOptions.trainingOptions + [
      Option(
        "--quantiles", "LEVELS",
        "predict the quantiles of these ascending levels at once, such as 0.05,0.5,0.95, in place of one value (off)"),
      Option(
        "--interval", "LEVEL",
        "give each predicted number bounds that hold with this probability, such as 0.9, calibrated on the validation"
          + " samples (off)"),
      Option(
        "--ensemble", "N",
        "networks from N seeds, in one file; the answer is their mean (by the recipe: 4; plain: 1; with --folds: 1 for"
          + " each fold)"),
      Option("--threads", "N", "threads that share the work; the result does not depend on N (all that may be used)"),
    ]

  /// The options that the model's file records elsewhere, that its layers show, or that need not be recorded.
  private static let recordedApart: Set<String> = [
    "--hidden", "--activation", "--output", "--loss", "--normalization", "--seed", "--task", "--target", "--optimizer",
    "--learning-rate", "--batch-size", "--dropout", "--epochs", "--ensemble", "--threads", "--quantiles", "--interval",
  ]

  init(_ arguments: Arguments) throws(CommandError) {
    pieces = try RecipeOptions(arguments)
    output = try arguments.choice("--output", Self.names(Self.outputActivations))
    loss = try Self.loss(arguments)
    interval = arguments.string("--interval").flatMap { Double($0) }.flatMap { $0 > 0 && $0 < 1 ? $0 : nil }
    if interval == nil, let text = arguments.string("--interval") {
      throw .usage("--interval: expected a number above 0 and below 1, found \(text.debugDescription)")
    }
    if let loss, let output { try Self.check(loss, output) }
    folds = try FoldOptions(arguments)
    wantsPredictions = arguments.string("--predictions") != nil
    givenNetworkCount = try arguments.integer("--ensemble", in: networkCounts)
    if let folds, let givenNetworkCount, !networkCounts.contains(folds.count * givenNetworkCount) {
      throw .usage(
        "--ensemble: \(folds.count) folds of \(givenNetworkCount) networks are more than the"
          + " \(networkCounts.upperBound) networks of a model; choose fewer")
    }
    var record: [String: String] = [:]
    for option in Self.networkOptions + Self.trainingOptions + FoldOptions.options
    where !Self.recordedApart.contains(option.name) {
      record[String(option.name.dropFirst(2))] = arguments.string(option.name)
    }
    self.record = record
    threads = try arguments.integer("--threads", in: 1...1024)
    seed = UInt64(try arguments.integer("--seed", in: 0...(.max)) ?? 0)
    let task = try arguments.choice("--task", Self.names(Preparation.Task.allCases))
    if task == .classification, let loss { try Self.checkClassifies(loss) }
    // Counts of few different values are not classes.
    self.task = task ?? (loss?.isForNumbers == true ? .regression : nil)
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
    limitsAnswers = try arguments.choice("--clip-outputs", [("yes", true), ("no", false)]) ?? false
    augmentation =
      try arguments.choice(
        "--augment", [("none", nil)] + Self.names(Augmentation.Kind.allCases).map { ($0.0, Optional($0.1)) }) ?? nil
    var columns = try TableOptions.columns(arguments)
    columns.ignored += [folds?.columnName].compactMap(\.self)
    self.columns = columns
    isQuiet = arguments.flag("--quiet")
    try Self.checkRange(arguments)
  }

  /// Sets the number of shards, unless it is given.
  mutating func setShards(_ count: Int) {
    guard pieces.shards == nil else { return }
    pieces.setShards(count)
    if count > 1 { record["shards"] = "\(count)" }
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
    let shares = ["--momentum", "--beta1", "--beta2", "--input-dropout", "--label-smoothing", "--average"]
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

  /// The loss and the activation of the outputs for a task, checked against each other.
  func objective(
    _ task: Preparation.Task, areLabels: Bool = false
  ) throws(CommandError) -> (loss: Loss, output: Activation) {
    let (loss, output) = Recipe.objective(task, areLabels: areLabels, loss: self.loss, output: self.output)
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
    if task == .classification {
      try Self.checkClassifies(loss)
      if limitsAnswers { throw .usage("--clip-outputs yes is for numbers; leave it out, or use --task regression") }
    }
    if task == .regression && output == .softmax {
      throw .usage("--output softmax is for classification; use identity, sigmoid or tanh, or --task classification")
    }
    if pieces.labelSmoothing ?? 0 > 0 && !loss.isForClasses {
      throw .usage("--label-smoothing is for --loss cross-entropy or binary-cross-entropy, found \(loss.rawValue)")
    }
    return (loss, output)
  }

  /// The number of networks to train, each from its own seed.
  func networkCount(isTable: Bool) -> Int {
    folds.map { $0.count * (givenNetworkCount ?? 1) } ?? givenNetworkCount ?? pieces.networkCount(isTable: isTable)
  }

  private static func check(_ loss: Loss, _ output: Activation) throws(CommandError) {
    guard loss.accepts(output) else {
      let fitting = outputActivations.first(where: loss.accepts) ?? .identity
      throw .usage("--loss \(loss.rawValue) needs --output \(fitting.rawValue), found --output \(output.rawValue)")
    }
    // Other losses are for targets around 0.
    guard output != .exponential || loss.hasLogLink else {
      throw .usage("--output exponential needs --loss poisson or tweedie:1.5, found --loss \(loss.rawValue)")
    }
  }

  private static func checkClassifies(_ loss: Loss) throws(CommandError) {
    guard loss.isForNumbers else { return }
    let option = loss.levels.isEmpty ? "--loss \(loss.rawValue)" : "--quantiles"
    throw .usage("\(option) is for numbers; leave it out, or use --task regression")
  }

  /// The loss that `--loss` names, or the one of `--quantiles`; nil if neither is given.
  private static func loss(_ arguments: Arguments) throws(CommandError) -> Loss? {
    if let levels = arguments.string("--quantiles") {
      if arguments.string("--loss") != nil {
        throw .usage("--quantiles has a loss of its own; leave out --loss")
      }
      guard let loss = Loss(rawValue: "quantiles:\(levels)") else {
        throw .usage(
          "--quantiles: expected ascending numbers between 0 and 1, such as 0.05,0.5,0.95, found"
            + " \(levels.debugDescription)")
      }
      return loss
    }
    guard let text = arguments.string("--loss") else { return nil }
    if text.hasPrefix("quantiles:") { throw .usage("--loss: several quantiles are given by --quantiles") }
    if let loss = Loss(rawValue: text) { return loss }
    for (name, range) in [("quantile", "0 and 1"), ("tweedie", "1 and 2")] where text.hasPrefix("\(name):") {
      throw .usage("--loss: expected a number between \(range) after \(name):, found \(text.debugDescription)")
    }
    return try arguments.choice("--loss", names(Loss.allCases))
  }

  private static let outputActivations: [Activation] = [.identity, .sigmoid, .softmax, .tanh, .exponential]

  /// `a, b or c`.
  static func listed(_ names: [String]) -> String {
    names.dropLast().joined(separator: ", ") + " or " + names[names.count - 1]
  }

  static func names<Value: RawRepresentable<String>>(_ values: [Value]) -> [(String, Value)] {
    values.map { ($0.rawValue, $0) }
  }
}
