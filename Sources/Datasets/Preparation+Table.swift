import Tensor

extension Preparation {
  /// The most different texts that a column of features may have.
  static let mostCategories = 1000

  /// Fits the preparation on a training table whose features are all columns but the targets and the sample weights.
  ///
  /// A column of text gets a feature for each text that occurs, one of them for missing fields if there are any. In a numeric column the mean
  /// takes the place of missing fields, and then it is scaled. Only the training rows decide about any of this; the names of the classes are those of all rows.
  ///
  /// - Parameters:
  ///   - rows: The 0-based indices of the training rows; nil for all.
  ///   - target: A column's name or 1-based number, or several with commas between them; nil for the last one.
  ///   - task: nil to infer it: a target that is not numeric, or is whole numbers of at most 20 different values, is classified. Several are
  ///     classified if each has two classes by that rule, and then each is a question of its own.
  ///   - scaling: How the numeric features are scaled. Regression targets are always standardised.
  ///   - sampleWeight: The name of the column of the samples' weights, which is no feature.
  ///   - team: The threads that share the work.
  ///   - warn: Gets what is odd about the table.
  /// - Throws: The ``DataError`` of what is wrong with the table.
  public init(
    fittedOn table: Table, rows: [Int]? = nil, target: String? = nil, task: Task? = nil,
    scaling: Scaling.Method = .standard,
    sampleWeight: String? = nil, team: Team = Team(workers: 1), warn: (DataWarning) -> Void = { _ in }
  ) throws(DataError) {
    let targets = try table.targetIndices(target)
    var others = targets
    if let sampleWeight { others.append(try table.columnIndices(named: [sampleWeight])[0]) }
    for (index, column) in others.enumerated() where others[..<index].contains(column) {
      throw .repeatedColumn(path: table.path, name: table.columnNames[column])
    }
    let features = try table.featureIndices(besides: others)
    let columns = try features.map { column throws(DataError) in try Self.inputColumn(table, column, rows, warn) }
    let numbers = zip(columns, features).compactMap { $0.isNumber ? Self.source($0, table, $1) : nil }
    var data: Matrix<Double> = try table.matrix(of: numbers, scaledBy: nil, team: team)
    if let rows { data = data.gathered(rows) }
    let constant = Self.constantColumns(columns, data)
    if !constant.isEmpty { warn(.constantColumns(path: table.path, columns: constant)) }
    self.init(
      inputs: .columns(columns), inputScaling: Scaling(scaling, fittedOn: data),
      outputs: try Self.outputs(table, targets, rows, task, warn))
  }

  /// The scaled features of a table, which has the columns that the preparation was fitted on, in any order, and perhaps others.
  ///
  /// A text that was not there in training has no feature: all of its column's are 0.
  ///
  /// - Parameters:
  ///   - team: The threads that share the work.
  ///   - warn: Gets what is odd about the table, for each column at most one warning.
  /// - Shapes: returns features × rows.
  /// - Throws: The ``DataError`` of what is wrong with the table.
  public func features<Scalar>(
    of table: Table, team: Team = Team(workers: 1), warn: (DataWarning) -> Void = { _ in }
  ) throws(DataError) -> Matrix<Scalar> {
    guard case .columns(let columns) = inputs else { throw .tableForImages(path: table.path) }
    let indices = try Self.indices(of: columns.map(\.name), in: table)
    let sources = zip(columns, indices).map { Self.source($0, table, $1) }
    for source in sources { if let warning = Self.unseenCategory(source, table) { warn(warning) } }
    return try table.matrix(of: sources, scaledBy: inputScaling, team: team)
  }

