import PerceptronFiles
import Tensor

extension Table {
  /// The names of the classes that occur in a column, each once.
  ///
  /// The classes of a numeric column are its numbers in ascending order; integers have no decimal point. The classes of
  /// a text column are its strings, ordered by their Unicode scalars.
  /// - Throws: ``FileError`` (`missingLabel`) for a missing field.
  package func classNames(inColumn index: Int) throws(FileError) -> [String] {
    try classNames(inColumn: index, MissingSpellings())
  }

  func classNames(inColumn index: Int, _ spellings: MissingSpellings) throws(FileError) -> [String] {
    let missing = isMissing(inColumn: index, spellings)
    if missing.contains(true) || !spellings.numbers.isEmpty,
      let row = mapCells(
        ofColumn: index,
        { _, cell in cell.isFinite ? spellings.isMissing(cell) : missing[NaNBox.code(cell)] }
      ).firstIndex(of: true)
    {
      throw missingLabel(row: row, column: index)
    }
    return distinctTexts(inColumn: index, spellings)
  }

  /// The class of each row: the index of the column's label in the given names.
  ///
  /// A label belongs to the class with the same string or, if there is none, with the same number: 1.0 belongs to class
  /// "1".
  /// - Throws: ``FileError`` (`unknownClass`) for a label that is not among the names, ``FileError`` (`missingLabel`)
  ///   for a missing field.
  package func classLabels(inColumn index: Int, among classNames: [String]) throws(FileError) -> [Int] {
    try classLabels(inColumn: index, among: classNames, MissingSpellings())
  }

  func classLabels(
    inColumn index: Int, among classNames: [String], _ spellings: MissingSpellings
  ) throws(FileError) -> [Int] {
    let classes = NameIndex(classNames)
    let missing = isMissing(inColumn: index, spellings)
    let ofText = zip(texts[index], missing).map { $1 ? nil : classes[$0.trimmed] }
    let labels = mapCells(ofColumn: index) { _, cell in
      (cell.isFinite ? spellings.isMissing(cell) ? nil : classes[cell] : ofText[NaNBox.code(cell)]) ?? -1
    }
    if let row = labels.firstIndex(of: -1) {
      let text = text(row: row, column: index)
      if spellings.isMissing(text, amongNumbers: false) || DecimalNumber.parse(text).map(spellings.isMissing) == true {
        throw missingLabel(row: row, column: index)
      }
      throw .unknownClass(
        path: path(ofRow: row), line: line(ofRow: row), column: columnNames[index], label: text, classes: classNames)
    }
    return labels
  }

  /// Which of a column's strings mean a missing field, indexed by their codes.
  private func isMissing(inColumn index: Int, _ spellings: MissingSpellings) -> [Bool] {
    texts[index].map { spellings.isMissing($0.trimmed, amongNumbers: false) }
  }

  /// The distinct fields of a column, without missing ones. In a numeric column they are numbers in ascending order,
  /// otherwise strings ordered by their Unicode scalars.
  func distinctTexts(inColumn index: Int, _ spellings: MissingSpellings = MissingSpellings()) -> [String] {
    if isText(index) || texts[index].contains(where: { spellings.kind(of: $0.trimmed, amongNumbers: false) == .word }) {
      var counts: [String: Int] = [:]
      for text in texts[index].lazy.map(\.trimmed) where !spellings.isMissing(text, amongNumbers: false) {
        counts[text] = 1
      }
      if !isText(index) {
        forEachCell(ofColumn: index) { _, cell in
          if cell.isFinite, !spellings.isMissing(cell) { counts[Self.name(of: cell)] = 1 }
        }
      }
      if counts.keys.areTruthValues { counts = Self.joiningCapitals(of: counts) }
      return counts.keys.sorted { $0.precedes($1) }
    }
    let infinite = zip(texts[index], kinds[index]).map { $1 == .infinite ? Double($0) ?? .nan : .nan }
    // Looking up a number costs more than comparing it with the previous one.
    var last = Double.nan
    var numbers: Set<Double> = []
    forEachCell(ofColumn: index) { _, cell in
      let number = cell.isFinite ? cell : infinite[NaNBox.code(cell)]
      if number != last && !number.isNaN { numbers.insert(number) }
      last = number
    }
    let long = zip(texts[index], kinds[index]).compactMap { $1 == .number ? $0.trimmed : nil }
    guard !long.isEmpty else { return numbers.sorted().map(Self.name) }
    return (numbers.map(Self.name) + Set(long)).sorted(by: Self.isLess)
  }

  /// Whether a number is less than another. Integers are compared to their last digit.
  private static func isLess(_ left: String, _ right: String) -> Bool {
    let (first, second) = (Double(left) ?? .nan, Double(right) ?? .nan)
    if first != second { return first < second }
    func digits(_ text: String) -> String { String(text.drop { "+-0".contains($0) }) }
    let (leftDigits, rightDigits) = (digits(left), digits(right))
    let isShorter = (leftDigits.utf8.count, leftDigits) < (rightDigits.utf8.count, rightDigits)
    return leftDigits == rightDigits ? left < right : isShorter != (first < 0)
  }

  /// The counts of true and false. If one of them has several spellings, both are written in lower case.
  static func joiningCapitals(of counts: [String: Int]) -> [String: Int] {
    let joined = Dictionary(counts.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: +)
    return joined.count == counts.count ? counts : joined
  }

  private func missingLabel(row: Int, column: Int) -> FileError {
    .missingLabel(
      path: path(ofRow: row), line: line(ofRow: row), column: columnNames[column], field: column + 1,
      text: text(row: row, column: column))
  }
}

extension String {
  /// Whether this string comes before another one in the order of their Unicode scalars.
  func precedes(_ other: String) -> Bool { unicodeScalars.lexicographicallyPrecedes(other.unicodeScalars) }
}
