import Perceptron
import Synchronization

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
    Option("--minutes", "N", "about how long --auto may take; the first recipe is completed in any case (5)"),
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

  /// The time that a search has; nil if it is bounded by trials. It is 98 % of the minutes: the rest is for the
  /// evaluation, or for a second training that takes longer than estimated.
  ///
  /// - Parameter refits: Whether the chosen networks are trained again, for which a part of the time is reserved.
  func time(from start: ContinuousClock.Instant, refits: Bool) -> SearchTime? {
    guard case .minutes(let minutes) = bound else { return nil }
    return SearchTime(start: start, seconds: 60 * minutes * 0.98, refits: refits)
  }
}

/// The time of a search with `--minutes`, of which a part is reserved for training the chosen networks again.
final class SearchTime: Sendable {
  private let start: ContinuousClock.Instant
  let seconds: Double
  /// The seconds that are reserved, and whether the trials have ended. Trials do not begin again if less is reserved.
  private let state: Mutex<(reserved: Double, isOver: Bool)>

  /// - Parameter refits: Whether anything is reserved: at first a quarter, until the trials show how long they take.
  init(start: ContinuousClock.Instant, seconds: Double, refits: Bool) {
    (self.start, self.seconds) = (start, seconds)
    state = Mutex((refits ? seconds / 4 : 0, false))
  }

  /// Reserves the seconds that a team needs for groups of tasks, and a twentieth more: for as many groups, in their
  /// order, as can be done in half of the time.
  ///
  /// - Parameter groups: About how many seconds each task takes.
  func reserve(for groups: [[Double]], on team: Team) {
    let ends = groups.indices.map { 1.05 * team.secondsDivided(among: groups[...$0].flatMap(\.self)) }
    let reserved = ends.prefix { $0 <= seconds / 2 }.last ?? 0
    state.withLock { $0.reserved = reserved }
  }

  private var passed: Double { (ContinuousClock.now - start) / .seconds(1) }

  /// Whether no more trials may be trained.
  var isOver: Bool {
    state.withLock { state in
      state.isOver = state.isOver || passed >= seconds - state.reserved
      return state.isOver
    }
  }

  /// Whether nothing more may be trained. A second training for which time was reserved may end up to 4 % later,
  /// because a trial that is not finished would be lost.
  var isUp: Bool { passed >= state.withLock { $0.reserved > 0 ? 1.04 : 1 } * seconds }
}
