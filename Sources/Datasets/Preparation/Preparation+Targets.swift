import PerceptronFiles
import Tensor

extension Preparation {
  /// What the outputs mean, and how the numbers of regression targets are written.
  ///
  /// - Parameters:
  ///   - readings: How the target columns were read.
  ///   - rows: The training rows; nil for all.
  ///   - limitsAnswers: Whether answers stay within the range of the targets in the training rows.
  static func outputs(
    _ table: Table, _ targets: [Int], _ readings: [ColumnReading], _ rows: [Int]?, _ task: Task?,
    _ loss: Loss?, _ missing: MissingSpellings, limitsAnswers: Bool, _ warn: (DataWarning) -> Void
  ) throws(FileError) -> (outputs: Outputs, formats: [NumberFormat]) {
    let columns = targets.map { table.columnNames[$0] }
    let areAmounts = loss?.hasLogLink == true
    let task = task ?? (loss?.isForNumbers == true ? .regression : nil)
    if task != .classification {
      for (target, reading) in zip(targets, readings) {
        if let mistake = fewTexts(table, target, reading) { throw mistake }
      }
    }
    if task ?? inferredTask(table, targets, readings) == .regression {
      let formats = readings.map { reading in
        if case .numbers(let format, _) = reading.content { format } else { NumberFormat.plain }
      }
      var values: Matrix<Double> = try table.matrix(ofColumns: targets, formats: formats, missing: missing)
      if areAmounts { try checkNotNegative(values, table, targets) }
      if let rows { values = values.gathered(rows) }
      let constant = zip(columns, areConstant(values)).filter(\.1).map(\.0)
      if !constant.isEmpty { warn(.constantColumns(path: table.path, columns: constant)) }
      if areAmounts,
        let row = columns.indices.first(where: { row in (0..<values.columns).allSatisfy { values[row, $0] == 0 } })
      {
        throw .noPositiveTarget(path: table.path, column: columns[row])
      }
      let scaling = Scaling(areAmounts ? .mean : .standard, fittedOn: values)
        .withLimits(limitsAnswers ? Scaling.limits(of: values) : [])
      let levels = loss?.levels ?? []
      return (
        levels.isEmpty
          ? .values(columns: columns, scaling: scaling)
          : .quantiles(columns: columns, levels: levels, scaling: scaling), formats
      )
    }
    let classes = try targets.map { target throws(FileError) in
      let names = try table.classNames(inColumn: target, missing)
      let column = table.columnNames[target]
      guard names.count > 1 else { throw .singleClass(path: table.path, column: column, label: names[0]) }
      if targets.count > 1, names.count > 2 {
        throw .notBinary(path: table.path, column: column, found: names.count)
      }
      if task == nil, names.count > mostClasses || names.count > 20 && names.count * 2 > table.rowCount {
        throw .manyClasses(
          path: table.path, column: column, found: names.count, rows: table.rowCount, example: names[0])
      }
      var counts = [Int](repeating: 0, count: names.count)
      for label in try table.classLabels(inColumn: target, among: names, missing) { counts[label] += 1 }
      let lone = zip(names, counts).filter { $1 == 1 }.map(\.0)
      if !lone.isEmpty { warn(.loneSamples(path: table.path, column: column, classes: lone)) }
      if let (one, other) = differingInCapitals(names) {
        warn(.capitals(path: table.path, column: column, text: one, other: other))
      }
      return names
    }
    return (
      targets.count == 1 ? .classes(classes[0], column: columns[0]) : .labels(columns: columns, classes: classes), []
    )
  }

  /// The largest number of classes that is accepted if classification is only inferred.
  private static let mostClasses = 1000

