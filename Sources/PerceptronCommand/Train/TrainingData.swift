import Perceptron

/// The sources of the data for `train`.
struct TrainingSources {
  /// How the training table is read.
  fileprivate let format: Table.Format
  private let arguments: Arguments
  let training: DataSource
  fileprivate let test: DataSource?
  fileprivate let validation: DataSource?
  /// The share of the training samples that are used for validation; 0 for none, and nil for the recipe's.
  fileprivate let validationShare: Double?
  /// The directory of `--cache`; nil without it.
  let cache: String?
  /// Whether each process holds only its share of the training samples.
  let areShared: Bool

  var includeStandardInput: Bool { [training, test, validation].contains(.standardInput) }

  /// Whether no samples are to be held out for validation.
  var hasNoShare: Bool { validationShare == 0 }

  init(_ arguments: Arguments) throws(CommandError) {
    func other(_ name: String) throws(CommandError) -> DataSource? {
      let labels = arguments.string("\(name)-labels")
      guard let argument = arguments.string(name) else {
        if labels != nil { throw .usage("\(name)-labels needs \(name)") }
        return nil
      }
      let source = try DataSource(argument, labels: labels, option: "\(name)-labels")
      try source.requireLabels(option: "\(name)-labels")
      return source
    }
    format = try TableOptions.format(arguments)
    self.arguments = arguments
    training = try DataSource(try arguments.positional("DATA")[0], labels: arguments.string("--labels"))
    try training.requireLabels()
    try training.check(arguments)
    (test, validation) = (try other("--test"), try other("--validation"))
    if [training, test, validation].count(where: { $0 == .standardInput }) > 1 {
      throw .usage("- is given twice; standard input can be read once")
    }
    cache = arguments.string("--cache")
    areShared = arguments.flag("--shard-data")
    if areShared {
      guard case .table = training else {
        throw .usage("--shard-data shares the rows of a CSV or TSV file, found \(arguments.positional[0])")
      }
      if arguments.string("--folds") != nil {
        throw .usage("--shard-data and --folds exclude each other, as each process holds all rows that are held out")
      }
    }
    validationShare = try arguments.share("--validation-split")
    if validationShare != nil, validation != nil {
      throw .usage("--validation and --validation-split exclude each other")
    }
  }

  /// How later tables are read.
  fileprivate func format(for preparation: Preparation) throws(CommandError) -> Table.Format {
    try TableOptions.format(arguments, for: preparation)
  }

  /// Makes the directory of `--cache` if it does not exist, and refuses one where no file can be made.
  func checkCache() throws {
    guard let cache else { return }
    try AtomicFile.makeDirectory(cache)
    if let reason = MatrixFiles.mistake(in: cache) {
      throw CommandError(
        message: "--cache \(cache): no file can be made there: \(reason); name another directory", exitCode: 74)
    }
  }

  /// Refuses an output file that is also an input file.
  func check(output path: String, option: String) throws(CommandError) {
    try training.check(output: path, option: option, .training)
    for other in [test, validation] { try other?.check(output: path, option: option, .test) }
  }
}

/// The data for `train`. All are read before training, so that a wrong file is found before time is spent on training.
struct TrainingData<Scalar: BLASScalar> {
  let preparation: Preparation
  /// The samples of DATA.
  let samples: Samples<Scalar>
  /// How the samples are divided into training and validation samples. The networks use the divisions in turn. Empty if
  /// all samples are for training.
  let splits: [Split]
  /// The data of `--validation`.
  let validation: Samples<Scalar>?
  let test: Samples<Scalar>?
  /// Whether the splits are the folds of cross-validation.
  private let areFolds: Bool
  /// What `--predictions` says about the samples; nil without it.
  let answers: HeldOutAnswers?
  /// Whether networks are usually trained again on all samples, once the validation samples have chosen and calibrated
  /// them.
  let refits: Bool
  /// A checksum of the rows of DATA, if processes share them.
  let checksum: String?

