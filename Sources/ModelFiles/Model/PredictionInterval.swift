import PerceptronDatasets
import Tensor

/// Bounds between which a new value lies with a given probability, for each target of a model that predicts values.
///
/// They come from split conformal prediction (Vovk, Gammerman and Shafer 2005; Lei et al. 2018): on n samples that were
/// not used for training, the score s = |y − a| of each answer a is computed. The margin m is the ⌈(n + 1) level⌉-th
/// smallest score. A new value from the same distribution is then within a ± m with a probability of at least `level`,
/// and at most level + 1 / (n + 1), whatever the distribution and however bad the model is. The probability is a mean
/// over all samples; it may be higher for some of them and lower for others.
///
/// The answers may be quantiles that include those of the two levels (1 ∓ level) / 2. Let l and u be these two answers.
/// Then s = max(l − y, y − u), and the bounds are l − m and u + m. They are further apart where the values vary more
/// (conformalized quantile regression: Romano, Patterson and Candès 2019). The margin may then be negative; bounds that
/// would cross meet in the middle. For quantiles without these two levels, the bounds lie around the median.
///
/// Bounds stay where answers may be: those of counts and amounts are at least 0, and if answers are limited to the
/// range of the target in the training data, so are the bounds. A new value beyond that range is then outside the
/// bounds, however wide the margins are.
public struct PredictionInterval: Sendable, Equatable {
  /// The probability with which a new value is within the bounds, above 0 and below 1.
  public let level: Double
  /// The distance m of each target's bounds, in the units of the data.
  public let margins: [Double]
  /// For each target, the answers beside which its bounds lie.
  package let places: [Place]
  /// Where the bounds of each target may be; infinite ends if anywhere.
  package let limits: [ClosedRange<Double>]

  /// The indices of the answers beside which the bounds lie; equal unless there is a pair of quantiles.
  package struct Place: Sendable, Equatable {
    package let lower, upper: Int
  }

  /// Makes an interval with known margins.
  ///
  /// - Parameter outputs: The outputs of the model that the interval is for.
  /// - Precondition: Traps if the level is not above 0 and below 1, if there is not a finite margin for each target, if
  ///   a margin is negative except beside two quantiles, and if the outputs are not values or have no fitting
  ///   quantiles.
  public init(level: Double, margins: [Double], for outputs: Preparation.Outputs) {
    guard let interval = PredictionInterval(checking: level, margins, for: outputs) else {
      fail("cannot make intervals of the level \(level) with the margins \(margins) for \(outputs)")
    }
    self = interval
  }

  /// The interval; nil if its parts contradict each other.
  package init?(checking level: Double, _ margins: [Double], for outputs: Preparation.Outputs) {
    guard level > 0, level < 1, let places = Self.places(level, outputs), margins.count == places.count,
      zip(margins, places).allSatisfy({ $0.isFinite && ($0 >= 0 || $1.lower != $1.upper) })
    else { return nil }
    (self.level, self.margins, self.places) = (level, margins, places)
    limits =
      outputs.targets.map { targets in
        targets.scaling.limits.isEmpty
          ? targets.columns.map { _ in (targets.scaling.method == .mean ? 0 : -.infinity)...(.infinity) }
          : targets.scaling.limits
      } ?? []
  }

  /// The places of the targets' bounds; nil if the outputs are not values or have no fitting quantiles.
  static func places(_ level: Double, _ outputs: Preparation.Outputs) -> [Place]? {
    guard let columns = outputs.targets?.columns else { return nil }
    let count = max(outputs.levels.count, 1)
    var (lower, upper) = (0, 0)
    if !outputs.levels.isEmpty {
      if let low = outputs.index(ofLevel: (1 - level) / 2), let high = outputs.index(ofLevel: (1 + level) / 2) {
        (lower, upper) = (low, high)
      } else if let median = outputs.median {
        (lower, upper) = (median, median)
      } else {
        return nil
      }
    }
    return columns.indices.map { Place(lower: $0 * count + lower, upper: $0 * count + upper) }
  }

