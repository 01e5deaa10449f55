import PerceptronFiles

/// The layout of a table, found from its first rows: the delimiter of the fields, the names of the columns, and the
/// start of the data.
struct TableLayout {
  let delimiter: Table.Delimiter
  private(set) var columnNames: [String] = []
  /// Whether each row has a delimiter after its last field that the header does not have.
  private(set) var hasTrailingDelimiter = false
  /// The number of empty fields at the end of the header, or of the first row if there is no header. Of these columns,
  /// those that are empty in every row are removed.
  private(set) var mostEmptyColumns = 0
  private(set) var hasHeader = false
  /// Where the first row of data begins, and its line.
  private(set) var start = 0
  private(set) var line = 1
  private(set) var blankLines = SkippedLines()
  private(set) var comments = SkippedLines()
  private(set) var warnings: [DataWarning] = []

  private let path: String

  /// The largest number of rows that are examined, and the approximate largest number of fields.
  private static let mostRows = 100
  private static let mostFields = 200_000

  /// Finds out how a table is laid out.
  /// - Parameters:
  ///   - bytes: The first bytes of the file, which end with a row unless they are the whole file.
  ///   - isWhole: Whether they are the whole file.
  /// - Returns: nil if the first row is not among the bytes.
  /// - Throws: A ``FileError`` that says what is wrong with the first row.
  init?(of bytes: Span<UInt8>, isWhole: Bool, path: String, format: Table.Format) throws(FileError) {
    self.path = path
    // Above the first row there may be blank lines and lines with a #, which may be comments, the header, or ordinary
    // rows.
    var scanner = FieldScanner(path: path, delimiter: Byte.comma, position: Self.hasByteOrderMark(bytes) ? 3 : 0)
    let named = Self.namedDelimiter(&scanner, in: bytes)
    var hashes: [FieldScanner] = []
    var blanks = SkippedLines()
    while scanner.position < bytes.count {
      let before = scanner
      if scanner.skipBlankLine(in: bytes) || Self.skipEmptyRow(&scanner, in: bytes) {
        blanks.add(line: before.line)
      } else if bytes[scanner.position] == Byte.hash {
        hashes.append(before)
        scanner.skipLine(in: bytes)
      } else {
        break
      }
    }
    if scanner.position == bytes.count {
      guard isWhole else { return nil }
      guard let first = hashes.first else { throw .emptyFile(path: path) }
      // All rows begin with a #.
      scanner = first
      hashes = []
      blanks = SkippedLines()
    }
    let usual = Table.Delimiter.usual(forPath: path)
    delimiter = format.delimiter ?? named ?? Self.delimiter(of: bytes, from: scanner, isWhole: isWhole, usual: usual)
    blankLines = blanks
    func scannerAt(_ other: FieldScanner) -> FieldScanner {
      var scanner = FieldScanner(path: path, delimiter: delimiter.rawValue, position: other.position)
      scanner.move(to: other.position, line: other.line)
      return scanner
    }
    scanner = scannerAt(scanner)
    let firstRow = scanner
    var fields: [FieldScanner.Field] = []
    repeat {
      guard fields.count < Table.mostColumns else { throw .manyColumns(path: path, most: Table.mostColumns) }
      fields.append(try scanner.next(in: bytes, column: fields.count))
    } while !fields[fields.count - 1].endsRow
    var names = try fields.enumerated().map { column, field throws(FileError) in
      try scanner.text(of: field, in: bytes, line: firstRow.line, column: column)
    }
    var width = fields.count
    let afterFirst = scanner
    func sample(storing isStoring: Bool) -> SampledRows {
      SampledRows(
        bytes, afterFirst, width: width, isWhole: isWhole, Self.mostRows, Self.mostFields, storing: isStoring)
    }
    let later = sample(storing: false)
    var hasRowNames = false
    if later.rowCount > 0, let others = later.commonWidth, others > width, !later.haveTrailingDelimiter {
      // The other rows have more fields than the first. In tables that R writes, each row begins with a name for which
      // the header has no field. Otherwise, a first row of one field, or of at least two too few, is a title above the
      // header.
      width = others
      let texts = sample(storing: true).texts
      hasRowNames =
        format.header != .absent && others == names.count + 1 && !later.someLastsAreEmpty
        && Set(texts.map { $0[0] }).count == texts.count && !Self.isHeader(texts[0], Array(texts.dropFirst()))
      if hasRowNames {
        var name = "row names"
        while names.contains(name) { name += "'" }
        names.insert(name, at: 0)
        warnings.append(.rowNames(path: path, line: firstRow.line, name: name))
      } else if later.rowCount > 1, names.count == 1 || others > names.count + 1 {
        throw .titleLine(path: path, line: firstRow.line, found: names.count, expected: others)
      } else {
        width = names.count
      }
    }

    // A header after a # has as many fields as the rows.
    if format.header != .absent, let hash = hashes.last {
      var scanner = scannerAt(hash)
      scanner.move(to: hash.position + 1, line: hash.line)
      if !hasRowNames, let header = Self.row(&scanner, in: bytes, width: width),
        scanner.position == firstRow.position, !Self.isHeader(names, sample(storing: true).texts)
      {
        hashes.removeLast()
        try setNames(header, line: hash.line)
        if !Self.areExpected(header, format.expectedColumns), Self.isLikeData(header, sample(storing: true)) {
          warnings.append(.headerLikeData(path: path, line: hash.line))
        }
        mostEmptyColumns = Self.emptyEnd(of: header)
        (start, line) = (firstRow.position, firstRow.line)
      }
    }
    for hash in hashes { comments.add(line: hash.line) }
    if !hasHeader {
      switch format.header {
      case .present: hasHeader = true
      case .absent: hasHeader = false
      case .automatic:
        hasHeader =
          hasRowNames || Self.areExpected(names, format.expectedColumns)
          || decideHeader(names, line: firstRow.line) { sample(storing: true) }
      }
      mostEmptyColumns = Self.emptyEnd(of: names)
      if hasHeader {
        hasTrailingDelimiter = later.haveTrailingDelimiter
        try setNames(names, line: firstRow.line)
        (start, line) = (scanner.position, scanner.line)
      } else {
        columnNames = (1...width).map(String.init)
        (start, line) = (firstRow.position, firstRow.line)
      }
    }
  }

