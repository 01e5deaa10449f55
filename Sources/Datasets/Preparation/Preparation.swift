import Tensor

/// How raw data become the inputs of a network, and how its outputs become answers.
///
/// A preparation is fitted on the training data alone and stored in the model. Later data in the raw form are therefore
/// treated the same way.
public struct Preparation: Sendable, Equatable {
  /// Where the features come from.
  public enum Inputs: Sendable, Equatable {
    /// These columns of a table.
    case columns([InputColumn])
    /// The pixels of images of this shape, whose last two dimensions are height and width.
    case pixels(shape: [Int])
  }

  /// What the outputs mean.
  public enum Outputs: Sendable, Equatable {
    /// One output for each class, with these names. In tables, `column` holds the label.
    case classes([String], column: String?)
    /// One output for each of these columns. It is the probability that the column holds the second of its two classes,
    /// whatever the other columns hold.
    case labels(columns: [String], classes: [[String]])
    /// The values of these columns, scaled for training.
    case values(columns: [String], scaling: Scaling)
    /// Quantiles of these columns: for each column an output for each level, in the order of the levels, scaled for
    /// training. Answers are sorted by value within a column, so that a higher level never has a lower answer
    /// (Chernozhukov, Fernández-Val and Galichon 2010).
    case quantiles(columns: [String], levels: [Double], scaling: Scaling)
  }

  /// What is to be learnt from a table.
  public enum Task: String, Sendable, CaseIterable {
    /// The targets are classes.
    case classification
    /// The targets are numbers.
    case regression
  }

  /// What the features are made of.
  public let inputs: Inputs
  /// How the numeric features are scaled before they enter the network. These are the features of numeric columns, or
  /// all pixels.
  public let inputScaling: Scaling
  /// What the network's outputs mean.
  public let outputs: Outputs
  /// Which strings mean that a field is missing.
  public let missing: MissingSpellings
  /// The other columns of the training table, which are not learnt from. Later data may have them or not.
  public let ignored: [String]
  /// The ignored column that tells the rows apart; predictions keep it.
  public let identifier: String?
  /// How the numbers of each regression target are written; empty if all are plain numbers.
  public let targetFormats: [NumberFormat]
  /// Whether a string that was in every training row counts as 1. This is so in models of version 1 of the file format,
  /// which have a weight for it. In other models such a column has no influence.
  package let weighsConstantTexts: Bool

  /// Makes a preparation that was fitted before.
  ///
  /// - Precondition: Traps if the parts contradict each other. The columns must be distinct, and so must the classes
  ///   (two or more), the two classes of a label and the strings of a text column. The scalings must have a feature for
  ///   each number and each regression target, no target's factor may be 0, and a date column must have a mean for each
  ///   of its numbers. There must be one format for each regression target, or none at all.
  public init(
    inputs: Inputs, inputScaling: Scaling, outputs: Outputs, missing: MissingSpellings = MissingSpellings(),
    ignored: [String] = [], identifier: String? = nil, targetFormats: [NumberFormat] = []
  ) {
    self.init(
      inputs: inputs, inputScaling: inputScaling, outputs: outputs, missing: missing, ignored: ignored,
      identifier: identifier, targetFormats: targetFormats, weighsConstantTexts: false)
  }

  package init(
    inputs: Inputs, inputScaling: Scaling, outputs: Outputs, missing: MissingSpellings, ignored: [String],
    identifier: String?, targetFormats: [NumberFormat], weighsConstantTexts: Bool
  ) {
    self.weighsConstantTexts = weighsConstantTexts
    if let mistake = Self.mistake(
      inputs: inputs, inputScaling: inputScaling, outputs: outputs, targetFormats: targetFormats)
    {
      fail("cannot prepare \(mistake)")
    }
    self.inputs = inputs
    self.inputScaling = inputScaling
    self.outputs = outputs
    self.missing = missing
    self.ignored = ignored
    self.identifier = identifier
    self.targetFormats = targetFormats.allSatisfy { $0 == .plain } ? [] : targetFormats
  }

