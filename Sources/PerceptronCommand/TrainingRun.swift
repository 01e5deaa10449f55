import Perceptron

/// One run of `train`, from the files to the files.
struct TrainingRun<Scalar: BLASScalar> {
  private let options: TrainOptions
  private let team: Team
  private let data: TrainingData<Scalar>
  private let loss: Loss
  private let layers: [Dense]
  private let optimizer: Optimizer
  private let batchSize: Int
  /// Of each network.
  private let augmentations: [Augmentation?]
  private let patience: Int?
  /// DATA, as it was given.
  private let source: String
  /// Where the model is written.
  private let path: String?
  private let wantsBaseline: Bool
  private let wantsJSON: Bool
  private let checkpoints: CheckpointDirectory<Scalar>?

  /// Reads the options and the data; nothing is written where one of them is wrong.
  init(_ arguments: Arguments) throws {
    options = try TrainOptions(arguments)
    let sources = try TrainingSources(arguments)
    source = arguments.positional[0]
    patience = try arguments.integer("--early-stopping", in: 1...1_000_000)
    if patience != nil && !sources.hasValidation {
      throw CommandError.usage("--early-stopping needs --validation or --validation-split")
    }
    wantsBaseline = !arguments.flag("--no-baseline")
    wantsJSON = arguments.flag("--json")
    path = arguments.string("-o")
    if let path {
      try sources.check(output: path)
      try AtomicFile.checkWritable(path)
    }
    var checkpoints = try CheckpointDirectory<Scalar>(arguments, options)
    team = Team(workers: options.threads)
    data = try TrainingData(sources, options, team: team)
    try checkpoints?.check(data)
    self.checkpoints = checkpoints
    let preparation = data.preparation
    (loss, layers) = try options.layers(preparation)
    optimizer = options.optimizer(preparation.task)
    batchSize = try options.batchSize(optimizer, samples: data.samples.count)
    let options = options
    augmentations = try (0..<options.networkCount).map { try options.augmentation(preparation, ofNetwork: $0) }
  }

  func run() throws {
    if !options.isQuiet { announce() }
    let fits = try (0..<options.networkCount).map { try fit($0) }
    let trained = model(fits.map(\.network), record(fits))
    if let path { try trained.write(to: path) }
    let test = try data.test.map { try Evaluation(trained, $0, team, depth: .outputs) }
    for fit in fits {
      guard let best = fit.best, let validation = fit.validation, let epoch = fit.bestEpoch else { continue }
      try printLine("\(fit.title)validation \(validation.summary); best epoch \(epoch): \(best.summary)")
    }
    var summary = try summary(fits, trained, test)
    if isEnsemble, let validation = summary.validation { try printLine("validation \(validation.summary)") }
    if let test {
      try printLine("test \(test.summary)")
      try test.printOutputs()
    }
    if wantsBaseline {
      let judged = try test ?? Evaluation(trained, data.samples, team)
      let baseline = Baseline(trained, judged, fittedTo: data.samples, test: data.test, team)
      for line in baseline.lines { try printLine(line) }
      summary.baseline = baseline.figures
      if test == nil { summary.train.add(judged) }
    }
    if let path { try printLine("wrote \(path)") }
    if wantsJSON {
      try printLine(json(summary))
    } else if test == nil {
      try printLine("training loss \(trainingLoss(fits).short)")
    }
  }

  // MARK: Training

  /// What came of training.
  private struct Fit {
    /// What its lines begin with: which network it is, where there are several.
    let title: String
    let seed: UInt64
    let network: Network<Scalar>
    let reports: [EpochReport]
    /// After the last epoch, and after the best one.
    let validation, best: Evaluation?
    let bestEpoch: Int?
  }

  /// Trains the network with this number, counted from 0.
  private func fit(_ number: Int) throws -> Fit {
    let seed = options.seed(ofNetwork: number)
    let name = "network \(number + 1) of \(options.networkCount), seed \(seed)"
    if isEnsemble && !options.isQuiet { printError("\(name)\n") }
    let title = isEnsemble ? "\(name): " : ""
    var trainer = Trainer(
      options.network(layers, number: number) as Network<Scalar>, loss: loss, optimizer: optimizer,
      regularization: options.regularization, schedule: options.schedule, batchSize: batchSize,
      inputDropout: options.inputDropout, labelSmoothing: options.labelSmoothing,
      generator: Philox(seed: seed, stream: 1), team: team)
    let isResumed = try checkpoints?.restore(&trainer, ofNetwork: number) ?? false
    if let checkpoints, checkpoints.resumes, !options.isQuiet { announce(isResumed, trainer) }
    if checkpoints != nil { StopSignal.watch() }
    var progress = Progress(
      epochs: options.epochs, epochsBefore: trainer.epoch, samplesPerEpoch: data.samples.count,
      isQuiet: options.isQuiet)
    var validation = trainer.epoch > 0 ? validate(trainer.network) : nil
    var best = trainer.best.flatMap { best in
      var network = trainer.network
      (network.parameters, network.statistics) = (best.parameters, best.statistics)
      return validate(network)
    }
    var failure: DataError?
    do throws(Divergence) {
      try trainer.fit(
        on: data.samples, augmentation: augmentations[number], validation: data.validation, epochs: options.epochs,
        patience: patience,
        afterStep: { epoch, samplesDone in
          progress.update(epoch: epoch - 1, samplesDone: samplesDone)
          return StopSignal.received == nil
        },
        afterEpoch: { report, trainer in
          validation = validate(trainer.network)
          if report.isBest { best = validation }
          progress.endEpoch(
            report.epoch, loss: report.trainingLoss * data.preparation.lossUnit, validation: validation?.figure)
          guard let checkpoints, checkpoints.isDue(report.epoch) || isComplete(trainer) else { return true }
          do throws(DataError) { try checkpoints.write(trainer, ofNetwork: number) } catch { failure = error }
          return failure == nil
        })
    } catch {
      progress.interrupt()
      throw CommandError.badData("\(title)\(error)" + (path == nil ? "" : "; nothing was written"))
    }
    if checkpoints != nil { StopSignal.unwatch() }
    if let failure {
      progress.interrupt()
      throw failure
    }
    if let checkpoints, let signal = StopSignal.received {
      progress.interrupt()
      throw try interruption(signal, checkpoints, trainer, ofNetwork: number)
    }
    progress.finish()
    return Fit(
      title: title, seed: seed, network: trainer.network, reports: trainer.reports, validation: validation, best: best,
      bestEpoch: trainer.best?.epoch)
  }

