import PerceptronFiles
import Tensor

extension Table {
  /// The group of each row, counted from 0: rows with the same field in a column are of the same group. For
  /// ``Split/folds(_:groupedBy:)``.
  ///
  /// - Parameters:
  ///   - name: The column's name.
  ///   - missing: Which fields are missing.
  /// - Throws: ``FileError`` (`unknownColumn`), and ``FileError`` (`missingGroup`) for a missing field.
  public func groups(
    inColumn name: String, missing: MissingSpellings = MissingSpellings()
  ) throws(FileError) -> [Int] {
    let column = try columnIndices(named: [name])[0]
    var groupOfText: [String: Int] = [:]
    var groups: [Int] = []
    groups.reserveCapacity(rowCount)
    for (row, field) in try fields(ofColumn: name).enumerated() {
      let text = field.trimmed
      let group = groupOfText[text] ?? groupOfText.count
      if group == groupOfText.count {
        guard !missing.isMissing(text, amongNumbers: false) else {
          throw .missingGroup(
            path: path(ofRow: row), line: line(ofRow: row), column: name, field: column + 1, text: field)
        }
        groupOfText[text] = group
      }
      groups.append(group)
    }
    return groups
  }

  /// When each row was taken, for ``Split/folds(_:inOrderOf:)``: the numbers in a column, or its dates as years with
  /// their elapsed fraction (2024.5 is about the end of June), or its times of day in hours. Time zones are ignored.
  ///
  /// - Parameters:
  ///   - name: The column's name.
  ///   - options: How missing fields and numbers are written.
  ///   - warn: Receives a warning if the fields can be read in two ways.
  /// - Throws: ``FileError`` (`unknownColumn`), ``FileError`` (`notTimes`) for a column of text, and ``FileError``
  ///   (`notATime`, `notANumber` or `notFinite`) for the first field without a time.
  public func times(
    inColumn name: String, options: ColumnOptions = ColumnOptions(), warn: (DataWarning) -> Void = { _ in }
  ) throws(FileError) -> [Double] {
    let column = try columnIndices(named: [name])[0]
    let reading = reading(ofColumn: column, options)
    switch reading.content {
    case .numbers(let format, _):
      warnIfDoubtful(reading, column, "\(format)", warn)
      return try matrix(ofColumns: [column], as: Double.self, formats: [format], missing: options.missing).elements
    case .dates(let format, _):
      warnIfDoubtful(reading, column, "\(format)", warn)
      // The first number of a date is its year.
      let ofText = texts[column].map { format.numbers($0.trimmed)?.first ?? .nan }
      let times = mapCells(ofColumn: column) { _, cell in cell.isFinite ? .nan : ofText[NaNBox.code(cell)] }
      if let row = times.firstIndex(where: \.isNaN) { throw notATime(row, column, format.pattern) }
      return times
    case .nothing: return try matrix(ofColumns: [column], as: Double.self, missing: options.missing).elements
    case .texts:
      let isNumber = texts[column].map { DecimalNumber.parse($0.trimmed) != nil }
      let row = mapCells(ofColumn: column) { _, cell in cell.isFinite || isNumber[NaNBox.code(cell)] }
        .firstIndex(of: false)
      throw .notTimes(path: path, column: name, example: text(row: row ?? 0, column: column))
    }
  }

  private func notATime(_ row: Int, _ column: Int, _ pattern: String) -> FileError {
    .notATime(
      path: path(ofRow: row), line: line(ofRow: row), column: columnNames[column], field: column + 1,
      text: text(row: row, column: column), pattern: pattern)
  }

  private func warnIfDoubtful(
    _ reading: ColumnReading, _ column: Int, _ how: String, _ warn: (DataWarning) -> Void
  ) {
    guard let text = reading.doubtful, let row = rows(ofColumn: column, with: [text])?.first else { return }
    warn(.doubtful(path: path(ofRow: row), line: line(ofRow: row), column: columnNames[column], text: text, how: how))
  }
}

extension FileError {
  /// A row has no group.
  package static func missingGroup(path: String, line: Int, column: String, field: Int, text: String) -> FileError {
    FileError(
      path: path, at: place(path, line, column, field),
      "found \(text.isEmpty ? "an empty field" : quoted(text)), expected a group; fill in the group or remove the row")
  }

  /// A row has no time, although its column holds dates or times.
  package static func notATime(path: String, line: Int, column: String, field: Int, text: String, pattern: String)
    -> FileError
  {
    FileError(
      path: path, at: place(path, line, column, field),
      "found \(text.isEmpty ? "an empty field" : quoted(text)), expected a date or time as in other rows (\(pattern));"
        + " correct the field or remove the row")
  }

  /// A column from which the order of the rows is wanted holds neither numbers nor dates.
  package static func notTimes(path: String, column: String, example: String) -> FileError {
    FileError(
      path: path, at: "column \(quoted(column))",
      "found text, such as \(quoted(example)), expected numbers, dates or times; name another column, or write dates as"
        + " YYYY-MM-DD", setting: .time)
  }
}
