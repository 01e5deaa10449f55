import PerceptronFiles
import Tensor

extension Preparation {
  /// How later tables are to be read. Columns whose numbers were not plain in training are kept as strings, as they are
  /// written. A first row that holds the columns' names is the header.
  public var tableFormat: Table.Format {
    var names: Set<String> = []
    if case .columns(let columns) = inputs {
      for case .number(let name, _, let format, _) in columns where format.isUnlikePlain { names.insert(name) }
    }
    if let columns = outputs.targets?.columns {
      for (name, format) in zip(columns, targetFormats) where format.isUnlikePlain { names.insert(name) }
    }
    // Strings that differ only in the spelling of a number: 1.1 and 1.10.
    func haveSpellings(_ texts: [String]) -> Bool {
      let numbers = texts.compactMap(DecimalNumber.parse)
      return Set(numbers).count < numbers.count
    }
    if case .columns(let columns) = inputs {
      for case .category(let name, let values, _) in columns where haveSpellings(values) { names.insert(name) }
    }
    if case .classes(let classes, let column?) = outputs, haveSpellings(classes) { names.insert(column) }
    // Spelling also tells rows apart: 007 is not 7.
    if let identifier { names.insert(identifier) }
    return Table.Format(expectedColumns: expectedColumns, isText: { [names] in names.contains($0) })
  }

  /// The decimal mark of the numeric columns that are not plain; nil if there is no such mark, or more than one.
  private var likelyMark: NumberFormat.Mark? {
    var formats = targetFormats
    if case .columns(let columns) = inputs {
      for case .number(_, _, let format, _) in columns { formats.append(format) }
    }
    let marks = Set(formats.filter { $0.decimal == .comma || $0.thousands != nil }.map(\.decimal))
    return marks.count == 1 ? marks.first : nil
  }

  /// The names of the input and target columns. The result is empty if the names are places, as in a table without a
  /// header.
  private var expectedColumns: [String] {
    guard case .columns(let columns) = inputs else { return [] }
    let names = columns.map(\.name) + outputs.targetColumns.filter { !$0.isEmpty }
    let places = names.compactMap { Int($0) }.filter { $0 > 0 }
    // Years are not places.
    return places.count == names.count && places.contains { $0 < 1900 } ? [] : names
  }

  /// The scaled features of a table. It must have the columns that the preparation was fitted on, in any order, and may
  /// have others.
  ///
  /// A string that did not occur in training has no feature, or the common feature of all rare strings.
  ///
  /// - Parameters:
  ///   - team: The threads that share the work; by default the calling thread alone.
  ///   - warn: Receives what is odd about the table, with at most one warning for each column.
  /// - Shapes: returns features × rows.
  /// - Throws: A ``FileError`` that says what is wrong with the table, and ``FileError`` (`tooLargeForMemory`) before
  ///   memory is allocated.
  public func features<Scalar>(
    of table: Table, as type: Scalar.Type = Scalar.self, team: Team = Team(workers: 1),
    warn: (DataWarning) -> Void = { _ in }
  ) throws(FileError) -> Matrix<Scalar> {
    guard table.sharers == nil else { fail("other processes hold rows of \(table.path): use samples(of:)") }
    return try ownFeatures(of: table, team: team, warn: warn)
  }

  /// The scaled features of the rows that this process holds.
  private func ownFeatures<Scalar>(
    of table: Table, team: Team, warn: (DataWarning) -> Void
  ) throws(FileError) -> Matrix<Scalar> {
    guard case .columns(let columns) = inputs else { throw .tableForImages(path: table.path) }
    let indices =
      if let count = table.arrayFeatures {
        try table.places(of: columns, inArrayOf: count)
      } else {
        try Self.indices(of: columns.map(\.name), in: table)
      }
    let encoded = zip(encoders, indices).map { EncodedColumn($0, $1, of: table) }
    for column in encoded {
      let table = table.holding([column.index])
      if let mistake = Self.otherFormat(column, table) { throw mistake }
      if let warning = Self.oddity(column, table) { warn(warning) }
    }
    try Self.checkMemory(for: columns, Scalar.self, table)
    return try table.matrix(of: encoded, ofOwnRows: true, team: team)
  }