  /// The scaled features and the targets of a table, and the weights if the column of these is named.
  ///
  /// - Parameters:
  ///   - sampleWeight: The name of the column of the samples' weights; nil if all count alike.
  ///   - team: The threads that share the work.
  ///   - warn: Gets what is odd about the table, for each column at most one warning.
  /// - Throws: The ``DataError`` of what is wrong with the table.
  public func samples<Scalar>(
    of table: Table, sampleWeight: String? = nil, team: Team = Team(workers: 1),
    warn: (DataWarning) -> Void = { _ in }
  ) throws(DataError) -> Samples<Scalar> {
    let features: Matrix<Scalar> = try features(of: table, team: team, warn: warn)
    let targets: Matrix<Scalar>
    switch outputs {
    case .classes(let names, let column):
      let index = try Self.indices(of: [column ?? ""], in: table)[0]
      targets = oneHot(try table.classLabels(inColumn: index, among: names), classes: names.count)
    case .labels(let columns, let classes):
      let labels = try zip(try Self.indices(of: columns, in: table), classes).map { index, names throws(DataError) in
        try table.classLabels(inColumn: index, among: names)
      }
      targets = Matrix(
        rows: columns.count, columns: table.rowCount,
        columnMajor: (0..<table.rowCount).flatMap { row in labels.map { Scalar($0[row]) } })
    case .values(let columns, let scaling):
      targets = try table.matrix(ofColumns: try Self.indices(of: columns, in: table), scaledBy: scaling)
    }
    let weights: Matrix<Scalar>? = try sampleWeight.map { name throws(DataError) in
      try Self.weights(table, try table.columnIndices(named: [name])[0])
    }
    return Samples(features: features, targets: targets, weights: weights)
  }

  private static func indices(of names: [String], in table: Table) throws(DataError) -> [Int] {
    do throws(DataError) {
      return try table.columnIndices(named: names)
    } catch {
      guard case .unknownColumn(let path, let name, let columns) = error else { throw error }
      throw .missingColumn(path: path, name: name, columns: columns)
    }
  }
}

// MARK: - Features

extension Preparation {
  /// What a column of features is, and how it is odd.
  private static func inputColumn(
    _ table: Table, _ column: Int, _ rows: [Int]?, _ warn: (DataWarning) -> Void
  ) throws(DataError) -> InputColumn {
    let name = table.columnNames[column]
    let kinds = table.kinds[column]
    guard table.isText(column) else {
      let cells = table.mapCells(ofColumn: column) { _, cell in cell }.chosen(rows)
      let numbers = cells.map { table.number($0, column: column) }.filter(\.isFinite)
      guard !numbers.isEmpty || cells.contains(where: { kinds[Cell.code($0)] == .infinite }) else {
        throw .noValues(path: table.path, column: name)
      }
      // Divided before they are added, so that no sum leaves the range.
      let count = Double(numbers.count)
      return .number(name: name, mean: numbers.reduce(0) { $0 + $1 / count })
    }
    let codes = table.mapCells(ofColumn: column) { _, cell in Cell.code(cell) }.chosen(rows)
    let texts = Set(Set(codes).map { kinds[$0] == .missing ? "" : table.texts[column][$0] })
    let values = (texts.contains("") ? [""] : []) + table.distinctTexts(inColumn: column).filter(texts.contains)
    guard values.count <= mostCategories else {
      throw .manyCategories(path: table.path, column: name, found: values.count, most: mostCategories)
    }
    let isNumber = table.texts[column].map { DecimalNumber.parse($0) != nil }
    let isWord = zip(kinds, isNumber).map { $0 == .word && !$1 }
    let (words, numbers) = (codes.count { isWord[$0] }, codes.count { isNumber[$0] })
    if words * 9 <= numbers, let index = codes.firstIndex(where: { isWord[$0] }) {
      let row = rows?[index] ?? index
      warn(
        .mostlyNumbers(
          path: table.path, line: table.line(ofRow: row), column: name, text: table.text(row: row, column: column),
          rows: words))
    }
    return .category(name: name, values: values)
  }

  private static func source(_ input: InputColumn, _ table: Table, _ column: Int) -> ColumnSource {
    switch input {
    case .number(_, let mean): return .number(column: column, missing: mean)
    case .category(_, let values):
      let names = NameIndex(values)
      let indices = zip(table.texts[column], table.kinds[column]).map { names[$1 == .missing ? "" : $0] ?? -1 }
      return .category(column: column, count: values.count, indices: indices, names: names)
    }
  }

