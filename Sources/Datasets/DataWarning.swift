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
  /// Blank lines between or above the rows of a table, this one first, which are left out.
  case blankLines(path: String, line: Int, count: Int)
  /// Lines of a table that begin with a # and are no rows by their number of fields, this one first, which are left out.
  case comments(path: String, line: Int, count: Int)
  /// Each row of a table ends with a delimiter, behind which there is nothing.
  case trailingDelimiter(path: String)
  /// This line is taken for a table's header, though it has numbers and words where the other rows have them.
  case headerLikeData(path: String, line: Int)
  /// This line of numbers that count, from `first` on, is taken for a table's header, as the other rows are not like it.
  case headerOfNumbers(path: String, line: Int, first: String)
  /// This line of numbers that count, from `first` on, is taken for data, but may be a table's header.
  case dataLikeHeader(path: String, line: Int, first: String)
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
    case .blankLines(let path, let line, let count):
      "\(place(path, line)): found \(count == 1 ? "a blank line, which is" : "the first of \(count) blank lines, which are") left out"
    case .comments(let path, let line, let count):
      "\(place(path, line)): found \(count == 1 ? "a line" : "the first of \(count) lines") with a # at the start and another number of"
        + " fields than the rows; \(count == 1 ? "it is" : "they are") left out as \(count == 1 ? "a comment" : "comments")"
    case .trailingDelimiter(let path):
      "\(path): found a delimiter at the end of each row and nothing behind it; it is left out"
    case .headerLikeData(let path, let line):
      "\(place(path, line)) is taken for the header though it holds numbers; --no-header if it is data"
    case .headerOfNumbers(let path, let line, let first):
      "\(place(path, line)) is taken for the header, as its numbers count from \(first) and the other rows are not like it; --no-header if it is data"
    case .dataLikeHeader(let path, let line, let first):
      "\(place(path, line)) is taken for data though its numbers count from \(first); --header if it is the header"
    }
  }
}
