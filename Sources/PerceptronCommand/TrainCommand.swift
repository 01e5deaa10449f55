import Perceptron

/// `perceptron train DATA -o MODEL`.
enum TrainCommand: Command {
  static let name = "train"
  static let usage = "perceptron train DATA [-o MODEL] [options]"
  static let summary = "train a network and write it"
  static let options =
    [
      Option("-o", "MODEL", "the file to write; without it the model is not kept"),
      Option("--labels", "FILE.npy", "the labels of DATA that is a .npy file: whole numbers are classes"),
      Option("--test", "DATA", "evaluated once, at the end"),
      Option("--test-labels", "FILE.npy", "the labels of --test"),
    ] + TrainOptions.networkOptions + TrainOptions.trainingOptions + TrainOptions.planned + [
      Option("--precision", "NAME", "float or double (float)"),
      Option("--no-baseline", nil, "no comparison with the linear model of least squares"),
      Option("--json", nil, "the last line of standard output is one JSON object"),
      Option("--quiet", nil, "no progress"),
    ]

  static func run(_ arguments: Arguments) throws {
    let isDouble = try arguments.choice("--precision", [("float", false), ("double", true)]) ?? false
    if isDouble { try train(arguments, Double.self) } else { try train(arguments, Float.self) }
  }

  /// What `--json` prints.
  private struct Summary: Encodable {
    struct Training: Encodable {
      let loss: Double
      // Where there are no test data.
      var accuracy: Double?
      var rmse: Double?
      var mae: Double?
      var r2: Double?
    }

    let task: String
    let parameters: Int
    let epochs: Int
    let seconds: Double
    let samplesPerSecond: Double
    let train: Training
    let test: Evaluation?
    let baseline: Evaluation?

    private enum CodingKeys: String, CodingKey {
      case task, parameters, epochs, seconds, train, test, baseline
      case samplesPerSecond = "samples_per_second"
    }
  }

