import PerceptronFiles
import Tensor

extension Table {
  /// Makes a table of NumPy arrays, with a row for each sample. The columns of features are named "1", "2" and so on;
  /// the labels follow them.
  ///
  /// A one-dimensional array has one feature or label for each sample. In other arrays each sample has as many as the
  /// dimensions after the first have elements. A single label is called "label"; several are called "label 1", "label
  /// 2" and so on. The labels are the targets if no target is named. A NaN feature is missing. Labels of an integer or
  /// Boolean type are classes if they have at most 1000 different values, and fewer than half as many as there are
  /// samples.
  /// - Throws: ``FileError`` (`arraysDisagree`).
  public init(features: NPY, labels: NPY? = nil) throws(FileError) {
    if let labels, labels.count != features.count {
      throw .arraysDisagree(
        features: features.path, samples: features.count, labels: labels.path, labelCount: labels.count)
    }
    let isInteger = labels?.type?.isInteger == true
    let (width, labelWidth) = (features.sampleSize, labels?.sampleSize ?? 0)
    guard width + labelWidth <= Self.mostColumns else {
      throw .manyColumns(path: features.path, most: Self.mostColumns)
    }
    let bytes = features.count * (width + labelWidth) * MemoryLayout<Double>.size
    if case let room = MatrixFiles.room, bytes > room {
      throw .exceedsMemory(path: features.path, bytes: bytes, usable: room, in: MatrixFiles.directory)
    }
    let (featureColumns, labelColumns) = (features.columns, labels?.columns)
    // In parts that fit in the cache, since a table is read row by row.
    let partSize = max((1 << 20) / (width + labelWidth), 1)
    let parts = stride(from: 0, to: features.count, by: partSize).map { start in
      let rows = start..<min(start + partSize, features.count)
      var cells = Matrix<Double>(rows: rows.count, columns: width + labelWidth)
      cells.withTile { cells in
        featureColumns.fill(cells[columns: 0..<width], from: rows)
        labelColumns?.fill(cells[columns: width..<width + labelWidth], from: rows)
      }
      return TablePart(cells: cells, path: features.path)
    }
    let names = (0..<width).map(Self.name(ofPlace:))
    let labelNames = labelWidth == 1 ? ["label"] : (0..<labelWidth).map { "label \($0 + 1)" }
    self.init(
      path: features.path, columnNames: names + labelNames,
      parts: parts,
      texts: featureColumns.texts + (labelColumns?.texts ?? []),
      textColumns: Array(repeating: featureColumns.areTexts, count: width)
        + Array(repeating: labelColumns?.areTexts ?? false, count: labelWidth),
      lastTargets: max(labelWidth, 1))
    arrayFeatures = width
    hasIntegerTargets = isInteger
  }

  /// The name of the column of an array at a 0-based place.
  static func name(ofPlace place: Int) -> String { String(place + 1) }

  /// The places in an array of the feature columns of training. An array has no column names.
  /// - Throws: ``FileError`` (`wrongColumnCount`) or ``FileError`` (`numbersForTexts`).
  func places(of columns: [InputColumn], inArrayOf features: Int) throws(FileError) -> [Int] {
    guard columns.count == features else {
      throw .wrongColumnCount(path: path, found: features, columns: columns.map(\.name))
    }
    for (place, column) in columns.enumerated()
    where !column.isNumber && column.name != Self.name(ofPlace: place) && !isText(place) {
      throw .numbersForTexts(path: path, column: column.name)
    }
    return Array(columns.indices)
  }
}

/// An array as columns of a table.
private struct ArrayColumns {
  /// Cells, or numbers that become cells.
  let elements: [Double]
  /// For each column, the strings that the codes of its cells stand for.
  let texts: [TextSet]
  var areCells = true
  let areTexts: Bool

  /// A table stores non-finite numbers as strings.
  static let notFinite = TextSet(["NaN", "inf", "-inf"])

  /// Writes the cells of some rows, rows × columns.
  func fill(_ cells: Tile<Double>, from rows: Range<Int>) {
    cells.fill(rowMajor: Array(elements[rows.lowerBound * cells.columns..<rows.upperBound * cells.columns]))
    guard !areCells else { return }
    for column in 0..<cells.columns {
      let column = cells[columns: column..<column + 1]
      for row in 0..<column.rows where !column[row].isFinite {
        column[row] = NaNBox.text(column[row].isNaN ? 0 : column[row] > 0 ? 1 : 2)
      }
    }
  }
}

extension NPY {
  /// Integers that a cell would round become strings with all their digits, as in a text file.
  fileprivate var columns: ArrayColumns {
    let width = sampleSize
    if texts == nil && exactIntegers == nil {
      return ArrayColumns(
        elements: elements, texts: Array(repeating: ArrayColumns.notFinite, count: width), areCells: false,
        areTexts: false)
    }
    // Each column has its own set of strings: sharing all strings among all columns would be too many.
    var columnTexts = [TextSet](repeating: TextSet(), count: width)
    let cells = elements.enumerated().map { index, element in
      guard let text = texts.map({ $0[Int(element)] }) ?? longInteger(index) else { return element }
      return NaNBox.text(columnTexts[index % width].code(of: text))
    }
    return ArrayColumns(elements: cells, texts: columnTexts, areTexts: texts != nil)
  }

  /// The digits of an integer that ``elements`` holds rounded, or that no `Int` holds; nil for other integers.
  private func longInteger(_ index: Int) -> String? {
    guard let bits = exactIntegers?[index] else { return nil }
    if type == .u8, bits > Int.max { return String(bits) }
    let integer = Int(bitPattern: UInt(bits))
    return Int(exactly: Double(integer)) == integer ? nil : String(integer)
  }
}
