import Perceptron
import PerceptronFiles

/// One run of `train`, from the input files to the output files.
struct TrainingRun<Scalar: BLASScalar> {
  let options: TrainOptions
  /// All processes of the run.
  let processes: Processes
  /// The processes that share each step: all, or this one alone if there are networks for each.
  let stepProcesses: Processes
  let team: Team
  let data: TrainingData<Scalar>
  /// The features of some training samples, evenly spread, for which a model is asked before it is written.
  let asked: Matrix<Scalar>
  /// Nil without validation samples.
  let heldOut: HeldOut<Scalar>?
  let loss: Loss
  /// The activation of the outputs.
  let output: Activation
  let recipeName: RecipeOptions.Name
  let recipe: Recipe
  /// Nil if there is one recipe.
  let search: SearchOptions?
  /// The time of a search; nil if its trials are counted.
  let time: SearchTime?
  /// Whether the networks of the model are trained again, on the validation samples, too.
  let refits: Bool
  /// The number of networks to train by each recipe, each from its own seed.
  let networkCount: Int
  /// The largest number of recipes to try.
  let trialCount: Int
  /// The augmentation of each network's samples; nil for none.
  let augmentations: [Augmentation?]
  let patience: Int?
  /// Nil without the option.
  let calibration: CalibrateOption?
  /// The DATA argument as given.
  let source: String
  let outputs: TrainingOutputs
  let wantsBaseline: Bool
  let wantsJSON: Bool
  let checkpoints: CheckpointDirectory<Scalar>?

  /// What all processes must have in common, by name.
  let facts: [String: String]

  /// Reads the options and the data. Nothing is written if one of them is wrong.
  init(_ arguments: Arguments, _ shared: SharedRun) throws {
    let start = ContinuousClock.now
    var options = try TrainOptions(arguments)
    processes = shared.processes
    let sources = try TrainingSources(arguments)
    if processes.count > 1, sources.includeStandardInput {
      throw CommandError.usage(
        "- is given, and only one of \(processes.count) processes gets standard input; name a file")
    }
    // What the processes do together depends on their options.
    try processes.check(Self.facts(arguments))
    if sources.areShared, options.pieces.isFullBatch {
      throw CommandError.usage(
        "--shard-data and --optimizer \(arguments.string("--optimizer") ?? "") exclude each other: each step takes all"
          + " samples")
    }
    source = arguments.positional[0]
    patience = try arguments.integer("--early-stopping", in: 1...1_000_000)
    calibration = try CalibrateOption(arguments)
    let refit = try RefitOption(arguments, options)
    wantsBaseline = !arguments.flag("--no-baseline")
    wantsJSON = arguments.flag("--json")
    outputs = try TrainingOutputs(arguments, sources, areWritten: processes.isFirst)
    networkCount = options.networkCount(isTable: sources.training.isTabular)
    let search = try SearchOptions(
      arguments, options.pieces, isTable: sources.training.isTabular, networkCount: networkCount)
    (self.search, trialCount) = (search, search?.trialCount(networks: networkCount) ?? 1)
    stepProcesses = sources.areShared || networkCount * trialCount < processes.count ? processes : .alone
    options.setShards(shared.shardsOfCheckpoint ?? stepProcesses.count)
    self.options = options
    var checkpoints = try CheckpointDirectory<Scalar>(
      arguments, networkCount: networkCount * trialCount, shards: options.pieces.shards ?? 1, processes, stepProcesses)
    for (option, path) in outputs.files where checkpoints?.owns(path) == true {
      throw CommandError.usage("\(option) \(path) is the file of --checkpoint; name another file")
    }
    team = try makeTeam(threads: options.threads, processors: shared.threads)
    // This detects a BLAS library that computes wrong results now, rather than after the training.
    _ = BLAS.current
    let (networkCount, processes, team) = (networkCount, processes, team)
    try sources.checkCache()
    let (data, heldOut) = try MatrixFiles.keep(in: sources.cache) {
      let data = try TrainingData<Scalar>(
        sources, options, networkCount: networkCount, isSearch: search != nil, processes, team: team)
      return (data, data.validation.map { HeldOut($0) } ?? HeldOut(of: data.samples, data.splits))
    }
    (self.data, self.heldOut) = (data, heldOut)
    asked = data.samples.features(of: data.samples.spreadIndices(TableFitError.mostAsked))
    let preparation = data.preparation
    if patience != nil && !data.hasValidation {
      throw CommandError.usage("--early-stopping needs --validation, --validation-split or --folds")
    }
    if options.interval != nil && !data.hasValidation {
      throw CommandError.usage("--interval needs --validation, --validation-split or --folds")
    }
    if outputs.predictions != nil && data.splits.isEmpty {
      throw CommandError.usage("--predictions needs rows of DATA that are held out; add --folds or --validation-split")
    }
    (loss, output) = try options.objective(preparation.task, areLabels: preparation.outputs.areLabels)
    try calibration?.check(preparation.task, loss, validation: heldOut?.samples)
    try Self.checkInterval(options, loss, data)
    recipeName = options.pieces.name(isTable: sources.training.isTabular)
    try options.pieces.checkSelection(stopsEarly: patience != nil, hasValidation: data.hasValidation)
    var recipe = try options.pieces.recipe(
      preparation.task, loss, isTable: sources.training.isTabular, samples: data.trainingCount)
    if !data.hasValidation || patience != nil && recipe.selection == .cycle { recipe.selection = nil }
    self.recipe = recipe
    if sources.areShared, outputs.report != nil, heldOut == nil, data.test == nil {
      throw CommandError.usage("--report with --shard-data needs --test, --validation or --validation-split")
    }
    guard stepProcesses.count <= recipe.shards else {
      throw CommandError.usage(
        "\(processes.count) processes share each step, and each needs a shard, found \(recipe.shards);"
          + " start fewer processes\(shared.shardsOfCheckpoint == nil ? ", or choose more --shards" : "")")
    }
    refits = try refit.isWanted(options, sources, data, recipe, isSearch: search != nil, processes)
    time = search?.time(from: start, refits: refits)
    if search != nil, heldOut == nil {
      throw CommandError.badData(
        "--auto chooses by validation data, and there are none: "
          + (sources.hasNoShare
            ? "--validation-split is 0; give another share, or --validation"
            : "\(data.samples.count) samples are too few to divide; give --validation"))
    }
    if let excess = data.excess(of: recipe, networks: networkCount, output: output, stepProcesses, team) {
      throw CommandError.usage("--hidden: \(excess); choose smaller layers")
    }
    augmentations =
      try search == nil ? (0..<networkCount).map { try options.augmentation(preparation, ofNetwork: $0) } : []
    let fingerprint = checkpoints == nil && processes.count == 1 ? "" : data.fingerprint
    // A trial may have twice as many.
    try checkpoints?.prepare(
      for: fingerprint, epochs: recipe.epochs, atMost: search == nil ? recipe.epochs : 2 * recipe.epochs,
      recipe.schedule)
    self.checkpoints = checkpoints
    facts =
      processes.count == 1
      ? [:]
      : Self.facts(arguments).merging([
        "--shards": "\(recipe.shards)", "--epochs": "\(recipe.epochs)", "--trials": "\(trialCount)",
        "data": fingerprint,
      ]) { $1 }
  }

