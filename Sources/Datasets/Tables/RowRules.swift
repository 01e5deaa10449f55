/// How the rows of a table are read.
struct RowRules: Sendable {
  /// Whether each column is one of text, whose numbers are kept as they are written.
  var isText: [Bool]
  /// Whether rows may have an empty field more, behind a delimiter at their ends.
  let hasTrailingDelimiter: Bool
  /// Whether the table ends with the bytes; if not, they may end in quotes, within a row that is then left.
  var areBytesAll = true

  var columnCount: Int { isText.count }
}
