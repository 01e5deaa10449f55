import PerceptronFiles

/// Which texts say that a field is missing.
///
/// The usual ones are those that pandas reads as missing (`read_csv`, `na_values`), `?`, and `\N`, which MySQL writes:
/// an empty field, `NA`, `N/A`, `n/a`, `#N/A`, `<NA>`, `NULL`, `null`, `NaT`, `?`, `\N`, `NaN` in any capitals and a
/// few more. `None` is one in a column of numbers or dates; in a column of texts it is a text.
public struct MissingSpellings: Sendable, Hashable {
  /// Texts that are missing values besides the usual ones. One that is a number, such as `-999`, stands for that number
  /// however it is written.
  public let additional: Set<String>
  /// Usual spellings that are values here, such as `NA` for Namibia.
  public let excluded: Set<String>
  /// The numbers among the additional spellings.
  package let numbers: Set<Double>

  /// - Parameters:
  ///   - additional: Texts that are missing values besides the usual ones.
  ///   - excluded: Usual spellings that are values; an empty field is missing whatever this says.
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
  /// No usual spelling takes more bytes.
  static let longestUsual = 8
  /// Those that are words elsewhere.
  static let usualAmongNumbers: Set<String> = ["None", "none"]

  /// What a text is.
  ///
  /// - Parameter amongNumbers: Whether the column is of numbers or dates.
  func kind(of text: String, amongNumbers: Bool) -> TextKind {
    if additional.contains(text) || hasNumbers && DecimalNumber.parse(text).map(isMissing) == true { return .missing }
    let isUsual = Self.usual.contains(text) || amongNumbers && Self.usualAmongNumbers.contains(text)
    if isUsual { return excluded.contains(text) ? .word : .missing }
    let kind = TextKind(text)
    // NaN in one of its capitals.
    if kind == .missing { return excluded.contains(text) ? .word : .missing }
    return kind
  }

  /// Whether a text is missing in a column of numbers, if nothing else is said.
  package static func isUsual(_ text: String) -> Bool { MissingSpellings().isMissing(text, amongNumbers: true) }

  func isMissing(_ text: String, amongNumbers: Bool) -> Bool { kind(of: text, amongNumbers: amongNumbers) == .missing }

  var hasNumbers: Bool { !numbers.isEmpty }

  /// Whether a number stands for a missing value.
  @inline(__always)
  func isMissing(_ number: Double) -> Bool { !numbers.isEmpty && numbers.contains(number) }

  /// All texts that a column of texts takes for missing, for those who need a list.
  package var spellings: [String] {
    var capitals = [""]
    for letter in ["n", "a", "n"] { capitals = capitals.flatMap { [$0 + letter, $0 + letter.uppercased()] } }
    let nan = ["", "+", "-"].flatMap { sign in capitals.map { sign + $0 } }
    return Self.usual.union(nan).subtracting(excluded).union(additional).sorted()
  }
}
