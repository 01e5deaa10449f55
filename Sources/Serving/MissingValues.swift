/// What a ``Predictor`` does with a number or a text that is missing: null, NaN, or a text such as `NA`.
public enum MissingValues: Sendable {
  /// As in training: the mean takes its place, or the category of what is missing.
  case replaced
  /// A prediction throws.
  case refused
}