  /// The error for a numeric target with a few other strings among its numbers, which are mistakes.
  private static func fewTexts(_ table: Table, _ target: Int, _ reading: ColumnReading) -> FileError? {
    let texts: Set<String>
    switch reading.content {
    case .numbers(_, let others) where !others.isEmpty: texts = Set(others)
    case .dates(let format, _):
      return .datesAsTarget(path: table.path, column: table.columnNames[target], areTimes: format.pattern == "h:m")
    case .texts where reading.otherFields * 9 <= reading.counts.reduce(0, +) - reading.otherFields:
      texts = Set(reading.mostlyNumbersBut)
    case .numbers, .nothing, .texts: return nil
    }
    guard let (row, count) = table.rows(ofColumn: target, with: texts) else { return nil }
    return .textAmongNumbers(
      path: table.path(ofRow: row), line: table.line(ofRow: row), column: table.columnNames[target], field: target + 1,
      text: table.text(row: row, column: target), rows: count)
  }

  private static func inferredTask(_ table: Table, _ targets: [Int], _ readings: [ColumnReading]) -> Task {
    // The type of an array says more than text does: integers that repeat are classes.
    let mostIntegers = table.hasIntegerTargets ? min(mostClasses, (table.rowCount - 1) / 2) : 0
    let mostClasses = targets.count == 1 ? max(20, mostIntegers) : 2
    let areClassified = zip(targets, readings).map { target, reading in
      switch reading.content {
      case .numbers(.plain, _):
        let numbers = table.distinctTexts(inColumn: target)
        return numbers.count <= mostClasses && numbers.allSatisfy { Double($0).map { $0 == $0.rounded() } ?? false }
      case .numbers: return false
      // A column without any value is also refused as a class.
      case .texts, .dates, .nothing: return true
      }
    }
    let areTexts = zip(targets, readings).contains { target, reading in
      if case .numbers = reading.content { false } else { true }
    }
    return areClassified.allSatisfy { $0 } || areTexts ? .classification : .regression
  }

  /// Refuses targets below 0, which are neither counts nor rates nor amounts.
  ///
  /// - Shapes: values targets × rows of the table.
  static func checkNotNegative<Scalar>(_ values: Matrix<Scalar>, _ table: Table, _ targets: [Int]) throws(FileError) {
    guard let index = values.elements.firstIndex(where: { $0 < 0 }) else { return }
    let (row, column) = (index / targets.count, targets[index % targets.count])
    throw .negativeTarget(
      path: table.path(ofRow: row), line: table.line(ofRow: row), column: table.columnNames[column],
      text: table.text(row: row, column: column))
  }

  /// The sample weights in a column: finite, not negative, and not all 0.
  static func weights<Scalar>(
    _ table: Table, _ column: Int, likely: NumberFormat.Mark?
  ) throws(FileError) -> Matrix<Scalar> {
    let reading = table.reading(ofColumn: column, ColumnOptions(), likely: likely)
    let format = if case .numbers(let format, _) = reading.content { format } else { NumberFormat.plain }
    let weights: Matrix<Scalar> = try table.matrix(ofColumns: [column], formats: [format])
    let (name, elements) = (table.columnNames[column], weights.elements)
    if let row = elements.firstIndex(where: { $0 < 0 }) {
      throw .negativeWeight(
        path: table.path(ofRow: row), line: table.line(ofRow: row), column: name, weight: Double(elements[row]))
    }
    guard elements.contains(where: { $0 > 0 }) else { throw .noWeight(path: table.path, column: name) }
    return weights
  }
}

// MARK: - Columns and texts

/// Two strings that differ only in capitals, if there are any.
func differingInCapitals(_ texts: [String]) -> (String, String)? {
  guard texts.count <= 1000, !texts.areTruthValues else { return nil }
  var first: [String: String] = [:]
  for text in texts {
    if let other = first.updateValue(text, forKey: text.lowercased()) { return (other, text) }
  }
  return nil
}

/// Which rows of a matrix hold the same number everywhere.
func areConstant(_ data: Matrix<Double>) -> [Bool] {
  let firsts = (0..<data.rows).map { data[$0, 0] }
  var isConstant = firsts.map { _ in true }
  data.withSpan { span in
    for sample in 0..<data.columns {
      for row in firsts.indices where span[sample * firsts.count + row] != firsts[row] { isConstant[row] = false }
    }
  }
  return isConstant
}
