import Tensor

/// A ``Preparation`` in a form that is fast for one row after another, as a service receives them. Its look-ups are
/// indexed once.
package struct RowPreparation: Sendable {
  package let columns: [InputColumn]
  private let encoders: [ColumnEncoder]
  private let scaling: Scaling
  private let featureCount: Int
  /// Columns that a record may have but that are not learnt from.
  private let ignored: Set<String>
  /// The value that replaces each missing number, or NaN; used only if all inputs are numbers.
  private let means: [Double]
  private let missing: MissingSpellings
  /// Whether a missing field is a mistake.
  private let refusesMissing: Bool

  package init(_ preparation: Preparation, refusesMissing: Bool = false) {
    encoders = preparation.encoders
    columns = encoders.map(\.column)
    means = columns.compactMap { if case .number(_, let mean, _, _) = $0 { mean ?? .nan } else { nil } }
    scaling = preparation.inputScaling
    featureCount = preparation.inputCount
    ignored = Set(preparation.ignored)
    missing = preparation.missing
    self.refusesMissing = refusesMissing
  }

  /// Whether every column holds numbers, so that rows can be columns of a matrix.
  package var isNumeric: Bool { means.count == columns.count }

  /// The name of the first column that holds text or dates.
  package var firstTextColumn: String? { columns.first { !$0.isNumber }?.name }

  // MARK: - Rows of fields

  /// features ← the scaled features of a row. It has a field for every column, in the order of the columns.
  ///
  /// - Shapes: features, features × 1.
  /// - Throws: ``FieldError``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func prepare<Scalar>(_ row: [InputValue], into features: Tile<Scalar>) throws(FieldError) {
    guard row.count == columns.count else { throw .count(found: row.count, expected: columns.count) }
    features.fill(0)
    for (column, field) in row.enumerated() { try prepare(field, column, into: features) }
  }

  /// The same for a record, whose fields are found by the names of the columns.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func prepare<Scalar>(_ record: [String: InputValue], into features: Tile<Scalar>) throws(FieldError) {
    features.fill(0)
    for (column, input) in columns.enumerated() {
      guard let field = record[input.name] else { throw missing(input.name, from: record) }
      try prepare(field, column, into: features)
    }
    // Every column is there, so any further field was left out in training or is unknown.
    if record.count > columns.count {
      let names = columns.map(\.name)
      if let name = Set(record.keys).subtracting(names).subtracting(ignored).min() {
        throw .unknownColumn(name, columns: names)
      }
    }
  }

  @inline(never)
  private func missing(_ name: String, from record: [String: InputValue]) -> FieldError {
    let names = columns.map(\.name)
    func plain(_ name: String) -> String { name.lowercased().filter { $0.isLetter || $0.isNumber } }
    let similar = record.keys.filter { !names.contains($0) && plain($0) == plain(name) }.min()
    return similar.map { .otherSpelling(column: name, found: $0) } ?? .missingColumn(name, columns: names)
  }

  @inline(__always)
  private func prepare<Scalar>(_ field: InputValue, _ column: Int, into features: Tile<Scalar>) throws(FieldError) {
    let encoders = encoders.span
    let value: FieldValue
    switch field {
    case .number(let number):
      // If some of a column's strings are numbers, any other number counts as a string that did not occur in training.
      guard number.isNaN || missing.isMissing(number) || encoders[column].takesNumbers else {
        throw .notAText(column: columns[column].name, number: number)
      }
      value = encoders[column].value(of: number)
    case .text(let text): value = encoders[column].value(of: text)
    case .missing: value = encoders[column].missingValue
    }
    if refusesMissing, isMissing(field, column) { throw .missing(column: columns[column].name) }
    guard encoders[column].write(value, to: features, from: 0) else { throw mistake(field, value, column) }
  }

  private func isMissing(_ field: InputValue, _ column: Int) -> Bool {
    switch field {
    case .missing: true
    case .number(let number): number.isNaN || missing.isMissing(number)
    case .text(let text): encoders[column].isMissing(text)
    }
  }

  @inline(never)
  private func mistake(_ field: InputValue, _ value: FieldValue, _ column: Int) -> FieldError {
    let name = columns[column].name
    switch (field, value) {
    case (_, .missing): return .missing(column: name)
    case (_, .number(let number)), (_, .infinite(let number)): return .notFinite(column: name, number)
    case (.text(let text), _):
      if case .date(_, let format, _, _) = columns[column] {
        return .notADate(column: name, text: text, pattern: format.pattern)
      }
      return .notANumber(column: name, text: text)
    case (.number(let number), _): return .notAText(column: name, number: number)
    case (.missing, _): return .missing(column: name)
    }
  }

  // MARK: - Columns of numbers

  /// features ← the scaled samples; all columns must hold numbers. A value that cannot be a feature becomes NaN: an
  /// infinite number, or a missing one if missing values are refused.
  ///
  /// - Shapes: samples and features, features × samples.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func prepare<Scalar>(_ samples: Tile<Scalar>, into features: Tile<Scalar>) {
    for sample in 0..<samples.columns {
      let (from, to) = (samples[columns: sample..<sample + 1], features[columns: sample..<sample + 1])
      for feature in 0..<featureCount {
        let value = Double(from[feature])
        let isMissing = value.isNaN || missing.isMissing(value)
        let scaled = Scalar(scaling.scaled(isMissing && !refusesMissing ? means[feature] : value, feature))
        to[feature] = value.isInfinite || !scaled.isFinite || isMissing && refusesMissing ? .nan : scaled
      }
    }
  }

  /// Whether finite numbers become features without any change.
  package var keepsNumbers: Bool { scaling.isIdentity && !missing.hasNumbers }

  /// What is wrong with a sample of numbers, or nil.
  package func mistake<Scalar>(in sample: Tile<Scalar>) -> FieldError? {
    for (feature, column) in columns.enumerated() {
      let value = Double(sample[feature])
      if value.isNaN || missing.isMissing(value) {
        if refusesMissing || means[feature].isNaN { return .missing(column: column.name) }
      } else if value.isInfinite || !Scalar(scaling.scaled(value, feature)).isFinite {
        return .notFinite(column: column.name, value)
      }
    }
    return nil
  }
}
