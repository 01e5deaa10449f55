import Tensor

/// How well several yes-or-no questions about each sample are answered, each by one output of its own; yes from ½ on.
public struct MultiLabelMetrics: Sendable, Equatable {
  /// The metrics of one label, or their means over the labels.
  public struct Label: Sendable, Equatable {
    /// The share of samples that are answered rightly; NaN without samples.
    public let accuracy: Double
    /// Of the answer yes.
    public let scores: ClassScores
    /// As in ``ProbabilityMetrics``.
    public let rocAUC: Double?
    /// As in ``ProbabilityMetrics``.
    public let logLoss: Double?
  }

  /// The metrics of each label.
  public let labels: [Label]
  /// The means over the labels; those that one of the labels lacks are nil.
  public let macro: Label
  /// The scores of the answer yes to all labels together.
  public let micro: ClassScores
  /// The share of samples all of whose labels are right; NaN without samples.
  public let exactMatch: Double

  /// - Shapes: outputs and targets labels × samples.
  /// - Precondition: Traps if the shapes differ, or there are no labels.
  public init<Scalar>(outputs: Matrix<Scalar>, targets: Matrix<Scalar>) {
    checkComparable(outputs, targets)
    let classifications = (0..<outputs.rows).map {
      ClassificationMetrics(outputs: outputs.row($0), targets: targets.row($0))
    }
    labels = classifications.enumerated().map { row, classification in
      let probability = ProbabilityMetrics(outputs: outputs.row(row), targets: targets.row(row))
      return Label(
        accuracy: classification.accuracy, scores: classification.classes[1], rocAUC: probability.rocAUC,
        logLoss: probability.logLoss)
    }
    func sum(_ count: ([[Int]]) -> Int) -> Int { classifications.reduce(0) { $0 + count($1.confusion) } }
    micro = ClassScores(
      hits: sum { $0[1][1] }, predicted: sum { $0[0][1] + $0[1][1] }, actual: sum { $0[1][0] + $0[1][1] })
    let (answers, truths) = (outputs.elements.map { $0 >= 0.5 }, targets.elements.map { $0 >= 0.5 })
    let matches = stride(from: 0, to: answers.count, by: outputs.rows).filter { start in
      (start..<start + outputs.rows).allSatisfy { answers[$0] == truths[$0] }
    }
    exactMatch = Double(matches.count) / Double(outputs.columns)
    macro = Label(
      accuracy: mean(labels.map(\.accuracy)) ?? .nan, scores: ClassScores(meanOf: labels.map(\.scores)),
      rocAUC: mean(labels.map(\.rocAUC)), logLoss: mean(labels.map(\.logLoss)))
  }
}

extension Matrix {
  /// One row, as a matrix of its own.
  func row(_ index: Int) -> Matrix {
    var row = Matrix(rows: 1, columns: columns)
    row.withTile { row in withReadOnlyTile { row.copy($0.rows(index..<index + 1)) } }
    return row
  }
}
