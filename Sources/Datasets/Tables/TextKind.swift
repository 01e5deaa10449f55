import PerceptronFiles

/// What a field is that stands in its cell as a text.
enum TextKind: Sendable {
  /// The value is missing: the field is empty, or one of the usual spellings of ``MissingSpellings``.
  case missing
  /// A number, but infinite or beyond the range.
  case infinite
  /// An integer that no cell can hold as it is written, for its size or for zeros before it: a feature is the number,
  /// rounded, and a label the text.
  case number
  /// A word: the column is not numeric.
  case word

  init(_ text: String) {
    if text.utf8.count <= MissingSpellings.longestUsual, MissingSpellings.usual.contains(text) {
      self = .missing
    } else if let number = Double(text), !number.isFinite {
      self = number.isNaN ? .missing : .infinite
    } else if text.utf8.first == UInt8(ascii: "0"), DecimalNumber.isPadded(Array(text.utf8).span) {
      self = .number
    } else if text.utf8.count > 15, DecimalNumber.isLongInteger(Array(text.trimmed.utf8).span) {
      self = .number
    } else {
      self = .word
    }
  }
}