  mutating func removeLastColumns(_ count: Int) { columnNames.removeLast(count) }

  private mutating func setNames(_ texts: [String], line: Int) throws(FileError) {
    hasHeader = true
    var fieldOfName: [String: Int] = [:]
    for (column, text) in texts.enumerated() where !text.isEmpty {
      if let first = fieldOfName.updateValue(column + 1, forKey: text) {
        throw .duplicateColumn(path: path, line: line, name: text, first: first, second: column + 1)
      }
    }
    columnNames = texts.enumerated().map { column, text in
      guard text.isEmpty else { return text }
      var name = "column \(column + 1)"
      while fieldOfName[name] != nil { name += "'" }
      return name
    }
  }

  /// The fields of the row at the scanner's position as strings; nil if the row does not have `width` fields.
  private static func row(_ scanner: inout FieldScanner, in bytes: Span<UInt8>, width: Int) -> [String]? {
    var texts: [String] = []
    while true {
      let line = scanner.line
      guard texts.count < width, let field = try? scanner.next(in: bytes, column: texts.count),
        let text = try? scanner.text(of: field, in: bytes, line: line, column: texts.count)
      else { return nil }
      texts.append(text)
      if field.endsRow { return texts.count == width ? texts : nil }
    }
  }

  /// The number of empty fields at the end of a row.
  private static func emptyEnd(of texts: [String]) -> Int { texts.reversed().prefix(while: \.isEmpty).count }

  /// Skips a row that holds only delimiters of one kind, and spaces.
  private static func skipEmptyRow(_ scanner: inout FieldScanner, in bytes: Span<UInt8>) -> Bool {
    for delimiter in Table.Delimiter.allCases {
      var other = FieldScanner(path: scanner.path, delimiter: delimiter.rawValue, position: scanner.position)
      other.move(to: scanner.position, line: scanner.line)
      if other.skipEmptyRow(in: bytes) {
        scanner.move(to: other.position, line: other.line)
        return true
      }
    }
    return false
  }