  /// Finds the margins.
  ///
  /// - Parameters:
  ///   - answers: The model's answers for samples that were not used for training.
  ///   - values: The targets of these samples in the units of the data.
  ///   - outputs: The meaning of the answers.
  /// - Shapes: answers outputs × samples, values targets × samples.
  /// - Throws: ``IntervalError``.
  /// - Precondition: Traps if the level is not above 0 and below 1, and on other shapes.
  /// - Complexity: A sort of the samples for each target.
  package init(
    level: Double, answers: Matrix<Double>, values: Matrix<Double>, outputs: Preparation.Outputs
  ) throws(IntervalError) {
    if let error = Self.error(level: level, samples: values.columns, outputs) { throw error }
    let places = Self.places(level, outputs)!
    Self.check(answers, values, outputs: outputs.names.count, places)
    let rank = Self.rank(level, samples: values.columns)
    var margins: [Double] = []
    for (target, place) in places.enumerated() {
      let scores = (0..<values.columns).map { Self.score(answers, values, target, place, $0) }.sorted()
      guard scores.allSatisfy(\.isFinite) else { throw .notFinite }
      margins.append(scores[rank - 1])
    }
    self.init(level: level, margins: margins, for: outputs)
  }

  /// The reason why there can be no interval with these samples; nil if there is none.
  ///
  /// - Precondition: Traps if the level is not above 0 and below 1.
  package static func error(level: Double, samples: Int, _ outputs: Preparation.Outputs) -> IntervalError? {
    guard level > 0, level < 1 else { fail("cannot make intervals of the level \(level): it must be between 0 and 1") }
    guard outputs.targets != nil else { return .notValues }
    guard places(level, outputs) != nil else { return .noFittingQuantiles(level: level, levels: outputs.levels) }
    guard rank(level, samples: samples) <= samples else {
      // The rank grows by less than one with each sample.
      var needed = Int(min(level / (1 - level), 1e15))
      while rank(level, samples: needed) > needed { needed += 1 }
      return .tooFewSamples(found: samples, needed: needed)
    }
    return nil
  }

  /// ⌈(n + 1) level⌉, where a product that is a whole number except for rounding is that number.
  private static func rank(_ level: Double, samples: Int) -> Int {
    let product = Double(samples + 1) * level
    return max(Int((product - 1e-12 * product).rounded(.up)), 1)
  }

  /// How far a value is beyond the answers.
  private static func score(
    _ answers: Matrix<Double>, _ values: Matrix<Double>, _ target: Int, _ place: Place, _ sample: Int
  ) -> Double {
    let value = values[target, sample]
    return max(answers[place.lower, sample] - value, value - answers[place.upper, sample])
  }

  private static func check(_ answers: Matrix<Double>, _ values: Matrix<Double>, outputs: Int, _ places: [Place]) {
    guard answers.rows == outputs, values.rows == places.count, answers.columns == values.columns else {
      fail("cannot compare \(answers.shape) answers with \(values.shape) values of \(places.count) targets")
    }
  }
}

// MARK: - Bounds

extension PredictionInterval {
  /// The bounds of a model's answers, in the units of the data: for each target a row of lower bounds, then a row of
  /// upper bounds.
  ///
  /// - Shapes: answers outputs × samples; returns (2 · targets) × samples.
  /// - Precondition: Traps if the answers have too few rows.
  public func bounds(of answers: Matrix<Double>) -> Matrix<Double> {
    guard places.allSatisfy({ $0.upper < answers.rows }) else {
      fail("cannot give bounds for \(answers.shape) answers of \(places.count) targets")
    }
    var bounds = Matrix<Double>(rows: 2 * places.count, columns: answers.columns)
    bounds.withTile { bounds in answers.withReadOnlyTile { writeBounds(of: $0, into: bounds) } }
    return bounds
  }

  /// bounds ← the bounds of answers. Allocates nothing.
  package func writeBounds(of answers: Tile<Double>, into bounds: Tile<Double>) {
    for sample in 0..<answers.columns {
      let (from, to) = (answers[columns: sample..<sample + 1], bounds[columns: sample..<sample + 1])
      for target in margins.indices {
        let (low, high, margin) = (from[places[target].lower], from[places[target].upper], margins[target])
        // Negative margins may be more than half of the distance.
        let middle = low / 2 + high / 2
        to[2 * target] = limited(min(low - margin, middle), to: limits[target])
        to[2 * target + 1] = limited(max(high + margin, middle), to: limits[target])
      }
    }
  }

  /// The names of the bounds, such as `price lower` and `price upper`.
  package static func names(_ outputs: Preparation.Outputs) -> [String] {
    (outputs.targets?.columns ?? []).flatMap { ["\($0) lower", "\($0) upper"] }
  }

