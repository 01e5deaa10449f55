import Tensor

extension Preparation {
  /// The scaled features of rows that a program holds. Each row has a field for every column, in the order of
  /// ``inputs``.
  ///
  /// Rows of numbers alone are written `rows.map { $0.map(InputValue.number) }`.
  ///
  /// - Shapes: returns features × rows.
  /// - Throws: ``RowError`` for the first row with a different number of fields, a string in place of a number, or an
  ///   infinite number.
  public func features<Scalar>(of rows: [[InputValue]], as type: Scalar.Type = Scalar.self) throws(RowError) -> Matrix<
    Scalar
  > {
    let preparation = RowPreparation(self)
    var features = Matrix<Scalar>(rows: inputCount, columns: rows.count)
    try features.withTile { (features) throws(RowError) in
      for (sample, row) in rows.enumerated() {
        do throws(FieldError) {
          try preparation.prepare(row, into: features[columns: sample..<sample + 1])
        } catch {
          throw RowError(row: sample, error: error)
        }
      }
    }
    return features
  }
}
