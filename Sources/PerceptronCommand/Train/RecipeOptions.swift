import Perceptron

/// The options that choose a recipe and its pieces. A piece that is not given is the recipe's.
struct RecipeOptions {
  /// The recipes by name.
  enum Name: String, CaseIterable {
    case table, plain
  }

  private let name: Name?
  private let encoding: Recipe.Encoding?
  private let bins: Int?
  private let categoryDimension: Int?
  private let hidden: [Int]?
  private let activation: Activation?
  private let isParametric: Bool?
  private let normalization: Normalization?
  private let dropout: [Double]?
  private let initial: InitialParameters?
  private let optimizing: OptimizerOptions
  let labelSmoothing: Double?
  private let inputDropout: Double?
  private let batchSize: Int?
  /// Nil for one.
  private(set) var shards: Int?
  /// Whether the number of shards is that of the processes that share each step.
  private var isForProcesses = false
  private let epochs: Int?
  /// The inner optional is nil to keep the last epoch.
  private let selection: Selection??

  /// `--init`.
  private enum InitialParameters {
    case automatic, data
    case drawn(Initializer)
  }

  /// The activations that act on single units. Exponentials of exponentials leave the range of numbers.
  private static var activations: [Activation] { Activation.allCases.filter { $0 != .softmax && $0 != .exponential } }

  /// The options that describe a network.
  static let networkOptions: [Option] = [
    Option(
      "--encode", "NAME",
      "encoding of the features: none, scales (a learnt factor for each), waves (numbers also become waves of learnt"
        + " frequencies), quantile-bins or tree-bins (numbers become piecewise linear functions with edges at"
        + " quantiles, or where a decision tree of the number splits) (by the recipe: waves; plain: none)"),
    Option("--bins", "N", "most bins of each number with --encode quantile-bins or tree-bins (48)"),
    Option(
      "--embed-categories", "N",
      "learn N numbers for each category of a column of more than \(Recipe.mostOneHotCategories), in place of a feature"
        + " for each (off)"),
    Option(
      "--hidden", "128,64", "sizes of the hidden layers; empty for a linear model (by the recipe: 256,256,256 or 128)"),
    Option(
      "--activation", "NAME",
      "activation of the hidden layers: \(TrainOptions.listed(activations.map(\.rawValue))) (by the recipe: selu, or"
        + " mish for regression; plain: relu)"),
    Option(
      "--parametric", "NAME",
      "whether each hidden unit learns how much of the activation it applies: yes or no (by the recipe: yes; plain: no)"
    ),
    Option(
      "--init", "NAME",
      "auto, he-normal, he-uniform, glorot-normal, glorot-uniform, lecun-normal, normal (biases too), orthogonal, or"
        + " data: from the spread of each unit's weighted inputs (by the recipe: data; plain: auto, by activation)"),
    Option(
      "--normalization", "NAME",
      "normalization of hidden layers' weighted inputs:"
        + " \(TrainOptions.listed(Normalization.allCases.map(\.rawValue))) (none)"),
  ]

  /// The options that describe training.
  static let trainingOptions: [Option] =
    [
      Option(
        "--recipe", "NAME",
        "what the other options are by default: table, with a validation part of its own, or"
          + " plain (table for tables, plain for images and with --optimizer)")
    ] + OptimizerOptions.options + [
      Option(
        "--batch-size", "N",
        "samples in a step; fewer than an eighth that are left at the end of an epoch join the step before (by the"
          + " recipe: 256, fewer if there would be few steps; plain: 128; rprop, lbfgs: all)"),
      Option(
        "--shards", "N",
        "parts of a step's samples that are back-propagated separately; their gradients are added in an order that"
          + " depends on N (1; as many as processes if these share each step)"),
      Option(
        "--dropout", "P,…",
        "probability of dropping a hidden output: one for all hidden layers, or one for each (by the recipe: 0.15;"
          + " plain: 0)"),
      Option("--input-dropout", "P", "probability of dropping an input (0)"),
      Option(
        "--label-smoothing", "SHARE",
        "share of each target that is spread over all classes (0)"),
      Option(
        "--epochs", "N",
        "passes over the data (by the recipe: 64, more for small tables and fewer for large ones; plain: 20, for small"
          + " tables about 1000 steps)"),
      Option(
        "--select", "NAME",
        "the epoch to keep: that with the lowest validation loss, with the lowest error (share of wrong answers, or"
          + " loss for regression; the last of equals), the end of a cycle of --schedule coslog4 (the last one, unless"
          + " an earlier one is clearly better), or the last: loss, error, cycle or last (by the recipe: cycle; plain:"
          + " last)"),
    ]

