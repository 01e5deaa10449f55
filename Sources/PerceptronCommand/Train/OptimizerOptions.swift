import Perceptron

/// The options that choose the optimizer, what it adds to the loss, and its schedules.
struct OptimizerOptions {
  /// The optimizer's name, if it was given.
  let name: String?
  private let arguments: Arguments

  private static let names = [
    "sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw", "lion", "rprop", "lbfgs",
  ]
  private static let withRate = Array(names.dropLast(2))

  private static let scheduleHelp =
    "constant, step (a tenth after each third of the epochs), exponential (times 0.95 every epoch), cosine, one-cycle,"
    + " coslog4 (four cycles of growing length), flat-cos (constant for half of the epochs, then a cosine) or plateau"
    + " (halved after four epochs in which the validation loss, or without validation data the training loss, did not"
    + " fall)"

  static let options: [Option] = [
    Option("--optimizer", "NAME", "\(TrainOptions.listed(names)) (adam)"),
    Option(
      "--learning-rate", "RATE",
      "(by the recipe: 0.04, for regression 0.2, with factors for each kind of parameter; otherwise adam, adamw 0.001;"
        + " lion 0.0001; sgd 0.1, for regression 0.01; others 0.01; rprop and lbfgs find their steps themselves)"),
    Option("--momentum", "SHARE", "share of the velocity that is kept (0.9)"),
    Option("--beta1", "SHARE", "share of the mean gradient in a step of adam, adamw or lion (0.9)"),
    Option(
      "--beta2", "SHARE",
      "share of the mean square that is kept (by the recipe: 0.95; otherwise adam, adamw 0.999; rmsprop 0.99), or of"
        + " lion's mean gradient (0.99)"),
    Option("--epsilon", "NUMBER", "added to the root of the squares (adam, adamw, rmsprop 1e-8; adagrad 1e-10)"),
    Option(
      "--rates", "NAME=F,…",
      "factors of the learning rate for kinds of parameters: root=yes divides the rate of weights by the root of the"
        + " number of inputs; biases, activations, scales, waves (by the recipe: root=yes, biases=0.1, activations=0.1,"
        + " scales=6, waves=0.1, unless --learning-rate is given; otherwise 1)"),
    Option(
      "--schedule", "NAME", "schedule of the learning rate: \(scheduleHelp) (by the recipe: coslog4; plain: constant)"),
    Option(
      "--dropout-schedule", "NAME",
      "schedule of the dropout: any but plateau (by the recipe: flat-cos; plain: constant)"),
    Option("--decay-schedule", "NAME", "the same for the weight decay (by the recipe: flat-cos; plain: constant)"),
    Option("--warmup-epochs", "N", "epochs in which the learning rate rises to its value (0)"),
    Option("--l1", "RATE", "adds RATE times the sum of the weights' magnitudes to the training loss (0)"),
    Option("--l2", "RATE", "adds RATE times half the sum of the weights' squares to the training loss (0)"),
    Option(
      "--weight-decay", "RATE",
      "shrinks the parameters in each step, apart from the gradient (by the recipe: 0.02; plain: 0; adamw"
        + " 0.01)"),
    Option(
      "--average", "SHARE",
      "the answers are those of a running mean of the parameters, of which each step keeps SHARE, such as 0.999 (off)"),
    Option("--clip-norm", "NORM", "scales a gradient with a larger norm down to NORM (off)"),
    Option("--max-norm", "NORM", "the largest norm of the weights into a unit; larger ones are scaled down (off)"),
  ]

  init(_ arguments: Arguments) throws(CommandError) {
    self.arguments = arguments
    name = try arguments.choice("--optimizer", Self.names.map { ($0, $0) })
    try checkUses()
    _ = try arguments.positive("--learning-rate")
    _ = try arguments.natural("--weight-decay")
    for option in ["--momentum", "--beta1", "--beta2"] { _ = try arguments.share(option) }
    for option in ["--epsilon", "--clip-norm", "--max-norm"] { _ = try arguments.positive(option) }
    for option in ["--l1", "--l2"] { _ = try arguments.natural(option) }
    if try arguments.share("--average") == 0 { throw .usage("--average: expected a number between 0 and 1, found 0") }
    _ = try rates()
  }

