import PerceptronDatasets

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

    /// The weighted mean of independent changes.
    fileprivate init(meanOf changes: [Change], weights: [Double]) {
      let sum = weights.reduce(0, +)
      mean = zip(changes, weights).reduce(0) { $0 + $1.0.mean * $1.1 } / sum
      deviation =
        zip(changes, weights).reduce(0) {
          $0 + ($1.0.deviation * $1.1) * ($1.0.deviation * $1.1)
        }.squareRoot() / sum
    }
  }

  /// The column's name.
  public let column: String
  /// The increase of the model's loss. As in training, values are scaled.
  public let loss: Change
  /// For classes, the decrease of the accuracy, over all labels if there are several. For values, the increase of the
  /// root mean squared error, or of the quantile loss if the model answers with quantiles: in the units of the data,
  /// and as the mean over several outputs.
  public let metric: Change
}

extension Importance {
  /// The mean of importances that were measured on several parts of the samples, in descending order.
  ///
  /// - Parameters:
  ///   - parts: For each part the importances of the same columns, in any order.
  ///   - weights: The weight of each part.
  package static func mean(
    of parts: [[Importance]], weights: [Double], _ task: Preparation.Task
  ) -> [Importance] {
    guard parts.count > 1 else { return parts[0] }
    let byColumn = parts.map { Dictionary(uniqueKeysWithValues: $0.map { ($0.column, $0) }) }
    return parts[0].map { first in
      let changes = byColumn.map { $0[first.column]! }
      return Importance(
        column: first.column, loss: Change(meanOf: changes.map(\.loss), weights: weights),
        metric: Change(meanOf: changes.map(\.metric), weights: weights))
    }.sorted(for: task)
  }
}

extension [Importance] {
  /// In descending order of the loss or, for a regression, of the metric. Changes that are not finite are the largest;
  /// equal ones stay in their order.
  func sorted(for task: Preparation.Task) -> [Importance] {
    func size(_ importance: Importance) -> Double {
      let change = task == .regression ? importance.metric : importance.loss
      return change.mean.isFinite ? change.mean : .infinity
    }
    return enumerated().sorted {
      let (first, second) = (size($0.element), size($1.element))
      return first > second || first == second && $0.offset < $1.offset
    }.map(\.element)
  }
}
