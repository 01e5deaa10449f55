import PerceptronFiles
import Tensor

extension Preparation {
  /// Fits the preparation on a training table. All columns are features except the targets, the sample weights and the
  /// columns that the options leave out.
  ///
  /// All fields of a column together decide what it holds: numbers in one format, dates, or text. A text column gets a
  /// feature for each string, including one for missing fields if there are any, and one feature for all rare strings
  /// together. In a numeric column the mean replaces missing fields, and then the column is scaled. A column that is
  /// constant in all training rows has no influence. Columns without any value are left out, and so are text
  /// columns whose strings almost never repeat. All rows decide what a column holds and what the classes are. Only the
  /// training rows decide the means, the scales, which strings have a feature and what is left out.
  ///
  /// - Parameters:
  ///   - samples: The 0-based indices of the training rows; nil for all.
  ///   - target: A column's name or 1-based number, or several separated by commas. Nil means the last column or, if
  ///     the table was made of arrays with labels, all labels.
  ///   - task: nil to infer it. A target is classified if it is not numeric, or if it holds integers with at most 20
  ///     different values. Several targets are classified if each has two classes by that rule; each is then a question
  ///     of its own. For integer labels of an array see ``Table/init(features:labels:)``.
  ///   - loss: What will be minimised, if it says how the targets are to be treated. For ``Loss/poisson`` and
  ///     ``Loss/tweedie(_:)``, the task is a regression, and the targets, none of which may be below 0, are divided by
  ///     their mean. For ``Loss/quantiles(_:)`` it is a regression with an output for each level of each target. For
  ///     other losses than those of counts and amounts, regression targets are standardised.
  ///   - scaling: How the numeric features are scaled.
  ///   - limitsAnswers: Whether predicted numbers stay within the range of the target in the training rows.
  ///   - sampleWeight: The name of the column with the sample weights, which is not a feature.
  ///   - options: How the columns are treated.
  ///   - team: The threads that share the work, one column each; by default the calling thread alone.
  ///   - warn: Receives what is odd about the table, and how it was read.
  /// - Throws: A ``FileError`` that says what is wrong with the table.
  /// - Complexity: O(rows · columns) time, plus a sort of each column if the scaling uses quantiles; memory for a few
  ///   columns for each thread.
  public init(
    fittedOn table: Table, samples: [Int]? = nil, target: String? = nil, task: Task? = nil, loss: Loss? = nil,
    scaling: Scaling.Method = .standard, limitsAnswers: Bool = false, sampleWeight: String? = nil,
    options: ColumnOptions = ColumnOptions(), team: Team = Team(workers: 1), warn: (DataWarning) -> Void = { _ in }
  ) throws(FileError) {
    let roles = try ColumnRoles(table, target, sampleWeight, options)
    let (features, targets) = (roles.features, roles.targets)
    let table = table.holding(targets)
    let readings = table.readings(ofColumns: features + targets, options, team)
    let directory = MatrixFiles.directory
    let fits = table.map(columns: features, team) { table, index in
      MatrixFiles.keep(in: directory) {
        ColumnFit(table, features[index], readings[index], samples, scaling, options)
      }
    }
    if let failure = fits.compactMap(\.failure).min(by: { ($0.row, $0.column) < ($1.row, $1.column) }) {
      throw .notFinite(
        path: table.path(ofRow: failure.row), line: table.line(ofRow: failure.row),
        column: table.columnNames[failure.column],
        field: failure.column + 1,
        text: table.holding([failure.column]).text(row: failure.row, column: failure.column))
    }
    let kept = fits.filter { $0.input != nil }
    ColumnFit.warn(of: fits, zip(features + targets, readings), table, warn)
    guard !kept.isEmpty else { throw .noUsableFeatures(path: table.path) }
    let constant = kept.filter(\.isConstant).compactMap { $0.input?.name }
    if !constant.isEmpty { warn(.constantColumns(path: table.path, columns: constant)) }
    if target == nil, targets.count == 1, table.countsRows(inColumn: targets[0]) {
      warn(.targetCountsRows(path: table.path, column: table.columnNames[targets[0]]))
    }
    let (outputs, formats) = try Self.outputs(
      table, targets, Array(readings.dropFirst(features.count)), samples, task, loss, options.missing,
      limitsAnswers: limitsAnswers, warn)
    self.init(
      inputs: .columns(kept.map { $0.input! }),
      inputScaling: Scaling(scaling, joining: kept.map(\.scaling)).withoutInfluence(
        kept.flatMap(\.areConstantNumbers)),
      outputs: outputs, missing: options.missing,
      ignored: roles.ignored + fits.filter { $0.input == nil }.map(\.name), identifier: options.identifier,
      targetFormats: formats)
  }
}

