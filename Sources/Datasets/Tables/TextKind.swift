import PerceptronFiles

/// The kind of a field that its cell stores as a string.
enum TextKind: Sendable {
  /// The value is missing: the field is empty, or one of the usual spellings of ``MissingSpellings``.
  case missing
  /// A number that is infinite or beyond the range.
  case infinite
  /// An integer that a cell cannot hold as it is written, because it is too large or begins with zeros. As a feature it
  /// is the rounded number; as a label it is the string.
  case number
  /// A word, which means that the column is not numeric.
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
