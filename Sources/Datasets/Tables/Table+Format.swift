extension Table {
  /// How the file of a table is read. As it is made, all of it is found out.
  public struct Format: Sendable {
    /// Whether the first row holds the columns' names.
    public var header: Header
    /// What stands between the fields; nil if that is to be found out from the first rows.
    public var delimiter: Delimiter?
    /// Names of columns that are expected, if they are known, in their order: a first row that holds them is the
    /// header.
    public var expectedColumns: [String]
    /// Whether all fields of the column with this name are kept as texts, as they are written, whatever they look like.
    public var isText: @Sendable (_ column: String) -> Bool

    public init(
      header: Header = .automatic, delimiter: Delimiter? = nil, expectedColumns: [String] = [],
      isText: @escaping @Sendable (_ column: String) -> Bool = { _ in false }
    ) {
      self.header = header
      self.delimiter = delimiter
      self.expectedColumns = expectedColumns
      self.isText = isText
    }
  }

  /// What stands between the fields of a row.
  public enum Delimiter: UInt8, Sendable, CaseIterable {
    case comma = 0x2C
    case semicolon = 0x3B
    case tab = 0x09
    case bar = 0x7C

    /// The delimiter that a user writes: itself, or its name; for a tab `\t`, too.
    public init?(_ text: String) {
      let found = Self.allCases.first { text == $0.name || text == String(UnicodeScalar($0.rawValue)) }
      guard let found = found ?? (text == "\\t" ? .tab : text == "pipe" ? .bar : nil) else { return nil }
      self = found
    }

    /// `comma`, `semicolon`, `tab` or `bar`.
    public var name: String { "\(self)" }

    /// The one that is usual in files of this name: a tab for .tsv and .tab, gzipped or not, else a comma.
    public static func usual(forPath path: String) -> Delimiter {
      var name = path.lowercased()
      if name.hasSuffix(".gz") { name.removeLast(3) }
      return name.hasSuffix(".tsv") || name.hasSuffix(".tab") ? .tab : .comma
    }
  }
}
