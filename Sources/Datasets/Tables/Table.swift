import PerceptronFiles
import Tensor

/// The contents of one or more CSV or TSV files: named columns of numbers or of text.
///
/// The format is RFC 4180 in UTF-8. Fields are separated by commas, semicolons, tabs or vertical bars; the delimiter is
/// the one that cuts the first rows alike. Rows end with LF, CRLF or CR. A byte order mark and blank lines at the end
/// are ignored. Three things are left out with a warning: other blank lines, comments, and a delimiter at the end of
/// each row. A comment is a line that begins with a # and has a different number of fields than the rows. Spaces around
/// a field do not belong to it unless they are inside its quotes. A field is missing if it has one of the usual
/// spellings of ``MissingSpellings``, in quotes or not. A column is numeric if each of its fields is a decimal number
/// or missing.
public struct Table: Sendable {
  /// Whether the first row holds the columns' names.
  public enum Header: Sendable, Equatable {
    /// The first row holds the names unless each of its fields looks like a number. It also holds the names if its
    /// numbers count up, such as 0, 1, 2, and the other rows do not look like that.
    case automatic
    /// The first row holds the columns' names.
    case present
    /// The first row holds data; the columns are named "1", "2" and so on.
    case absent
  }

  /// The fields of one column, from the first row to the last.
  public enum Column: Sendable, Equatable {
    /// Each field is a number or missing. A missing field is NaN here; a number beyond the range is infinite.
    case numbers([Double])
    /// At least one field is neither a number nor missing. Missing fields are kept as they are written in the file.
    case text([String])
  }

  /// The file's path, for messages; if there are several files, that of the first and the number of the others.
  public let path: String
  /// The names of the columns, all different. A column without a name in the header is named by its place, for example
  /// "column 3".
  public let columnNames: [String]
  /// The number of rows, without the header; at least 1.
  public let rowCount: Int
  /// The delimiter between the fields of the file.
  package let delimiter: Delimiter
  /// Whether the first row held the columns' names.
  package let hasHeader: Bool
  /// Warnings about the file, each kind once.
  public let warnings: [DataWarning]

  /// The rows, in order.
  var parts: [TablePart]
  /// For each part, the index of its first row.
  let firstRows: [Int]
  /// For each column, its strings, indexed by the codes in the cells, and their kinds.
  let texts: [TextSet]
  let kinds: [[TextKind]]
  /// Whether each column is a text column: some field of it is a word, or the format asks for text.
  private let textColumns: [Bool]
  /// How many of the last columns are targets if no target is named.
  let lastTargets: Int
  /// How many of the first columns are features, if the table is made of arrays. Columns of arrays have places but no
  /// names.
  var arrayFeatures: Int?
  /// Whether the last targets have an integer type and therefore are classes rather than values.
  var hasIntegerTargets = false
  /// How processes share the rows; nil if this process holds all.
  var sharing: Sharing?

  init(
    path: String, columnNames: [String], parts: [TablePart], texts: [TextSet], textColumns: [Bool]? = nil,
    lastTargets: Int = 1, delimiter: Delimiter = .comma, hasHeader: Bool = false, warnings: [DataWarning] = []
  ) {
    self.lastTargets = lastTargets
    self.path = path
    self.columnNames = columnNames
    self.parts = parts
    self.texts = texts
    self.delimiter = delimiter
    self.hasHeader = hasHeader
    self.warnings = warnings
    let kinds = texts.map { $0.map(TextKind.init) }
    self.kinds = kinds
    self.textColumns = columnNames.indices.map { textColumns?[$0] == true || kinds[$0].contains(.word) }
    var count = 0
    firstRows = parts.map { part in
      defer { count += part.rowCount }
      return count
    }
    rowCount = count
  }

  /// Reads a file, plain or gzipped.
  ///
  /// The file is read in one pass, which the team shares. A second pass follows if a column turns out to be text late
  /// in the file. The table takes 8 bytes of memory for each field, and reading takes about 30 MB. Input that cannot be
  /// read twice, such as a pipe, is kept in memory until all of it has been read. The path "-" means standard input.
  ///
  /// - Parameter team: The threads that share the reading; by default the calling thread alone.
  /// - Throws: a ``FileError`` that says what is wrong with the file.
  public init(
    contentsOf path: String, header: Header = .automatic, team: Team = Team(workers: 1)
  ) throws(FileError) {
    try self.init(contentsOf: path, format: Format(header: header), team: team)
  }

  /// Reads a file, plain or gzipped, in a format that is partly known.
  ///
  /// - Parameter team: The threads that share the reading; by default the calling thread alone.
  /// - Throws: a ``FileError`` that says what is wrong with the file.
  public init(contentsOf path: String, format: Format, team: Team = Team(workers: 1)) throws(FileError) {
    try self.init(contentsOf: [path], format: format, team: team)
  }