  /// - Parameter processes: All processes of the run, which may share the samples.
  init(
    _ sources: TrainingSources, _ options: TrainOptions, networkCount: Int, isSearch: Bool, _ processes: Processes,
    team: Team
  ) throws {
    // What may fail on one process alone must not keep those waiting with which it shares the samples.
    let sharers = sources.areShared ? processes : .alone
    func read(_ source: DataSource, _ part: DataSource.Part, for preparation: Preparation? = nil) throws -> RawData<
      Scalar
    > {
      let format = try preparation.map(sources.format(for:)) ?? sources.format
      return try RawData(
        source, part: part, format: format, for: preparation, announces: !options.isQuiet, team: team)
    }
    let raw = try Self.readTraining(sources, options, sharers, team)
    if case .table(let table) = raw { try options.folds?.check(table, options) }
    let common = try sources.validationShare.flatMap { share -> Split? in
      guard share > 0 else { return nil }
      guard raw.count > 1 else { throw CommandError.usage("--validation-split: one sample cannot be split") }
      var generator = Philox(seed: options.seed, stream: 2)
      return Split(raw.count, validationShare: share, using: &generator)
    }
    preparation = try Self.prepare(raw, common?.training, options, team)
    let all = try raw.samples(preparation, sampleWeight: options.sampleWeight, team: team)
    samples = try options.classWeights?.applied(to: all, preparation) ?? all
    areFolds = options.folds != nil
    let given =
      try options.folds?.splits(of: raw, strata: samples.strata(for: preparation.task), options)
      ?? common.map { [$0] }
    splits =
      given
      ?? Self.ownSplits(
        of: samples, preparation.task, sources, options, networkCount: networkCount, isSearch: isSearch)
    refits = given == nil && !splits.isEmpty && Split.refits(samples.count, preparation.task)
    if let folds = options.folds, !options.isQuiet, case .classes(let names, _) = preparation.outputs {
      folds.noteMissingClasses(splits, classes: samples.targets.predictedClasses(), names: names)
    }
    answers =
      options.wantsPredictions
      ? try HeldOutAnswers(raw, samples, splits.heldOut.sorted(), preparation, options) : nil
    for split in splits where samples.weights?.gathered(split.training).maxMagnitude() == 0 {
      throw CommandError.badData(
        "--sample-weight: all samples that are not for validation have the weight 0;"
          + (options.folds == nil ? " give --validation instead" : " choose other folds"))
    }
    // Of files, each of the networks that are trained at the same time has its own.
    let copies = MatrixFiles.directory == nil || samples.holders != nil ? 1 : min(team.workerCount, networkCount)
    // If processes share the samples, each gets all that are held out.
    let heldOutCount = samples.holders == nil ? 0 : splits.heldOut.count
    let bytes =
      (samples.ownFeatures.count * copies + samples.featureCount * heldOutCount) * MemoryLayout<Scalar>.size
    checksum = if case .table(let table) = raw { table.checksum } else { nil }
    let preparation = preparation
    let isSplit = !splits.isEmpty
    func others(_ source: DataSource?) throws -> Samples<Scalar>? {
      try source.map { try read($0, .test, for: preparation).samples(preparation, team: team) }
    }
    (validation, test) = try sharers.together {
      if isSplit, bytes > MatrixFiles.room {
        let place = MatrixFiles.directory == nil ? "memory that may be used" : "directory of --cache"
        throw CommandError.badData(
          "a validation part needs a second copy of the features, \(bytes / 1_000_000) MB, which does not fit in the"
            + " \(place); \(options.folds == nil ? "give --validation instead" : "leave out --folds")")
      }
      return (try others(sources.validation), try others(sources.test))
    }
  }

  /// The divisions into training and validation samples, if validation samples are wanted and there are enough.
  /// Intervals and the choice of an epoch need a fifth that all networks leave out.
  private static func ownSplits(
    of samples: Samples<Scalar>, _ task: Preparation.Task, _ sources: TrainingSources, _ options: TrainOptions,
    networkCount: Int, isSearch: Bool
  ) -> [Split] {
    guard sources.validation == nil, sources.validationShare == nil,
      options.pieces.wantsValidation(isTable: sources.training.isTabular)
    else { return [] }
    return Split.ofNetworks(
      networkCount, samples, task, isSearch: isSearch,
      wantsFifth: options.interval != nil || options.pieces.selectsEpoch, seed: options.seed)
  }

