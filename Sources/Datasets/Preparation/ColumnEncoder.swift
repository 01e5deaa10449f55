import Tensor

/// The rule that turns the fields of one column into features.
///
/// The rule is defined only here. Training and prediction from tables, the records of a service and the exported graph
/// all use it.
package struct ColumnEncoder: Sendable {
  package let column: InputColumn
  /// The 0-based indices of the column's features.
  package let features: Range<Int>
  /// How the column's numbers are scaled, one scale for each; empty for strings.
  package let scales: [FeatureScale]
  private let missing: MissingSpellings
  /// The feature of each string.
  private let names: NameIndex?
  /// The scaled numbers that stand for a missing value.
  private let replacements: [Double]
  /// The feature of all other strings, or -1.
  private let others: Int

  init(
    _ column: InputColumn, firstFeature: Int, scales: ArraySlice<FeatureScale>, missing: MissingSpellings,
    weighsConstantTexts: Bool = false
  ) {
    self.column = column
    isConstantCategory =
      if case .category(_, let values, false) = column { values.count == 1 && !weighsConstantTexts } else { false }
    features = firstFeature..<firstFeature + column.featureCount
    self.scales = Array(scales)
    (names, others) =
      if case .category(_, let values, let gathersOthers) = column {
        (NameIndex(values), gathersOthers ? values.count : -1)
      } else {
        (nil, -1)
      }
    replacements = zip(self.scales, column.means).map { $0.scaled($1) }
    self.missing = missing
  }

  /// Whether the column's only category was in every training row, so that it carries no information.
  package let isConstantCategory: Bool

  /// The number that was in every training row, if the column was constant.
  package var constant: Double? {
    guard case .number(_, let mean, _, _) = column, scales[0].isConstant else { return nil }
    return mean
  }

  // MARK: - What a field means

  /// The meaning of a string; spaces around it are ignored.
  func value(of text: String) -> FieldValue {
    let text = text.trimmed
    switch column {
    case .number(_, _, let format, let ownMissing):
      if missing.isMissing(text, amongNumbers: true) || ownMissing.contains(text) { return .missing }
      guard let number = format.number(text) else {
        return TextKind(text) == .infinite ? .infinite(Double(text) ?? .infinity) : .mistake
      }
      return number.isFinite ? value(of: number) : .infinite(number)
    case .date(_, let format, _, let ownMissing):
      if missing.isMissing(text, amongNumbers: true) || ownMissing.contains(text) { return .missing }
      return format.numbers(text).map { .date($0) } ?? .mistake
    case .category:
      let isMissing = missing.isMissing(text, amongNumbers: false)
      if let category = names![isMissing ? "" : text] { return .category(category) }
      return isMissing || others < 0 ? (isMissing ? .missing : .unseen) : .category(others)
    }
  }

  /// The meaning of a number; NaN is a missing value.
  @inline(__always)
  func value(of number: Double) -> FieldValue {
    if number.isNaN || missing.isMissing(number) { return missingValue }
    switch column {
    case .number: return number.isFinite ? .number(number) : .infinite(number)
    case .date: return .mistake
    case .category:
      if let category = names![number] { return .category(category) }
      return others >= 0 ? .category(others) : .unseen
    }
  }

  /// Whether a string means that the value is missing.
  func isMissing(_ text: String) -> Bool {
    switch column {
    case .number(_, _, _, let own), .date(_, _, _, let own):
      missing.isMissing(text.trimmed, amongNumbers: true) || own.contains(text.trimmed)
    case .category: missing.isMissing(text.trimmed, amongNumbers: false)
    }
  }

  /// The meaning of a missing field.
  var missingValue: FieldValue { names?[""].map { .category($0) } ?? .missing }

  /// Whether some of the strings are numbers, so that a number may stand for one.
  var takesNumbers: Bool { names?.hasNumbers ?? true }

  // MARK: - What it becomes

  /// Writes the features of a value into a column of features × samples. They must be 0 before.
  ///
  /// - Parameter start: The index of the sample's first feature in the tile.
  /// - Returns: false if `Scalar` cannot hold a scaled number, or if the value is a mistake, infinite, or missing and
  ///   nothing replaces it.
  @inline(__always)
  func write<Scalar>(_ value: FieldValue, to tile: Tile<Scalar>, from start: Int) -> Bool {
    let start = start + features.lowerBound
    switch value {
    case .number(let number):
      let scaled = Scalar(scales[0].scaled(number))
      tile[start] = scaled
      return scaled.isFinite
    case .category(let category):
      // A string that was in every training row has no weight.
      if !isConstantCategory { tile[start + category] = 1 }
      return true
    case .date(let numbers):
      for (index, number) in numbers.enumerated() {
        let scaled = Scalar(scales[index].scaled(number))
        guard scaled.isFinite else { return false }
        tile[start + index] = scaled
      }
      return true
    case .missing:
      for (index, number) in replacements.enumerated() {
        guard !number.isNaN else { return false }
        tile[start + index] = Scalar(number)
      }
      return true
    case .unseen: return true
    case .infinite, .mistake: return false
    }
  }
}

extension String {
  /// The string without the spaces and tabs around it.
  var trimmed: String {
    func isSpace(_ byte: UInt8) -> Bool { byte == Byte.space || byte == Byte.tab }
    let bytes = utf8
    guard let first = bytes.first, isSpace(first) || isSpace(bytes.last!) else { return self }
    guard let start = bytes.firstIndex(where: { !isSpace($0) }), let end = bytes.lastIndex(where: { !isSpace($0) })
    else {
      return ""
    }
    return String(self[start...end])
  }
}

extension Preparation {
  /// An encoder for each column of ``inputs``, or for each pixel of images.
  package var encoders: [ColumnEncoder] {
    let columns =
      switch inputs {
      case .columns(let columns): columns
      case .pixels: (0..<inputCount).map { InputColumn.number(name: "pixel \($0 + 1)", mean: nil) }
      }
    let scales = (0..<inputScaling.offsets.count).map(inputScaling.scale(ofFeature:))[...]
    var (feature, number) = (0, 0)
    return columns.map { column in
      defer { (feature, number) = (feature + column.featureCount, number + column.numberCount) }
      return ColumnEncoder(
        column, firstFeature: feature, scales: scales[number..<number + column.numberCount], missing: missing,
        weighsConstantTexts: weighsConstantTexts)
    }
  }
}
