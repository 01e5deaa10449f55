import Tensor

/// How often the most probable class is the right one.
public struct ClassificationMetrics: Sendable, Equatable {
  /// `confusion[actual][predicted]` counts samples.
  public let confusion: [[Int]]

  /// Compares outputs with targets, each sample's class being the row of its largest element; a single row is a yes-or-no answer, yes from
  /// ½ on.
  ///
  /// - Shapes: outputs and targets classes × samples, or 1 × samples.
  /// - Precondition: Traps where the shapes differ.
  public init<Scalar>(outputs: Matrix<Scalar>, targets: Matrix<Scalar>) {
    guard outputs.rows == targets.rows, outputs.columns == targets.columns else {
      fail("cannot compare \(outputs.shape) outputs with \(targets.shape) targets")
    }
    let classes = max(outputs.rows, 2)
    var confusion = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
    for (actual, predicted) in zip(targets.predictedClasses(), outputs.predictedClasses()) {
      confusion[actual][predicted] += 1
    }
    self.confusion = confusion
  }

  public var sampleCount: Int { confusion.joined().reduce(0, +) }
  public var correctCount: Int { confusion.indices.reduce(0) { $0 + confusion[$1][$1] } }

  /// The share of samples whose class was predicted; NaN without samples.
  public var accuracy: Double { Double(correctCount) / Double(sampleCount) }
}

extension Matrix {
  /// The class of each column: the row of the largest element or, in a single row, whether it is at least ½.
  public func predictedClasses() -> [Int] {
    rows == 1 ? elements.map { $0 >= 0.5 ? 1 : 0 } : indicesOfColumnMaxima()
  }
}