  /// What all processes must have in common before they read any data.
  private static func facts(_ arguments: Arguments) -> [String: String] {
    CheckpointDirectory<Scalar>.options(arguments, shards: 1).merging([
      "version": version, "kernels": kernelNames(), "--precision": Scalar.self == Double.self ? "double" : "float",
      "--minutes": arguments.string("--minutes") ?? "none", "--refit": arguments.string("--refit") ?? "none",
      "--task": arguments.string("--task") ?? "none",
      "--interval": arguments.string("--interval") ?? "none", "--shards": arguments.string("--shards") ?? "none",
      "--validation": arguments.string("--validation") == nil ? "off" : "on",
      "--predictions": arguments.string("--predictions") == nil ? "off" : "on",
      "--checkpoint": arguments.string("--checkpoint") == nil ? "off" : "on",
      "--checkpoint-every": arguments.string("--checkpoint-every") ?? "1",
    ]) { $1 }
  }

  func run() throws {
    try processes.together { try checkpoints?.checkAccess() }
    let machines = processes.count > 1 ? processes.machines(threads: team.workerCount) : []
    if !options.isQuiet { announce(machines) }
    let log = try processes.together {
      try processes.isFirst
        ? outputs.log.map {
          try TrainingLog(
            $0, data.preparation.task, networks: networkCount * trialCount, hasValidation: data.hasValidation)
        } : nil
    }
    // The others wait to hear whether everything was written.
    try processes.together {
      let found = try processes.together {
        try search == nil ? fitAll(log).map { Found(fits: $0[0].fits) } : searched(log)
      }
      let refit = try refitted(found)
      if let found { try finish(found, refit, machines, log) }
    }
  }

