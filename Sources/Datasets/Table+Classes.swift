import Tensor

extension Table {
  /// The names of the classes that occur in a column, each once.
  ///
  /// If the column is numeric they are its numbers in ascending order, whole numbers without a point; else its texts,
  /// ordered by their Unicode scalars.
  /// - Throws: ``DataError/missingLabel(path:line:column:field:)`` for an empty field.
  public func classNames(inColumn index: Int) throws(DataError) -> [String] {
    switch column(at: index) {
    case .numbers(let numbers):
      return Set(numbers).sorted().map(Self.className)
    case .text(let texts):
      if let row = texts.firstIndex(of: "") {
        throw missingLabel(row: row, column: index)
      }
      return Set(texts).sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
    }
  }

  /// The class of each row: the index, among the given names, of the label in a column.
  ///
  /// A label is the class of the same text or, failing that, of the same number: 1.0 is of class "1".
  /// - Throws: ``DataError/unknownClass(path:line:column:label:classes:)`` for a label that is none of the names,
  ///   ``DataError/missingLabel(path:line:column:field:)`` for an empty field.
  public func classLabels(inColumn index: Int, among classNames: [String]) throws(DataError) -> [Int] {
    var ofText: [String: Int] = [:]
    var ofNumber: [Double: Int] = [:]
    for (label, name) in classNames.enumerated() {
      guard ofText.updateValue(label, forKey: name) == nil else {
        fail("classLabels(inColumn:among:): the class \(name) occurs twice among \(classNames.count)")
      }
      if let number = DecimalNumber.parse(name), ofNumber[number] == nil { ofNumber[number] = label }
    }
    var labels: [Int] = []
    labels.reserveCapacity(rowCount)
    switch column(at: index) {
    case .numbers(let numbers):
      for (row, number) in numbers.enumerated() {
        guard let label = ofNumber[number] else {
          throw unknownClass(Self.className(number), row: row, column: index, classNames)
        }
        labels.append(label)
      }
    case .text(let texts):
      for (row, text) in texts.enumerated() {
        guard !text.isEmpty else { throw missingLabel(row: row, column: index) }
        guard let label = ofText[text] ?? DecimalNumber.parse(text).flatMap({ ofNumber[$0] }) else {
          throw unknownClass(text, row: row, column: index, classNames)
        }
        labels.append(label)
      }
    }
    return labels
  }

  private static func className(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? number.description
  }

  private func missingLabel(row: Int, column: Int) -> DataError {
    .missingLabel(path: path, line: line(ofRow: row), column: columnNames[column], field: column + 1)
  }

  private func unknownClass(_ label: String, row: Int, column: Int, _ classes: [String]) -> DataError {
    .unknownClass(
      path: path, line: line(ofRow: row), column: columnNames[column], label: label, classes: classes)
  }
}
