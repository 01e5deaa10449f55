/// How much the answers of a model depend on one column of a table: how much worse they become if its values are
/// permuted among the samples; see ``TrainedModel/importances(on:repeats:generator:team:)``.
public struct Importance: Sendable, Equatable {
  /// A difference, as measured with several permutations.
  public struct Change: Sendable, Equatable {
    /// The mean over the permutations.
    public let mean: Double
    /// Its spread over the permutations: the root of the sum of squared deviations divided by permutations − 1; 0 for
    /// one permutation.
    public let deviation: Double

    init(_ values: [Double]) {
      let mean = values.reduce(0, +) / Double(values.count)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      (self.mean, deviation) = (mean, (squares / Double(max(values.count - 1, 1))).squareRoot())
    }
  }

  /// The column's name.
  public let column: String
  /// The increase of the model's loss. As in training, values are scaled.
  public let loss: Change
  /// The decrease of the accuracy, over all labels if there are several, or the increase of the root mean squared
  /// error, or of the quantile loss if the model answers with quantiles: in the units of the data, and as the mean over
  /// several outputs.
  public let metric: Change
}