/// The purpose of each column of a table.
private struct ColumnRoles {
  let features, targets: [Int]
  /// The names of the columns that are not learnt from.
  let ignored: [String]

  init(_ table: Table, _ target: String?, _ sampleWeight: String?, _ options: ColumnOptions) throws(FileError) {
    targets = try table.targetIndices(target)
    var purposes: [Int: ColumnPurpose] = [:]
    func note(_ columns: [Int], _ purpose: ColumnPurpose) throws(FileError) {
      for column in columns {
        guard let other = purposes.updateValue(purpose, forKey: column) else { continue }
        throw .repeatedColumn(path: table.path, name: table.columnNames[column], first: other, second: purpose)
      }
    }
    try note(targets, target == nil ? .lastColumn : .target)
    if let sampleWeight { try note(try table.columnIndices(named: [sampleWeight]), .sampleWeight) }
    let found = targets
    let others = found + purposes.keys.filter { !found.contains($0) }
    // A column may be left out for two reasons at once.
    let ignored = try table.columnIndices(named: options.ignored)
    let identifier = try table.columnIndices(named: [options.identifier].compactMap(\.self))
    try note(Set(ignored).sorted(), .ignored)
    try note(identifier.filter { !ignored.contains($0) }, .identifier)
    var left = Set(ignored + identifier)
    if let only = options.only {
      try note(Set(try table.columnIndices(named: only)).sorted(), .only)
      left.formUnion(table.columnNames.indices.filter { purposes[$0] == nil })
    }
    self.ignored = left.sorted().map { table.columnNames[$0] }
    guard left.isEmpty || left.count + others.count < table.columnNames.count else {
      throw .nothingLeft(path: table.path)
    }
    features = try table.featureIndices(besides: others + left)
  }
}

extension Table {
  /// Whether a column holds plain numbers that only count the rows; the table must have at least ten rows.
  fileprivate func countsRows(inColumn column: Int) -> Bool {
    guard rowCount >= 10 else { return false }
    let cells = mapCells(ofColumn: column) { _, cell in cell }
    return cells[0].isFinite && cells.indices.allSatisfy { cells[$0] == cells[0] + Double($0) }
  }

  /// Decides what the columns hold. If one column alone leaves doubt, the other columns decide.
  fileprivate func readings(ofColumns columns: [Int], _ options: ColumnOptions, _ team: Team) -> [ColumnReading] {
    var readings = map(columns: columns, team) { $0.reading(ofColumn: columns[$1], options) }
    let marks = readings.compactMap { reading -> NumberFormat.Mark? in
      guard case .numbers(let format, _) = reading.content, reading.doubtful == nil else { return nil }
      return format.decimal == .comma || format.thousands != nil ? format.decimal : nil
    }
    // In a file with decimal commas, a comma is hardly ever a mark between thousands.
    let likely = Set(marks).count == 1 ? marks[0] : nil
    if let likely {
      for (index, column) in columns.enumerated()
      where readings[index].doubtful != nil || likely == .comma && readings[index].arePlainTexts {
        readings[index] = holding([column]).reading(ofColumn: column, options, likely: likely)
      }
    }
    if likely == .comma || options.readsPointsAsThousands {
      for (index, column) in columns.enumerated() where readings[index].counts.isEmpty {
        readings[index].doubtful = holding([column]).firstOfThousands(inColumn: column)
      }
    }
    return readings
  }

  /// The columns that were read as plain numbers although their points may stand between thousands.
  ///
  /// All fractions in such a column have three digits, and the table has decimal commas or the options ask for such
  /// points. If the table is read again with `Format.isText` true for these columns, the other columns decide how they
  /// are read.
  ///
  /// - Parameter team: The threads that share the work; by default the calling thread alone.
  package func columnsOfPossibleThousands(_ options: ColumnOptions, team: Team = Team(workers: 1)) -> [String] {
    let left = Set(options.ignored + [options.identifier].compactMap(\.self))
    let columns = columnNames.indices.filter { !left.contains(columnNames[$0]) }
    let texts = columns.filter(isText)
    // Numbers with decimal commas are kept as strings.
    guard options.readsPointsAsThousands || !texts.isEmpty else { return [] }
    let first = map(columns: columns, team) { $0.firstOfThousands(inColumn: columns[$1]) }
    let possible = zip(columns, first).filter { $1 != nil }.map(\.0)
    guard !possible.isEmpty else { return [] }
    if !options.readsPointsAsThousands {
      let haveCommas = map(columns: texts, team) { table, index in
        let reading = table.reading(ofColumn: texts[index], options)
        guard case .numbers(let format, _) = reading.content, reading.doubtful == nil else { return false }
        return format.decimal == .comma
      }
      guard haveCommas.contains(true) else { return [] }
    }
    return possible.map { columnNames[$0] }
  }

