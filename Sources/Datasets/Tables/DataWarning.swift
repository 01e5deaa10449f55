import PerceptronFiles

/// Something odd about data that is not an error. The data can be used, but perhaps not as intended.
public struct DataWarning: Sendable, Equatable, CustomStringConvertible {
  /// A name that does not change with the wording, such as "constantColumns".
  public let code: String
  /// One line that says where, what was found, and what follows from it.
  public let description: String
  /// Whether the warning only says how the data were read.
  public let isNote: Bool
  /// The setting to change if the data were read wrongly.
  package let setting: Setting?

  /// - Parameter place: The place in the file, such as "line 3".
  private init(
    path: String, at place: String? = nil, _ finding: String, isNote: Bool = false, setting: Setting? = nil,
    code: String = #function
  ) {
    self.init(located(path, place, finding), isNote: isNote, setting: setting, code: String(code.prefix { $0 != "(" }))
  }

  private init(_ description: String, isNote: Bool, setting: Setting?, code: String) {
    (self.description, self.isNote, self.setting, self.code) = (description, isNote, setting, code)
  }

  /// The warning, if the same was found in `count` more files.
  func also(inOtherFiles count: Int) -> DataWarning {
    guard count > 0 else { return self }
    let others = "; the same in \(count) other file\(count == 1 ? "" : "s")"
    return DataWarning(description + others, isNote: isNote, setting: setting, code: code)
  }

  /// Why a column is left out.
  package enum Omission: Sendable, CaseIterable {
    case noValues
    case neverRepeats
  }
}

extension DataWarning {
  /// A string that did not occur in training, at its first place. The column has such strings in `rows` rows.
  package static func unseenCategory(path: String, line: Int, column: String, text: String, rows: Int) -> DataWarning {
    DataWarning(
      path: path, at: "\(place(path, line)), column \(quoted(column))",
      "found \(text.isEmpty ? "an empty field" : quoted(text)),"
        + " which did not occur in training; it counts as an unknown string"
        + (rows > 1 ? " (\(rows) rows hold such strings)" : ""))
  }

  /// These columns hold the same value in every row.
  package static func constantColumns(path: String, columns: [String]) -> DataWarning {
    DataWarning(
      path: path,
      "found the same value in every row of \(columns.count == 1 ? "the column" : "\(columns.count) columns:")"
        + " \(listed(columns)); nothing can be learnt from that")
  }

  /// These classes have one sample each.
  package static func loneSamples(path: String, column: String, classes: [String]) -> DataWarning {
    DataWarning(
      path: path, at: "column \(quoted(column))",
      "found only one row of"
        + " \(classes.count == 1 ? "the class" : "\(classes.count) classes:")"
        + " \(listed(classes)); add rows, or merge classes")
  }

  /// A column is read as text because of some fields, of which this one is the first, although most fields are numbers.
  package static func mostlyNumbers(path: String, line: Int, column: String, text: String, rows: Int) -> DataWarning {
    DataWarning(
      path: path, at: "\(place(path, line)), column \(quoted(column))",
      "found \(quoted(text)), so the column is read as text, although"
        + " all but \(rows) of its fields are numbers; correct the field if it is a mistake")
  }

  /// A few strings in a column of numbers or dates count as missing; this one is the first.
  package static func textsAmongNumbers(
    path: String, line: Int, column: String, field: Int, text: String, rows: Int, among: String
  ) -> DataWarning {
    DataWarning(
      path: path, at: "\(place(path, line)), column \(quoted(column)) (field \(field))",
      "found \(quoted(text)) among \(among);"
        + " it counts as missing\(rows > 1 ? ", and so do \(rows - 1) more fields" : "");"
        + " correct the field if it is a mistake")
  }

  /// How columns that do not hold plain numbers were read.
  package static func readAs(path: String, columns: [String], how: String) -> DataWarning {
    DataWarning(
      path: path, at: "column\(columns.count == 1 ? "" : "s") \(listed(columns))", "read as \(how)", isNote: true)
  }

  /// A column was read in one of two possible ways.
  package static func doubtful(path: String, line: Int, column: String, text: String, how: String) -> DataWarning {
    let isDate = how.hasPrefix("dates")
    return DataWarning(
      path: path, at: "\(place(path, line)), column \(quoted(column))",
      "found \(quoted(text)), which can be read in two ways;"
        + " it is read as \(how);"
        + " \(isDate ? "write dates as YYYY-MM-DD" : "say how numbers are written") if that is wrong",
      setting: isDate ? nil : .numberFormat)
  }

  /// These columns are not learnt from.
  package static func leftOut(path: String, columns: [String], _ omission: Omission, example: String) -> DataWarning {
    DataWarning(
      path: path,
      "column\(columns.count == 1 ? "" : "s") \(listed(columns))"
        + " \(columns.count == 1 ? "is" : "are") left out: "
        + (omission == .noValues
          ? "no row has a value there"
          : "its strings, for example \(quoted(example)), almost never repeat;"
            + " if they are numbers or dates, write them as plain ones"))
  }

