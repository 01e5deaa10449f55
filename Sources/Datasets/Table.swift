import Tensor

/// The contents of a CSV or TSV file: named columns of numbers or of text.
///
/// The format is RFC 4180 in UTF-8, with commas, or with tabs in files named .tsv or .tsv.gz; rows end with LF, CRLF
/// or CR; a byte order mark and blank lines at the end are ignored. Spaces around a field do not belong to it unless
/// they are in its quotes. A column is numeric if each of its fields is a finite decimal number, in quotes or not.
public struct Table: Sendable {
  /// Whether the first row holds the columns' names.
  public enum Header: Sendable, Equatable {
    /// It does unless every field of it is a number.
    case automatic
    /// It does.
    case present
    /// It holds data; the columns are named "1", "2" and so on.
    case absent
  }

  /// The fields of one column, from the first row to the last.
  public enum Column: Sendable, Equatable {
    /// Each field is a number.
    case numbers([Double])
    /// At least one field is not a number.
    case text([String])
  }

  /// The file, for messages.
  public let path: String
  /// The names of the columns, all different; a column whose name in the header is empty has its number as its name.
  public let columnNames: [String]
  /// The number of rows, without the header; at least 1.
  public var rowCount: Int { lines.count }

  /// Row by row the fields' numbers; what is not a finite number is NaN or infinite.
  let cells: [Double]
  private let lines: [Int]
  /// For each column that holds text, all of its texts.
  private let texts: [[String]?]

  init(path: String, columnNames: [String], cells: [Double], lines: [Int], texts: [[String]?]) {
    self.path = path
    self.columnNames = columnNames
    self.cells = cells
    self.lines = lines
    self.texts = texts
  }

  /// Reads a file, plain or gzipped.
  ///
  /// Costs one pass, memory for the file's bytes while it is read, and 8 bytes for each field.
  /// - Throws: the ``DataError`` of what is wrong with the file.
  public init(contentsOf path: String, header: Header = .automatic) throws(DataError) {
    let isTabbed = path.hasSuffix(".tsv") || path.hasSuffix(".tsv.gz")
    let bytes = try ByteFile.read(path)
    try self.init(bytes, path: path, delimiter: isTabbed ? Byte.tab : Byte.comma, header: header)
  }

  /// Parses a file's bytes; the path is for messages.
  package init(
    _ bytes: [UInt8], path: String, delimiter: UInt8 = UInt8(ascii: ","), header: Header = .automatic
  ) throws(DataError) {
    var parser = TableParser(path: path, delimiter: delimiter, header: header)
    self = try parser.parse(bytes.span)
  }

  /// The column with this name.
  /// - Throws: ``DataError/unknownColumn(path:name:columns:)``.
  public func column(named name: String) throws(DataError) -> Column {
    column(at: try columnIndices(named: [name])[0])
  }

  /// The column at this 0-based index.
  public func column(at index: Int) -> Column {
    if let text = texts(ofColumn: index) { return .text(text) }
    return .numbers((0..<rowCount).map { cells[$0 * columnNames.count + index] })
  }

  /// The line of the file on which a row begins; both are counted from 1 and 0 respectively.
  public func line(ofRow row: Int) -> Int {
    guard lines.indices.contains(row) else { fail("line(ofRow: \(row)): the table has \(rowCount) rows") }
    return lines[row]
  }

  /// The 0-based index of the target column: the last one, or the one with the given name, or else 1-based number.
  /// - Throws: ``DataError/unknownColumn(path:name:columns:)``.
  public func targetIndex(_ target: String? = nil) throws(DataError) -> Int {
    guard let target else { return columnNames.count - 1 }
    if let index = columnNames.firstIndex(of: target) { return index }
    if let number = Int(target), columnNames.indices.contains(number - 1) { return number - 1 }
    throw .unknownColumn(path: path, name: target, columns: columnNames)
  }

  /// The 0-based indices of the columns with these names, in the order of the names.
  /// - Throws: ``DataError/unknownColumn(path:name:columns:)``.
  public func columnIndices(named names: [String]) throws(DataError) -> [Int] {
    let indices = Dictionary(uniqueKeysWithValues: zip(columnNames, columnNames.indices))
    return try names.map { (name) throws(DataError) in
      guard let index = indices[name] else {
        throw .unknownColumn(path: path, name: name, columns: columnNames)
      }
      return index
    }
  }

  /// The 0-based indices of all columns but the target.
  /// - Throws: ``DataError/noFeatures(path:target:)`` if there is no other.
  public func featureIndices(besides target: Int) throws(DataError) -> [Int] {
    let indices = columnNames.indices.filter { $0 != target }
    guard !indices.isEmpty else { throw .noFeatures(path: path, target: columnNames[target]) }
    return indices
  }

  /// The texts of a column that holds text, else nil.
  func texts(ofColumn index: Int) -> [String]? {
    guard columnNames.indices.contains(index) else {
      fail("column \(index): the table has \(columnNames.count) columns, counted from 0")
    }
    return texts[index]
  }
}
