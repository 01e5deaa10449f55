import Tensor

/// What a table's column holds, judged from all of its fields.
enum ColumnContent {
  /// Numbers in one format, and possibly a few other strings, which count as missing values.
  case numbers(NumberFormat, others: [String])
  /// Dates in one format, and possibly a few other strings.
  case dates(DateFormat, others: [String])
  case texts
  /// No field has a value.
  case nothing
}

/// How a column of a table was read, and what is odd about it.
struct ColumnReading {
  var content: ColumnContent
  /// How many fields have each string, indexed by the codes of the strings. Empty if the column holds only numbers and
  /// missing fields.
  var counts: [Int] = []
  /// A string that another format reads as a different value.
  var doubtful: String?
  /// The strings that make the column a text column, although at least a third of its fields are numbers.
  var mostlyNumbersBut: [String] = []
  /// How many fields have such strings, or other strings that count as missing.
  var otherFields = 0

  /// Whether the fields were kept as strings but are plain numbers.
  var arePlainTexts: Bool { if case .numbers(.plain, _) = content { !counts.isEmpty } else { false } }

  var isOfDates: Bool { if case .dates = content { true } else { false } }
}

extension Table {
  /// Decides what a column's fields are.
  ///
  /// - Parameter likely: The decimal mark of the table's other columns, if they agree on one.
  func reading(ofColumn column: Int, _ options: ColumnOptions, likely: NumberFormat.Mark? = nil) -> ColumnReading {
    let texts = texts[column].map(\.trimmed)
    let missing = options.missing
    let kinds = texts.map { missing.kind(of: $0, amongNumbers: true) }
    guard kinds.contains(.word) else {
      let hasNumber = parts.contains { part in
        part.withColumn(column) { cells in
          cells.indices.contains { row in
            let cell = cells[row]
            return cell.isFinite ? !missing.isMissing(cell) : kinds[NaNBox.code(cell)] != .missing
          }
        }
      }
      return ColumnReading(content: hasNumber ? .numbers(.plain, others: []) : .nothing)
    }
    var counts = [Int](repeating: 0, count: texts.count)
    var bareNumbers = 0
    forEachCell(ofColumn: column) { _, cell in
      if cell.isFinite { bareNumbers += 1 } else { counts[NaNBox.code(cell)] += 1 }
    }
    let words = texts.indices.filter { (kinds[$0] == .word || kinds[$0] == .number) && counts[$0] > 0 }
    var reading = ColumnReading(content: .texts, counts: counts)
    if words.isEmpty {
      reading.content = bareNumbers > 0 ? .numbers(.plain, others: []) : .nothing
      return reading
    }
    if words.lazy.map({ texts[$0] }).areTruthValues { return reading }
    func fields(_ codes: [Int]) -> Int { codes.reduce(0) { $0 + counts[$1] } }
    let wordTexts = words.map { texts[$0] }
    let found =
      NumberFormat.common(to: wordTexts, decimal: options.decimal, thousands: options.thousands, likely: likely)
      ?? NumberFormat.common(to: wordTexts, likely: likely)
    if let found {
      reading.content = .numbers(found.format, others: [])
      reading.doubtful = found.doubtful ?? (options.decimal == nil ? rareMark(found.format, words, texts, counts) : nil)
      return reading
    }
    if bareNumbers == 0, let found = DateFormat.common(to: wordTexts) {
      (reading.content, reading.doubtful) = (.dates(found.format, others: []), found.doubtful)
      return reading
    }
    // Are all but a few fields dates or numbers? If no string in a sample is one, most strings are not.
    let sample = stride(from: 0, to: wordTexts.count, by: max(wordTexts.count / 100, 1)).map { wordTexts[$0] }
    func divide(_ others: [String]) -> (areMost: Bool, vary: Bool) {
      let odd = Set(others)
      let codes = words.filter { !odd.contains(texts[$0]) }
      let (count, otherCount) = (fields(codes) + bareNumbers, fields(words) - fields(codes))
      let distinct = codes.count + bareNumbers
      reading.otherFields = otherCount
      return (
        otherCount < count && others.count <= Self.fewTexts || otherCount * 9 <= count,
        distinct > 20 || distinct >= 5 && distinct * 2 > count
      )
    }
    let dates = bareNumbers == 0 && sample.contains(where: DateFormat.isDate) ? wordTexts.filter(DateFormat.isDate) : []
    if !dates.isEmpty, let found = DateFormat.common(to: dates) {
      let others = wordTexts.filter { found.format.numbers($0) == nil }
      let division = divide(others)
      if division.areMost, division.vary {
        reading.content = .dates(found.format, others: others)
        reading.doubtful = found.doubtful
        return reading
      }
    }
    guard bareNumbers > 0 || sample.contains(where: { WrittenNumber($0) != nil }),
      let best = NumberFormat.best(
        for: wordTexts, counts: words.map { counts[$0] }, decimal: options.decimal, thousands: options.thousands,
        likely: likely) ?? (bareNumbers > 0 ? (.plain, wordTexts) : nil)
    else { return reading }
    let division = divide(best.others)
    if division.areMost, division.vary {
      reading.content = .numbers(best.format, others: best.others)
    } else if division.areMost || reading.otherFields * 3 <= 2 * (fields(words) + bareNumbers) {
      reading.mostlyNumbersBut = best.others
    }
    return reading
  }

  /// A string with a decimal mark that decides how most other strings are read, because they only have marks that could
  /// be between thousands; nil if such strings are not rare.
  private func rareMark(_ format: NumberFormat, _ words: [Int], _ texts: [String], _ counts: [Int]) -> String? {
    guard let thousands = format.thousands, thousands == .point || thousands == .comma else { return nil }
    func count(_ isMeant: (String) -> Bool) -> Int {
      words.reduce(0) { $0 + (isMeant(texts[$1]) ? counts[$1] : 0) }
    }
    let other = format.decimal.rawValue
    let rare = count { $0.contains(other) }
    guard rare > 0, rare * 9 <= count({ $0.contains(thousands.rawValue) && !$0.contains(other) }) else { return nil }
    return words.lazy.map { texts[$0] }.first { $0.contains(other) }
  }

  /// The largest number of distinct non-numeric strings that count as missing in a column of numbers, if there are more
  /// numbers.
  private static let fewTexts = 10

  /// The first row whose field is one of these strings, and the number of such rows; nil if there is none.
  func rows(ofColumn column: Int, with texts: Set<String>) -> (first: Int, count: Int)? {
    let isChosen = self.texts[column].map { texts.contains($0.trimmed) }
    var (first, count): (Int?, Int) = (nil, 0)
    forEachCell(ofColumn: column) { row, cell in
      guard !cell.isFinite, isChosen[NaNBox.code(cell)] else { return }
      first = first ?? row
      count += 1
    }
    return first.map { ($0, count) }
  }
}