  /// The delimiter that a first line such as `sep=;` names for Excel. The scanner skips that line.
  private static func namedDelimiter(_ scanner: inout FieldScanner, in bytes: Span<UInt8>) -> Table.Delimiter? {
    let (start, prefix) = (scanner.position, Array("sep=".utf8))
    guard start + prefix.count < bytes.count,
      prefix.indices.allSatisfy({ bytes[start + $0] | 0x20 == prefix[$0] | 0x20 }),
      let delimiter = Table.Delimiter(rawValue: bytes[start + prefix.count])
    else { return nil }
    var rest = scanner
    rest.move(to: start + prefix.count + 1, line: scanner.line)
    guard rest.skipBlankLine(in: bytes) else { return nil }
    scanner = rest
    return delimiter
  }

  private static func hasByteOrderMark(_ bytes: Span<UInt8>) -> Bool {
    bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
  }
}

// MARK: - The delimiter

extension TableLayout {
  /// The delimiter that cuts the first rows alike: into the same number of fields, and at least two.
  ///
  /// If several delimiters do, the one with which most fields look like numbers is chosen, because a comma may be part
  /// of a number between semicolons. If they are equal in this, the usual delimiter is chosen. If no delimiter does,
  /// the one with which most rows are like the first is chosen, so that the error names the row that differs. If the
  /// first row may be a title, the delimiter that cuts the other rows alike is chosen.
  private static func delimiter(
    of bytes: Span<UInt8>, from start: FieldScanner, isWhole: Bool, usual: Table.Delimiter
  ) -> Table.Delimiter {
    let candidates = [usual] + Table.Delimiter.allCases.filter { $0 != usual }
    var alike: [Table.Delimiter] = []
    var (best, bestShare) = (usual, 0.5)
    var belowTitle: Table.Delimiter?
    var isOneColumn = false
    for candidate in candidates {
      var scanner = FieldScanner(path: start.path, delimiter: candidate.rawValue, position: start.position)
      guard let width = Self.width(&scanner, in: bytes) else { continue }
      let rows = SampledRows(bytes, scanner, width: width, isWhole: isWhole, mostRows, mostFields, storing: false)
      if width == 1 {
        if candidate == usual, rows.areAlike { isOneColumn = true }
        if !isOneColumn, belowTitle == nil, rows.commonWidth ?? 1 > 1 { belowTitle = candidate }
      } else if rows.areAlike || rows.commonWidth == width + 1 {
        alike.append(candidate)
      } else if rows.shareAlike > bestShare {
        (best, bestShare) = (candidate, rows.shareAlike)
      }
    }
    guard let first = alike.first else { return bestShare > 0.5 ? best : belowTitle ?? best }
    guard alike.count > 1 else { return first }
    // The first delimiter is the usual one, if it is among them.
    var (chosen, mostNumbers) = (first, -1.0)
    for candidate in alike {
      var scanner = FieldScanner(path: start.path, delimiter: candidate.rawValue, position: start.position)
      let head = scanner
      guard let width = Self.width(&scanner, in: bytes) else { continue }
      var rows = SampledRows(bytes, scanner, width: width, isWhole: isWhole, 20, 20_000)
      if rows.rowCount == 0 {
        rows = SampledRows(bytes, head, width: width, isWhole: isWhole, 20, 20_000)
      }
      let share = rows.shareOfNumbers
      if share > mostNumbers { (chosen, mostNumbers) = (candidate, share) }
    }
    return chosen
  }

  /// The number of fields in the row at the scanner's position; nil if the row is damaged.
  private static func width(_ scanner: inout FieldScanner, in bytes: Span<UInt8>) -> Int? {
    var width = 0
    while width < Table.mostColumns {
      guard let field = try? scanner.next(in: bytes, column: width) else { return nil }
      width += 1
      if field.endsRow { return width }
    }
    return nil
  }
}

// MARK: - The header

