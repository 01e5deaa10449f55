/// What a ``Predictor`` does if a number or a string is missing: null, NaN, or a string such as `NA`.
public enum MissingValuePolicy: Sendable {
  /// As in training: the column's mean, or the category for missing values, takes its place.
  case replaced
  /// The prediction throws.
  case refused
}
