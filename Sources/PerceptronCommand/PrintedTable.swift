/// Prints cells right-aligned in columns of minimal width.
func printTable(_ rows: [[String]]) throws(CommandError) {
  let rows = rows.map { $0.map { printable($0) } }
  let widths = columnWidths(rows)
  for row in rows {
    try printLine(zip(row, widths).map { String(repeating: " ", count: $1 - $0.count) + $0 }.joined(separator: "  "))
  }
}

/// The width of the printed cells, in terminal columns.
func tableWidth(_ rows: [[String]]) -> Int { columnWidths(rows).reduce(-2) { $0 + $1 + 2 } }

private func columnWidths(_ rows: [[String]]) -> [Int] {
  rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
}