  /// The rare strings in each of these columns share one feature; `texts` is their total number.
  package static func gathered(path: String, columns: [String], texts: Int) -> DataWarning {
    DataWarning(
      path: path, at: "column\(columns.count == 1 ? "" : "s") \(listed(columns))",
      "\(texts) rare strings count as"
        + " one\(columns.count == 1 ? "" : " in each column")", isNote: true)
  }

  /// Two strings of a column differ only in capitals.
  package static func capitals(path: String, column: String, text: String, other: String) -> DataWarning {
    DataWarning(
      path: path, at: "column \(quoted(column))",
      "found \(quoted(text)) and \(quoted(other)), which count as different strings;"
        + " correct one of them if they are the same")
  }

  /// The first column only counts the rows.
  package static func countsRows(path: String, column: String) -> DataWarning {
    DataWarning(
      path: path, "the first column, \(quoted(column)), only counts the rows; leave it out unless it means something")
  }

  /// The last column is the target because no other was named, but it only counts the rows.
  package static func targetCountsRows(path: String, column: String) -> DataWarning {
    DataWarning(
      path: path, "the target, which is the last column, \(quoted(column)), only counts the rows; name another",
      setting: .target)
  }

  /// A number of a column is so far from the others that scaling makes the others nearly equal.
  package static func farValue(path: String, line: Int, column: String, text: String) -> DataWarning {
    DataWarning(
      path: path, at: "\(place(path, line)), column \(quoted(column))",
      "found \(quoted(text)), which is so far from the other numbers"
        + " that almost nothing can be learnt from them; correct the field, or scale by quantiles",
      setting: .quantileScaling)
  }

  /// A field differs from the value that its column had in all training rows. There are `rows` such rows.
  package static func changedConstant(
    path: String, line: Int, column: String, text: String, constant: String, rows: Int
  ) -> DataWarning {
    DataWarning(
      path: path, at: "\(place(path, line)), column \(quoted(column))",
      "found \(text.isEmpty ? "an empty field" : quoted(text)), though"
        + " the column was \(quoted(constant)) in all training data; it has no influence on the answer"
        + (rows > 1 ? " (\(rows) rows differ)" : ""))
  }

  /// Blank lines, or lines of delimiters alone, between or above the rows of a table are left out. This line is the
  /// first.
  package static func blankLines(path: String, line: Int, count: Int) -> DataWarning {
    DataWarning(
      path: path, at: place(path, line),
      "found"
        + " \(count == 1 ? "a blank line, which is" : "the first of \(count) blank lines, which are") left out")
  }

  /// Lines that begin with a # and are not rows, by their number of fields, are left out. This line is the first.
  package static func comments(path: String, line: Int, count: Int) -> DataWarning {
    DataWarning(
      path: path, at: place(path, line),
      "found \(count == 1 ? "a line" : "the first of \(count) lines") with a # at the start and"
        + " a different number of fields from the rows;"
        + " \(count == 1 ? "it is" : "they are") left out as \(count == 1 ? "a comment" : "comments")")
  }

  /// The header of a table has one field less than all rows: the rows begin with a name that the header does not
  /// mention.
  package static func rowNames(path: String, line: Int, name: String) -> DataWarning {
    DataWarning(
      path: path, at: place(path, line),
      "found one field fewer in the header than in every row, so the rows begin with names;"
        + " that column is called \(quoted(name))")
  }

  /// A file of a table has no rows.
  package static func noRows(path: String) -> DataWarning {
    DataWarning(path: path, "found no row of data; the file is left out")
  }

  /// Each row of a table ends with a delimiter that nothing follows.
  package static func trailingDelimiter(path: String) -> DataWarning {
    DataWarning(path: path, "found a delimiter at the end of each row and nothing after it; it is left out")
  }

  /// Several columns at the end of a table have neither a name nor a value in any row; there are `count` of them.
  package static func emptyColumns(path: String, count: Int) -> DataWarning {
    DataWarning(path: path, "found \(count) columns at the end without names and values; they are left out")
  }

  /// This line is taken for a table's header. However, it has numbers and words where most other rows have them, or its
  /// strings all occur in other rows.
  package static func headerLikeData(path: String, line: Int) -> DataWarning {
    DataWarning(
      path: path, at: place(path, line),
      "taken for the header although it looks like a row of data; say so if it is data",
      setting: .noHeader)
  }

  /// This line of numbers that count up from `first` is taken for a table's header, because the other rows differ from
  /// it.
  package static func headerOfNumbers(path: String, line: Int, first: String) -> DataWarning {
    DataWarning(
      path: path, at: place(path, line),
      "taken for the header, because its numbers count up from \(first) and the other rows are"
        + " different; say so if it is data", setting: .noHeader)
  }

  /// This line of numbers that count up from `first` is taken for data, but may be a table's header.
  package static func dataLikeHeader(path: String, line: Int, first: String) -> DataWarning {
    DataWarning(
      path: path, at: place(path, line),
      "taken for data although its numbers count up from \(first); say so if it is the header",
      setting: .header)
  }
}
