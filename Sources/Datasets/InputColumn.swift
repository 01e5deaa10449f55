/// A column of a table as features of a network.
public enum InputColumn: Sendable, Equatable {
  /// Numbers: one feature. The mean of the training data takes the place of a missing number.
  case number(name: String, mean: Double)
  /// One of some texts: a feature for each of them, 1 for the field's, else 0. The text "" stands for a missing field.
  case category(name: String, values: [String])

  /// The column's name.
  public var name: String {
    switch self {
    case .number(let name, _), .category(let name, _): name
    }
  }

  /// The number of features.
  public var count: Int {
    switch self {
    case .number: 1
    case .category(_, let values): values.count
    }
  }

  var isNumber: Bool {
    if case .number = self { true } else { false }
  }
}