  /// The share of values that are within their bounds, for each target; NaN without samples.
  ///
  /// - Shapes: answers outputs × samples, values targets × samples, both in the units of the data.
  /// - Precondition: Traps on other shapes.
  public func coverages(answers: Matrix<Double>, values: Matrix<Double>) -> [Double] {
    Self.check(answers, values, outputs: answers.rows, places)
    return places.enumerated().map { target, place in
      let limits = limits[target]
      // Scores compare as in the calibration, where a value at its bound is within it. A value at a limit may be beyond
      // it by the rounding of scaled targets.
      let slack = 1e-6 * (limits.upperBound - limits.lowerBound)
      let count = (0..<values.columns).count {
        let value = values[target, $0]
        return abs(value - limited(value, to: limits)) <= slack
          && Self.score(answers, values, target, place, $0) <= margins[target]
      }
      return Double(count) / Double(values.columns)
    }
  }

  /// The mean distance of the bounds of each target, in its units; NaN without samples.
  ///
  /// - Shapes: answers outputs × samples.
  public func meanWidths(answers: Matrix<Double>) -> [Double] {
    let bounds = bounds(of: answers)
    return places.indices.map { target in
      let sum = (0..<bounds.columns).reduce(0) { $0 + (bounds[2 * target + 1, $1] - bounds[2 * target, $1]) }
      return sum / Double(bounds.columns)
    }
  }
}

// MARK: - Calibration

extension TrainedModel {
  /// Returns the same model with intervals around its answers, calibrated on samples that were not used for training.
  ///
  /// If the samples also chose the epoch at which training stopped, the intervals are slightly too narrow; samples of
  /// their own avoid that. Sample weights are not considered.
  ///
  /// - Parameters:
  ///   - level: The probability with which a new value is within its bounds, above 0 and below 1.
  ///   - samples: At least level / (1 − level) samples: 9 for a level of 0.9.
  ///   - team: The threads that share the work; by default the calling thread alone.
  /// - Throws: ``IntervalError`` if there are too few samples, the model does not predict values, or it predicts
  ///   quantiles among which there are neither the two that the level needs nor the median.
  /// - Precondition: Traps if the level is not above 0 and below 1, and if the samples do not fit the model.
  public func withInterval(
    level: Double, calibratedOn samples: Samples<Scalar>, team: Team = Team(workers: 1)
  ) throws(IntervalError) -> TrainedModel {
    try withInterval(
      level: level, outputs: outputs(prepared: samples.features, team: team), targets: samples.targets)
  }

  /// The same from the outputs for the samples.
  ///
  /// - Shapes: outputs and targets outputs × samples.
  package func withInterval(
    level: Double, outputs: Matrix<Scalar>, targets: Matrix<Scalar>
  ) throws(IntervalError) -> TrainedModel {
    // A model of classes has no values to compare with.
    if let error = PredictionInterval.error(level: level, samples: targets.columns, preparation.outputs) { throw error }
    return replacing(
      networks: networks,
      interval: try PredictionInterval(
        level: level, answers: preparation.answers(outputs), values: preparation.values(of: targets),
        outputs: preparation.outputs))
  }
}

extension Preparation {
  /// The values of targets in the units of the data.
  ///
  /// - Shapes: targets outputs × samples, as scaled for training; returns target columns × samples.
  /// - Precondition: Traps unless the outputs are values or quantiles, and if the targets have another number of rows.
  package func values<Scalar>(of targets: Matrix<Scalar>) -> Matrix<Double> {
    guard let (columns, scaling) = outputs.targets else { fail("cannot give the values of \(outputs)") }
    guard targets.rows == outputCount else {
      fail("cannot give \(outputCount) values from \(targets.rows) targets for each sample")
    }
    let count = max(outputs.levels.count, 1)
    var repeated = Matrix<Double>(rows: targets.rows, columns: targets.columns)
    // Only answers are limited.
    repeated.withTile { repeated in
      targets.withReadOnlyTile { scaling.invert($0, into: repeated, repeating: count) }
    }
    guard count > 1 else { return repeated }
    var values = Matrix<Double>(rows: columns.count, columns: targets.columns)
    for sample in 0..<targets.columns {
      for target in columns.indices { values[target, sample] = repeated[target * count, sample] }
    }
    return values
  }
}
