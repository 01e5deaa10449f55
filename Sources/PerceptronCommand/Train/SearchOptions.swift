import Perceptron

/// `--auto`: a search for good settings, bounded by time or by a number of trials.
struct SearchOptions {
  enum Bound {
    case trials(Int)
    case minutes(Double)
  }

  let bound: Bound

  static let options = [
    Option(
      "--auto", nil,
      "search for better settings: train networks by many recipes, and make an ensemble of the best (off)"),
    Option("--minutes", "N", "how long --auto may take; the first recipe is completed in any case (5)"),
    Option(
      "--trials", "N", "how many recipes --auto tries, in place of --minutes; the result has the same bits anywhere"),
  ]

  /// The largest number of networks in the ensemble.
  static let mostNetworks = 32
  /// More would not fit into one model.
  private static let mostTrials = 250

  /// Nil without the option.
  ///
  /// - Parameter networkCount: The number of networks of a trial.
  init?(
    _ arguments: Arguments, _ pieces: RecipeOptions, isTable: Bool, networkCount: Int
  ) throws(CommandError) {
    let trials = try arguments.integer("--trials", in: 1...Self.mostTrials)
    let minutes = try arguments.positive("--minutes")
    guard arguments.flag("--auto") else {
      for option in ["--trials", "--minutes"] where arguments.string(option) != nil {
        throw .usage("\(option) needs --auto")
      }
      return nil
    }
    if trials != nil, minutes != nil { throw .usage("--trials and --minutes exclude each other") }
    guard pieces.name(isTable: isTable) == .table else {
      throw .usage(
        isTable
          ? "--auto varies the recipe for tables; leave out"
            + " \(arguments.string("--recipe") == nil ? "--optimizer" : "--recipe plain")"
          : "--auto varies the recipe for tables, which images get with --recipe table alone")
    }
    if arguments.string("--augment") != nil { throw .usage("--auto and --augment exclude each other") }
    if networkCount > Self.mostNetworks {
      throw .usage(
        "--auto makes a model of at most \(Self.mostNetworks) networks, and each trial would have \(networkCount);"
          + " lower --folds or --ensemble")
    }
    try pieces.checkSearch()
    bound = trials.map { .trials($0) } ?? .minutes(minutes ?? 5)
  }

  /// The largest number of trials.
  func trialCount(networks: Int) -> Int {
    switch bound {
    case .trials(let count): count
    case .minutes: max(1, min(Self.mostTrials, networkCounts.upperBound / networks))
    }
  }

  /// When the search ends; nil if it is bounded by trials. The rest of the time is for the evaluation.
  func deadline(from start: ContinuousClock.Instant) -> ContinuousClock.Instant? {
    guard case .minutes(let minutes) = bound else { return nil }
    return start + .seconds(60 * minutes * 0.98)
  }
}
