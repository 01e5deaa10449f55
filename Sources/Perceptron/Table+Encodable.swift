extension Table {
  /// Makes a table of values whose properties are the columns, such as an array of structures.
  ///
  /// The columns are in the order in which the first value encodes its properties. The first value must encode all of
  /// them; a synthesized conformance does, even for nil. The table means what the same CSV file means.
  ///
  /// - Parameters:
  ///   - values: The rows.
  ///   - keys: How names of properties become names of columns.
  /// - Throws: ``PredictionError`` if a property is neither a number, a string, a `Bool` nor nil, and ``FileError``, as
  ///   for a file.
  public init(
    rowsOf values: some Collection<some Encodable>, keys: RecordKeyStrategy = .useDefaultKeys
  ) throws {
    let (columns, rows) = try rows(of: values, keys)
    try self.init(columns: columns, rows: rows)
  }
}
