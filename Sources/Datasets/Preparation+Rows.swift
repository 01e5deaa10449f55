import Tensor

extension Preparation {
  /// The scaled features of rows that a program holds, each with a field for every column in the order of ``inputs``; rows of numbers alone
  /// are `rows.map { $0.map(Field.number) }`.
  ///
  /// - Shapes: returns features × rows.
  /// - Precondition: Traps where a row has another count of fields, and where text stands for a number.
  public func features<Scalar>(of rows: [[Field]]) -> Matrix<Scalar> {
    let columns =
      switch inputs {
      case .columns(let columns): columns
      case .pixels: (0..<inputCount).map { InputColumn.number(name: "pixel \($0)", mean: 0) }
      }
    let names = columns.map { column in
      if case .category(_, let values) = column { NameIndex(values) } else { NameIndex([]) }
    }
    var features = Matrix<Scalar>(rows: inputCount, columns: rows.count)
    for (sample, row) in rows.enumerated() {
      guard row.count == columns.count else {
        fail("cannot prepare a row of \(row.count) fields: \(columns.count) are needed")
      }
      var (feature, number) = (0, 0)
      for (index, field) in row.enumerated() {
        switch (columns[index], field) {
        case (.number(_, let mean), .number), (.number(_, let mean), .missing):
          let value = if case .number(let value) = field, !value.isNaN { value } else { mean }
          features[feature, sample] = Scalar(inputScaling.scaled(value, number))
          number += 1
        case (.category, _):
          let category =
            switch field {
            case .number(let value): names[index][value]
            case .text(let text): names[index][TextKind(text) == .missing ? "" : text]
            case .missing: names[index][""]
            }
          if let category { features[feature + category, sample] = 1 }
        case (.number(let name, _), .text(let text)):
          fail("cannot prepare the text \(text): the column \(name) has numbers")
        }
        feature += columns[index].count
      }
    }
    return features
  }
}
