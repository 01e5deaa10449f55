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
      Option("--validation", "DATA", "evaluated after each epoch"),
      Option("--validation-labels", "FILE.npy", "the labels of --validation"),
      Option(
        "--early-stopping", "EPOCHS", "without a lower validation loss end training; the best epoch is kept (off)"),
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
    /// After the last epoch, and after the best one.
    let validation: Evaluation?
    let bestEpoch: Int?
    let best: Evaluation?
    let test: Evaluation?
    let baseline: Evaluation?

    private enum CodingKeys: String, CodingKey {
      case task, parameters, epochs, seconds, train, validation, best, test, baseline
      case bestEpoch = "best_epoch"
      case samplesPerSecond = "samples_per_second"
    }
  }

  private static func train<Scalar: BLASScalar>(_ arguments: Arguments, _: Scalar.Type) throws {
    let options = try TrainOptions(arguments)
    let source = try DataSource(try arguments.positional("DATA")[0], labels: arguments.string("--labels"))
    let testSource = try arguments.string("--test").map {
      try DataSource($0, labels: arguments.string("--test-labels"), option: "--test-labels")
    }
    let validationSource = try arguments.string("--validation").map {
      try DataSource($0, labels: arguments.string("--validation-labels"), option: "--validation-labels")
    }
    for name in ["--test", "--validation"]
    where arguments.string(name) == nil && arguments.string("\(name)-labels") != nil {
      throw CommandError.usage("\(name)-labels needs \(name)")
    }
    let patience = try arguments.integer("--early-stopping", in: 1...1_000_000)
    if patience != nil && validationSource == nil { throw CommandError.usage("--early-stopping needs --validation") }
    try source.requireLabels()
    try source.check(arguments)
    try testSource?.requireLabels(option: "--test-labels")
    try validationSource?.requireLabels(option: "--validation-labels")
    let path = arguments.string("-o")
    if let path {
      try source.check(output: path, .training)
      try testSource?.check(output: path, .test)
      try validationSource?.check(output: path, .test)
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
    func others(_ source: DataSource?) throws -> Samples<Scalar>? {
      try source.map {
        try RawData<Scalar>($0, part: .test, header: options.header, team: team).samples(preparation, team: team)
      }
    }
    let (testSamples, validationSamples) = (try others(testSource), try others(validationSource))

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
    func model(_ network: Network<Scalar>, _ training: [String: String] = [:]) -> Model<Scalar> {
      Model(network: network, loss: loss, preparation: preparation, training: training)
    }
    var (validation, best): (Evaluation?, Evaluation?)
    var reports: [EpochReport] = []
    do throws(Divergence) {
      reports = try trainer.fit(
        on: samples, augmentation: augmentation, validation: validationSamples, epochs: options.epochs,
        patience: patience,
        afterStep: { epoch, samplesDone in
          progress.update(epoch: epoch - 1, samplesDone: samplesDone)
          return true
        },
        afterEpoch: { report, trainer in
          // Outputs that are not finite are the test's to complain about.
          validation = validationSamples.flatMap { try? Evaluation(model(trainer.network), $0, team) }
          if report.isBest { best = validation }
          progress.endEpoch(report.epoch, loss: report.trainingLoss * unit, validation: validation?.figure)
          return true
        })
    } catch {
      progress.interrupt()
      throw CommandError.badData("\(error)" + (path == nil ? "" : "; nothing was written"))
    }
    progress.finish()
    let lastLoss = reports.last?.trainingLoss ?? 0
    let seconds = reports.reduce(0) { $0 + $1.seconds }

    let trained = model(
      trainer.network,
      [
        "data": arguments.positional[0], "samples": "\(samples.count)", "optimizer": optimizer.name,
        "learning rate": optimizer.learningRate.map { "\($0)" } ?? "found in each step",
        "batch size": "\(trainer.batchSize)",
        "epochs": "\(reports.count)",
        "seed": "\(options.seed)", "training loss": "\(lastLoss * unit)", "version": version,
      ].merging(options.record) { $1 })
    if let path { try trained.write(to: path) }
    let test = try testSamples.map { try Evaluation(trained, $0, team) }
    if let best, let validation, let epoch = trainer.best?.epoch {
      try printLine("validation \(validation.summary); best epoch \(epoch): \(best.summary)")
    }
    if let test { try printLine("test \(test.summary)") }
    var training = Summary.Training(loss: lastLoss * unit)
    var baseline: Baseline?
    if !arguments.flag("--no-baseline") {
      let judged = try test ?? Evaluation(trained, samples, team)
      baseline = Baseline(trained, judged, fittedTo: samples, test: testSamples, team)
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
            task: preparation.task.rawValue, parameters: trained.network.parameterCount, epochs: reports.count,
            seconds: seconds, samplesPerSecond: Double(samples.count * reports.count) / seconds,
            train: training, validation: validation, bestEpoch: trainer.best?.epoch, best: best, test: test,
            baseline: baseline?.figures)))
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
