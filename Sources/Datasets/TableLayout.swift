/// How the bytes of a table are cut into rows, as its first rows show: what delimits the fields, what the columns are called, and where the data begin.
struct TableLayout {
  let delimiter: Table.Delimiter
  private(set) var columnNames: [String] = []
  /// Whether each row has a delimiter behind its last field that the header has not.
  private(set) var hasTrailingDelimiter = false
  /// Whether the last field of the header and of all of the first rows is empty: that column goes if all of its fields are.
  private(set) var mayEndEmpty = false
  private(set) var hasHeader = false
  /// Where the first row of data begins, and its line.
  private(set) var start = 0
  private(set) var line = 1
  private(set) var blankLines = SkippedLines()
  private(set) var comments = SkippedLines()
  private(set) var warnings: [DataWarning] = []

  private let path: String

  /// The most rows that are looked at, and about the most fields.
  private static let mostRows = 100
  private static let mostFields = 200_000

  /// Finds out how a table is laid out.
  /// - Parameters:
  ///   - bytes: The first bytes of the file, which end with a row unless they are all.
  ///   - isWhole: Whether they are all.
  /// - Returns: nil if the first row is not among the bytes.
  /// - Throws: The ``DataError`` of what is wrong with the first row.
  init?(of bytes: Span<UInt8>, isWhole: Bool, path: String, format: Table.Format) throws(DataError) {
    self.path = path
    // Above the first row: blank lines, and lines with a # that may be comments, the header, or rows as any other.
    var scanner = FieldScanner(path: path, delimiter: Byte.comma, position: Self.hasByteOrderMark(bytes) ? 3 : 0)
    var hashes: [FieldScanner] = []
    var blanks = SkippedLines()
    while scanner.position < bytes.count {
      let before = scanner
      if scanner.skipBlankLine(in: bytes) {
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
    delimiter = format.delimiter ?? Self.delimiter(of: bytes, from: scanner, isWhole: isWhole, usual: usual)
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
    let names = try fields.enumerated().map { column, field throws(DataError) in
      try scanner.text(of: field, in: bytes, line: firstRow.line, column: column)
    }
    let (afterFirst, width) = (scanner, fields.count)
    func sample(storing isStoring: Bool) -> SampledRows {
      SampledRows(
        bytes, afterFirst, width: width, isWhole: isWhole, Self.mostRows, Self.mostFields, storing: isStoring)
    }
    let later = sample(storing: false)

    var hasNamedEnd = false
    // A header behind a # has as many fields as the rows.
    if format.header != .absent, let hash = hashes.last {
      var scanner = scannerAt(hash)
      scanner.move(to: hash.position + 1, line: hash.line)
      if let header = Self.row(&scanner, in: bytes, width: fields.count), scanner.position == firstRow.position,
        !Self.isHeader(names, sample(storing: true))
      {
        hashes.removeLast()
        try setNames(header, line: hash.line)
        hasNamedEnd = !header[width - 1].isEmpty
        let looks = header.map(FieldLook.init)
        if looks.contains(.number), Self.areAlike(looks, sample(storing: true)) {
          warnings.append(.headerLikeData(path: path, line: hash.line))
        }
        (start, line) = (firstRow.position, firstRow.line)
      }
    }
    for hash in hashes { comments.add(line: hash.line) }
    if !hasHeader {
      switch format.header {
      case .present: hasHeader = true
      case .absent: hasHeader = false
      case .automatic: hasHeader = decideHeader(names, line: firstRow.line) { sample(storing: true) }
      }
      if hasHeader {
        hasTrailingDelimiter = later.haveTrailingDelimiter
        try setNames(names, line: firstRow.line)
        (start, line) = (scanner.position, scanner.line)
      } else {
        columnNames = (1...fields.count).map(String.init)
        (start, line) = (firstRow.position, firstRow.line)
      }
    }
    mayEndEmpty =
      width > 1 && !hasTrailingDelimiter && !hasNamedEnd && names[width - 1].isEmpty && later.lastsAreEmpty
  }

  mutating func removeLastColumn() { columnNames.removeLast() }

  mutating func warn(_ warning: DataWarning) { warnings.append(warning) }

  private mutating func setNames(_ texts: [String], line: Int) throws(DataError) {
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

  /// The texts of a row of so many fields at the scanner's position; nil if it is another.
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

  private static func hasByteOrderMark(_ bytes: Span<UInt8>) -> Bool {
    bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
  }
}

// MARK: - The delimiter

extension TableLayout {
  /// The delimiter that cuts the first rows alike, into as many fields each and at least two.
  ///
  /// If several do, that one by which most fields look like numbers, as a comma may be part of a number between semicolons; then the usual one. If none
  /// does, that one by which most rows are like the first, so that the error will name the row that is not.
  private static func delimiter(
    of bytes: Span<UInt8>, from start: FieldScanner, isWhole: Bool, usual: Table.Delimiter
  ) -> Table.Delimiter {
    let candidates = [usual] + Table.Delimiter.allCases.filter { $0 != usual }
    var alike: [Table.Delimiter] = []
    var (best, bestShare) = (usual, 0.5)
    for candidate in candidates {
      var scanner = FieldScanner(path: start.path, delimiter: candidate.rawValue, position: start.position)
      guard let width = Self.width(&scanner, in: bytes), width > 1 else { continue }
      let rows = SampledRows(bytes, scanner, width: width, isWhole: isWhole, mostRows, mostFields, storing: false)
      if rows.areAlike {
        alike.append(candidate)
      } else if rows.shareAlike > bestShare {
        (best, bestShare) = (candidate, rows.shareAlike)
      }
    }
    guard let first = alike.first else { return best }
    guard alike.count > 1 else { return first }
    // The first is the usual one if that is among them.
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

  /// The number of fields of the row at the scanner's position; nil if it is damaged.
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
  /// Whether the first row is a header by the rows that follow: it has no number, and they do.
  private static func isHeader(_ texts: [String], _ later: SampledRows) -> Bool {
    func isNumber(_ text: String) -> Bool { [.number, .date].contains(FieldLook(text)) }
    return !texts.contains(where: isNumber) && later.texts.contains { $0.contains(where: isNumber) }
  }

  /// Whether the first row is the header: not if all of its fields look like numbers, unless they count or are years, and the rows below are others.
  ///
  /// - Parameter sample: The rows below, with their texts.
  private mutating func decideHeader(_ texts: [String], line: Int, _ sample: () -> SampledRows) -> Bool {
    let looks = texts.map(FieldLook.init)
    guard !looks.contains(.word), looks.contains(where: { $0 == .number || $0 == .date }) else {
      if looks.contains(.number), Self.areAlike(looks, sample()) {
        warnings.append(.headerLikeData(path: path, line: line))
      }
      return true
    }
    // Dates above numbers are names of columns.
    if looks.contains(.date), Self.haveNumbersBelowDates(looks, sample()) { return true }
    // pandas leaves the field above row numbers empty.
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
    // Two small numbers are likely to be data; more of them are said to be read so.
    if numbers.count > 2 {
      warnings.append(.dataLikeHeader(path: path, line: line, first: counted[counted.startIndex]))
    }
    return false
  }

  /// Whether some column has a date in the first row, and below it numbers and no date.
  private static func haveNumbersBelowDates(_ looks: [FieldLook], _ later: SampledRows) -> Bool {
    looks.indices.contains { column in
      guard looks[column] == .date else { return false }
      let others = later.texts.map { FieldLook($0[column]) }
      return others.contains(.number) && !others.contains(.date)
    }
  }

  /// Whether the rows have numbers where the first has them, dates where it has dates, and words where it has words.
  private static func areAlike(_ looks: [FieldLook], _ later: SampledRows) -> Bool {
    guard !later.texts.isEmpty else { return false }
    return looks.indices.allSatisfy { column in
      let others = later.texts.map { FieldLook($0[column]) }
      switch looks[column] {
      case .number, .date:
        return others.contains(looks[column]) && others.allSatisfy { $0 == looks[column] || $0 == .missing }
      case .word: return others.contains(.word) && others.allSatisfy { $0 == .word || $0 == .missing }
      case .missing: return true
      }
    }
  }
}

/// Lines that are left out.
struct SkippedLines: Equatable {
  /// The first of them.
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

  /// The same lines, counted from another.
  func moved(by lines: Int) -> SkippedLines {
    var result = self
    result.first += lines
    return result
  }
}

/// Rows below the first, of which there are as many as are needed to tell what a table is like.
private struct SampledRows {
  /// The rows that are like the first; none if they are not stored.
  private(set) var texts: [[String]] = []
  private(set) var rowCount = 0
  /// Whether all rows have the first's number of fields, or ``haveTrailingDelimiter``.
  private(set) var areAlike = true
  /// Whether most rows have a field more than the first, which is empty, and the others as many.
  private(set) var haveTrailingDelimiter = false
  /// Whether the last field of each row is empty.
  private(set) var lastsAreEmpty = true
  /// Of all rows, the first too, the share that has as many fields as the first.
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
      if scanner.skipBlankLine(in: bytes) { continue }
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
      // A row that the sample does not hold to its end tells nothing.
      if isDamaged, !isWhole, rowCount > 0 { break }
      rowCount += 1
      let isLastEmpty = last.map { $0.start == $0.end && !$0.isNumber } ?? false
      if !isDamaged, fields == width + 1, isLastEmpty { trailing += 1 }
      if isDamaged || !isLastEmpty { lastsAreEmpty = false }
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
