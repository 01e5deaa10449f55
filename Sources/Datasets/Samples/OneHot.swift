import Tensor

/// The labels as unit vectors: 1 in the row of the label, 0 in the other rows.
///
/// - Returns: a matrix of classes × labels. Traps if a label is not in 0..<classes.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func oneHot<Scalar: BLASScalar>(
  _ labels: [Int], classes: Int, as type: Scalar.Type = Scalar.self
) -> Matrix<Scalar> {
  var matrix = Matrix<Scalar>(rows: classes, columns: labels.count)
  matrix.withMutableSpan { span in
    for (sample, label) in labels.enumerated() {
      guard label >= 0, label < classes else {
        fail("cannot encode label \(label) of sample \(sample): there are \(classes) classes")
      }
      span[sample * classes + label] = 1
    }
  }
  return matrix
}
