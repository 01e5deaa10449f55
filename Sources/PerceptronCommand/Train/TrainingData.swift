import Perceptron

/// The sources of the data for `train`.
struct TrainingSources {
  /// How the training table is read.
  fileprivate let format: Table.Format
  private let arguments: Arguments
  let training: DataSource
  fileprivate let test: DataSource?
  fileprivate let validation: DataSource?
  /// The share of the training samples that are used for validation.
  fileprivate let validationShare: Double?

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
    validationShare = try arguments.share("--validation-split")
    if let validationShare {
      if validationShare == 0 { throw .usage("--validation-split: expected a number between 0 and 1, found 0") }
      if validation != nil { throw .usage("--validation and --validation-split exclude each other") }
    }
  }

  /// How later tables are read.
  fileprivate func format(for preparation: Preparation) throws(CommandError) -> Table.Format {
    try TableOptions.format(arguments, for: preparation)
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
  /// Whether the training data are a table, and not images.
  let isTable: Bool
  let samples: Samples<Scalar>
  let validation: Samples<Scalar>?
  let test: Samples<Scalar>?

  init(_ sources: TrainingSources, _ options: TrainOptions, team: Team) throws {
    func read(_ source: DataSource, _ part: DataSource.Part, for preparation: Preparation? = nil) throws -> RawData<
      Scalar
    > {
      let format = try preparation.map(sources.format(for:)) ?? sources.format
      return try RawData(
        source, part: part, format: format, for: preparation, announces: !options.isQuiet, team: team)
    }
    let raw = try Self.readTraining(sources, options, team)
    isTable = if case .table = raw { true } else { false }
    let split = try Self.validationShare(sources, options, raw, isTable: isTable).map { share in
      guard raw.count > 1 else { throw CommandError.usage("--validation-split: one sample cannot be split") }
      var generator = Philox(seed: options.seed, stream: 2)
      return Split(raw.count, validationShare: share, using: &generator)
    }
    preparation = try Self.prepare(raw, split?.training, options, team)
    let all = try raw.samples(preparation, sampleWeight: options.sampleWeight, team: team)
    if split != nil, case let bytes = all.features.count * MemoryLayout<Scalar>.size, bytes > usableMemory() {
      throw CommandError.badData(
        "--validation-split needs a second copy of the features, \(bytes / 1_000_000) MB, which does not fit in"
          + " the memory that may be used; give --validation instead")
    }
    let chosen = split.map { all.gathered($0.training) } ?? all
    samples = try options.classWeights?.applied(to: chosen, preparation) ?? chosen
    let preparation = preparation
    func others(_ source: DataSource?) throws -> Samples<Scalar>? {
      try source.map { try read($0, .test, for: preparation).samples(preparation, team: team) }
    }
    validation = try split.map { all.gathered($0.validation) } ?? others(sources.validation)
    test = try others(sources.test)
  }

  /// The share of the samples that are for validation. If the best epoch is to be kept, a fifth of them are, unless
  /// there are too few.
  private static func validationShare(
    _ sources: TrainingSources, _ options: TrainOptions, _ data: RawData<Scalar>, isTable: Bool
  ) -> Double? {
    if sources.validationShare != nil || sources.validation != nil { return sources.validationShare }
    return options.pieces.selects(isTable: isTable) && data.count >= leastToSplit ? 0.2 : nil
  }

  private static var leastToSplit: Int { 100 }

  /// Reads the training data. A table is read a second time if the points in some columns may separate thousands; the
  /// fields of these columns are then kept as written.
  private static func readTraining(
    _ sources: TrainingSources, _ options: TrainOptions, _ team: Team
  ) throws -> RawData<Scalar> {
    func read(_ format: Table.Format) throws -> RawData<Scalar> {
      try RawData(sources.training, part: .training, format: format, announces: !options.isQuiet, team: team)
    }
    guard case .table(let path) = sources.training, isRegularFile(path) else {
      // Data that can be read only once keep all fields as written if the options state how to read them.
      var format = sources.format
      if options.columns.decimal == .comma || options.columns.thousands == .point { format.isText = { _ in true } }
      return try read(format)
    }
    var data = Optional(try read(sources.format))
    guard case .table(let table)? = data else { return data! }
    let names = Set(table.columnsOfPossibleThousands(options.columns, team: team))
    guard !names.isEmpty else { return data! }
    // Releases the table, so that there is no second copy of the cells.
    data = nil
    var format = sources.format
    let isText = format.isText
    format.isText = { names.contains($0) || isText($0) }
    return .table(try Table(contentsOf: path, format: format, team: team))
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
        scaling: options.scaling ?? (options.pieces.name(isTable: true) == .table ? .smoothClip : .standard),
        sampleWeight: options.sampleWeight, options: options.columns, team: team, warn: printWarning)
    case .images(let images):
      if options.task == .regression { throw CommandError.usage("--task regression: images have classes") }
      return try Preparation(fittedOn: images, samples: indices, scaling: options.scaling ?? .none)
    }
  }
}