  /// The scaled features and the targets of a table, and the sample weights if their column is named.
  ///
  /// - Parameters:
  ///   - sampleWeight: The name of the column with the sample weights; nil if all samples count alike.
  ///   - team: The threads that share the work; by default the calling thread alone.
  ///   - warn: Receives what is odd about the table, with at most one warning for each column.
  /// - Throws: A ``FileError`` that says what is wrong with the table.
  public func samples<Scalar>(
    of table: Table, as type: Scalar.Type = Scalar.self, sampleWeight: String? = nil, team: Team = Team(workers: 1),
    warn: (DataWarning) -> Void = { _ in }
  ) throws(FileError) -> Samples<Scalar> {
    let features: Matrix<Scalar> = try ownFeatures(of: table, team: team, warn: warn)
    let weightIndex = try sampleWeight.map { name throws(FileError) in try table.columnIndices(named: [name])[0] }
    let table = table.holding(
      try Self.targetIndices(outputs.targetColumns, in: table) + [weightIndex].compactMap(\.self))
    let targets: Matrix<Scalar>
    switch outputs {
    case .classes(let names, let column):
      let index = try Self.targetIndices(outputs.targetColumns, in: table)[0]
      let labels = try table.classLabels(inColumn: index, among: names, missing)
      try Self.checkMemory(forClasses: names.count, Scalar.self, table, column: column ?? "")
      targets = oneHot(labels, classes: names.count)
    case .labels(let columns, let classes):
      let labels = try zip(try Self.targetIndices(columns, in: table), classes).map { index, names throws(FileError) in
        try table.classLabels(inColumn: index, among: names, missing)
      }
      targets = Matrix(
        rows: columns.count, columns: table.rowCount,
        columnMajor: (0..<table.rowCount).flatMap { row in labels.map { Scalar($0[row]) } })
    case .values(let columns, let scaling), .quantiles(let columns, _, let scaling):
      let indices = try Self.targetIndices(columns, in: table)
      let values: Matrix<Scalar> = try table.matrix(
        ofColumns: indices, scaledBy: scaling, formats: targetFormats, missing: missing)
      if scaling.method == .mean { try Self.checkNotNegative(values, table, indices) }
      targets = values.repeatingRows(outputs.levels.count)
    }
    let weights: Matrix<Scalar>? = try weightIndex.map { index throws(FileError) in
      try Self.weights(table, index, likely: likelyMark)
    }
    return Samples(ownFeatures: features, targets: targets, weights: weights, table.holders)
  }

  /// The target columns: found by their names, or the columns after the features if the table has only places.
  private static func targetIndices(_ names: [String], in table: Table) throws(FileError) -> [Int] {
    guard let features = table.arrayFeatures else { return try indices(of: names, in: table) }
    let places = Array(features..<table.columnNames.count)
    guard places.count == names.count else {
      throw .missingArray(
        path: table.path,
        expected: "labels of \(names.count) value\(names.count == 1 ? "" : "s") for each sample: \(listed(names))",
        found: places.map { table.columnNames[$0] })
    }
    return places
  }

  private static func indices(of names: [String], in table: Table) throws(FileError) -> [Int] {
    if let name = names.first(where: { !table.columnNames.contains($0) }) {
      throw .missingColumn(path: table.path, name: name, columns: table.columnNames)
    }
    return try table.columnIndices(named: names)
  }
}

// MARK: - What is odd

extension Preparation {
  /// The error for a column whose fields were read as plain numbers. In the format of training they may be different
  /// numbers.
  private static func otherFormat(_ column: EncodedColumn, _ table: Table) -> FileError? {
    // The numbers of arrays are not written in any format.
    guard table.arrayFeatures == nil, case .number(let name, _, let format, _) = column.encoder.column,
      format.isUnlikePlain,
      let row = table.mapCells(ofColumn: column.index, { _, cell in cell.isFinite }).firstIndex(of: true)
    else { return nil }
    return .otherFormat(path: table.path(ofRow: row), line: table.line(ofRow: row), column: name, format: "\(format)")
  }

