import Tensor

extension Table {
  /// The names of the classes that occur in a column, each once.
  ///
  /// If the column is numeric they are its numbers in ascending order, whole numbers without a point; else its texts,
  /// ordered by their Unicode scalars.
  /// - Throws: ``DataError/missingLabel(path:line:column:field:text:)`` for a field that is missing.
  public func classNames(inColumn index: Int) throws(DataError) -> [String] {
    let missing = kinds[index].map { $0 == .missing }
    if missing.contains(true),
      let row = mapCells(ofColumn: index, { _, cell in !cell.isFinite && missing[Cell.code(cell)] }).firstIndex(
        of: true)
    {
      throw missingLabel(row: row, column: index)
    }
    return distinctTexts(inColumn: index)
  }

  /// The class of each row: the index, among the given names, of the label in a column.
  ///
  /// A label is the class of the same text or, failing that, of the same number: 1.0 is of class "1".
  /// - Throws: ``DataError/unknownClass(path:line:column:label:classes:)`` for a label that is none of the names,
  ///   ``DataError/missingLabel(path:line:column:field:text:)`` for a field that is missing.
  public func classLabels(inColumn index: Int, among classNames: [String]) throws(DataError) -> [Int] {
    let classes = NameIndex(classNames)
    let ofText = zip(texts[index], kinds[index]).map { $1 == .missing ? nil : classes[$0] }
    let labels = mapCells(ofColumn: index) { _, cell in
      (cell.isFinite ? classes[cell] : ofText[Cell.code(cell)]) ?? -1
    }
    if let row = labels.firstIndex(of: -1) {
      let text = text(row: row, column: index)
      if TextKind(text) == .missing { throw missingLabel(row: row, column: index) }
      throw .unknownClass(
        path: path, line: line(ofRow: row), column: columnNames[index], label: text, classes: classNames)
    }
    return labels
  }

  /// The different fields of a column but the missing ones: numbers in ascending order if it is numeric, else texts ordered by their
  /// Unicode scalars.
  func distinctTexts(inColumn index: Int) -> [String] {
    if isText(index) {
      return zip(texts[index], kinds[index]).compactMap { $1 == .missing ? nil : $0 }
        .sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
    }
    let infinite = zip(texts[index], kinds[index]).map { $1 == .infinite ? Double($0) ?? .nan : .nan }
    // Looking a number up is dearer than comparing it with the last.
    var last = Double.nan
    var numbers: Set<Double> = []
    for part in parts {
      let cells = part.cells.span
      for cell in stride(from: index, to: cells.count, by: columnNames.count) {
        let number = cells[cell].isFinite ? cells[cell] : infinite[Cell.code(cells[cell])]
        if number != last && !number.isNaN { numbers.insert(number) }
        last = number
      }
    }
    let long = zip(texts[index], kinds[index]).compactMap { $1 == .number ? $0 : nil }
    guard !long.isEmpty else { return numbers.sorted().map(Self.name) }
    return (numbers.map(Self.name) + long).sorted(by: Self.isLess)
  }

  /// Whether a number is less than another, to the last digit of whole ones.
  private static func isLess(_ left: String, _ right: String) -> Bool {
    let (first, second) = (Double(left) ?? .nan, Double(right) ?? .nan)
    if first != second { return first < second }
    func digits(_ text: String) -> String { String(text.drop { "+-0".contains($0) }) }
    let (leftDigits, rightDigits) = (digits(left), digits(right))
    let isShorter = (leftDigits.utf8.count, leftDigits) < (rightDigits.utf8.count, rightDigits)
    return leftDigits == rightDigits ? left < right : isShorter != (first < 0)
  }

  private func missingLabel(row: Int, column: Int) -> DataError {
    .missingLabel(
      path: path, line: line(ofRow: row), column: columnNames[column], field: column + 1,
      text: text(row: row, column: column))
  }
}
