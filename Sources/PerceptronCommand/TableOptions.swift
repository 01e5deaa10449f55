import Perceptron

/// The options that say what a table's columns are.
enum TableOptions {
  static let options = [
    Option("--ignore", "A,B", "columns that are not learnt from"),
    Option("--only", "A,B", "the columns that are learnt from (all but the target)"),
    Option("--id", "A", "the column that tells rows apart: not learnt from, and kept beside each prediction"),
    Option("--missing", "A,B", "texts and numbers that are missing values besides the usual ones (NA, N/A, null, ?, …)"),
    Option("--not-missing", "A,B", "usual ones that are values, such as NA for Namibia"),
    Option("--decimal", "MARK", "the decimal mark, point or comma, of columns that can be read in two ways (found out by itself)"),
    Option("--thousands", "MARK", "what stands between thousands there: point, comma, space or apostrophe"),
    Option("--min-frequency", "N", "rows that a text needs for a feature of its own (1; 2 in columns of more than 20 texts)"),
    Option("--max-categories", "N", "texts of a column that have a feature of their own (1000)"),
  ]

  /// What the options say.
  static func columns(_ arguments: Arguments) throws(CommandError) -> ColumnOptions {
    let marks: [(String, NumberFormat.Mark)] = [
      ("point", .point), (".", .point), ("comma", .comma), (",", .comma), ("space", .space), (" ", .space),
      ("apostrophe", .apostrophe), ("'", .apostrophe),
    ]
    let decimal = try arguments.choice("--decimal", Array(marks.prefix(4)))
    let thousands = try arguments.choice("--thousands", marks)
    if let decimal, decimal == thousands { throw .usage("--decimal and --thousands: both are \(decimal.rawValue)") }
    let missing = MissingSpellings(
      additional: Set(names("--missing", arguments) ?? []), excluded: Set(names("--not-missing", arguments) ?? []))
    if let text = missing.additional.intersection(missing.excluded).min() {
      throw .usage("--missing and --not-missing: \(text.debugDescription) is in both")
    }
    return ColumnOptions(
      ignored: names("--ignore", arguments) ?? [], only: names("--only", arguments),
      identifier: arguments.string("--id"), missing: missing, decimal: decimal, thousands: thousands,
      minimumFrequency: try arguments.integer("--min-frequency", in: 1...1_000_000_000),
      maximumCategories: try arguments.integer("--max-categories", in: 1...1_000_000) ?? 1000)
  }

  private static func names(_ option: String, _ arguments: Arguments) -> [String]? {
    arguments.string(option)?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }
}
