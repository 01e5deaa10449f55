import Tensor

/// What the fields of a table's column are, as all of them together tell.
enum ColumnContent {
  /// Numbers in one format, and perhaps a few other texts, which stand for missing values.
  case numbers(NumberFormat, others: [String])
  /// Dates in one format, and perhaps a few other texts.
  case dates(DateFormat, others: [String])
  case texts
  /// No field has a value.
  case nothing
}

/// A column of a table as it was read, with what is odd about it.
struct ColumnReading {
  var content: ColumnContent
  /// How many fields have each text, by the texts' codes, and how many are numbers without one. Empty if the column holds numbers and missing fields only.
  var counts: [Int] = []
  /// A text that another format reads as something else.
  var doubtful: String?
  /// Whether texts make up the column because of a few of them, most fields being numbers.
  var isMostlyNumbers = false
}

extension Table {
  /// Decides what a column's fields are.
  ///
  /// - Parameter likely: The decimal mark of the table's other columns, if there is one that decides.
  func reading(ofColumn column: Int, _ options: ColumnOptions, likely: NumberFormat.Mark? = nil) -> ColumnReading {
    let texts = texts[column].map(\.trimmed)
    let missing = options.missing
    let kinds = texts.map { missing.kind(of: $0, amongNumbers: true) }
    guard kinds.contains(.word) else {
      let hasNumber = parts.contains { part in
        stride(from: column, to: part.cells.count, by: columnNames.count).contains { index in
          let cell = part.cells[index]
          return cell.isFinite ? !missing.isMissing(cell) : kinds[Cell.code(cell)] != .missing
        }
      }
      return ColumnReading(content: hasNumber ? .numbers(.plain, others: []) : .nothing)
    }
    var counts = [Int](repeating: 0, count: texts.count)
    var bareNumbers = 0
    for part in parts {
      let cells = part.cells.span
      for index in stride(from: column, to: cells.count, by: columnNames.count) {
        if cells[index].isFinite { bareNumbers += 1 } else { counts[Cell.code(cells[index])] += 1 }
      }
    }
    let words = texts.indices.filter { (kinds[$0] == .word || kinds[$0] == .number) && counts[$0] > 0 }
    var reading = ColumnReading(content: .texts, counts: counts)
    if words.isEmpty {
      reading.content = bareNumbers > 0 ? .numbers(.plain, others: []) : .nothing
      return reading
    }
    if words.lazy.map({ texts[$0] }).areTruthValues { return reading }
    func fields(_ codes: [Int]) -> Int { codes.reduce(0) { $0 + counts[$1] } }
    func format(_ codes: some Sequence<Int>) -> NumberFormat.Reading? {
      NumberFormat.common(
        to: codes.lazy.map { texts[$0] }, decimal: options.decimal, thousands: options.thousands, likely: likely)
    }
    if let found = format(words) {
      (reading.content, reading.doubtful) = (.numbers(found.format, others: []), found.doubtful)
      return reading
    }
    if bareNumbers == 0, let found = DateFormat.common(to: words.lazy.map { texts[$0] }) {
      (reading.content, reading.doubtful) = (.dates(found.format, others: []), found.doubtful)
      return reading
    }
    // All but a few?
    func split(_ isLikely: (String) -> Bool) -> (codes: [Int], others: [Int], areMany: Bool, vary: Bool) {
      let codes = words.filter { isLikely(texts[$0]) }
      let others = words.filter { !isLikely(texts[$0]) }
      let (count, otherCount) = (fields(codes) + bareNumbers, fields(others))
      let areFew = otherCount < count && others.count <= Self.fewTexts || otherCount * 9 <= count
      let distinct = codes.count + bareNumbers
      return (codes, others, areFew, distinct > 20 || distinct >= 5 && distinct * 2 > count)
    }
    let numbers = split { WrittenNumber($0) != nil }
    if numbers.areMany, let found = numbers.codes.isEmpty ? nil : format(numbers.codes) {
      reading.isMostlyNumbers = !numbers.vary
      if numbers.vary {
        reading.content = .numbers(found.format, others: numbers.others.map { texts[$0] })
        reading.doubtful = found.doubtful
      }
      return reading
    }
    if numbers.areMany { reading.isMostlyNumbers = true }
    let dates = split { text in DateFormat.common(to: CollectionOfOne(text)) != nil }
    if dates.areMany, dates.vary, let found = DateFormat.common(to: dates.codes.lazy.map { texts[$0] }) {
      reading.content = .dates(found.format, others: dates.others.map { texts[$0] })
      reading.doubtful = found.doubtful
    }
    return reading
  }

  /// Up to so many texts that are no numbers may stand in a column of numbers for missing ones, if the numbers are more.
  private static let fewTexts = 10

  /// The row, among those given or all, whose field is first one of some texts; and how many there are.
  func rows(ofColumn column: Int, with texts: Set<String>) -> (first: Int, count: Int)? {
    let isChosen = self.texts[column].map { texts.contains($0.trimmed) }
    var (first, count): (Int?, Int) = (nil, 0)
    _ = mapCells(ofColumn: column) { row, cell in
      guard !cell.isFinite, isChosen[Cell.code(cell)] else { return }
      first = first ?? row
      count += 1
    }
    return first.map { ($0, count) }
  }
}

/// What is to be done with a table's columns, as far as their fields do not tell or tell otherwise.
public struct ColumnOptions: Sendable, Equatable {
  /// The names of columns that are not learnt from.
  public var ignored: [String]
  /// The names of the columns that are learnt from; nil for all but the others.
  public var only: [String]?
  /// The name of the column that tells the rows apart. It is not learnt from, and predictions keep it.
  public var identifier: String?
  /// Which texts are missing values.
  public var missing: MissingSpellings
  /// The decimal mark of columns that may be read in two ways; nil to take the likelier one.
  public var decimal: NumberFormat.Mark?
  /// What stands between thousands in such columns; nil to take the likelier.
  public var thousands: NumberFormat.Mark?
  /// A text has a feature of its own if at least so many training rows have it; nil for 1, and 2 if there are more than 20 texts.
  public var minimumFrequency: Int?
  /// At most so many texts of a column, the most frequent ones, have a feature of their own.
  public var maximumCategories: Int

  /// - Precondition: Traps if a count is below 1.
  public init(
    ignored: [String] = [], only: [String]? = nil, identifier: String? = nil,
    missing: MissingSpellings = MissingSpellings(),
    decimal: NumberFormat.Mark? = nil, thousands: NumberFormat.Mark? = nil, minimumFrequency: Int? = nil,
    maximumCategories: Int = 1000
  ) {
    guard minimumFrequency ?? 1 >= 1, maximumCategories >= 1 else {
      fail(
        "cannot gather texts below a frequency of \(minimumFrequency ?? 1) or beyond \(maximumCategories) categories")
    }
    self.ignored = ignored
    self.only = only
    self.identifier = identifier
    self.missing = missing
    self.decimal = decimal
    self.thousands = thousands
    self.minimumFrequency = minimumFrequency
    self.maximumCategories = maximumCategories
  }
}
