import Tensor

/// The metrics of several yes-or-no questions about each sample. Each question has its own output, which means yes from
/// ½ on.
public struct MultiLabelMetrics: Sendable, Equatable {
  /// The metrics of one label, or their means over the labels.
  public struct Label: Sendable, Equatable {
    /// The share of samples that are answered correctly; NaN without samples.
    public let accuracy: Double
    /// The scores of the answer yes.
    public let scores: ClassScores
    /// As in ``ProbabilityMetrics``.
    public let rocAUC: Double?
    /// As in ``ProbabilityMetrics``.
    public let logLoss: Double?
    /// As in ``Reliability``.
    public let calibrationError: Double?
  }

  /// The metrics of each label.
  public let labels: [Label]
  /// The means over the labels. A metric is nil if it is nil for any label.
  public let macro: Label
  /// The scores of the answer yes over all labels together.
  public let micro: ClassScores
  /// The share of samples whose labels are all correct; NaN without samples.
  public let exactMatch: Double

  /// Compares outputs with targets.
  ///
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
        logLoss: probability.logLoss, calibrationError: probability.reliability?.calibrationError)
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
      rocAUC: mean(labels.map(\.rocAUC)), logLoss: mean(labels.map(\.logLoss)),
      calibrationError: mean(labels.map(\.calibrationError)))
  }
}

extension Matrix {
  /// Copies one row into a new matrix.
  func row(_ index: Int) -> Matrix {
    var row = Matrix(rows: 1, columns: columns)
    row.withTile { row in withReadOnlyTile { row.copy($0.rows(index..<index + 1)) } }
    return row
  }
}