  /// Reads the training data. A table is read a second time if the points in some columns may separate thousands; the
  /// fields of these columns are then kept as written.
  private static func readTraining(
    _ sources: TrainingSources, _ options: TrainOptions, _ sharers: Processes, _ team: Team
  ) throws -> RawData<Scalar> {
    guard let paths = sources.training.tablePaths else {
      return try RawData(
        sources.training, part: .training, format: sources.format, announces: !options.isQuiet, team: team)
    }
    let table = try Table.lookingAgain(sources.format, at: paths, options.columns, team: team) { format in
      let table = try sharers.together {
        try RawData<Scalar>.table(paths, format, sharedBy: sources.areShared ? sharers : nil, team)
      }
      // What the processes do next depends on each other's rows.
      try sharers.check(["data": table.checksum ?? ""])
      return table
    }
    return .table(table)
  }

  /// - Parameter indices: The samples used for training; nil for all.
  private static func prepare(
    _ data: RawData<Scalar>, _ indices: [Int]?, _ options: TrainOptions, _ team: Team
  ) throws -> Preparation {
    switch data {
    case .table(let table):
      return try Preparation(
        fittedOn: table, samples: indices, target: options.target, task: options.task,
        loss: options.loss,
        scaling: options.scaling ?? (options.pieces.name(isTable: true) == .table ? Recipe.tableScaling : .standard),
        limitsAnswers: options.limitsAnswers, sampleWeight: options.sampleWeight, options: options.columns, team: team,
        warn: printWarning)
    case .images(let images):
      if options.task == .regression { throw CommandError.usage("--task regression: images have classes") }
      return try Preparation(fittedOn: images, samples: indices, scaling: options.scaling ?? .none)
    }
  }
}

// MARK: - The parts of the networks

extension TrainingData {
  /// The number of samples that each network learns from; their mean, rounded down, if they differ.
  var trainingCount: Int { splits.trainingCount(of: samples) }

  /// The number of samples that the network with this number learns from.
  func trainingCount(ofNetwork number: Int) -> Int {
    splits.isEmpty ? samples.count : splits[number % splits.count].training.count
  }

  /// Whether there are validation samples.
  var hasValidation: Bool { validation != nil || !splits.isEmpty }

  /// The number of validation samples of all networks together.
  var validationCount: Int { validation?.count ?? splits.reduce(0) { $0 + $1.validation.count } }

  /// The samples that the network with this number learns from.
  func training(ofNetwork number: Int) -> Samples<Scalar> { splits.training(ofNetwork: number, samples) }

  /// Says that the networks of a recipe do not fit in memory; nil if they do.
  ///
  /// - Parameters:
  ///   - networks: The number of networks that the recipe makes.
  ///   - output: The activation of the outputs.
  ///   - processes: The processes that share each step.
  ///   - team: Its threads train several networks at the same time if there are no other processes.
  func excess(
    of recipe: Recipe, networks: Int, output: Activation, _ processes: Processes, _ team: Team
  ) -> String? {
    let (embedding, layers) = recipe.layers(for: preparation, output: output, fittedOn: samples)
    let parameters = layers.reduce(Double(embedding?.parameterCount ?? 0)) {
      $0 + (Double($1.inputSize) + 1) * Double($1.outputSize)
    }
    let ends = recipe.selection == .cycle ? recipe.schedule.cycleEnds.count : 0
    let atOnce = processes.count > 1 ? 1 : min(networks, team.workerCount)
    // A network that is trained has a gradient and two moments, and validation samples choose its best epoch.
    let copies = networks * (1 + ends) + atOnce * (hasValidation ? 4 : 3)
    let (bytes, memory) = (parameters * Double(copies * MemoryLayout<Scalar>.size), Double(usableMemory()))
    guard bytes >= memory else { return nil }
    func size(_ bytes: Double) -> String {
      bytes < 1e9 ? "\((bytes / 1e6).fixed(0)) MB" : "\((bytes / 1e9).fixed(1)) GB"
    }
    return "\(networks == 1 ? "the network" : "each of the \(networks) networks") would have \(parameters.fixed(0))"
      + " parameters, and training would take \(size(bytes)), more than the \(size(memory)) of memory that may be used"
  }

  /// The samples that no network has for validation; all samples in cross-validation.
  var notHeldOut: Samples<Scalar> {
    let heldOut = splits.heldOut
    return heldOut.isEmpty || areFolds
      ? samples : samples.gathered((0..<samples.count).filter { !heldOut.contains($0) })
  }
}