  /// Nil without validation data; outputs that are not finite are the test's to complain about.
  private func validate(_ network: Network<Scalar>) -> Evaluation? {
    data.validation.flatMap { try? Evaluation(model([network]), $0, team) }
  }

  /// Whether no more epochs follow.
  private func isComplete(_ trainer: Trainer<Scalar>) -> Bool {
    trainer.epoch >= options.epochs || trainer.hasLostPatience(patience)
  }

  /// Keeps where a training was stopped by a signal, and says how to go on. That of a complete one was written with its last epoch.
  private func interruption(
    _ signal: Int32, _ checkpoints: CheckpointDirectory<Scalar>, _ trainer: Trainer<Scalar>, ofNetwork number: Int
  ) throws(DataError) -> Interruption {
    if !isComplete(trainer) { try checkpoints.write(trainer, ofNetwork: number) }
    return Interruption(
      signal: signal,
      message: "stopped after \(trainer.epoch) of \(options.epochs) epochs; the same command"
        + "\(checkpoints.resumes ? "" : " with --resume") goes on from there")
  }

  private var isEnsemble: Bool { options.networkCount > 1 }

  private func model(_ networks: [Network<Scalar>], _ training: [String: String] = [:]) -> Model<Scalar> {
    Model(networks: networks, loss: loss, preparation: data.preparation, training: training)
  }

  // MARK: What is said about it

  /// Says what is about to be learnt, and what was found out by itself.
  private func announce() {
    let what =
      switch data.preparation.outputs {
      case .classes(let names, let column): "classification\(column.map { " of \($0)" } ?? ""), \(names.count) classes"
      case .labels(let columns, _): "classification of \(columns.count) labels: \(columns.joined(separator: ", "))"
      case .values(let columns, _): "regression of \(columns.joined(separator: ", "))"
      }
    let sizes = ([layers[0].inputSize] + layers.map(\.outputSize)).map(String.init).joined(separator: "-")
    let others = data.validation.map { ", \($0.count) for validation" } ?? ""
    let network = isEnsemble ? "\(options.networkCount) networks" : "network"
    printError("\(what), \(data.samples.count) samples\(others), \(network) \(sizes)\n")
  }

  /// Says where training begins.
  private func announce(_ isResumed: Bool, _ trainer: Trainer<Scalar>) {
    printError(
      isResumed
        ? "going on after \(trainer.epoch) of \(options.epochs) epochs\n" : "no checkpoint there: training begins\n")
  }

  /// The loss of the last epoch, in the units of the data.
  private func trainingLoss(_ fit: Fit) -> Double { (fit.reports.last?.trainingLoss ?? 0) * data.preparation.lossUnit }

  /// The mean of the networks' losses of their last epochs.
  private func trainingLoss(_ fits: [Fit]) -> Double {
    fits.reduce(0) { $0 + trainingLoss($1) } / Double(fits.count)
  }

  /// What the model's file says about its training.
  private func record(_ fits: [Fit]) -> [String: String] {
    let epochs = fits.map { String($0.reports.count) }
    let seeds = fits.map { String($0.seed) }
    return [
      "data": source, "samples": "\(data.samples.count)", "optimizer": optimizer.name,
      "learning rate": optimizer.learningRate.map { "\($0)" } ?? "found in each step", "batch size": "\(batchSize)",
      "epochs": Set(epochs).count == 1 ? epochs[0] : epochs.joined(separator: ", "),
      "seed": isEnsemble ? "\(seeds[0]) to \(seeds.last!)" : seeds[0], "training loss": "\(trainingLoss(fits))",
      "version": version,
    ].merging(options.record) { $1 }
  }

  private func summary(_ fits: [Fit], _ trained: Model<Scalar>, _ test: Evaluation?) throws -> TrainingSummary {
    let reports = fits.flatMap(\.reports)
    let seconds = reports.reduce(0) { $0 + $1.seconds }
    let validation = isEnsemble ? try data.validation.map { try Evaluation(trained, $0, team) } : fits[0].validation
    return TrainingSummary(
      task: data.preparation.task.rawValue, parameters: trained.parameterCount, epochs: reports.count,
      seconds: seconds, samplesPerSecond: Double(data.samples.count * reports.count) / seconds,
      train: TrainingSummary.Training(loss: trainingLoss(fits)), validation: validation,
      bestEpoch: isEnsemble ? nil : fits[0].bestEpoch, best: isEnsemble ? nil : fits[0].best,
      members: isEnsemble ? fits.map(member) : nil, test: test, baseline: nil)
  }

  private func member(_ fit: Fit) -> TrainingSummary.Member {
    TrainingSummary.Member(
      seed: fit.seed, epochs: fit.reports.count, train: TrainingSummary.Training(loss: trainingLoss(fit)),
      validation: fit.validation, bestEpoch: fit.bestEpoch, best: fit.best)
  }
}