  /// The first number with a fraction in a column of plain numbers. It is nil unless all such numbers have three digits
  /// after the point and at least one before it.
  private func firstOfThousands(inColumn column: Int) -> String? {
    guard !isText(column) else { return nil }
    var first: Double?
    var (count, long) = (0, 0)
    for part in parts {
      let areThousands = part.withColumn(column) { cells in
        for row in cells.indices {
          let number = cells[row]
          guard number.isFinite, number != number.rounded() else { continue }
          let thousand = number * 1000
          guard number.magnitude >= 1, number.magnitude < 1e9,
            abs(thousand - thousand.rounded()) < 1e-6 * thousand.magnitude.squareRoot()
          else { return false }
          first = first ?? number
          count += 1
          // As a number, 1.250 has only two decimals; nine in ten such numbers have three.
          if abs(number * 100 - (number * 100).rounded()) > 1e-3 { long += 1 }
        }
        return true
      }
      guard areThousands else { return nil }
    }
    return long * 2 >= count ? first.map { "\($0)" } : nil
  }
}

extension ColumnOptions {
  /// Whether points are read as marks between thousands wherever possible.
  var readsPointsAsThousands: Bool { decimal == .comma || thousands == .point }
}

/// The result of fitting one feature column.
private struct ColumnFit {
  let name: String
  /// Nil if the column is left out.
  var input: InputColumn?
  var scaling = Scaling.unscaled(0)
  /// Whether each of the column's numbers is constant.
  var areConstantNumbers: [Bool] = []
  /// Whether the column is constant and carries no information.
  var isConstant = false
  /// A field that is not a finite number.
  var failure: (row: Int, column: Int)?
  /// How many strings share the one feature for all other strings, and how many rows have them.
  var gathered: (texts: Int, rows: Int)?
  /// Why the column is left out, and one of its strings as an example.
  var omission: DataWarning.Omission?
  var example = ""
  /// Two strings that differ only in capitals.
  var capitals: (String, String)?
  /// Whether the numbers are k, k + 1, k + 2 and so on.
  var countsRows = false
  /// The row of a number that is extremely far from the others.
  var farRow: Int?

  init(
    _ table: Table, _ column: Int, _ reading: ColumnReading, _ rows: [Int]?, _ method: Scaling.Method,
    _ options: ColumnOptions
  ) {
    name = table.columnNames[column]
    switch reading.content {
    case .nothing: omission = .noValues
    case .numbers(let format, let others):
      fitNumbers(table, column, format, others, rows, method, options)
    case .dates(let format, let others):
      fitDates(table, column, format, others, rows, method, options)
    case .texts: fitTexts(table, column, rows, options)
    }
  }

  private mutating func fitNumbers(
    _ table: Table, _ column: Int, _ format: NumberFormat, _ others: [String], _ rows: [Int]?,
    _ method: Scaling.Method, _ options: ColumnOptions
  ) {
    let reader = ColumnEncoder(
      .number(name: name, mean: 0, format: format, missing: others), firstFeature: 0,
      scales: [Scaling.unscaled(1).scale(ofFeature: 0)], missing: options.missing)
    let values = EncodedColumn(reader, column, of: table)
    // Missing values become NaN.
    var numbers = table.matrix(ofColumn: column, nil) { cell in
      switch values.value(cell) {
      case .number(let number): number
      case .infinite(let number): number.isNaN ? .infinity : number
      default: Double.nan
      }
    }
    if let row = numbers.withSpan({ numbers in numbers.indices.first { numbers[$0].isInfinite } }) {
      failure = (row, column)
      return
    }
    if let rows { numbers = numbers.gathered(rows) }
    let known = numbers.withoutNaN
    guard !known.isEmpty else {
      omission = .noValues
      return
    }
    let (isConstant, mean) = known.withSpan { known in
      let isConstant = known.indices.allSatisfy { known[$0] == known[0] }
      // Each value is divided before the addition, so that no sum leaves the range.
      let count = Double(known.count)
      return (isConstant, isConstant ? known[0] : known.indices.reduce(0) { $0 + known[$1] / count })
    }
    if known.count < numbers.count {
      numbers.withMutableSpan { numbers in
        for index in numbers.indices where numbers[index].isNaN { numbers[index] = mean }
      }
    }
    if column == 0, format == .plain { countsRows = table.countsRows(inColumn: column) }
    // Neither quantiles nor a clip are affected by far values.
    if method != .quantile, method != .smoothClip, let value = known.withSpan(Self.farValue) {
      table.forEachCell(ofColumn: column) { row, cell in
        if farRow == nil, case .number(value) = values.value(cell) { farRow = row }
      }
    }
    input = .number(name: name, mean: mean, format: format, missing: others)
    scaling = Scaling(method, fittedOn: numbers)
    (areConstantNumbers, self.isConstant) = ([isConstant], isConstant)
  }

