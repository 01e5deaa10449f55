import PerceptronFiles

extension FileError {
  /// The file is of another kind; `kind` names it and `advice` says what to do.
  package static func notATable(path: String, kind: String, advice: String) -> FileError {
    FileError(path: path, "found \(kind), expected a table as CSV text; \(advice)")
  }

  /// There is only one class, so there is nothing to learn.
  package static func singleClass(path: String, column: String, label: String) -> FileError {
    FileError(
      path: path,
      "found only the class \(quoted(label)) in \(quoted(column)), expected at least two;"
        + " add rows of another class, or choose another target")
  }

  /// The first row has more fields than a table may have.
  package static func manyColumns(path: String, most: Int) -> FileError {
    FileError(
      path: path,
      "found more than \(most) columns, which is the limit;"
        + " a line end may be missing, or write the data as a .npy file")
  }

  /// The first row has fewer fields than all other rows, like a title.
  package static func titleLine(path: String, line: Int, found: Int, expected: Int) -> FileError {
    FileError(
      path: path, at: "line \(line)",
      "found \(found) field\(found == 1 ? "" : "s"), expected \(expected) as in the following"
        + " lines; remove line \(line) if it is a title, or put fields that hold the delimiter in quotes")
  }

  /// A row has more or fewer fields than the first row.
  package static func raggedRow(path: String, line: Int, found: Int, expected: Int) -> FileError {
    FileError(
      path: path, at: "line \(line)",
      "found \(found) field\(found == 1 ? "" : "s"), expected \(expected) as in the first row;"
        + " add or remove fields, or put fields that hold the delimiter in quotes")
  }

  /// The file has a header but no data.
  package static func noRows(path: String) -> FileError {
    FileError(
      path: path,
      "found a header but no row of data, expected at least one;"
        + " add rows, or say that the file has no header",
      setting: .noHeader)
  }

  /// A file of a table has a header although the first file has none, or the other way round.
  package static func otherHeader(path: String, hasHeader: Bool, first: String) -> FileError {
    FileError(
      path: path,
      hasHeader
        ? "found a header, expected none as in \(first); remove it, or say that no file has one"
        : "found no header, expected that of \(first); add that line to the file",
      setting: hasHeader ? .noHeader : nil)
  }

  /// A file of a table has other columns than the first file.
  package static func otherColumns(path: String, found: [String], expected: [String], first: String) -> FileError {
    FileError(
      path: path,
      (found.count == expected.count
        ? "found the columns \(listed(found)), expected \(listed(expected))"
        : "found \(found.count) column\(found.count == 1 ? "" : "s"), expected \(expected.count)")
        + " as in \(first); give all files the same columns in the same order")
  }

  /// A quoted field, opened on `line`, is never closed.
  package static func unterminatedQuote(path: String, line: Int) -> FileError {
    FileError(
      path: path, at: "line \(line)",
      "a quoted field opens here and the file ends inside it,"
        + " expected a closing \"; add it, and double each \" within a quoted field")
  }

  /// Text follows a closing quote in a field.
  package static func textAfterQuote(path: String, line: Int, field: Int) -> FileError {
    FileError(
      path: path, at: "line \(line), field \(field)",
      "found text after the closing \", expected the field's end;"
        + " double each \" within a quoted field")
  }

  /// A NUL byte, which no text file has.
  package static func nulByte(path: String, line: Int) -> FileError {
    FileError(
      path: path, at: "line \(line)",
      "found a NUL byte, expected text in UTF-8;"
        + " the file is binary or UTF-16, save it as UTF-8 text")
  }

  /// A text field is not UTF-8.
  package static func invalidUTF8(path: String, line: Int, field: Int) -> FileError {
    FileError(
      path: path, at: "line \(line), field \(field)",
      "found bytes that are not UTF-8, expected text in UTF-8;"
        + " convert the file, for example with iconv -f cp1252 -t utf-8")
  }

  /// A field is longer than a field may be.
  package static func longField(path: String, line: Int, field: Int) -> FileError {
    FileError(
      path: path, at: "line \(line), field \(field)",
      "found a field of more than \(FieldScanner.longestField) bytes, which is"
        + " the limit; a closing \" or a line end may be missing")
  }

