/// What is odd about data but no error: they can be learnt from, or answered, though perhaps not as was meant.
public enum DataWarning: Sendable, Equatable {
  /// A text that was not there in training, where it occurs first; in `rows` rows the column has such texts.
  case unseenCategory(path: String, line: Int, column: String, text: String, rows: Int)
  /// These columns hold the same in every row.
  case constantColumns(path: String, columns: [String])
  /// These classes have one sample each.
  case loneSamples(path: String, column: String, classes: [String])
  /// A column is taken for text because of some fields, this one first, but most are numbers.
  case mostlyNumbers(path: String, line: Int, column: String, text: String, rows: Int)
}

extension DataWarning: CustomStringConvertible {
  /// One line that says where, what was found, and what follows from it.
  public var description: String {
    switch self {
    case .unseenCategory(let path, let line, let column, let text, let rows):
      "\(place(path, line)), column \(quoted(column)): found \(text.isEmpty ? "an empty field" : quoted(text)),"
        + " which was not there in training; it counts as none of the texts that were"
        + (rows > 1 ? ", as do others, in \(rows) rows in all" : "")
    case .constantColumns(let path, let columns):
      "\(path): found the same in every row of \(columns.count == 1 ? "the column" : "\(columns.count) columns:")"
        + " \(listed(columns)); nothing can be learnt from that"
    case .loneSamples(let path, let column, let classes):
      "\(path), column \(quoted(column)): found one row only of \(classes.count == 1 ? "the class" : "\(classes.count) classes:")"
        + " \(listed(classes)); add rows, or join classes"
    case .mostlyNumbers(let path, let line, let column, let text, let rows):
      "\(place(path, line)), column \(quoted(column)): found \(quoted(text)), so the column is taken for text, though"
        + " numbers are all but \(rows) of its fields; correct the field if it is a mistake"
    }
  }
}
