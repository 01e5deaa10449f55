import PerceptronFiles

/// What is wrong with a row of fields that is to be prepared.
public enum FieldError: Error, Equatable {
  /// The row has another number of fields than the model has columns.
  case count(found: Int, expected: Int)
  /// The record lacks a column.
  case missingColumn(String, columns: [String])
  /// The record lacks a column, and has a field whose name differs in case, spaces or underscores alone.
  case otherSpelling(column: String, found: String)
  /// The record has a field that is no column.
  case unknownColumn(String, columns: [String])
  /// A record gives a column twice.
  case givenTwice(column: String)
  /// A record gives a list or an object in place of a value.
  case notAValue(column: String)
  /// A string stands in a column of numbers and cannot be read as one.
  case notANumber(column: String, text: String)
  /// A number stands in a column of strings.
  case notAText(column: String, number: Double)
  /// A string stands in a column of dates and cannot be read as one.
  case notADate(column: String, text: String, pattern: String)
  /// The value is missing, and missing values are not accepted.
  case missing(column: String)
  /// The value is infinite, or leaves the range when it is scaled.
  case notFinite(column: String, Double)
}

extension FieldError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .count(let found, let expected): "found \(found) fields, expected \(expected), one for each column"
    case .missingColumn(let name, let columns):
      "column \(quoted(name)) is missing; give it, or null if it is unknown; the columns are \(list(columns))"
    case .otherSpelling(let column, let found):
      "column \(quoted(column)) is missing, and \(quoted(found)) is no column; call it \(quoted(column))"
    case .unknownColumn(let name, let columns):
      "column \(quoted(name)) is unknown; leave it out; the columns are \(list(columns))"
    case .givenTwice(let column): "column \(quoted(column)) is given twice; give it once"
    case .notAValue(let column):
      "column \(quoted(column)): found a list or an object, expected a number, a string, true, false or null"
    case .notANumber(let column, let text):
      "column \(quoted(column)): found the string \(quoted(text)), expected a number"
    case .notAText(let column, let number):
      "column \(quoted(column)): found the number \(number), expected a string"
    case .notADate(let column, let text, let pattern):
      "column \(quoted(column)): found \(quoted(text)), expected a date as in training (\(pattern))"
    case .missing(let column): "column \(quoted(column)): missing values are not accepted; give a value"
    case .notFinite(let column, let value):
      value.isFinite
        ? "column \(quoted(column)): \(value) is too far from the numbers in training; give one like those"
        : "column \(quoted(column)): the number is infinite; give a finite number like those in training"
    }
  }

  private func list(_ names: [String]) -> String {
    names.count <= 12
      ? names.map(quoted).joined(separator: ", ")
      : "\(names.count), from \(quoted(names[0])) to \(quoted(names.last!))"
  }
}