  /// The warning of fields that are of no category, if there are any.
  private static func unseenCategory(_ source: ColumnSource, _ table: Table) -> DataWarning? {
    guard case .category(let column, _, let indices, let names) = source else { return nil }
    let isUnseen = table.mapCells(ofColumn: column) { _, cell in
      cell.isFinite ? names[cell] == nil : indices[Cell.code(cell)] < 0
    }
    guard let row = isUnseen.firstIndex(of: true) else { return nil }
    return .unseenCategory(
      path: table.path, line: table.line(ofRow: row), column: table.columnNames[column],
      text: table.text(row: row, column: column), rows: isUnseen.count { $0 })
  }

  /// The names of the columns that hold the same in every row; `data` are the numeric ones.
  private static func constantColumns(_ columns: [InputColumn], _ data: Matrix<Double>) -> [String] {
    let isConstant = areConstant(data)
    var number = 0
    return columns.filter { column in
      guard column.isNumber else { return column.count == 1 }
      defer { number += 1 }
      return isConstant[number]
    }.map(\.name)
  }

  /// Which rows of a matrix hold one number only.
  private static func areConstant(_ data: Matrix<Double>) -> [Bool] {
    let firsts = (0..<data.rows).map { data[$0, 0] }
    var isConstant = firsts.map { _ in true }
    data.withSpan { span in
      for sample in 0..<data.columns {
        for row in firsts.indices where span[sample * firsts.count + row] != firsts[row] { isConstant[row] = false }
      }
    }
    return isConstant
  }
}

// MARK: - Targets and weights

extension Preparation {
  private static func outputs(
    _ table: Table, _ targets: [Int], _ rows: [Int]?, _ task: Task?, _ warn: (DataWarning) -> Void
  ) throws(DataError) -> Outputs {
    let columns = targets.map { table.columnNames[$0] }
    if task ?? inferredTask(table, targets) == .regression {
      var values: Matrix<Double> = try table.matrix(ofColumns: targets)
      if let rows { values = values.gathered(rows) }
      let constant = zip(columns, areConstant(values)).filter(\.1).map(\.0)
      if !constant.isEmpty { warn(.constantColumns(path: table.path, columns: constant)) }
      return .values(columns: columns, scaling: Scaling(.standard, fittedOn: values))
    }
    let classes = try targets.map { target throws(DataError) in
      let names = try table.classNames(inColumn: target)
      let column = table.columnNames[target]
      guard names.count > 1 else { throw .singleClass(path: table.path, column: column, label: names[0]) }
      if targets.count > 1, names.count > 2 {
        throw .notBinary(path: table.path, column: column, found: names.count)
      }
      var counts = [Int](repeating: 0, count: names.count)
      for label in try table.classLabels(inColumn: target, among: names) { counts[label] += 1 }
      let lone = zip(names, counts).filter { $1 == 1 }.map(\.0)
      if !lone.isEmpty { warn(.loneSamples(path: table.path, column: column, classes: lone)) }
      return names
    }
    return targets.count == 1 ? .classes(classes[0], column: columns[0]) : .labels(columns: columns, classes: classes)
  }

  private static func inferredTask(_ table: Table, _ targets: [Int]) -> Task {
    let mostClasses = targets.count == 1 ? 20 : 2
    let areClassified = targets.allSatisfy { target in
      guard !table.isText(target) else { return true }
      let numbers = table.distinctTexts(inColumn: target)
      return numbers.count <= mostClasses && numbers.allSatisfy { Double($0).map { $0 == $0.rounded() } ?? false }
    }
    // A column without any number is refused as a class as well.
    return areClassified || targets.contains(where: table.isText) ? .classification : .regression
  }

  /// The sample weights in a column: finite, not negative, and not all 0.
  private static func weights<Scalar>(_ table: Table, _ column: Int) throws(DataError) -> Matrix<Scalar> {
    let weights: Matrix<Scalar> = try table.matrix(ofColumns: [column])
    let (name, elements) = (table.columnNames[column], weights.elements)
    if let row = elements.firstIndex(where: { $0 < 0 }) {
      throw .negativeWeight(
        path: table.path, line: table.line(ofRow: row), column: name, weight: Double(elements[row]))
    }
    guard elements.contains(where: { $0 > 0 }) else { throw .noWeight(path: table.path, column: name) }
    return weights
  }
}
