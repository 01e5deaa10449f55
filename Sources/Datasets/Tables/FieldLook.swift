/// What a field looks like to a person, which tells a header from data. More fields look like numbers than the table
/// reads as numbers.
enum FieldLook {
  /// The value is missing or infinite, or a mark that means no value in many files.
  case missing
  /// A number in any usual notation, or true or false.
  case number
  /// A date, a time, or both.
  case date
  case word

  init(_ text: String) {
    let text = text.trimmed
    if MissingSpellings().isMissing(text, amongNumbers: true) || TextKind(text) == .infinite
      || [".", "-"].contains(text)
    {
      self = .missing
    } else if NumberFormat.common(to: [text]) != nil || [text].areTruthValues {
      self = .number
    } else {
      self = DateFormat.common(to: [text]) == nil ? .word : .date
    }
  }
}
