import Tensor

/// How often the most probable class is the right one.
public struct ClassificationMetrics: Sendable, Equatable {
  /// `confusion[actual][predicted]` counts samples.
  public let confusion: [[Int]]

  /// Compares outputs with targets. The class of a sample is the row of its largest element. A single row is a
  /// yes-or-no answer, which is yes from ½ on.
  ///
  /// - Shapes: outputs and targets classes × samples, or 1 × samples.
  /// - Precondition: Traps if the shapes differ, or there are no rows.
  public init<Scalar>(outputs: Matrix<Scalar>, targets: Matrix<Scalar>) {
    checkComparable(outputs, targets)
    let classes = max(outputs.rows, 2)
    var confusion = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
    for (actual, predicted) in zip(targets.predictedClasses(), outputs.predictedClasses()) {
      confusion[actual][predicted] += 1
    }
    self.confusion = confusion
  }

  /// The number of samples.
  public var sampleCount: Int { confusion.joined().reduce(0, +) }
  /// The number of samples whose most probable class is the true one.
  public var correctCount: Int { confusion.indices.reduce(0) { $0 + confusion[$1][$1] } }

  /// The share of samples whose class was predicted; NaN without samples.
  public var accuracy: Double { Double(correctCount) / Double(sampleCount) }

  /// The scores of each class.
  public var classes: [ClassScores] {
    let predicted = predictedCounts
    return confusion.indices.map {
      ClassScores(hits: confusion[$0][$0], predicted: predicted[$0], actual: confusion[$0].reduce(0, +))
    }
  }

  /// The mean over the classes that occur or are predicted. Each of them has the same weight.
  public var macro: ClassScores {
    let present = zip(classes, predictedCounts).filter { $0.count + $1 > 0 }
    return ClassScores(meanOf: present.map(\.0))
  }

  /// The scores over the samples of all classes together. Since each sample is predicted as one class, all three scores
  /// equal the accuracy; 0 without samples.
  public var micro: ClassScores { ClassScores(hits: correctCount, predicted: sampleCount, actual: sampleCount) }

  /// The number of samples that were predicted as each class.
  private var predictedCounts: [Int] { confusion.indices.map { column in confusion.reduce(0) { $0 + $1[column] } } }
}

extension Matrix {
  /// The class of each column: the row of the largest element or, in a single row, whether it is at least ½.
  ///
  /// - Precondition: Traps if there are columns but no rows.
  public func predictedClasses() -> [Int] {
    rows == 1 ? elements.map { $0 >= 0.5 ? 1 : 0 } : indicesOfColumnMaxima()
  }
}

/// Traps unless outputs and targets have the same shape, with at least one row.
func checkComparable<Scalar>(_ outputs: Matrix<Scalar>, _ targets: Matrix<Scalar>) {
  guard outputs.rows == targets.rows, outputs.columns == targets.columns, outputs.rows > 0 else {
    fail("cannot compare \(outputs.shape) outputs with \(targets.shape) targets")
  }
}
