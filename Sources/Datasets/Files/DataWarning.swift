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
  /// A few texts in a column of numbers or dates, this one first, which count as missing.
  case textsAmongNumbers(path: String, line: Int, column: String, field: Int, text: String, rows: Int, among: String)
  /// How columns that are no plain numbers were read.
  case readAs(path: String, columns: [String], how: String)
  /// A column was read in one of two ways that are possible.
  case doubtful(path: String, line: Int, column: String, text: String, how: String)
  /// These columns are not learnt from.
  case leftOut(path: String, columns: [String], Omission, example: String)
  /// Texts of these columns that are rare, so many in all, have one feature together in each.
  case gathered(path: String, columns: [String], texts: Int)
  /// Two texts of a column are the same but for capitals.
  case capitals(path: String, column: String, text: String, other: String)
  /// The first column counts the rows.
  case countsRows(path: String, column: String)
  /// The last column, which is the target because none was named, counts the rows.
  case targetCountsRows(path: String, column: String)
  /// A number of a column is so far from the others that these become nearly the same by it.
  case farValue(path: String, line: Int, column: String, text: String)
  /// A field of a column that was the same in all training rows is another, in `rows` rows.
  case changedConstant(path: String, line: Int, column: String, text: String, constant: String, rows: Int)
  /// Lines between or above the rows of a table, this one first, that are blank or hold delimiters only, which are left
  /// out.
  case blankLines(path: String, line: Int, count: Int)
  /// Lines of a table that begin with a # and are no rows by their number of fields, this one first, which are left
  /// out.
  case comments(path: String, line: Int, count: Int)
  /// The header of a table has a field fewer than all rows: the rows begin with a name that the header does not
  /// mention.
  case rowNames(path: String, line: Int, name: String)
  /// Each row of a table ends with a delimiter, behind which there is nothing.
  case trailingDelimiter(path: String)
  /// So many columns at the end of a table, more than one, have neither a name nor a value in any row.
  case emptyColumns(path: String, count: Int)
  /// This line is taken for a table's header, though it has numbers and words where most other rows have them, or the
  /// very texts of other rows.
  case headerLikeData(path: String, line: Int)
  /// This line of numbers that count, from `first` on, is taken for a table's header, as the other rows are not like
  /// it.
  case headerOfNumbers(path: String, line: Int, first: String)
  /// This line of numbers that count, from `first` on, is taken for data, but may be a table's header.
  case dataLikeHeader(path: String, line: Int, first: String)

  /// Why a column is left out.
  public enum Omission: Sendable, CaseIterable {
    case noValues
    case neverRepeats
  }

  /// Whether it only tells how the data were read.
  public var isNote: Bool {
    switch self {
    case .readAs, .gathered: true
    default: false
    }
  }
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
      "\(place(path, line)), column \(quoted(column)): found \(quoted(text)), so the column is one of texts, though"
        + " all but \(rows) of its fields are numbers; correct the field if it is a mistake"
    case .textsAmongNumbers(let path, let line, let column, let field, let text, let rows, let among):
      "\(place(path, line)), column \(quoted(column)) (field \(field)): found \(quoted(text)) among \(among);"
        + " it counts as missing\(rows > 1 ? ", and so do \(rows - 1) more fields" : ""); correct the field if it is a mistake"
    case .readAs(let path, let columns, let how):
      "\(path), column\(columns.count == 1 ? "" : "s") \(listed(columns)): read as \(how)"
    case .doubtful(let path, let line, let column, let text, let how):
      "\(place(path, line)), column \(quoted(column)): found \(quoted(text)), which may be read in two ways; it is read as \(how);"
        + (how.hasPrefix("dates")
          ? " write dates as YYYY-MM-DD if that is wrong" : " --decimal and --thousands say otherwise")
    case .leftOut(let path, let columns, let omission, let example):
      "\(path): column\(columns.count == 1 ? "" : "s") \(listed(columns)) \(columns.count == 1 ? "is" : "are") left out: "
        + (omission == .noValues
          ? "no row has a value there"
          : "the texts, \(quoted(example)) for example, nearly never repeat; write them as plain numbers or dates if they are")
    case .gathered(let path, let columns, let texts):
      "\(path), column\(columns.count == 1 ? "" : "s") \(listed(columns)): \(texts) rare texts count as one\(columns.count == 1 ? "" : " in each column")"
    case .capitals(let path, let column, let text, let other):
      "\(path), column \(quoted(column)): found \(quoted(text)) and \(quoted(other)), which count as different texts; correct one of them if they are the same"
    case .countsRows(let path, let column):
      "\(path): the first column, \(quoted(column)), only counts the rows; leave it out unless it means something"
    case .targetCountsRows(let path, let column):
      "\(path): the target, which is the last column, \(quoted(column)), only counts the rows; --target names another"
    case .farValue(let path, let line, let column, let text):
      "\(place(path, line)), column \(quoted(column)): found \(quoted(text)), which is so far from the other numbers that nearly nothing can be"
        + " learnt from them; correct the field, or give --scale quantile"
    case .changedConstant(let path, let line, let column, let text, let constant, let rows):
      "\(place(path, line)), column \(quoted(column)): found \(text.isEmpty ? "an empty field" : quoted(text)), though the column was"
        + " \(quoted(constant)) in all training data; it has no influence on the answer"
        + (rows > 1 ? ", nor have others, in \(rows) rows in all" : "")
    case .blankLines(let path, let line, let count):
      "\(place(path, line)): found \(count == 1 ? "a blank line, which is" : "the first of \(count) blank lines, which are") left out"
    case .comments(let path, let line, let count):
      "\(place(path, line)): found \(count == 1 ? "a line" : "the first of \(count) lines") with a # at the start and another number of"
        + " fields than the rows; \(count == 1 ? "it is" : "they are") left out as \(count == 1 ? "a comment" : "comments")"
    case .trailingDelimiter(let path):
      "\(path): found a delimiter at the end of each row and nothing behind it; it is left out"
    case .emptyColumns(let path, let count):
      "\(path): found \(count) columns at the end without a name and any value; they are left out"
    case .rowNames(let path, let line, let name):
      "\(place(path, line)): found a field fewer in the header than in all rows, which therefore begin with names of their own;"
        + " that column is called \(quoted(name))"
    case .headerLikeData(let path, let line):
      "\(place(path, line)) is taken for the header though it looks like a row of data; --no-header if it is data"
    case .headerOfNumbers(let path, let line, let first):
      "\(place(path, line)) is taken for the header, as its numbers count from \(first) and the other rows are not like it; --no-header if it is data"
    case .dataLikeHeader(let path, let line, let first):
      "\(place(path, line)) is taken for data though its numbers count from \(first); --header if it is the header"
    }
  }
}