  /// The header on this line has two columns with the same name; both field numbers are 1-based.
  package static func duplicateColumn(path: String, line: Int, name: String, first: Int, second: Int) -> FileError {
    FileError(
      path: path, at: "line \(line)",
      "found the column name \(quoted(name)) twice, in fields \(first) and \(second),"
        + " expected distinct names; rename one, or say that the file has no header",
      setting: .noHeader)
  }

  /// No column has this name or number.
  ///
  /// - Parameter allowsNumber: Whether a column's number may stand for its name.
  package static func unknownColumn(
    path: String, name: String, columns: [String], allowsNumber: Bool = false
  ) -> FileError {
    let number = allowsNumber ? " or a number from 1 to \(columns.count)" : ""
    return FileError(
      path: path, "found no column \(quoted(name)), expected one of \(listed(columns))\(number); correct the name")
  }

  /// The table lacks a column that the model was trained on.
  package static func missingColumn(path: String, name: String, columns: [String]) -> FileError {
    FileError(
      path: path,
      "found no column \(quoted(name)), which the model was trained with, among \(listed(columns));"
        + " rename or add the column, or check that the file has the header it had in training")
  }

  /// A column is named for two purposes, or twice for the same purpose.
  package static func repeatedColumn(path: String, name: String, first: ColumnPurpose, second: ColumnPurpose)
    -> FileError
  {
    FileError(
      path: path,
      "found the column \(quoted(name)) named twice,"
        + " \(first == second ? "each time" : "\(first.rawValue) and") \(second.rawValue),"
        + " expected once; correct the names",
      setting: .columns)
  }

  /// The options leave out all columns except the targets and the sample weights.
  package static func nothingLeft(path: String) -> FileError {
    FileError(
      path: path,
      "found no column to learn from besides the target and those that are left out;"
        + " leave out fewer",
      setting: .columns)
  }

  /// One of several targets for classification does not have two classes.
  package static func notBinary(path: String, column: String, found: Int) -> FileError {
    FileError(
      path: path,
      "found \(found) different values in the target \(quoted(column)), expected two, because several"
        + " targets are classified; name one target, or make it a regression if all are numbers",
      setting: .regression)
  }

  /// A sample weight is below 0.
  package static func negativeWeight(path: String, line: Int, column: String, weight: Double) -> FileError {
    FileError(
      path: path, at: "\(place(path, line)), column \(quoted(column))",
      "found the sample weight \(weight), expected 0 or more;"
        + " correct the weight")
  }

  /// All sample weights are 0.
  package static func noWeight(path: String, column: String) -> FileError {
    FileError(
      path: path,
      "found no sample weight above 0 in the column \(quoted(column)), expected at least one;"
        + " correct the weights")
  }

  /// A target is below 0, and the loss is for counts, rates and amounts.
  package static func negativeTarget(path: String, line: Int, column: String, text: String) -> FileError {
    FileError(
      path: path, at: "\(place(path, line)), column \(quoted(column))",
      "found the target \(text), expected 0 or more, because the loss is for counts, rates and amounts; correct the"
        + " target, or choose another loss", setting: .loss)
  }

  /// All targets are 0, and the loss is for counts, rates and amounts.
  package static func noPositiveTarget(path: String, column: String) -> FileError {
    FileError(
      path: path,
      "found no number above 0 in the target \(quoted(column)), expected at least one, because the loss is for counts,"
        + " rates and amounts; choose another loss", setting: .loss)
  }

  /// The target is a column of dates, which cannot be learnt in this form.
  package static func datesAsTarget(path: String, column: String, areTimes: Bool) -> FileError {
    FileError(
      path: path,
      "found \(areTimes ? "times" : "dates") in the target \(quoted(column)), expected numbers or classes;"
        + " give the target as a number, for example \(areTimes ? "hours or minutes" : "days since a fixed date")")
  }

  /// A numeric target holds a few other strings in `rows` rows; this one is the first.
  package static func textAmongNumbers(path: String, line: Int, column: String, field: Int, text: String, rows: Int)
    -> FileError
  {
    FileError(
      path: path, at: place(path, line, column, field),
      "found \(quoted(text)),"
        + " expected a number written as in most rows of this target"
        + (rows > 1 ? " (\(rows) rows hold no number)" : "")
        + "; correct the field or remove the row, or make it a classification if the numbers are names of classes",
      setting: .classification)
  }

