/// What a field is in a column of features.
enum FieldValue: Sendable {
  case number(Double)
  /// A date's numbers.
  case date([Double])
  /// One of the column's texts, or the feature for all others.
  case category(Int)
  /// A text that has no feature.
  case unseen
  /// The value is missing, and this takes its place.
  case missing
  /// A number, but infinite or beyond the range.
  case infinite(Double)
  /// A text in the place of a number or a date.
  case mistake
}
