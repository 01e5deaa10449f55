import Perceptron

/// The options that describe the columns of a table.
enum TableOptions {
  static let options = [
    Option("--ignore", "A,B", "columns that are not features"),
    Option("--only", "A,B", "the only columns that are features (all except the target)"),
    Option("--id", "A", "the column that identifies each row: not a feature, but kept beside each prediction"),
    Option(
      "--missing", "A,B", "strings and numbers that are missing values, besides the usual ones (NA, N/A, null, ?, …)"),
    Option("--not-missing", "A,B", "usual ones that are not missing values here, such as NA for Namibia"),
    Option(
      "--decimal", "MARK",
      "the decimal mark, point or comma, of columns that can be read in two ways (detected)"),
    Option("--thousands", "MARK", "the thousands separator there: point, comma, space or apostrophe (detected)"),
    Option(
      "--min-frequency", "N",
      "rows in which a string must occur to get its own feature (1; 2 in columns of more than 20 strings)"),
    Option("--max-categories", "N", "the most strings of a column that get their own feature (1000)"),
  ]

  /// The options that describe how tables are read.
  static let formatOptions = [
    Option("--header", nil, "the first row is a header (detected)"),
    Option("--no-header", nil, "the first row is data"),
    Option("--delimiter", "MARK", "comma, semicolon, tab or bar between the fields of tables (detected)"),
  ]

  /// Returns the format of a table: `--header`, `--no-header` and `--delimiter`, and the model's columns whose numbers
  /// are not plain.
  static func format(_ arguments: Arguments, for preparation: Preparation? = nil) throws(CommandError) -> Table.Format {
    var format = preparation?.tableFormat ?? Table.Format()
    if let name = arguments.string("--id") { format = format.keepingText(of: [name]) }
    switch (arguments.flag("--header"), arguments.flag("--no-header")) {
    case (true, true): throw .usage("--header and --no-header exclude each other")
    case (true, false): format.header = .present
    case (false, true): format.header = .absent
    case (false, false): break
    }
    if let text = arguments.string("--delimiter") {
      guard let delimiter = Table.Delimiter(text) else {
        let names = Table.Delimiter.allCases.map(\.name).joined(separator: ", ")
        throw .usage("--delimiter: expected one of \(names), or the character itself, found \(text.debugDescription)")
      }
      format.delimiter = delimiter
    }
    return format
  }

  /// Returns what the options state about columns.
  static func columns(_ arguments: Arguments) throws(CommandError) -> ColumnOptions {
    let marks: [(String, NumberFormat.Mark)] = [
      ("point", .point), (".", .point), ("comma", .comma), (",", .comma), ("space", .space), (" ", .space),
      ("apostrophe", .apostrophe), ("'", .apostrophe),
    ]
    let decimal = try arguments.choice("--decimal", Array(marks.prefix(4)))
    let thousands = try arguments.choice("--thousands", marks)
    if let decimal, decimal == thousands { throw .usage("--decimal and --thousands: both are \(decimal.rawValue)") }
    let missing = MissingSpellings(
      additional: Set(try names("--missing", arguments) ?? []),
      excluded: Set(try names("--not-missing", arguments) ?? []))
    if let text = missing.excluded.first(where: { !MissingSpellings.isUsual($0) }) {
      throw .usage(
        "--not-missing: \(text.debugDescription) is not a usual spelling of a missing value, so it is a value anyway;"
          + " the usual spellings are NA, N/A, null, NaN and others")
    }
    if let text = missing.additional.intersection(missing.excluded).min() {
      throw .usage("--missing and --not-missing: \(text.debugDescription) is in both")
    }
    return ColumnOptions(
      ignored: try names("--ignore", arguments) ?? [], only: try names("--only", arguments),
      identifier: arguments.string("--id"), missing: missing, decimal: decimal, thousands: thousands,
      minimumFrequency: try arguments.integer("--min-frequency", in: 1...1_000_000_000),
      maximumCategories: try arguments.integer("--max-categories", in: 1...1_000_000) ?? 1000)
  }

  private static func names(_ option: String, _ arguments: Arguments) throws(CommandError) -> [String]? {
    guard let text = arguments.string(option) else { return nil }
    let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard !names.contains("") else {
      throw .usage("\(option): expected names separated by commas, found \(text.debugDescription)")
    }
    return names
  }
}