extension TableLayout {
  /// Whether a row is a header, judged by the rows that follow: it has no number or date, and they have some.
  private static func isHeader(_ texts: [String], _ later: [[String]]) -> Bool {
    func isNumber(_ text: String) -> Bool { [.number, .date].contains(FieldLook(text)) }
    return !texts.contains(where: isNumber) && later.contains { $0.contains(where: isNumber) }
  }

  /// Whether the first row is the header. It is not if all of its fields look like numbers, unless they count up or are
  /// years and the rows below are different.
  ///
  /// - Parameter sample: The rows below, with their strings.
  private mutating func decideHeader(_ texts: [String], line: Int, _ sample: () -> SampledRows) -> Bool {
    let looks = texts.map(FieldLook.init)
    guard !looks.contains(.word), looks.contains(where: { $0 == .number || $0 == .date }) else {
      if Self.isLikeData(texts, sample()) { warnings.append(.headerLikeData(path: path, line: line)) }
      return true
    }
    // Dates above numbers are column names.
    if looks.contains(.date), Self.haveNumbersBelowDates(looks, sample()) { return true }
    // pandas leaves the field above the row numbers empty.
    let counted = texts[0].isEmpty ? texts.dropFirst() : texts[...]
    let numbers = counted.compactMap { Int($0) }
    guard numbers.count == counted.count, let first = numbers.first, numbers.count > 1,
      zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < .max && $1 == $0 + 1 }),
      first == 0 || first == 1 || first >= 1900 && numbers[numbers.count - 1] <= 2100
    else { return false }
    let later = sample()
    var (hasFractions, areOutside) = (false, later.rowCount >= 3 && numbers.count > 2)
    for column in counted.indices where !later.texts.isEmpty {
      let values = later.texts.compactMap { Double($0[column]) }.filter(\.isFinite)
      if values.count > 1 || values.count == later.rowCount, !values.isEmpty {
        hasFractions = hasFractions || values.allSatisfy { $0 != $0.rounded() }
      }
      areOutside =
        areOutside && values.allSatisfy { $0 < Double(first) || $0 > Double(numbers[numbers.count - 1]) }
    }
    if hasFractions || areOutside {
      warnings.append(.headerOfNumbers(path: path, line: line, first: counted[counted.startIndex]))
      return true
    }
    // A row of only two numbers is likely to be data. If there are more, a warning says that they are read as data.
    if numbers.count > 2 {
      warnings.append(.dataLikeHeader(path: path, line: line, first: counted[counted.startIndex]))
    }
    return false
  }

  /// Whether some column has a date in the first row, and numbers but no date below it.
  private static func haveNumbersBelowDates(_ looks: [FieldLook], _ later: SampledRows) -> Bool {
    looks.indices.contains { column in
      guard looks[column] == .date else { return false }
      let others = later.texts.map { FieldLook($0[column]) }
      return others.contains(.number) && !others.contains(.date)
    }
  }

  /// Whether a row that is taken for the header looks like the other rows. Most of these have numbers where it has
  /// numbers, dates where it has dates, and words where it has words; or all of its strings also occur in other rows.
  private static func isLikeData(_ texts: [String], _ later: SampledRows) -> Bool {
    guard !later.texts.isEmpty else { return false }
    let looks = texts.map(FieldLook.init)
    guard looks.contains(where: { $0 == .number || $0 == .date }) else {
      return looks.contains(.word)
        && texts.indices.allSatisfy { column in later.texts.contains { $0[column] == texts[column] } }
    }
    return looks.indices.allSatisfy { column in
      guard looks[column] != .missing else { return true }
      let others = later.texts.lazy.map { FieldLook($0[column]) }.filter { $0 != .missing }
      let (same, all) = others.reduce(into: (0, 0)) { counts, look in
        counts.0 += look == looks[column] ? 1 : 0
        counts.1 += 1
      }
      return 2 * same > all
    }
  }

  /// Whether a row holds most of the expected names, or most of its fields are such names. If it holds no word, all of
  /// its fields must be expected names in the expected order, because data may be such numbers.
  private static func areExpected(_ texts: [String], _ expected: [String]) -> Bool {
    let texts = texts.filter { !$0.isEmpty }
    let places = Dictionary(zip(expected, expected.indices), uniquingKeysWith: { first, _ in first })
    let found = texts.compactMap { places[$0] }
    guard !found.isEmpty, Set(texts).count == texts.count else { return false }
    if texts.contains(where: { FieldLook($0) == .word }) {
      return 2 * found.count >= min(texts.count, expected.count)
    }
    return found.count == texts.count && zip(found, found.dropFirst()).allSatisfy { $0 < $1 }
  }
}