  private static func train<Scalar: BLASScalar>(_ arguments: Arguments, _: Scalar.Type) throws {
    let options = try TrainOptions(arguments)
    let source = try DataSource(try arguments.positional("DATA")[0], labels: arguments.string("--labels"))
    let testSource = try arguments.string("--test").map {
      try DataSource($0, labels: arguments.string("--test-labels"), option: "--test-labels")
    }
    if testSource == nil && arguments.string("--test-labels") != nil {
      throw CommandError.usage("--test-labels needs --test")
    }
    try source.requireLabels()
    try source.check(arguments)
    try testSource?.requireLabels(option: "--test-labels")
    let path = arguments.string("-o")
    if let path {
      try source.check(output: path, .training)
      try testSource?.check(output: path, .test)
      try AtomicFile.checkWritable(path)
    }

    let team = Team(workers: options.threads)
    let data = try RawData<Scalar>(source, part: .training, header: options.header, team: team)
    let preparation = try prepare(data, options, team)
    let areLabels = if case .labels = preparation.outputs { true } else { false }
    let (loss, layers) = try options.layers(
      preparation.task, inputs: preparation.inputCount, outputs: preparation.outputCount, areLabels: areLabels)
    let augmentation = try options.augmentation(preparation)
    let samples = try data.samples(preparation, sampleWeight: options.sampleWeight, team: team)
    // Read before training, so that a wrong file costs no training.
    let testSamples = try testSource.map {
      try RawData<Scalar>($0, part: .test, header: options.header, team: team).samples(preparation, team: team)
    }

    let optimizer = options.optimizer(preparation.task)
    let batchSize = try options.batchSize(optimizer, samples: samples.count)
    if !arguments.flag("--quiet") { announce(data, preparation, samples.count, layers) }
    let unit = preparation.lossUnit
    var trainer = Trainer(
      options.network(layers) as Network<Scalar>, loss: loss, optimizer: optimizer,
      regularization: options.regularization, schedule: options.schedule, batchSize: batchSize,
      inputDropout: options.inputDropout, labelSmoothing: options.labelSmoothing,
      generator: Philox(seed: options.seed, stream: 1), team: team)
    var progress = Progress(
      epochs: options.epochs, samplesPerEpoch: samples.count, isQuiet: arguments.flag("--quiet"))
    var lastLoss = 0.0
    let start = ContinuousClock.now
    for epoch in 0..<options.epochs {
      do throws(Divergence) {
        let samples = augmentation?.applied(to: samples, epoch: epoch, team: team) ?? samples
        lastLoss = try trainer.runEpoch(on: samples) { progress.update(epoch: epoch, samplesDone: $0) }
      } catch {
        progress.interrupt()
        throw CommandError.badData("\(error)" + (path == nil ? "" : "; nothing was written"))
      }
      // Without validation data the training loss stands for theirs.
      trainer.note(validationLoss: lastLoss)
      progress.endEpoch(epoch + 1, loss: lastLoss * unit)
    }
    let seconds = seconds(since: start)

    let model = Model(
      network: trainer.network, loss: loss, preparation: preparation,
      training: [
        "data": arguments.positional[0], "samples": "\(samples.count)", "optimizer": optimizer.name,
        "learning rate": optimizer.learningRate.map { "\($0)" } ?? "found in each step",
        "batch size": "\(trainer.batchSize)",
        "epochs": "\(options.epochs)",
        "seed": "\(options.seed)", "training loss": "\(lastLoss * unit)", "version": version,
      ].merging(options.record) { $1 })
    if let path { try model.write(to: path) }
    let test = try testSamples.map { try Evaluation(model, $0, team) }
    if let test { try printLine("test \(test.summary)") }
    var training = Summary.Training(loss: lastLoss * unit)
    var baseline: Baseline?
    if !arguments.flag("--no-baseline") {
      let judged = try test ?? Evaluation(model, samples, team)
      baseline = Baseline(model, judged, fittedTo: samples, test: testSamples, team)
      for line in baseline!.lines { try printLine(line) }
      if test == nil {
        (training.accuracy, training.rmse, training.mae, training.r2) =
          (judged.accuracy, judged.rmse, judged.mae, judged.r2)
      }
    }
    if let path { try printLine("wrote \(path)") }
    if arguments.flag("--json") {
      try printLine(
        json(
          Summary(
            task: preparation.task.rawValue, parameters: model.network.parameterCount, epochs: options.epochs,
            seconds: seconds, samplesPerSecond: Double(samples.count * options.epochs) / seconds,
            train: training, test: test, baseline: baseline?.figures)))
    } else if test == nil {
      try printLine("training loss \((lastLoss * unit).short)")
    }
  }

  /// Says what is about to be learnt, and what was found out by itself.
  private static func announce<Scalar>(
    _ data: RawData<Scalar>, _ preparation: Preparation, _ samples: Int, _ layers: [Dense]
  ) {
    if case .table(let table) = data, table.line(ofRow: 0) > 1, table.columnNames.contains(where: { Double($0) != nil })
    {
      printError(
        "warning: \(table.path), line 1 is taken for the header though it holds numbers; --no-header if it is data\n")
    }
    let what =
      switch preparation.outputs {
      case .classes(let names, let column): "classification\(column.map { " of \($0)" } ?? ""), \(names.count) classes"
      case .labels(let columns, _): "classification of \(columns.count) labels: \(columns.joined(separator: ", "))"
      case .values(let columns, _): "regression of \(columns.joined(separator: ", "))"
      }
    let sizes = ([layers[0].inputSize] + layers.map(\.outputSize)).map(String.init).joined(separator: "-")
    printError("\(what), \(samples) samples, network \(sizes)\n")
  }

  private static func prepare<Scalar>(
    _ data: RawData<Scalar>, _ options: TrainOptions, _ team: Team
  ) throws -> Preparation {
    switch data {
    case .table(let table):
      return try Preparation(
        fittedOn: table, target: options.target, task: options.task, scaling: options.scaling ?? .standard,
        sampleWeight: options.sampleWeight, team: team, warn: printWarning)
    case .images(let images):
      if options.task == .regression { throw CommandError.usage("--task regression: images have classes") }
      if options.target != nil { throw CommandError.usage("--target is for tables; images have one label each") }
      return try Preparation(fittedOn: images, scaling: options.scaling ?? .none)
    }
  }
}