  /// Reads several files, plain or gzipped, as one table: the rows of the first, then those of the second, and so on.
  ///
  /// All files have the columns of the first in the same order, and a header if the first has one. Files without rows
  /// are left out with a warning. If a column turns out to be text in a later file, the files before it are read again.
  /// So are all files if there are decimal commas, and the points in some columns may therefore separate thousands.
  ///
  /// - Parameters:
  ///   - paths: The files, at least one.
  ///   - team: The threads that share the reading; by default the calling thread alone.
  /// - Throws: a ``FileError`` that says what is wrong with which file.
  /// - Precondition: Traps if there are no paths.
  public init(
    contentsOf paths: [String], format: Format = Format(), team: Team = Team(workers: 1)
  ) throws(FileError) {
    self = try Self.lookingAgain(format, at: paths, team: team) { format throws(FileError) in
      try Table(contentsOf: paths, format: format, sharedBy: nil, team: team)
    }
  }

  /// Reads a table, and reads it again if the points in some columns may separate thousands. The fields of these
  /// columns are then kept as written, and the other columns decide how they are read. A format that expects columns
  /// knows them.
  ///
  /// - Parameters:
  ///   - paths: The files; none for a table that is in memory. Input that can be read only once, such as a pipe, keeps
  ///     all fields as written if the options say that points may separate thousands.
  ///   - options: How the columns are treated.
  package static func lookingAgain<Failure: Error>(
    _ format: Format, at paths: [String] = [], _ options: ColumnOptions = ColumnOptions(),
    team: Team = Team(workers: 1), _ read: (Format) throws(Failure) -> Table
  ) throws(Failure) -> Table {
    guard format.expectedColumns.isEmpty else { return try read(format) }
    guard paths.allSatisfy({ $0 != "-" && ByteFile.size($0) != nil }) else {
      var format = format
      if options.readsPointsAsThousands { format.isText = { _ in true } }
      return try read(format)
    }
    var table = Optional(try read(format))
    let names = Set(table!.columnsOfPossibleThousands(options, team: team))
    guard !names.isEmpty else { return table! }
    // There is no second copy of the cells.
    table = nil
    return try read(format.keepingText(of: names))
  }

  /// Reads files, plain or gzipped, of whose rows each process holds its share: in turns, a part of about 1 MiB each.
  /// Each process reads all files.
  ///
  /// - Parameters:
  ///   - processes: The processes that share the rows; nil if this process holds all.
  ///   - team: The threads that share the reading.
  /// - Throws: a ``FileError`` that says what is wrong with the file.
  package init(
    contentsOf paths: [String], format: Format, sharedBy processes: Processes?, team: Team
  ) throws(FileError) {
    guard !paths.isEmpty else { fail("Table(contentsOf: []): there is no file") }
    var parser = try TableParser(
      paths, format: format, sharedBy: processes, team: team, partSize: 1 << 20, pieceSize: 1 << 24,
      open: ByteStream.init)
    self = try parser.parse()
  }

  /// The largest number of columns that a file may have. Without a limit, a small file could exhaust the memory: each
  /// column takes memory besides its fields, hundreds of times what an empty name takes in the file.
  package static let mostColumns = 100_000

  /// Parses a file's bytes; the path is for messages. The result does not depend on the sizes of the parts and pieces.
  package init(
    _ bytes: [UInt8], path: String, format: Format = Format(), sharedBy processes: Processes? = nil,
    team: Team = Team(workers: 1), partSize: Int = 1 << 20, pieceSize: Int = 1 << 24
  ) throws(FileError) {
    try self.init(
      files: [(path, bytes)], format: format, sharedBy: processes, team: team, partSize: partSize, pieceSize: pieceSize)
  }

  /// Parses the bytes of several files, as ``init(contentsOf:format:team:)`` reads them.
  package init(
    files: [(path: String, bytes: [UInt8])], format: Format = Format(), sharedBy processes: Processes? = nil,
    team: Team = Team(workers: 1), partSize: Int = 1 << 20, pieceSize: Int = 1 << 24
  ) throws(FileError) {
    var parser = try TableParser(
      files.map(\.path), format: format, sharedBy: processes, team: team, partSize: partSize, pieceSize: pieceSize
    ) { path in ByteStream(files.first { $0.path == path }!.bytes, path: path) }
    self = try parser.parse()
  }

  /// The column with this name.
  /// - Throws: ``FileError`` (`unknownColumn`).
  public func column(named name: String) throws(FileError) -> Column {
    column(at: try columnIndices(named: [name])[0])
  }

  /// The column at this 0-based index.
  ///
  /// - Precondition: Traps if there is no such column.
  public func column(at index: Int) -> Column {
    if isText(index) {
      let texts = Array(texts[index])
      return .text(mapCells(ofColumn: index) { _, cell in texts[NaNBox.code(cell)] })
    }
    return .numbers(mapCells(ofColumn: index) { _, cell in number(cell, column: index) })
  }

  /// The fields of a column as strings: as they are written if it is a text column, otherwise as Swift prints the
  /// numbers.
  /// - Throws: ``FileError`` (`unknownColumn`).
  public func fields(ofColumn name: String) throws(FileError) -> [String] {
    let index = try columnIndices(named: [name])[0]
    return mapCells(ofColumn: index) { _, cell in
      cell.isFinite ? Self.name(of: cell) : texts[index][NaNBox.code(cell)]
    }
  }