  /// The warning for fields that belong to no category, or that differ from a value that was constant in training; nil
  /// if there are none.
  private static func oddity(_ column: EncodedColumn, _ table: Table) -> DataWarning? {
    let encoder = column.encoder
    if let constant = encoder.constant {
      return first(column, table) { if case .number(let number) = $0 { number != constant } else { false } }
        .map { row, count in
          .changedConstant(
            path: table.path(ofRow: row), line: table.line(ofRow: row), column: encoder.column.name,
            text: table.text(row: row, column: column.index), constant: Table.name(of: constant), rows: count)
        }
    }
    if case .date(let name, _, let means, _) = encoder.column, encoder.scales.allSatisfy(\.isConstant) {
      return first(column, table) { if case .date(let numbers) = $0 { numbers != means } else { false } }
        .map { row, count in
          .changedConstant(
            path: table.path(ofRow: row), line: table.line(ofRow: row), column: name,
            text: table.text(row: row, column: column.index), constant: "one date", rows: count)
        }
    }
    guard case .category(let name, let values, _) = encoder.column else { return nil }
    return first(column, table) { value in
      switch value {
      case .unseen: true
      // A missing field has no feature if no field was missing in training.
      case .missing: true
      default: false
      }
    }.map { row, count in
      let text = table.text(row: row, column: column.index)
      return encoder.isConstantCategory
        ? .changedConstant(
          path: table.path(ofRow: row), line: table.line(ofRow: row), column: name, text: text, constant: values[0],
          rows: count)
        : .unseenCategory(
          path: table.path(ofRow: row), line: table.line(ofRow: row), column: name, text: text, rows: count)
    }
  }

  /// The first row whose field has a value that `isMeant` accepts, and the number of such rows.
  @inline(__always)
  private static func first(
    _ column: EncodedColumn, _ table: Table, where isMeant: (FieldValue) -> Bool
  ) -> (row: Int, count: Int)? {
    let isOfText = column.values.map(isMeant)
    var (first, count): (Int?, Int) = (nil, 0)
    table.forEachCell(ofColumn: column.index) { row, cell in
      guard cell.isFinite ? isMeant(column.encoder.value(of: cell)) : isOfText[NaNBox.code(cell)] else { return }
      first = first ?? row
      count += 1
    }
    return first.map { ($0, count) }
  }

  private static func checkMemory<Scalar>(
    for columns: [InputColumn], _: Scalar.Type, _ table: Table
  ) throws(FileError) {
    let count = columns.reduce(0) { $0 + $1.featureCount }
    guard let largest = columns.max(by: { $0.featureCount < $1.featureCount }) else { return }
    let rows = table.largest(table.ownRowCount)
    try checkMemory(
      count, Scalar.self, table, rows: rows, what: "\(count) features of \(rows) rows",
      column: largest.featureCount > 1 ? "\(quoted(largest.name)), which alone has \(largest.featureCount)" : nil)
  }

  private static func checkMemory<Scalar>(
    forClasses count: Int, _: Scalar.Type, _ table: Table, column: String
  ) throws(FileError) {
    try checkMemory(
      count, Scalar.self, table, rows: table.rowCount, what: "\(count) classes of \(table.rowCount) rows",
      column: quoted(column))
  }

  private static func checkMemory<Scalar>(
    _ count: Int, _: Scalar.Type, _ table: Table, rows: Int, what: String, column: String?
  ) throws(FileError) {
    let (cells, overflows) = count.multipliedReportingOverflow(by: rows)
    let (bytes, overflowsToo) = cells.multipliedReportingOverflow(by: MemoryLayout<Scalar>.size)
    let available = -table.largest(-MatrixFiles.room)
    guard overflows || overflowsToo || bytes > available else { return }
    throw .tooLargeForMemory(
      path: table.path, what: what, bytes: overflows || overflowsToo ? .max : bytes, available: available,
      in: MatrixFiles.directory, column: column)
  }
}

extension Matrix {
  /// Each row as often as `count` says, adjacent; the matrix itself if that is once or less.
  fileprivate func repeatingRows(_ count: Int) -> Matrix {
    guard count > 1 else { return self }
    return Matrix(
      rows: rows * count, columns: columns, columnMajor: elements.lazy.flatMap { repeatElement($0, count: count) })
  }
}
