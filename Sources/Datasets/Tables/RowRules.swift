/// How the rows of a table are read.
struct RowRules: Sendable {
  /// Whether each column is a text column, whose numbers are kept as they are written.
  var isText: [Bool]
  /// Whether rows may have one more, empty field after a delimiter at their end.
  var hasTrailingDelimiter: Bool
  /// Whether the file ends with these bytes. If not, they may end inside quotes; the row with the quotes is then not
  /// read.
  var areBytesAll = true

  var columnCount: Int { isText.count }
}