  /// The number that is further from the median than 10⁶ times the interquartile range, if there is one. To find the
  /// quartiles, only an evenly spread sample of the numbers is sorted.
  private static func farValue(_ numbers: Span<Double>) -> Double? {
    let most = 101
    let count = min(numbers.count, most)
    let sorted = (0..<count).map { numbers[$0 * numbers.count / count] }.sorted()
    let median = Quantiles.quantile(sorted, 0.5)
    let distance = Quantiles.quantile(sorted, 0.75) - Quantiles.quantile(sorted, 0.25)
    guard distance > 0 else { return nil }
    var (low, high) = (median, median)
    for index in numbers.indices { (low, high) = (min(low, numbers[index]), max(high, numbers[index])) }
    // Halves are subtracted so that no difference leaves the range.
    let (below, above) = (median / 2 - low / 2, high / 2 - median / 2)
    return max(below, above) / 5e5 > distance ? (above > below ? high : low) : nil
  }

  private mutating func fitDates(
    _ table: Table, _ column: Int, _ format: DateFormat, _ others: [String], _ rows: [Int]?, _ method: Scaling.Method,
    _ options: ColumnOptions
  ) {
    let ofText = table.texts[column].map { text in
      others.contains(text.trimmed) ? nil : format.numbers(text.trimmed)
    }
    let dates = table.mapCells(ofColumn: column) { _, cell in cell.isFinite ? nil : ofText[NaNBox.code(cell)] }.chosen(
      rows)
    let known = dates.compactMap(\.self)
    guard !known.isEmpty else {
      omission = .noValues
      return
    }
    areConstantNumbers = format.parts.indices.map { part in known.allSatisfy { $0[part] == known[0][part] } }
    let means = format.parts.indices.map { part in
      areConstantNumbers[part] ? known[0][part] : known.reduce(0) { $0 + $1[part] / Double(known.count) }
    }
    let numbers = format.parts.indices.map { part in dates.map { $0?[part] ?? means[part] } }
    input = .date(name: name, format: format, means: means, missing: others)
    scaling = Scaling(method, joining: numbers.map { Self.scaling(method, $0) })
    isConstant = areConstantNumbers.allSatisfy(\.self)
  }

  private mutating func fitTexts(_ table: Table, _ column: Int, _ rows: [Int]?, _ options: ColumnOptions) {
    let texts = table.texts[column].map(\.trimmed)
    let areMissing = texts.map { options.missing.isMissing($0, amongNumbers: false) }
    let areTruthValues = zip(texts, areMissing).lazy.filter { !$1 }.map(\.0).areTruthValues
    var counts: [String: Int] = [:]
    var ofCode = [Int](repeating: 0, count: texts.count)
    table.matrix(ofColumn: column, rows) { $0 }.withSpan { cells in
      for index in cells.indices {
        let cell = cells[index]
        if cell.isFinite {
          counts[options.missing.isMissing(cell) ? "" : Table.name(of: cell), default: 0] += 1
        } else {
          ofCode[NaNBox.code(cell)] += 1
        }
      }
    }
    for (code, count) in ofCode.enumerated() where count > 0 {
      let text = areMissing[code] ? "" : texts[code]
      counts[text, default: 0] += count
    }
    let hasMissing = counts.removeValue(forKey: "") != nil
    if areTruthValues { counts = Table.joiningCapitals(of: counts) }
    let fields = counts.values.reduce(0, +)
    guard fields > 0 else {
      omission = .noValues
      return
    }
    example = texts.first { !$0.isEmpty && counts[$0] != nil } ?? ""
    if counts.count > 20, counts.count * 2 > fields {
      omission = .neverRepeats
      return
    }
    let frequency = options.minimumFrequency ?? (counts.count > 20 ? 2 : 1)
    var kept = counts.filter { $0.value >= frequency }
    if kept.count > options.maximumCategories {
      let ordered = kept.sorted {
        $0.value != $1.value ? $0.value > $1.value : $0.key.precedes($1.key)
      }
      kept = Dictionary(uniqueKeysWithValues: ordered.prefix(options.maximumCategories).map { ($0.key, $0.value) })
    }
    guard !kept.isEmpty || hasMissing else {
      omission = .neverRepeats
      return
    }
    let gathers = kept.count < counts.count
    if gathers { gathered = (counts.count - kept.count, fields - kept.values.reduce(0, +)) }
    let values = (hasMissing ? [""] : []) + kept.keys.sorted { $0.precedes($1) }
    input = .category(name: name, values: values, gathersOthers: gathers)
    isConstant = values.count == 1 && !gathers
    capitals = differingInCapitals(values)
  }