  /// Checks that the given options apply to the optimizer.
  private func checkUses() throws(CommandError) {
    let name = name ?? "adam"
    let adams = ["adam", "adamw"]
    let withMeans = adams + ["lion"]
    let withRate = Self.withRate
    let uses = [
      ("--learning-rate", withRate), ("--momentum", ["momentum", "nesterov"]), ("--beta1", withMeans),
      ("--beta2", ["rmsprop"] + withMeans), ("--epsilon", ["rmsprop", "adagrad"] + adams), ("--schedule", withRate),
      ("--warmup-epochs", withRate), ("--weight-decay", withRate), ("--decay-schedule", withRate),
      ("--rates", withRate), ("--clip-norm", withRate), ("--average", withRate), ("--l1", Self.names.dropLast()),
      ("--max-norm", Self.names.dropLast()),
    ]
    for (option, owners) in uses where arguments.string(option) != nil && !owners.contains(name) {
      throw .usage("\(option) is for --optimizer \(TrainOptions.listed(owners)), found \(name)")
    }
  }

  /// The optimizer for a task; nil if none was given. Plain SGD takes smaller steps for a regression, because squared
  /// errors of standardised targets are steeper than cross-entropies.
  func optimizer(_ task: Preparation.Task) throws(CommandError) -> Optimizer? {
    let rate = try arguments.positive("--learning-rate")
    let beta1 = try arguments.share("--beta1") ?? 0.9
    let (beta2, epsilon) = (try arguments.share("--beta2"), try arguments.positive("--epsilon"))
    switch name {
    case nil: return nil
    case "sgd": return .sgd(learningRate: rate ?? (task == .regression ? 0.01 : 0.1))
    case "momentum", "nesterov":
      return .momentum(
        learningRate: rate ?? 0.01, momentum: try arguments.share("--momentum") ?? 0.9, nesterov: name == "nesterov")
    case "rmsprop": return .rmsProp(learningRate: rate ?? 0.01, decay: beta2 ?? 0.99, epsilon: epsilon ?? 1e-8)
    case "adagrad": return .adaGrad(learningRate: rate ?? 0.01, epsilon: epsilon ?? 1e-10)
    case "lion": return .lion(learningRate: rate ?? 0.0001, beta1: beta1, beta2: beta2 ?? 0.99)
    case "rprop": return .rProp()
    case "lbfgs": return .lbfgs()
    default:
      return .adam(
        learningRate: rate ?? 0.001, beta1: beta1, beta2: beta2 ?? 0.999, epsilon: epsilon ?? 1e-8,
        weightDecay: try arguments.natural("--weight-decay") ?? (name == "adamw" ? 0.01 : 0))
    }
  }

  /// Changes a recipe to what was given.
  func apply(to recipe: inout Recipe, _ task: Preparation.Task) throws(CommandError) {
    if let optimizer = try optimizer(task) {
      (recipe.optimizer, recipe.rates) = (optimizer, .equal)
    } else if case .adam(let rate, let beta1, let beta2, let epsilon, let decay) = recipe.optimizer {
      let given = try arguments.positive("--learning-rate")
      // The recipe's factors belong to its rate.
      if given != nil { recipe.rates = .equal }
      recipe.optimizer = .adam(
        learningRate: given ?? rate, beta1: try arguments.share("--beta1") ?? beta1,
        beta2: try arguments.share("--beta2") ?? beta2, epsilon: try arguments.positive("--epsilon") ?? epsilon,
        weightDecay: decay)
    }
    if let rates = try rates() { recipe.rates = rates }
    var regularization = recipe.regularization
    // Adam has its own weight decay.
    if let decay = try arguments.natural("--weight-decay"), name?.hasPrefix("adam") != true {
      regularization.weightDecay = decay
    }
    regularization.l1 = try arguments.natural("--l1") ?? regularization.l1
    regularization.l2 = try arguments.natural("--l2") ?? regularization.l2
    regularization.clipNorm = try arguments.positive("--clip-norm") ?? regularization.clipNorm
    regularization.maxNorm = try arguments.positive("--max-norm") ?? regularization.maxNorm
    recipe.regularization = regularization
    recipe.averageDecay = try arguments.share("--average") ?? recipe.averageDecay
    let given = try schedules(recipe.epochs)
    recipe.schedule = given.rate ?? recipe.schedule
    recipe.dropoutSchedule = given.dropout ?? recipe.dropoutSchedule
    recipe.decaySchedule = given.decay ?? recipe.decaySchedule
  }

