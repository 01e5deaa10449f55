import Perceptron

extension Preparation.Outputs {
  /// What is predicted, in words.
  var text: String {
    switch self {
    case .classes(let names, let column):
      "\(names.count) classes\(column.map { " of \($0)" } ?? ""): \(abbreviated(names))"
    case .labels(let columns, let classes):
      "\(columns.count) labels: \(abbreviated(zip(columns, classes).map { "\($0) (\($1[0]) or \($1[1]))" }))"
    case .values(let columns, _):
      columns.count == 1 ? "the value of \(columns[0])" : "\(columns.count) values: \(abbreviated(columns))"
    case .quantiles(let columns, let levels, _):
      "the quantiles \(abbreviated(levels.map { "\($0)" })) of \(abbreviated(columns))"
    }
  }
}

/// A list of names; the first and the last of them if there are many.
func abbreviated(_ names: [String]) -> String {
  names.count <= 12 ? names.joined(separator: ", ") : names.prefix(10).joined(separator: ", ") + ", … " + names.last!
}
