import Tensor

extension Preparation {
  /// The scaled features of rows that a program holds, each with a field for every column in the order of ``inputs``; rows of numbers alone
  /// are `rows.map { $0.map(Field.number) }`.
  ///
  /// - Shapes: returns features × rows.
  /// - Precondition: Traps where a row has another count of fields, where text stands for a number, and on infinite numbers.
  public func features<Scalar>(of rows: [[Field]]) -> Matrix<Scalar> {
    let preparation = RowPreparation(self)
    var features = Matrix<Scalar>(rows: inputCount, columns: rows.count)
    features.withTile { features in
      for (sample, row) in rows.enumerated() {
        do throws(FieldError) {
          try preparation.prepare(row, into: features[columns: sample..<sample + 1])
        } catch {
          fail("cannot prepare row \(sample): \(error)")
        }
      }
    }
    return features
  }
}