  init(_ arguments: Arguments) throws(CommandError) {
    name = try arguments.choice("--recipe", TrainOptions.names(Name.allCases))
    encoding = try arguments.choice("--encode", TrainOptions.names(Recipe.Encoding.allCases))
    bins = try arguments.integer("--bins", in: 1...Embedding.mostPieces)
    if bins != nil, encoding?.hasBins != true {
      throw .usage("--bins is for --encode quantile-bins or tree-bins; leave it out, or add one of them")
    }
    categoryDimension = try arguments.integer("--embed-categories", in: Embedding.dimensions)
    hidden = try arguments.string("--hidden").map(Self.sizes)
    activation = try arguments.choice("--activation", TrainOptions.names(Self.activations))
    isParametric = try arguments.choice("--parametric", [("yes", true), ("no", false)])
    if isParametric == true, activation == .identity {
      throw .usage("--parametric yes needs another activation than identity")
    }
    let drawn = TrainOptions.names(Initializer.allCases).map { ($0.0, InitialParameters.drawn($0.1)) }
    initial = try arguments.choice("--init", [("auto", .automatic), ("data", .data)] + drawn)
    normalization = try arguments.choice("--normalization", TrainOptions.names(Normalization.allCases))
    dropout = try Self.dropout(arguments)
    inputDropout = try arguments.share("--input-dropout")
    labelSmoothing = try arguments.share("--label-smoothing")
    optimizing = try OptimizerOptions(arguments)
    if optimizing.name == "lbfgs",
      normalization == .batch || inputDropout ?? 0 > 0 || dropout?.contains(where: { $0 > 0 }) ?? false
    {
      throw .usage(
        "--optimizer lbfgs needs a loss that stays the same from step to step; leave out --dropout, --input-dropout and"
          + " --normalization batch")
    }
    batchSize = try arguments.integer("--batch-size", in: 1...1_000_000)
    shards = try arguments.integer("--shards", in: 1...1_000_000)
    epochs = try arguments.integer("--epochs", in: 1...1_000_000)
    selection = try arguments.choice(
      "--select", TrainOptions.names(Selection.allCases).map { ($0.0, Optional($0.1)) } + [("last", nil)])
    if let epochs { _ = try optimizing.schedules(epochs) }
    if isFullBatch, name == .table {
      throw .usage(
        "--recipe table has schedules and a weight decay, which --optimizer \(optimizing.name!) cannot have; leave one"
          + " of them out")
    }
  }

  /// Sets the number of shards for processes that share each step.
  mutating func setShards(_ count: Int) { (shards, isForProcesses) = (count, count > 1) }

  /// Refuses options that make no sense for all recipes of a search.
  func checkSearch() throws(CommandError) {
    guard let dropout, dropout.count > 1, hidden == nil else { return }
    throw .usage("--auto varies the number of hidden layers; give --hidden, too, or one --dropout for all of them")
  }

  /// The recipe by name. Other optimizers than Adam need other rates than the recipe for tables has.
  func name(isTable: Bool) -> Name { name ?? (isTable && optimizing.name == nil ? .table : .plain) }

  var isFullBatch: Bool { ["rprop", "lbfgs"].contains(optimizing.name) }

  /// How many networks answer together.
  func networkCount(isTable: Bool) -> Int { name(isTable: isTable) == .table ? Recipe.tableNetworkCount : 1 }

  /// Whether a part of the samples is for validation although that was not asked for: to measure and to calibrate, or
  /// to select the best epoch.
  func wantsValidation(isTable: Bool) -> Bool { selectsEpoch || name(isTable: isTable) == .table }

  /// Whether the best of all epochs is to be chosen.
  var selectsEpoch: Bool { selection == .some(.loss) || selection == .some(.error) }

  /// Refuses a choice of the epoch that contradicts `--early-stopping`, or has nothing to choose by.
  func checkSelection(stopsEarly: Bool, hasValidation: Bool) throws(CommandError) {
    guard let selection else { return }
    if stopsEarly, selection == nil || selection == .cycle {
      throw .usage(
        "--early-stopping keeps the best epoch, and --select \(selection?.rawValue ?? "last") another; leave one out")
    }
    if !hasValidation, let selection {
      throw .usage("--select \(selection.rawValue) needs --validation, --validation-split or --folds")
    }
  }

  /// The recipe for a task with this number of training samples.
  func recipe(
    _ task: Preparation.Task, _ loss: Loss, isTable: Bool, samples: Int
  ) throws(CommandError) -> Recipe {
    let recipe = try recipe(task, samples: samples) { batchSize in
      switch name(isTable: isTable) {
      case .table: .table(task, loss: loss, sampleCount: samples, batchSize: batchSize, epochs: epochs)
      case .plain:
        .plain(sampleCount: samples, batchSize: batchSize, epochs: epochs ?? (isFullBatch ? 200 : nil))
      }
    }
    try optimizing.checkEffects(recipe)
    return recipe
  }

  /// A recipe of a search, in which the settings are drawn that were not given.
  func variedRecipe(
    _ task: Preparation.Task, _ loss: Loss, samples: Int, using generator: inout Philox
  ) throws(CommandError) -> Recipe {
    try recipe(task, samples: samples) { batchSize in
      .varied(task, loss: loss, sampleCount: samples, batchSize: batchSize, epochs: epochs, using: &generator)
    }
  }

