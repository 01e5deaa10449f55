/// The meaning of a field in a feature column.
enum FieldValue: Sendable {
  case number(Double)
  /// The numbers of a date.
  case date([Double])
  /// The index of one of the column's strings, or of the feature for all other strings.
  case category(Int)
  /// A string that has no feature.
  case unseen
  /// The value is missing.
  case missing
  /// A number that is infinite or beyond the range.
  case infinite(Double)
  /// A string in place of a number or a date.
  case mistake
}
