import Tensor

/// A ``Preparation`` in the form that is quick for one row after the other, as a service gets them: what is looked up is indexed once.
package struct RowPreparation: Sendable {
  package let columns: [InputColumn]
  private let places: [Place]
  private let scaling: Scaling
  private let featureCount: Int
  /// What takes the place of each number that is missing; empty where the inputs are no numbers alone.
  private let means: [Double]
  /// Whether a missing field is a mistake.
  private let refusesMissing: Bool

  /// Where a column's features begin, and how they are made.
  private struct Place {
    let feature: Int
    /// The column's number among those of numbers; of the others the texts.
    let number: Int
    let texts: NameIndex?
  }

  package init(_ preparation: Preparation, refusesMissing: Bool = false) {
    columns =
      switch preparation.inputs {
      case .columns(let columns): columns
      case .pixels: (0..<preparation.inputCount).map { .number(name: "pixel \($0 + 1)", mean: 0) }
      }
    var (places, feature, number) = ([Place](), 0, 0)
    for column in columns {
      switch column {
      case .number:
        places.append(Place(feature: feature, number: number, texts: nil))
        number += 1
      case .category(_, let values): places.append(Place(feature: feature, number: number, texts: NameIndex(values)))
      }
      feature += column.count
    }
    self.places = places
    means = columns.compactMap { if case .number(_, let mean) = $0 { mean } else { nil } }
    scaling = preparation.inputScaling
    featureCount = feature
    self.refusesMissing = refusesMissing
  }

  /// Whether every column has numbers, so that rows may be columns of a matrix.
  package var isNumeric: Bool { means.count == columns.count }

  /// The name of the first column that has texts.
  package var firstTextColumn: String? { columns.first { !$0.isNumber }?.name }

  // MARK: - Rows of fields

  /// features ← the scaled features of a row with a field for every column, in their order.
  ///
  /// - Shapes: features, features × 1.
  /// - Throws: ``FieldError``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func prepare<Scalar>(_ row: [Field], into features: Tile<Scalar>) throws(FieldError) {
    guard row.count == columns.count else { throw .count(found: row.count, expected: columns.count) }
    features.fill(0)
    for (column, field) in row.enumerated() { try prepare(field, column, into: features) }
  }

  /// The same for a record, whose fields are found by the columns' names.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func prepare<Scalar>(_ record: [String: Field], into features: Tile<Scalar>) throws(FieldError) {
    features.fill(0)
    for (column, input) in columns.enumerated() {
      guard let field = record[input.name] else { throw .missingColumn(input.name, columns: columns.map(\.name)) }
      try prepare(field, column, into: features)
    }
    // With every column there, what is more is unknown.
    if record.count > columns.count {
      let names = columns.map(\.name)
      if let name = Set(record.keys).subtracting(names).min() { throw .unknownColumn(name, columns: names) }
    }
  }

  @inline(__always)
  private func prepare<Scalar>(_ field: Field, _ column: Int, into features: Tile<Scalar>) throws(FieldError) {
    let place = places[column]
    switch (field, place.texts) {
    case (.number(let value), nil) where !value.isNaN:
      let scaled = Scalar(scaling.scaled(value, place.number))
      guard value.isFinite, scaled.isFinite else { throw .notFinite(column: columns[column].name, value) }
      features[place.feature] = scaled
    case (.text(let text), nil) where TextKind(text) != .missing:
      throw .notANumber(column: columns[column].name, text: text)
    case (_, nil):
      if refusesMissing { throw .missing(column: columns[column].name) }
      features[place.feature] = Scalar(scaling.scaled(means[place.number], place.number))
    case (_, let texts?):
      let isMissing: Bool
      let category: Int?
      switch field {
      case .number(let value):
        // A number that is none of them is like a text that was not there in training, where there were numbers among the texts.
        guard value.isNaN || texts.hasNumbers else { throw .notAText(column: columns[column].name, number: value) }
        (isMissing, category) = (value.isNaN, value.isNaN ? texts[""] : texts[value])
      case .text(let text):
        isMissing = TextKind(text) == .missing
        category = texts[isMissing ? "" : text]
      case .missing: (isMissing, category) = (true, texts[""])
      }
      if isMissing && refusesMissing { throw .missing(column: columns[column].name) }
      if let category { features[place.feature + category] = 1 }
    }
  }

  // MARK: - Columns of numbers

  /// features ← the scaled samples, of columns that are all of numbers. What cannot be a feature, an infinite number or a missing one that is refused, becomes NaN.
  ///
  /// - Shapes: samples and features, features × samples.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func prepare<Scalar>(_ samples: Tile<Scalar>, into features: Tile<Scalar>) {
    for sample in 0..<samples.columns {
      let (from, to) = (samples[columns: sample..<sample + 1], features[columns: sample..<sample + 1])
      for feature in 0..<featureCount {
        let value = Double(from[feature])
        let isReplaced = value.isNaN && !refusesMissing
        let scaled = Scalar(scaling.scaled(isReplaced ? means[feature] : value, feature))
        to[feature] = value.isInfinite || !scaled.isFinite ? .nan : scaled
      }
    }
  }

  /// Whether samples of finite numbers are features as they are.
  package var keepsNumbers: Bool { scaling.method == .none }

  /// What is wrong with a sample of numbers, if it is the sample.
  package func mistake<Scalar>(in sample: Tile<Scalar>) -> FieldError? {
    for (feature, column) in columns.enumerated() {
      let value = Double(sample[feature])
      if value.isNaN {
        if refusesMissing { return .missing(column: column.name) }
      } else if value.isInfinite || !Scalar(scaling.scaled(value, feature)).isFinite {
        return .notFinite(column: column.name, value)
      }
    }
    return nil
  }
}