  /// What is wrong with the parts of a preparation, or nil. The columns must be distinct, and so must the classes and
  /// the strings of a column; their counts must match what they stand for. The scalings must have as many features as
  /// there are numbers and values.
  package static func mistake(
    inputs: Inputs, inputScaling: Scaling, outputs: Outputs, targetFormats: [NumberFormat] = []
  ) -> String? {
    func areDifferent(_ names: [String], _ least: Int) -> Bool {
      names.count >= least && Set(names).count == names.count
    }
    if case .columns(let columns) = inputs {
      guard areDifferent(columns.map(\.name), 1) else { return "the columns: there must be one or more, all different" }
      if let mistake = columns.lazy.compactMap(\.mistake).first { return mistake }
    }
    guard inputScaling.offsets.count == inputs.numberCount else {
      return "\(inputs.numberCount) numbers by a scaling of \(inputScaling.offsets.count)"
    }
    guard inputScaling.limits.isEmpty else { return "numbers by a scaling with limits, which are for answers" }
    switch outputs {
    case .classes(let names, _):
      guard areDifferent(names, 2) else { return "the classes \(names): there must be at least two, all different" }
    case .labels(let columns, let classes):
      guard areDifferent(columns, 1), classes.count == columns.count,
        classes.allSatisfy({ $0.count == 2 && $0[0] != $0[1] })
      else { return "the labels \(columns): each must occur once and have two classes" }
    case .values(let columns, let scaling), .quantiles(let columns, _, let scaling):
      if case .quantiles(_, let levels, _) = outputs, !Loss.quantiles(levels).accepts(.identity) {
        return "the quantiles \(levels): they must ascend between 0 and 1"
      }
      guard areDifferent(columns, 1), scaling.offsets.count == columns.count else {
        return "the targets \(columns) by a scaling of \(scaling.offsets.count)"
      }
      guard !scaling.factors.contains(0) else { return "the targets \(columns) by a factor of 0" }
      // The network's outputs may be beyond what a clip can give.
      guard scaling.method != .smoothClip else { return "the targets \(columns) by a smooth clip" }
      guard targetFormats.isEmpty || targetFormats.count == columns.count else {
        return "the targets \(columns) in \(targetFormats.count) formats"
      }
      return nil
    }
    return targetFormats.isEmpty ? nil : "number formats for targets that are classes"
  }

  /// The number of features.
  public var inputCount: Int { inputs.count }

  /// The indices of the features that are numbers and were not constant in training.
  public var numericFeatures: [Int] {
    encoders.flatMap { encoder in
      zip(encoder.features, encoder.scales).filter { !$1.isConstant }.map(\.0)
    }
  }

  /// The indices of the features of each column of strings.
  public var categoryFeatures: [Range<Int>] {
    encoders.filter { if case .category = $0.column { true } else { false } }.map(\.features)
  }

  /// The number of outputs.
  public var outputCount: Int { outputs.names.count }

  /// Whether classes or numbers are predicted.
  public var task: Task {
    switch outputs {
    case .classes, .labels: .classification
    case .values, .quantiles: .regression
    }
  }
}

extension Preparation.Inputs {
  /// The number of features.
  var count: Int {
    switch self {
    case .columns(let columns): columns.reduce(0) { $0 + $1.featureCount }
    case .pixels(let shape): shape.reduce(1, *)
    }
  }

  /// How many of the features are numbers. Only these are scaled.
  var numberCount: Int {
    switch self {
    case .columns(let columns): columns.reduce(0) { $0 + $1.numberCount }
    case .pixels: count
    }
  }
}

extension Preparation.Outputs {
  /// A name for each output: a class, or a column; for quantiles a column and a level, such as `price 0.05`.
  public var names: [String] {
    switch self {
    case .classes(let names, _): names
    case .labels(let columns, _), .values(let columns, _): columns
    case .quantiles(let columns, let levels, _): columns.flatMap { column in levels.map { "\(column) \($0)" } }
    }
  }

  /// The names of the target columns; an empty name for classes that are not from a table.
  package var targetColumns: [String] {
    switch self {
    case .classes(_, let column): [column ?? ""]
    case .labels(let columns, _), .values(let columns, _), .quantiles(let columns, _, _): columns
    }
  }