  /// Writes the files and says what came out.
  ///
  /// - Parameter refit: The networks that were trained again, if any.
  private func finish(
    _ found: Found<Scalar>, _ refit: Refit<Scalar>, _ machines: [Machine], _ log: TrainingLog?
  ) throws {
    let outcome = try outcome(found, refit)
    if let path = outputs.model {
      try checkAnswers(outcome.written)
      try outcome.written.write(to: path)
    }
    let test = try data.test.map { try Evaluation(outcome.written, $0, team, depth: .outputs) }
    let folds = try foldMetrics(outcome.chosen)
    try printTraining(found, folds)
    // A pass over the validation samples, which only some of the outputs below need.
    lazy var validated = heldOut.map { Judged(outcome.chosen, $0, team) }
    let isMean = isEnsemble || outcome.calibration != nil
    let validation = try isMean ? validated?.evaluation(of: outcome.chosen) : found.fits[0].validation
    var summary = summary(outcome, validation, test, folds)
    try printValidation(outcome, validation)
    if let test {
      try printLine("test \(test.summary)")
      try test.printOutputs()
    }
    // These evaluations take a pass over the samples, and only some of the outputs below need them.
    let hasTraining = data.samples.holders == nil
    let needsTraining = hasTraining && data.test == nil && heldOut == nil && wantsJSON
    let needsJudgement = wantsBaseline && hasTraining || outputs.report != nil || needsTraining
    // What the validation samples judge is the model that they chose.
    let answering = data.test == nil && heldOut != nil ? outcome.chosen : outcome.written
    let judged =
      needsJudgement
      ? data.test.map { Judged(answering, $0, name: "test", team) } ?? validated
        ?? (hasTraining ? Judged(answering, data.samples, name: "training", team) : nil) : nil
    let judgement = try judged?.evaluation(of: answering, depth: .outputs)
    if let judgement, needsTraining { summary.train.add(judgement) }
    let work = 3 * Double(found.fits[0].network.parameterCount) * Double(data.trainingCount) * Double(found.epochs)
    if wantsBaseline, hasTraining, let judged, let judgement {
      let baseline = Baseline(
        answering, judgement, data,
        learntFrom: data.test == nil ? data.notHeldOut : refit.samples ?? data.notHeldOut,
        judged, leavingOut: folds == nil || data.test != nil ? nil : heldOut,
        trainingWork: work, team)
      for line in baseline.lines { try printLine(line) }
      summary.baseline = baseline.metrics
    }
    if let path = outputs.model { try printLine("wrote \(path)") }
    if let path = outputs.report, let judged, let judgement {
      let report = report(answering, found, machines, summary, judged, judgement, folds, work)
      try AtomicFile.write(Array(report.html().utf8), to: path)
      try printLine("wrote \(path)")
    }
    if let path = outputs.predictions, let answers = data.answers, let heldOut {
      try AtomicFile.write(answers.csv(outcome.chosen, heldOut, team), to: path)
      try printLine("wrote \(path)")
    }
    try log?.finish()
    if wantsJSON {
      try printLine(json(summary))
    } else if test == nil {
      try printLine("training loss \(trainingLoss(found.fits).shown)")
    }
  }

  /// Refuses `--interval` before the training if there can be no intervals after it.
  private static func checkInterval(
    _ options: TrainOptions, _ loss: Loss, _ data: TrainingData<Scalar>
  ) throws(CommandError) {
    guard let level = options.interval else { return }
    if case .quantile = loss {
      throw .usage("--interval needs answers from the middle, found --loss \(loss.rawValue); use --quantiles")
    }
    let error = PredictionInterval.error(
      level: level, samples: data.validationCount, data.preparation.outputs)
    switch error {
    case nil: break
    case .notValues?:
      throw .usage(
        "--interval \(level) is for numbers, and the target is classified; leave it out, or use --task regression")
    case let error?: throw .badData("--interval \(level): \(error)")
    }
  }

  /// Refuses to write a model whose answers are not finite. The check uses some of the training samples,
  /// evenly spread.
  private func checkAnswers(_ trained: TrainedModel<Scalar>) throws(CommandError) {
    switch TableFitError(trained, asked, team) {
    case nil: return
    case .outputsNotFinite?:
      throw .badData(
        "the trained network's outputs are not finite; lower"
          + " --learning-rate\(Scalar.self == Float.self ? ", or try --precision double" : ""); nothing was written")
    case let error?: throw .badData("\(error); nothing was written")
    }
  }

  var isEnsemble: Bool { networkCount * trialCount > 1 }

  func model(_ networks: [Network<Scalar>]) -> TrainedModel<Scalar> {
    TrainedModel(networks: networks, loss: loss, preparation: data.preparation)
  }
}
