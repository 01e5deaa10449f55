import Charts
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
  private let augmentation: Augmentation?
  private let patience: Int?
  /// DATA, as it was given.
  private let source: String
  private let outputs: TrainingOutputs
  private let wantsBaseline: Bool
  private let wantsJSON: Bool

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
    outputs = try TrainingOutputs(arguments, sources)
    team = Team(workers: options.threads)
    data = try TrainingData(sources, options, team: team)
    let preparation = data.preparation
    (loss, layers) = try options.layers(preparation)
    optimizer = options.optimizer(preparation.task)
    batchSize = try options.batchSize(optimizer, samples: data.samples.count)
    augmentation = try options.augmentation(preparation)
  }

  func run() throws {
    if !options.isQuiet { announce() }
    let fit = try fit()
    let trained = model(fit.network, record(fit))
    if let path = outputs.model { try trained.write(to: path) }
    let test = try data.test.map { try Evaluation(trained, $0, team) }
    if let best = fit.best, let validation = fit.validation, let epoch = fit.bestEpoch {
      try printLine("validation \(validation.summary); best epoch \(epoch): \(best.summary)")
    }
    if let test { try printLine("test \(test.summary)") }
    var summary = summary(fit, test)
    if wantsBaseline {
      let judged = try test ?? Evaluation(trained, data.samples, team)
      let baseline = Baseline(trained, judged, fittedTo: data.samples, test: data.test, team)
      for line in baseline.lines { try printLine(line) }
      summary.baseline = baseline.figures
      if test == nil { summary.train.add(judged) }
    }
    if let path = outputs.model { try printLine("wrote \(path)") }
    if let path = outputs.report {
      try AtomicFile.write(Array(report(trained, fit, summary).html().utf8), to: path)
      try printLine("wrote \(path)")
    }
    try fit.log?.finish()
    if wantsJSON {
      try printLine(json(summary))
    } else if test == nil {
      try printLine("training loss \(summary.train.loss.short)")
    }
  }

  // MARK: Training

  /// What came of training.
  private struct Fit {
    let network: Network<Scalar>
    let reports: [EpochReport]
    let records: [EpochRecord]
    let log: TrainingLog?
    /// After the last epoch, and after the best one.
    let validation, best: Evaluation?
    let bestEpoch: Int?
  }

  private func fit() throws -> Fit {
    let log = try outputs.log.map {
      try TrainingLog($0, data.preparation.task, hasValidation: data.validation != nil)
    }
    var trainer = Trainer(
      options.network(layers) as Network<Scalar>, loss: loss, optimizer: optimizer,
      regularization: options.regularization, schedule: options.schedule, batchSize: batchSize,
      inputDropout: options.inputDropout, labelSmoothing: options.labelSmoothing,
      generator: Philox(seed: options.seed, stream: 1), team: team)
    var progress = Progress(epochs: options.epochs, samplesPerEpoch: data.samples.count, isQuiet: options.isQuiet)
    var (validation, best): (Evaluation?, Evaluation?)
    let reports: [EpochReport]
    var records: [EpochRecord] = []
    do throws(Divergence) {
      reports = try trainer.fit(
        on: data.samples, augmentation: augmentation, validation: data.validation, epochs: options.epochs,
        patience: patience,
        afterStep: { epoch, samplesDone in
          progress.update(epoch: epoch - 1, samplesDone: samplesDone)
          return true
        },
        afterEpoch: { report, trainer in
          // Outputs that are not finite are the test's to complain about.
          validation = data.validation.flatMap { try? Evaluation(model(trainer.network), $0, team) }
          if report.isBest { best = validation }
          let record = EpochRecord(report, lossUnit: data.preparation.lossUnit, validation: validation)
          records.append(record)
          log?.append(record)
          progress.endEpoch(record.epoch, loss: record.trainingLoss, validation: validation?.figure)
          return true
        })
    } catch {
      progress.interrupt()
      throw CommandError.badData("\(error)" + (outputs.model == nil ? "" : "; nothing was written"))
    }
    progress.finish()
    return Fit(
      network: trainer.network, reports: reports, records: records, log: log, validation: validation, best: best,
      bestEpoch: trainer.best?.epoch)
  }

  private func model(_ network: Network<Scalar>, _ training: [String: String] = [:]) -> Model<Scalar> {
    Model(network: network, loss: loss, preparation: data.preparation, training: training)
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
    printError("\(what), \(data.samples.count) samples\(others), network \(sizes)\n")
  }

  /// The loss of the last epoch, in the units of the data.
  private func trainingLoss(_ fit: Fit) -> Double { (fit.reports.last?.trainingLoss ?? 0) * data.preparation.lossUnit }

  /// What the model's file says about its training.
  private func record(_ fit: Fit) -> [String: String] {
    [
      "data": source, "samples": "\(data.samples.count)", "optimizer": optimizer.name,
      "learning rate": optimizer.learningRate.map { "\($0)" } ?? "found in each step", "batch size": "\(batchSize)",
      "epochs": "\(fit.reports.count)", "seed": "\(options.seed)", "training loss": "\(trainingLoss(fit))",
      "version": version,
    ].merging(options.record) { $1 }
  }

  private func report(_ trained: Model<Scalar>, _ fit: Fit, _ summary: TrainingSummary) throws -> TrainingReport<Scalar>
  {
    let (judged, name) =
      data.test.map { ($0, "test") } ?? data.validation.map { ($0, "validation") } ?? (data.samples, "training")
    typealias Row = TrainingReport<Scalar>.Row
    var rows = try [Row(name: name, evaluation: summary.test ?? Evaluation(trained, judged, team))]
    if let baseline = summary.baseline {
      rows.append(Row(name: "linear model, \(data.test == nil ? "training" : "test")", evaluation: baseline))
    }
    if let best = fit.best, let bestEpoch = fit.bestEpoch, let last = fit.validation {
      let lastEpoch = fit.reports.count
      // The network that is kept has its row where it is judged by validation data.
      let judgedEpoch = data.test != nil ? nil : patience != nil ? bestEpoch : lastEpoch
      if bestEpoch != judgedEpoch { rows.append(Row(name: "validation, best epoch", evaluation: best)) }
      if lastEpoch != judgedEpoch && lastEpoch != bestEpoch {
        rows.append(Row(name: "validation, last epoch", evaluation: last))
      }
    }
    let record = record(fit).merging([
      "threads": "\(options.threads)", "training loss": trainingLoss(fit).short,
    ]) { $1 }
    return TrainingReport(
      model: trained, source: source, sampleCount: data.samples.count, records: fit.records, judged: judged,
      judgedName: name, rows: rows,
      facts: record.filter { $0.key != "version" }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, team: team)
  }

  private func summary(_ fit: Fit, _ test: Evaluation?) -> TrainingSummary {
    let seconds = fit.reports.reduce(0) { $0 + $1.seconds }
    return TrainingSummary(
      task: data.preparation.task.rawValue, parameters: fit.network.parameterCount, epochs: fit.reports.count,
      seconds: seconds, samplesPerSecond: Double(data.samples.count * fit.reports.count) / seconds,
      train: TrainingSummary.Training(loss: trainingLoss(fit)), validation: fit.validation, bestEpoch: fit.bestEpoch,
      best: fit.best, test: test, baseline: nil)
  }
}
