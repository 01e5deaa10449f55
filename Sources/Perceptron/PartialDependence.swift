/// How the answers of a model depend on one column of a table, as the mean over samples; see
/// ``TrainedModel/partialDependence(onColumn:prepared:values:rows:team:)``.
public struct PartialDependence: Sendable, Equatable {
  /// A value of the column.
  public enum Value: Sendable, Equatable {
    /// A number; for a column of dates the first number that ``DateFormat`` makes of them.
    case number(Double)
    /// A string.
    case text(String)
    /// A missing field of a column of strings.
    case missing
    /// The strings that share a feature because they were rare in training.
    case others
  }

  /// The answers if every sample has the same value.
  public struct Point: Sendable, Equatable {
    /// The value.
    public let value: Value
    /// The mean over the samples for each output: probabilities, or values in the units of the data.
    public let answers: [Double]
  }

  /// The column's name.
  public let column: String
  /// The numbers in ascending order, or the strings, the most frequent first.
  public let points: [Point]
}