  /// A recipe with what was given in place of its pieces.
  ///
  /// - Parameter base: Makes the recipe for a batch size.
  private func recipe(
    _ task: Preparation.Task, samples: Int, _ base: (_ batchSize: Int?) -> Recipe
  ) throws(CommandError) -> Recipe {
    if isFullBatch, let batchSize, batchSize < samples {
      throw .usage(
        "--batch-size: --optimizer \(optimizing.name!) takes all \(samples) samples in each step, found \(batchSize);"
          + " leave it out")
    }
    var recipe = base(isFullBatch ? samples : batchSize)
    if let encoding { recipe.encoding = encoding }
    if let bins { recipe.bins = bins }
    if let categoryDimension { recipe.categoryDimension = categoryDimension }
    if let hidden { recipe.hidden = hidden }
    if let activation { recipe.activation = activation }
    if isParametric == true, recipe.hidden.isEmpty {
      throw .usage("--parametric yes: there is no hidden layer; leave it out, or see --hidden")
    }
    recipe.isParametric = (isParametric ?? recipe.isParametric) && recipe.canBeParametric
    if let normalization { recipe.normalization = normalization }
    if let dropout { recipe.dropout = dropout }
    try check(recipe.dropout, recipe.hidden)
    if recipe.hidden.isEmpty { recipe.dropout = [] }
    switch initial {
    case .automatic: (recipe.initializer, recipe.fitsInitialParameters) = (nil, false)
    case .data: recipe.fitsInitialParameters = true
    case .drawn(let initializer): (recipe.initializer, recipe.fitsInitialParameters) = (initializer, false)
    case nil: break
    }
    if let labelSmoothing { recipe.labelSmoothing = labelSmoothing }
    if let inputDropout { recipe.inputDropout = inputDropout }
    if let selection { recipe.selection = selection }
    if let shards { recipe.shards = shards }
    try optimizing.apply(to: &recipe, task)
    try check(recipe, samples)
    if let mistake = recipe.optimizer.mistake ?? recipe.regularization.mistake(recipe.optimizer, recipe.rates) {
      let rate = recipe.optimizer.learningRate.map { " for a learning rate of \($0)" } ?? ""
      let factor = recipe.rates == .equal ? "" : " with factors up to \(recipe.rates.largest)"
      throw .usage(
        "\(mistake) is too large\(rate)\(factor): the product must be below 1; lower --weight-decay or --learning-rate")
    }
    return recipe
  }

  private func check(_ recipe: Recipe, _ samples: Int) throws(CommandError) {
    let hasBatchNormalization = recipe.normalization == .batch && !recipe.hidden.isEmpty
    if hasBatchNormalization && recipe.batchSize == 1 {
      throw .usage(
        samples == 1
          ? "--normalization batch needs at least 2 training samples, found 1;"
            + " leave it out, or use --normalization layer"
          : "--batch-size 1 with --normalization batch: one sample has no variance to normalize by; choose a larger"
            + " batch size, or --normalization layer")
    }
    let mostShards = recipe.batchSize / (hasBatchNormalization ? 2 : 1)
    if recipe.shards > mostShards {
      let text =
        "\(mostShards) are possible for batches of \(recipe.batchSize) samples"
        + (hasBatchNormalization ? " with --normalization batch" : "")
      let remedy = recipe.batchSize < samples ? ", or a larger --batch-size" : ""
      throw .usage(
        isForProcesses
          ? "\(recipe.shards) processes share each step, and each needs a part of its batch; at most \(text);"
            + " choose fewer processes\(remedy)"
          : "--shards: at most \(text), found \(recipe.shards); choose fewer\(remedy)")
    }
  }

  private func check(_ dropout: [Double], _ hidden: [Int]) throws(CommandError) {
    guard self.dropout != nil else { return }
    guard !hidden.isEmpty else {
      throw .usage("--dropout: there is no hidden layer; see --hidden, or use --input-dropout")
    }
    guard dropout.count == 1 || dropout.count == hidden.count else {
      throw .usage(
        "--dropout: expected one number, or one for each of the \(hidden.count) hidden layers, found \(dropout.count)")
    }
  }

  private static func dropout(_ arguments: Arguments) throws(CommandError) -> [Double]? {
    guard let text = arguments.string("--dropout") else { return nil }
    let shares = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
    guard shares.allSatisfy((0..<1).contains) else {
      throw .usage("--dropout: expected numbers from 0 to below 1, found \(text.debugDescription)")
    }
    return shares
  }

  private static func sizes(_ text: String) throws(CommandError) -> [Int] {
    guard !text.isEmpty else { return [] }
    let count = text.count { $0 == "," } + 1
    guard count < mostLayers else {
      throw .usage("--hidden: expected at most \(mostLayers - 1) hidden layers, found \(count)")
    }
    return try text.split(separator: ",", omittingEmptySubsequences: false).map { field throws(CommandError) in
      guard let size = Int(field), (1...1_000_000).contains(size) else {
        throw .usage("--hidden: expected whole numbers from 1 to 1000000, found \(text.debugDescription)")
      }
      return size
    }
  }
}
