import Perceptron

/// The options that choose the optimizer, what it adds to the loss, and its learning rate's schedule.
struct OptimizerOptions {
  /// The optimizer for a task, whose learning rate may depend on it.
  let optimizer: (Preparation.Task) -> Optimizer
  let regularization: Regularization
  /// The schedule for a number of epochs.
  let schedule: (_ epochs: Int) throws(CommandError) -> Schedule

  private static let names = [
    "sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw", "lion", "rprop", "lbfgs",
  ]
  private static let withRate = Array(names.dropLast(2))

  private static let scheduleHelp =
    "constant, step (a tenth after each third of the epochs), exponential (times 0.95 every epoch), cosine, one-cycle"
    + " or plateau (halved after four epochs in which the validation loss, or without validation data the training"
    + " loss, did not fall)"

  static let options: [Option] = [
    Option("--optimizer", "NAME", "\(TrainOptions.listed(names)) (adam)"),
    Option(
      "--learning-rate", "RATE",
      "(adam, adamw 0.001; lion 0.0001; sgd 0.1, for regression 0.01; others 0.01; rprop and lbfgs find their steps"
        + " themselves)"),
    Option("--momentum", "SHARE", "share of the velocity that is kept (0.9)"),
    Option("--beta1", "SHARE", "share of the mean gradient in a step of adam, adamw or lion (0.9)"),
    Option(
      "--beta2", "SHARE",
      "share of the mean square that is kept (adam, adamw 0.999; rmsprop 0.99), or of lion's mean gradient (0.99)"),
    Option("--epsilon", "NUMBER", "added to the root of the squares (adam, adamw, rmsprop 1e-8; adagrad 1e-10)"),
    Option("--schedule", "NAME", "schedule of the learning rate: \(scheduleHelp) (constant)"),
    Option("--warmup-epochs", "N", "epochs in which the learning rate rises to its value (0)"),
    Option("--l1", "RATE", "adds RATE times the sum of the weights' magnitudes to the training loss (0)"),
    Option("--l2", "RATE", "adds RATE times half the sum of the weights' squares to the training loss (0)"),
    Option("--weight-decay", "RATE", "shrinks the parameters in each step, apart from the gradient (0; adamw 0.01)"),
    Option("--clip-norm", "NORM", "scales a gradient with a larger norm down to NORM (off)"),
    Option("--max-norm", "NORM", "the largest norm of the weights into a unit; larger ones are scaled down (off)"),
  ]

  init(_ arguments: Arguments) throws(CommandError) {
    optimizer = try Self.optimizer(arguments)
    regularization = try Self.regularization(arguments)
    schedule = try Self.schedule(arguments)
  }

  /// The optimizer's name, after a check that the given options apply to it.
  private static func name(_ arguments: Arguments) throws(CommandError) -> String {
    let name = try arguments.choice("--optimizer", names.map { ($0, $0) }) ?? "adam"
    let adams = ["adam", "adamw"]
    let withMeans = adams + ["lion"]
    let uses = [
      ("--learning-rate", withRate), ("--momentum", ["momentum", "nesterov"]), ("--beta1", withMeans),
      ("--beta2", ["rmsprop"] + withMeans), ("--epsilon", ["rmsprop", "adagrad"] + adams), ("--schedule", withRate),
      ("--warmup-epochs", withRate), ("--weight-decay", withRate), ("--clip-norm", withRate),
      ("--l1", names.dropLast()), ("--max-norm", names.dropLast()),
    ]
    for (option, owners) in uses where arguments.string(option) != nil && !owners.contains(name) {
      throw .usage("\(option) is for --optimizer \(TrainOptions.listed(owners)), found \(name)")
    }
    return name
  }

  private static func optimizer(_ arguments: Arguments) throws(CommandError) -> (Preparation.Task) -> Optimizer {
    let name = try Self.name(arguments)
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
      case "lion": .lion(learningRate: rate ?? 0.0001, beta1: beta1, beta2: beta2 ?? 0.99)
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
    let name = try Self.name(arguments)
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
}
