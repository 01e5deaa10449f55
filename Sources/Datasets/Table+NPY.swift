import Tensor

extension Table {
  /// Makes a table of NumPy arrays, a row for each sample: columns "1", "2" and so on of features, and after them the labels.
  ///
  /// An array of one dimension has one feature or label for each sample; of several, as many as the dimensions after the first have elements. One
  /// label is called "label", several "label 1", "label 2" and so on; they are the targets if none is named. A feature that is NaN is
  /// missing.
  /// - Throws: ``DataError/arraysDisagree(features:samples:labels:labelCount:)``.
  public init(features: NPY, labels: NPY? = nil) throws(DataError) {
    if let labels, labels.count != features.count {
      throw .arraysDisagree(
        features: features.path, samples: features.count, labels: labels.path, labelCount: labels.count)
    }
    let (width, labelWidth) = (features.sampleSize, labels?.sampleSize ?? 0)
    // Numbers that are not finite are texts to a table.
    let texts = TextSet(["NaN", "inf", "-inf"])
    func cell(_ number: Double) -> Double {
      number.isFinite ? number : Cell.text(number.isNaN ? 0 : number > 0 ? 1 : 2)
    }
    var cells: [Double] = []
    cells.reserveCapacity(features.count * (width + labelWidth))
    for sample in 0..<features.count {
      cells += features.elements[sample * width..<(sample + 1) * width].lazy.map(cell)
      if let labels { cells += labels.elements[sample * labelWidth..<(sample + 1) * labelWidth].lazy.map(cell) }
    }
    let names = (1...width).map(String.init)
    let labelNames = labelWidth == 1 ? ["label"] : (0..<labelWidth).map { "label \($0 + 1)" }
    self.init(
      path: features.path, columnNames: names + labelNames,
      parts: [TablePart(cells: cells, columnCount: width + labelWidth)],
      texts: Array(repeating: texts, count: width + labelWidth), lastTargets: max(labelWidth, 1))
  }
}