/// Lines that are left out.
struct SkippedLines: Equatable {
  /// The first of these lines.
  private(set) var first = 0
  private(set) var count = 0

  mutating func add(line: Int) {
    if count == 0 { first = line }
    count += 1
  }

  mutating func add(_ others: SkippedLines) {
    if count == 0 { first = others.first }
    count += others.count
  }

  /// The same lines, with numbers that are larger by `lines`.
  func moved(by lines: Int) -> SkippedLines {
    var result = self
    result.first += lines
    return result
  }
}

/// A sample of the rows below the first, large enough to show what the table is like.
private struct SampledRows {
  /// The rows with as many fields as the first; empty if they are not stored.
  private(set) var texts: [[String]] = []
  private(set) var rowCount = 0
  /// Whether all rows have as many fields as the first, or ``haveTrailingDelimiter`` is true.
  private(set) var areAlike = true
  /// Whether at least half of the rows have one more field than the first row, at their end and empty, and the other
  /// rows have as many fields as the first.
  private(set) var haveTrailingDelimiter = false
  /// Whether the last field of some row is empty.
  private(set) var someLastsAreEmpty = false
  /// The number of fields that all rows have; nil if the rows differ or there are none.
  private(set) var commonWidth: Int?
  /// The share of rows that have as many fields as the first, including the first.
  private(set) var shareAlike = 1.0

  /// The share of fields that look like numbers, or are missing.
  var shareOfNumbers: Double {
    let all = texts.joined()
    return Double(all.count { FieldLook($0) != .word }) / Double(max(all.count, 1))
  }

  init(
    _ bytes: Span<UInt8>, _ start: FieldScanner, width: Int, isWhole: Bool, _ mostRows: Int, _ mostFields: Int,
    storing isStoring: Bool = true
  ) {
    var scanner = start
    var (plain, trailing) = (0, 0)
    while scanner.position < bytes.count, rowCount < mostRows, rowCount < 2 || rowCount * width < mostFields {
      if scanner.skipBlankLine(in: bytes) || scanner.skipEmptyRow(in: bytes) { continue }
      let before = scanner
      var row: [String] = []
      var fields = 0
      var last: FieldScanner.Field?
      var isDamaged = false
      repeat {
        guard fields <= Table.mostColumns, let field = try? scanner.next(in: bytes, column: fields) else {
          isDamaged = true
          break
        }
        if isStoring, fields < width {
          row.append((try? scanner.text(of: field, in: bytes, line: 1, column: fields)) ?? "")
        }
        last = field
        fields += 1
      } while last?.endsRow != true
      if isDamaged || fields != width, bytes[before.position] == Byte.hash {
        scanner = before
        scanner.skipLine(in: bytes)
        continue
      }
      // A row that the sample does not hold completely is no evidence.
      if isDamaged, !isWhole, rowCount > 0 { break }
      rowCount += 1
      let isLastEmpty = last.map { $0.start == $0.end && !$0.isNumber } ?? false
      if !isDamaged, fields == width + 1, isLastEmpty { trailing += 1 }
      if isLastEmpty { someLastsAreEmpty = true }
      commonWidth = !isDamaged && (rowCount == 1 || commonWidth == fields) ? fields : nil
      if !isDamaged, fields == width {
        plain += 1
        if isStoring { texts.append(row) }
      } else if !isDamaged, fields == width + 1, isLastEmpty, isStoring {
        texts.append(row)
      }
      if isDamaged { break }
    }
    haveTrailingDelimiter = trailing > 0 && trailing >= plain && plain + trailing == rowCount
    shareAlike = Double(1 + plain) / Double(1 + rowCount)
    areAlike = plain == rowCount || haveTrailingDelimiter
  }
}
