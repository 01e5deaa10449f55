/// A column of a table as features of a network: what its fields mean, as decided in training.
public enum InputColumn: Sendable, Equatable {
  /// Numbers: one feature.
  ///
  /// - Parameters:
  ///   - mean: The mean of the training data, which replaces a missing number; nil if a missing number is refused, as
  ///     for a network of another tool that replaces none.
  ///   - format: How the numbers are written in tables.
  ///   - missing: Strings of this column that are missing values, in addition to ``Preparation/missing``.
  case number(name: String, mean: Double?, format: NumberFormat = .plain, missing: [String] = [])
  /// One of several strings. Each string has a feature, which is 1 if the field holds that string and 0 otherwise. The
  /// string "" stands for a missing field.
  ///
  /// - Parameter gathersOthers: Whether one more feature stands for all other strings: those that were rare in training
  ///   and those that did not occur. If false, such a string has no feature.
  case category(name: String, values: [String], gathersOthers: Bool = false)
  /// Dates, times or both: one feature for each of the numbers that ``DateFormat`` makes of them.
  ///
  /// - Parameters:
  ///   - means: The means of the training data, which replace the numbers of a missing date.
  ///   - missing: As for numbers.
  case date(name: String, format: DateFormat, means: [Double], missing: [String] = [])

  /// The column's name.
  public var name: String {
    switch self {
    case .number(let name, _, _, _), .category(let name, _, _), .date(let name, _, _, _): name
    }
  }

  /// The number of features.
  package var featureCount: Int {
    switch self {
    case .number: 1
    case .category(_, let values, let gathersOthers): values.count + (gathersOthers ? 1 : 0)
    case .date(_, _, let means, _): means.count
    }
  }

  /// How many of the features are numbers. Only these are scaled.
  var numberCount: Int {
    switch self {
    case .number: 1
    case .category: 0
    case .date(_, _, let means, _): means.count
    }
  }

  /// The means of the column's numbers in the training data, which replace missing ones; NaN if missing ones are
  /// refused.
  package var means: [Double] {
    switch self {
    case .number(_, let mean, _, _): [mean ?? .nan]
    case .date(_, _, let means, _): means
    case .category: []
    }
  }

  var isNumber: Bool { if case .number = self { true } else { false } }

  /// What is wrong with the column, or nil.
  var mistake: String? {
    switch self {
    case .number: nil
    case .category(let name, let values, _):
      !values.isEmpty && Set(values).count == values.count
        ? nil : "the strings \(values) of the column \(name): there must be at least one, all different"
    case .date(let name, let format, let means, _):
      means.count == format.parts.count
        ? nil
        : "the dates \(format.pattern) of the column \(name) with \(means.count) means instead of \(format.parts.count)"
    }
  }
}
