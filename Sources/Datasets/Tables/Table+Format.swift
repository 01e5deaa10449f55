extension Table {
  /// How a table's file is read. A format with default values finds out everything from the file.
  public struct Format: Sendable {
    /// Whether the first row holds the columns' names.
    public var header: Header
    /// The delimiter between the fields; nil to find it out from the first rows.
    public var delimiter: Delimiter?
    /// The names of the expected columns in their order, if they are known. A first row that holds them is the header.
    public var expectedColumns: [String]
    /// Whether the fields of the column with this name are all kept as strings, as they are written.
    public var isText: @Sendable (_ column: String) -> Bool

    /// Makes a format. The defaults let the reader find out everything by itself.
    public init(
      header: Header = .automatic, delimiter: Delimiter? = nil, expectedColumns: [String] = [],
      isText: @escaping @Sendable (_ column: String) -> Bool = { _ in false }
    ) {
      self.header = header
      self.delimiter = delimiter
      self.expectedColumns = expectedColumns
      self.isText = isText
    }

    /// The format that also keeps the fields of these columns as they are written.
    package func keepingText(of names: Set<String>) -> Format {
      var format = self
      format.isText = { [isText] in names.contains($0) || isText($0) }
      return format
    }
  }

  /// The delimiter between the fields of a row.
  public enum Delimiter: UInt8, Sendable, CaseIterable {
    /// A comma.
    case comma = 0x2C
    /// A semicolon.
    case semicolon = 0x3B
    /// A tab.
    case tab = 0x09
    /// A vertical bar.
    case bar = 0x7C

    /// The delimiter that a user writes: the character itself or its name. A tab may also be written as `\t`.
    package init?(_ text: String) {
      let found = Self.allCases.first { text == $0.name || text == String(UnicodeScalar($0.rawValue)) }
      guard let found = found ?? (text == "\\t" ? .tab : text == "pipe" ? .bar : nil) else { return nil }
      self = found
    }

    /// `comma`, `semicolon`, `tab` or `bar`.
    package var name: String { "\(self)" }

    /// The usual delimiter for a file with this name: a tab for .tsv and .tab, gzipped or not, otherwise a comma.
    static func usual(forPath path: String) -> Delimiter {
      var name = path.lowercased()
      if name.hasSuffix(".gz") { name.removeLast(3) }
      return name.hasSuffix(".tsv") || name.hasSuffix(".tab") ? .tab : .comma
    }
  }
}
