import PerceptronFiles

/// Which strings mean that a field is missing.
///
/// The usual spellings are those that pandas reads as missing (`read_csv`, `na_values`), `?`, and `\N`, which MySQL
/// writes: an empty field, `NA`, `N/A`, `n/a`, `#N/A`, `<NA>`, `NULL`, `null`, `NaT`, `?`, `\N`, `NaN` in any capitals
/// and a few more. `None` is missing in a column of numbers or dates, but a value in a text column.
public struct MissingSpellings: Sendable, Hashable {
  /// Strings that are missing values in addition to the usual ones. A string that is a number, such as `-999`, stands
  /// for that number in any spelling.
  public let additional: Set<String>
  /// Usual spellings that are values here, such as `NA` for Namibia.
  public let excluded: Set<String>
  /// The numbers among the additional spellings.
  package let numbers: Set<Double>

  /// Makes a set of spellings; without arguments, the usual ones.
  ///
  /// - Parameters:
  ///   - additional: Strings that are missing values in addition to the usual ones.
  ///   - excluded: Usual spellings that are values. An empty field is always missing.
  public init(additional: Set<String> = [], excluded: Set<String> = []) {
    self.additional = additional
    self.excluded = excluded.subtracting([""])
    numbers = Set(additional.compactMap(DecimalNumber.parse))
  }

  static let usual: Set<String> = [
    "", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "NULL", "Null", "null", "NaT", "?", "\\N", "-1.#IND",
    "-1.#QNAN",
    "1.#IND", "1.#QNAN",
  ]
  /// The number of bytes of the longest usual spelling.
  static let longestUsual = 8
  /// Spellings that are words in text columns.
  static let usualAmongNumbers: Set<String> = ["None", "none"]

  /// The kind of a string.
  ///
  /// - Parameter amongNumbers: Whether the column is of numbers or dates.
  func kind(of text: String, amongNumbers: Bool) -> TextKind {
    if additional.contains(text) || hasNumbers && DecimalNumber.parse(text).map(isMissing) == true { return .missing }
    let isUsual = Self.usual.contains(text) || amongNumbers && Self.usualAmongNumbers.contains(text)
    if isUsual { return excluded.contains(text) ? .word : .missing }
    let kind = TextKind(text)
    // NaN in any capitals.
    if kind == .missing { return excluded.contains(text) ? .word : .missing }
    return kind
  }

  /// Whether a string is missing in a column of numbers by default.
  package static func isUsual(_ text: String) -> Bool { MissingSpellings().isMissing(text, amongNumbers: true) }

  func isMissing(_ text: String, amongNumbers: Bool) -> Bool { kind(of: text, amongNumbers: amongNumbers) == .missing }

  var hasNumbers: Bool { !numbers.isEmpty }

  /// Whether a number stands for a missing value.
  @inline(__always)
  func isMissing(_ number: Double) -> Bool { !numbers.isEmpty && numbers.contains(number) }

  /// All strings that count as missing in a text column, for callers that need a list.
  package var spellings: [String] {
    var capitals = [""]
    for letter in ["n", "a", "n"] { capitals = capitals.flatMap { [$0 + letter, $0 + letter.uppercased()] } }
    let nan = ["", "+", "-"].flatMap { sign in capitals.map { sign + $0 } }
    return Self.usual.union(nan).subtracting(excluded).union(additional).sorted()
  }
}