  private static func scaling(_ method: Scaling.Method, _ numbers: [Double]) -> Scaling {
    Scaling(method, fittedOn: Matrix(rows: 1, columns: numbers.count, columnMajor: numbers))
  }

  /// Warns how columns were read and which are left out.
  static func warn(
    of fits: [ColumnFit], _ readings: some Sequence<(Int, ColumnReading)>, _ table: Table, _ warn: (DataWarning) -> Void
  ) {
    for omission in DataWarning.Omission.allCases {
      let left = fits.filter { $0.omission == omission }
      if let first = left.first {
        warn(.leftOut(path: table.path, columns: left.map(\.name), omission, example: first.example))
      }
    }
    let isFeature = Set(fits.map(\.name))
    var ways: [(how: String, columns: [String])] = []
    for (column, reading) in readings {
      let name = table.columnNames[column]
      let (how, others): (String?, [String]) =
        switch reading.content {
        case .numbers(let format, let others): (format == .plain ? nil : "\(format)", others)
        case .dates(let format, let others):
          ("\(format)", others)
        case .texts, .nothing: (nil, [])
        }
      if let how, reading.doubtful == nil {
        if let index = ways.firstIndex(where: { $0.how == how }) {
          ways[index].columns.append(name)
        } else {
          ways.append((how, [name]))
        }
      }
      if let text = reading.doubtful {
        let table = table.holding([column])
        let row =
          table.rows(ofColumn: column, with: [text])?.first
          ?? table.mapCells(ofColumn: column) { _, cell in "\(cell)" == text }.firstIndex(of: true) ?? 0
        warn(
          .doubtful(
            path: table.path(ofRow: row), line: table.line(ofRow: row), column: name, text: text,
            how: how ?? "plain numbers"))
      }
      guard isFeature.contains(name), !others.isEmpty || !reading.mostlyNumbersBut.isEmpty else { continue }
      let table = table.holding([column])
      if !others.isEmpty, let (row, count) = table.rows(ofColumn: column, with: Set(others)) {
        warn(
          .textsAmongNumbers(
            path: table.path(ofRow: row), line: table.line(ofRow: row), column: name, field: column + 1,
            text: table.text(row: row, column: column), rows: count, among: reading.isOfDates ? "dates" : "numbers"))
      }
      if !reading.mostlyNumbersBut.isEmpty,
        let (row, count) = table.rows(ofColumn: column, with: Set(reading.mostlyNumbersBut))
      {
        warn(
          .mostlyNumbers(
            path: table.path(ofRow: row), line: table.line(ofRow: row), column: name,
            text: table.text(row: row, column: column),
            rows: count))
      }
    }
    for (how, columns) in ways { warn(.readAs(path: table.path, columns: columns, how: how)) }
    let gathered = fits.filter { $0.gathered != nil }
    if !gathered.isEmpty {
      warn(
        .gathered(
          path: table.path, columns: gathered.map(\.name), texts: gathered.reduce(0) { $0 + $1.gathered!.texts }))
    }
    for fit in fits {
      if let (one, other) = fit.capitals {
        warn(.capitals(path: table.path, column: fit.name, text: one, other: other))
      }
      if fit.countsRows { warn(.countsRows(path: table.path, column: fit.name)) }
      if let row = fit.farRow, let column = table.columnNames.firstIndex(of: fit.name) {
        let table = table.holding([column])
        warn(
          .farValue(
            path: table.path(ofRow: row), line: table.line(ofRow: row), column: fit.name,
            text: table.text(row: row, column: column)
          ))
      }
    }
  }
}

extension Matrix<Double> {
  /// The elements that are not NaN, in one row.
  fileprivate var withoutNaN: Matrix {
    withSpan { elements in
      let count = elements.indices.reduce(0) { $0 + (elements[$1].isNaN ? 0 : 1) }
      guard count < elements.count else { return self }
      var known = Matrix(rows: 1, columns: count)
      known.withMutableSpan { known in
        var next = 0
        for index in elements.indices where !elements[index].isNaN {
          known[next] = elements[index]
          next += 1
        }
      }
      return known
    }
  }
}