  /// The columns whose values are predicted, and their scaling; nil for classes and labels.
  package var targets: (columns: [String], scaling: Scaling)? {
    switch self {
    case .classes, .labels: nil
    case .values(let columns, let scaling), .quantiles(let columns, _, let scaling): (columns, scaling)
    }
  }

  /// The levels of quantiles; empty for other outputs.
  package var levels: [Double] { if case .quantiles(_, let levels, _) = self { levels } else { [] } }

  /// The index of the median among the levels; nil if there is none.
  package var median: Int? { index(ofLevel: 0.5) }

  /// The index of a level; nil if there is none. Levels that were computed may have a rounding error.
  package func index(ofLevel level: Double) -> Int? { levels.firstIndex { abs($0 - level) < 1e-9 } }
}

extension Preparation.Outputs: CustomStringConvertible {
  /// What is predicted, such as "classification of species, 3 classes".
  public var description: String {
    switch self {
    case .classes(let names, let column): "classification\(column.map { " of \($0)" } ?? ""), \(names.count) classes"
    case .labels(let columns, _): "classification of \(columns.count) labels: \(columns.joined(separator: ", "))"
    case .values(let columns, _): "regression of \(columns.joined(separator: ", "))"
    case .quantiles(let columns, let levels, _):
      "quantiles \(levels.map { "\($0)" }.joined(separator: ", ")) of \(columns.joined(separator: ", "))"
    }
  }
}

// MARK: - Answers

extension Preparation {
  /// The names of the classes, one for each output; empty if the outputs are not classes.
  public var classNames: [String] {
    guard case .classes(let names, _) = outputs else { return [] }
    return names
  }

  /// Converts outputs to answers: probabilities stay as they are, and values are converted to the units of the data.
  /// The quantiles of a column are sorted, so that they never cross.
  ///
  ///     value = output / factor + offset,   moved within the limits of the target's scaling, if it has limits
  ///
  /// This is computed in `Double`, because values may be far from 0 compared with their spread: dates, coordinates,
  /// identifiers.
  ///
  /// - Shapes: outputs and answers, outputs × samples.
  /// - Precondition: Traps unless there are ``outputCount`` rows.
  public func answers<Scalar>(_ outputs: Matrix<Scalar>) -> Matrix<Double> {
    guard outputs.rows == outputCount else {
      fail("cannot make \(outputCount) answers from \(outputs.rows) outputs for each sample")
    }
    return self.outputs.answers(outputs)
  }
}

extension Preparation.Outputs {
  /// The answers for outputs, as ``Preparation/answers(_:)`` gives them.
  package func answers<Scalar>(_ outputs: Matrix<Scalar>) -> Matrix<Double> {
    var answers = Matrix<Double>(rows: outputs.rows, columns: outputs.columns)
    answers.withTile { answers in
      outputs.withReadOnlyTile { writeAnswers($0, into: answers) }
    }
    return answers
  }

  /// answers ← outputs, as ``Preparation/answers(_:)`` does. Allocates nothing.
  ///
  /// - Shapes: outputs and answers, outputs × samples.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func writeAnswers<Scalar: BLASScalar>(_ outputs: Tile<Scalar>, into answers: Tile<Double>) {
    if let (_, scaling) = targets {
      let count = Swift.max(levels.count, 1)
      scaling.invert(outputs, into: answers, repeating: count)
      scaling.limit(answers, repeating: count)
      return answers.sort(runsOf: count)
    }
    for column in 0..<outputs.columns {
      let (from, to) = (outputs[columns: column..<column + 1], answers[columns: column..<column + 1])
      for row in 0..<outputs.rows { to[row] = Double(from[row]) }
    }
  }
}

extension Tile<Double> {
  /// Sorts each run of `count` numbers of a column in ascending order, by insertion: there are few, and they are mostly
  /// in order.
  fileprivate func sort(runsOf count: Int) {
    guard count > 1 else { return }
    for column in 0..<columns {
      let numbers = self[columns: column..<column + 1]
      for start in Swift.stride(from: 0, to: rows, by: count) {
        for index in start..<start + count {
          let number = numbers[index]
          var place = index
          while place > start, number < numbers[place - 1] {
            numbers[place] = numbers[place - 1]
            place -= 1
          }
          numbers[place] = number
        }
      }
    }
  }
}
