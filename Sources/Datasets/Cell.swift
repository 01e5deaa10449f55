/// A field of a table in eight bytes: a finite number as itself, any other field as a NaN whose low bits are the code of its text.
enum Cell {
  static func text(_ code: Int) -> Double { Double(bitPattern: quietNaN | UInt64(code)) }

  /// The code of the text that a cell stands for that is not finite.
  static func code(_ cell: Double) -> Int { Int(cell.bitPattern & ~quietNaN) }

  private static let quietNaN: UInt64 = 0x7FF8_0000_0000_0000
}

/// What a field is that stands in its cell as a text.
enum TextKind: Sendable {
  /// The value is missing: the field is empty, or one of the usual spellings of ``MissingSpellings``.
  case missing
  /// A number, but infinite or beyond the range.
  case infinite
  /// A whole number that no cell can hold: as a feature it is rounded, as a label it stays apart from its neighbours.
  case number
  /// A word: the column is not numeric.
  case word

  init(_ text: String) {
    if text.utf8.count <= MissingSpellings.longestUsual, MissingSpellings.usual.contains(text) {
      self = .missing
    } else if let number = Double(text), !number.isFinite {
      self = number.isNaN ? .missing : .infinite
    } else if text.utf8.count > 15, DecimalNumber.isLongInteger(Array(text.trimmed.utf8).span) {
      self = .number
    } else {
      self = .word
    }
  }
}
