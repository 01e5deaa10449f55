/// What a field looks like to a person, by which the first row of a table is told from a header: more than the table
/// itself reads as a number.
enum FieldLook {
  /// The value is missing, or infinite, or a mark that stands for no value in many files.
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