  /// Refuses options that would change nothing of the recipe that they belong to.
  func checkEffects(_ recipe: Recipe) throws(CommandError) {
    let kinds = arguments.string("--rates")?.split(separator: ",").map { $0.prefix { $0 != "=" } } ?? []
    let kindsInUse: [(kind: Substring, isUsed: Bool, remedy: String)] = [
      ("activations", recipe.isParametric, recipe.canBeParametric ? ", or add --parametric yes" : ""),
      ("scales", recipe.encoding != .none || recipe.categoryDimension != nil, ", or add --encode scales"),
      ("waves", recipe.encoding == .waves, ", or add --encode waves"),
    ]
    for (kind, isUsed, remedy) in kindsInUse where kinds.contains(kind) && !isUsed {
      throw .usage("--rates: there are no \(kind) to learn; leave \(kind) out\(remedy)")
    }
    if arguments.string("--dropout-schedule") != nil, recipe.inputDropout == 0, recipe.dropout.allSatisfy({ $0 == 0 }) {
      let remedy = recipe.hidden.isEmpty ? "--input-dropout" : "--dropout"
      throw .usage("--dropout-schedule: there is no dropout; leave it out, or add \(remedy)")
    }
    let decays = recipe.regularization.weightDecay > 0 || recipe.optimizer.name == "adamw"
    if arguments.string("--decay-schedule") != nil, !decays {
      throw .usage("--decay-schedule: there is no weight decay; leave it out, or add --weight-decay")
    }
  }

  /// `--rates`.
  private func rates() throws(CommandError) -> RateFactors? {
    guard let text = arguments.string("--rates") else { return nil }
    var rates = RateFactors.equal
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let value = pair.count == 2 ? Double(pair[1]).flatMap { $0 >= 0 && $0 <= 1000 ? $0 : nil } : nil
      switch (pair[0], value) {
      case ("root", _) where pair.count == 2 && ["yes", "no"].contains(pair[1]):
        rates.dividesByRootOfInputs = pair[1] == "yes"
      case ("biases", let value?): rates.biases = value
      case ("activations", let value?): rates.activationWeights = value
      case ("scales", let value?): rates.inputScales = value
      case ("waves", let value?): rates.waves = value
      default:
        throw .usage(
          "--rates: expected root=yes or root=no, or biases, activations, scales or waves = a number from 0 to 1000,"
            + " found \(String(part).debugDescription)")
      }
    }
    return rates
  }

  /// The schedules that were given, for a number of epochs.
  func schedules(_ epochs: Int) throws(CommandError) -> (rate: Schedule?, dropout: Schedule?, decay: Schedule?) {
    let shapes: [(String, Schedule.Shape)] = [
      ("constant", .constant), ("step", .step(every: (epochs + 2) / 3)), ("exponential", .exponential()),
      ("cosine", .cosine(epochs: epochs)), ("one-cycle", .oneCycle(epochs: epochs)),
      ("coslog4", .logCosine(epochs: epochs)), ("flat-cos", .flatCosine(epochs: epochs)), ("plateau", .plateau()),
    ]
    let shape = try arguments.choice("--schedule", shapes)
    // The number of epochs may be derived from the data.
    let warmup = try arguments.integer("--warmup-epochs", in: 0...epochs - 1)
    if arguments.string("--schedule") == "one-cycle", warmup ?? 0 > 0 {
      throw .usage("--warmup-epochs: --schedule one-cycle warms up by itself; leave one of them out")
    }
    let others = Array(shapes.dropLast())
    return (
      shape == nil && warmup == nil ? nil : Schedule(shape ?? .constant, warmupEpochs: warmup ?? 0),
      try arguments.choice("--dropout-schedule", others).map { Schedule($0) },
      try arguments.choice("--decay-schedule", others).map { Schedule($0) }
    )
  }
}
