import PerceptronFiles

// Tables that a program holds. They mean what the same CSV file means.

extension Table {
  /// Reads CSV text. Errors name its lines.
  ///
  /// - Throws: ``FileError``, as for a file.
  public init(csv text: some StringProtocol, format: Format = Format()) throws(FileError) {
    let bytes = Array(text.utf8)
    self = try Self.lookingAgain(format) { format throws(FileError) in
      try Table(bytes, path: "the text", format: format)
    }
  }

  /// Makes a table of rows, each with a field for every column. The row with the index 0 is line 2 in errors: it
  /// follows the header.
  ///
  /// - Throws: ``FileError`` if a row has another number of fields, and as for a file.
  public init(columns names: [String], rows: some Collection<[InputValue]>) throws(FileError) {
    var csv: [UInt8] = []
    Self.append(names.map { .text($0) }, to: &csv)
    for (index, row) in rows.enumerated() {
      guard row.count == names.count else {
        throw FileError(
          path: nil, "row \(index) of the table has \(row.count) fields, expected \(names.count), one for each column")
      }
      Self.append(row, to: &csv)
    }
    try self.init(csv, path: "the table", format: Format(header: .present, delimiter: .comma))
  }

  /// Makes a table of columns, each with its name.
  ///
  ///     try Table(["area": [50, 72.5], "city": ["Ulm", "Bonn"]])
  ///
  /// - Throws: ``FileError`` if a column has another number of fields than the first, and as for a file.
  public init(_ columns: KeyValuePairs<String, [InputValue]>) throws(FileError) {
    let count = columns.first?.value.count ?? 0
    if let (name, fields) = columns.first(where: { $0.value.count != count }) {
      throw FileError(
        path: nil,
        "column \(quoted(name)) of the table has \(fields.count) fields, expected \(count), as the first column has")
    }
    try self.init(columns: columns.map(\.key), rows: (0..<count).map { row in columns.map { $0.value[row] } })
  }

  private static func append(_ row: [InputValue], to csv: inout [UInt8]) {
    for (index, field) in row.enumerated() {
      if index > 0 { csv.append(Byte.comma) }
      switch field {
      case .missing: break
      case .number(let number): if !number.isNaN { csv += "\(number)".utf8 }
      case .text(let text):
        // Quoted in any case, so that an empty line is no row of its own.
        csv.append(Byte.quote)
        for byte in text.utf8 {
          if byte == Byte.quote { csv.append(byte) }
          csv.append(byte)
        }
        csv.append(Byte.quote)
      }
    }
    // A row of one missing field is not an empty line.
    if row.count == 1, case .missing = row[0] { csv += "\"\"".utf8 }
    csv.append(Byte.lineFeed)
  }
}