  /// The 1-based line on which a row begins in its file; the row's index is 0-based.
  package func line(ofRow row: Int) -> Int {
    let part = part(ofRow: row)
    return parts[part].line(ofRow: row - firstRows[part])
  }

  /// The path of the file that holds a row, for messages; the row's index is 0-based.
  package func path(ofRow row: Int) -> String { parts[part(ofRow: row)].path }

  private func part(ofRow row: Int) -> Int {
    guard (0..<rowCount).contains(row) else { fail("row \(row): the table has \(rowCount) rows") }
    return firstRows.lastIndex { $0 <= row }!
  }

  /// The 0-based indices of the targets.
  ///
  /// Nil means the last column or, if the table was made of arrays with labels, all labels. Otherwise `targets` is a
  /// column's name or, if no column has that name, a 1-based column number. Commas separate several targets.
  /// - Throws: ``FileError`` (`unknownColumn`).
  package func targetIndices(_ targets: String? = nil) throws(FileError) -> [Int] {
    guard let targets else { return Array(columnNames.indices.suffix(lastTargets)) }
    if let index = index(of: targets) { return [index] }
    return try targets.split(separator: ",", omittingEmptySubsequences: false).map { name throws(FileError) in
      guard let index = index(of: String(name)) else {
        throw .unknownColumn(path: path, name: String(name), columns: columnNames, allowsNumber: true)
      }
      return index
    }
  }

  /// The 0-based indices of the columns with these names, in the order of the names.
  /// - Throws: ``FileError`` (`unknownColumn`).
  package func columnIndices(named names: [String]) throws(FileError) -> [Int] {
    let indices = Dictionary(uniqueKeysWithValues: zip(columnNames, columnNames.indices))
    return try names.map { (name) throws(FileError) in
      guard let index = indices[name] else {
        throw .unknownColumn(path: path, name: name, columns: columnNames)
      }
      return index
    }
  }

  /// The 0-based indices of all columns except the given ones.
  /// - Throws: ``FileError`` (`noFeatures`) if no column is left.
  package func featureIndices(besides others: [Int]) throws(FileError) -> [Int] {
    let indices = columnNames.indices.filter { !others.contains($0) }
    guard !indices.isEmpty else { throw .noFeatures(path: path, target: columnNames[others[0]]) }
    return indices
  }

  /// The index of the column with this name or, if there is none, with this 1-based number.
  private func index(of column: String) -> Int? {
    if let index = columnNames.firstIndex(of: column) { return index }
    guard let number = Int(column), columnNames.indices.contains(number - 1) else { return nil }
    return number - 1
  }
}

// MARK: - Fields

extension Table {
  /// Whether some field of a column is neither a number nor missing, or the format asks for text.
  func isText(_ column: Int) -> Bool {
    guard columnNames.indices.contains(column) else {
      fail("column \(column): the table has \(columnNames.count) columns, counted from 0")
    }
    return textColumns[column]
  }

  /// The results of `body` for each row's field in a column.
  @inline(__always)
  func mapCells<Result>(ofColumn column: Int, _ body: (_ row: Int, _ cell: Double) -> Result) -> [Result] {
    var results: [Result] = []
    results.reserveCapacity(rowCount)
    forEachCell(ofColumn: column) { results.append(body($0, $1)) }
    return results
  }

  /// The results of `body` for the fields of a column, in one row.
  ///
  /// - Parameter rows: The 0-based indices of the rows; nil for all.
  @inline(__always)
  func matrix(ofColumn column: Int, _ rows: [Int]?, _ body: (_ cell: Double) -> Double) -> Matrix<Double> {
    var results = Matrix<Double>(rows: 1, columns: rowCount)
    results.withTile { results in forEachCell(ofColumn: column) { results.base[$0] = body($1) } }
    return rows.map { results.gathered($0) } ?? results
  }

  /// Calls `body` with each row's field in a column.
  @inline(__always)
  func forEachCell(ofColumn column: Int, _ body: (_ row: Int, _ cell: Double) -> Void) {
    for (part, firstRow) in zip(parts, firstRows) {
      part.withColumn(column) { cells in for row in cells.indices { body(firstRow + row, cells[row]) } }
    }
  }

  /// The number in a cell of a numeric column; NaN if the field is missing.
  @inline(__always)
  func number(_ cell: Double, column: Int) -> Double {
    cell.isFinite ? cell : Double(texts[column][NaNBox.code(cell)]) ?? .nan
  }

  /// A field as it is written in the file; a number is written as Swift prints it.
  func text(row: Int, column: Int) -> String {
    let part = part(ofRow: row)
    let cell = parts[part].withColumn(column) { $0[row - firstRows[part]] }
    return cell.isFinite ? Self.name(of: cell) : texts[column][NaNBox.code(cell)]
  }

  /// A number as the name of a class or category: integers have no decimal point.
  static func name(of number: Double) -> String {
    Int(exactly: number).map(String.init) ?? number.description
  }
}