  /// A target has more classes than is plausible.
  package static func manyClasses(path: String, column: String, found: Int, rows: Int, example: String) -> FileError {
    FileError(
      path: path,
      "found \(found) different strings, such as \(quoted(example)), in \(rows) rows of the target"
        + " \(quoted(column)), which are too many to be classes;"
        + " write them as plain numbers if they are numbers, choose another target, or make it a classification",
      setting: .classification)
  }

  /// No usable feature column is left.
  package static func noUsableFeatures(path: String) -> FileError {
    FileError(
      path: path,
      "found no column to learn from: each is left out, as the warnings say;"
        + " add columns of numbers, or of strings that repeat")
  }

  /// A field that must be a date holds something else.
  package static func notADate(path: String, line: Int, column: String, field: Int, text: String, pattern: String)
    -> FileError
  {
    FileError(
      path: path, at: place(path, line, column, field),
      "found \(quoted(text)), expected a date as in training (\(pattern));"
        + " correct the field or leave it empty")
  }

  /// Fields were read as plain numbers, but the column's numbers had another format in training.
  package static func otherFormat(path: String, line: Int, column: String, format: String) -> FileError {
    FileError(
      path: path, at: "\(place(path, line)), column \(quoted(column))",
      "found a plain number, expected \(format) as in training;"
        + " read the table in the format of the preparation")
  }

  /// The data made of the table do not fit into the available memory.
  package static func tooLargeForMemory(
    path: String, what: String, bytes: Int, available: Int, in directory: String?, column: String?
  ) -> FileError {
    FileError(
      path: path,
      "\(what) take \(byteText(bytes)), more than the \(byteText(available)) "
        + (directory.map { "that are free in \(quoted($0));" } ?? "of memory that may be used;")
        + (column.map { " the largest part is the column \($0);" } ?? "")
        + " leave out columns or rows, or \(directory == nil ? "raise the limit" : "name another directory")")
  }

  /// The table has no column besides the target.
  package static func noFeatures(path: String, target: String) -> FileError {
    FileError(
      path: path,
      "found no column besides the target \(quoted(target)), expected at least one feature;"
        + " check the delimiter: a comma, semicolon, tab or | is recognised if it splits all rows into equally"
        + " many fields",
      setting: .delimiter)
  }

  /// A field that must be a number holds something else.
  package static func notANumber(path: String, line: Int, column: String, field: Int, text: String) -> FileError {
    guard !text.isEmpty else {
      return FileError(
        path: path, at: place(path, line, column, field),
        "found an empty field, expected a number;"
          + " fill in the value or remove the row")
    }
    return FileError(
      path: path, at: place(path, line, column, field),
      "found \(quoted(text)), expected a number;"
        + " correct the field, or remove the column or the row"
        + (line == 1 ? ", or say that the file has a header" : ""),
      setting: line == 1 ? .header : nil)
  }

  /// A number that is infinite, NaN, or beyond the range of its type.
  package static func notFinite(path: String, line: Int, column: String, field: Int, text: String) -> FileError {
    FileError(
      path: path, at: place(path, line, column, field),
      "found \(quoted(text)), expected a finite number within range;"
        + " correct the field or remove the row")
  }

  /// A class label is missing; `text` is the text of the field.
  package static func missingLabel(path: String, line: Int, column: String, field: Int, text: String) -> FileError {
    let isUsual = MissingSpellings.usual.contains(text) && !text.isEmpty
    return FileError(
      path: path, at: place(path, line, column, field),
      "found \(text.isEmpty ? "an empty field" : quoted(text)),"
        + " expected a class label; fill in the label or remove the row"
        + (isUsual ? ", or say so if it is a label" : ""),
      setting: isUsual ? .notMissing(text) : nil)
  }

  /// A class label is not one of the known classes.
  package static func unknownClass(path: String, line: Int, column: String, label: String, classes: [String])
    -> FileError
  {
    FileError(
      path: path, at: "\(place(path, line)), column \(quoted(column))",
      "found the label \(quoted(label)), expected one of"
        + " \(listed(classes)); correct the label, or train with rows of that class")
  }
}

/// The line of a file, for messages; arrays have rows instead of lines.
func place(_ path: String, _ line: Int) -> String {
  let isArray = isNamed(path, ".npy", ".npy.gz") || path.lowercased().contains(".npz, array ")
  return "\(isArray ? "row" : "line") \(line)"
}

func place(_ path: String, _ line: Int, _ column: String, _ field: Int) -> String {
  "\(place(path, line)), column \(quoted(column)) (field \(field))"
}
