import Tensor

/// How raw data become what a network takes, and its outputs become answers.
///
/// It is fitted on the training data alone and stored in the model, so that later data, in the raw form, are treated alike.
public struct Preparation: Sendable, Equatable {
  /// Where the features come from.
  public enum Inputs: Sendable, Equatable {
    /// The columns of a table with these names.
    case columns([String])
    /// The pixels of images of this shape, height and width, each between 0 and 1.
    case pixels(shape: [Int])
  }

  /// What the outputs mean.
  public enum Outputs: Sendable, Equatable {
    /// One output for each class with these names; in tables the label stands in `column`.
    case classes([String], column: String?)
    /// The value of a column, scaled for training.
    case value(column: String, scaling: Scaling)
  }

  /// What is to be learnt from a table.
  public enum Task: String, Sendable, CaseIterable {
    case classification
    case regression
  }

  public let inputs: Inputs
  /// How features are scaled before they enter the network.
  public let inputScaling: Scaling
  public let outputs: Outputs

  /// Makes a preparation that was fitted before.
  ///
  /// - Precondition: Traps where the scaling is not of as many features as there are inputs, where columns or classes are not all different, where there
  ///   are fewer than two classes, and where the target's scaling is not of one feature.
  public init(inputs: Inputs, inputScaling: Scaling, outputs: Outputs) {
    if case .columns(let names) = inputs, names.isEmpty || Set(names).count < names.count {
      fail("cannot prepare the columns \(names): there must be one, and all different")
    }
    switch outputs {
    case .classes(let names, _):
      if names.count < 2 || Set(names).count < names.count {
        fail("cannot prepare the classes \(names): there must be two, and all different")
      }
    case .value(_, let scaling):
      if scaling.offsets.count != 1 {
        fail("cannot scale one target by a scaling of \(scaling.offsets.count) features")
      }
    }
    let count = inputScaling.offsets.count
    guard count == inputs.count else { fail("cannot scale \(inputs.count) features by a scaling of \(count)") }
    self.inputs = inputs
    self.inputScaling = inputScaling
    self.outputs = outputs
  }

  /// The number of features.
  public var inputCount: Int { inputs.count }

  /// The number of outputs.
  public var outputCount: Int {
    switch outputs {
    case .classes(let names, _): names.count
    case .value: 1
    }
  }

  public var task: Task {
    switch outputs {
    case .classes: .classification
    case .value: .regression
    }
  }
}

extension Preparation.Inputs {
  var count: Int {
    switch self {
    case .columns(let names): names.count
    case .pixels(let shape): shape.reduce(1, *)
    }
  }
}

// MARK: - Tables

extension Preparation {
  /// Fits the preparation on a training table whose features are all columns but the target.
  ///
  /// - Parameters:
  ///   - target: A column's name or 1-based number; nil for the last one.
  ///   - task: nil to infer it: a target that is not numeric, or is whole numbers of at most 20 different values, is classified.
  ///   - scaling: How the features are scaled. Regression targets are always standardised.
  /// - Throws: The ``DataError`` of what is wrong with the table.
  public init(
    fittedOn table: Table, target: String? = nil, task: Task? = nil, scaling: Scaling.Method = .standard
  ) throws(DataError) {
    let targetIndex = try table.targetIndex(target)
    let featureIndices = try table.featureIndices(besides: targetIndex)
    let features: Matrix<Double> = try table.matrix(ofColumns: featureIndices)
    let column = table.columnNames[targetIndex]
    let outputs: Outputs
    let task = if let task { task } else { try Self.inferredTask(table, targetIndex) }
    switch task {
    case .classification:
      let names = try table.classNames(inColumn: targetIndex)
      guard names.count > 1 else { throw .singleClass(path: table.path, column: column, label: names[0]) }
      outputs = .classes(names, column: column)
    case .regression:
      let values: Matrix<Double> = try table.matrix(ofColumns: [targetIndex])
      outputs = .value(column: column, scaling: Scaling(.standard, fittedOn: values))
    }
    self.init(
      inputs: .columns(featureIndices.map { table.columnNames[$0] }),
      inputScaling: Scaling(scaling, fittedOn: features),
      outputs: outputs)
  }

  private static func inferredTask(_ table: Table, _ target: Int) throws(DataError) -> Task {
    let numbers: [Double]
    switch table.column(at: target) {
    case .numbers(let all): numbers = all
    case .text(let texts):
      // A column of numbers with some missing is not a column of names: the first that is missing is the error.
      let missing: Set = ["", "NA", "NaN", "nan", "?", "null"]
      guard texts.allSatisfy({ missing.contains($0) || DecimalNumber.parse($0) != nil }),
        texts.contains(where: { DecimalNumber.parse($0) != nil })
      else { return .classification }
      let _: Matrix<Double> = try table.matrix(ofColumns: [target])
      return .regression
    }
    return numbers.allSatisfy { $0 == $0.rounded() } && Set(numbers).count <= 20 ? .classification : .regression
  }

  /// The scaled features of a table, which has the columns that the preparation was fitted on, in any order, and perhaps others.
  ///
  /// - Shapes: returns features × rows.
  /// - Throws: The ``DataError`` of what is wrong with the table.
  public func features<Scalar>(of table: Table) throws(DataError) -> Matrix<Scalar> {
    guard case .columns(let names) = inputs else { throw .tableForImages(path: table.path) }
    return try table.matrix(ofColumns: try indices(of: names, in: table), scaledBy: inputScaling)
  }

  /// The scaled features and the targets of a table.
  ///
  /// - Throws: The ``DataError`` of what is wrong with the table.
  public func samples<Scalar>(of table: Table) throws(DataError) -> Samples<Scalar> {
    let features: Matrix<Scalar> = try features(of: table)
    let targets: Matrix<Scalar>
    switch outputs {
    case .classes(let names, let column):
      let index = try indices(of: [column ?? ""], in: table)[0]
      targets = oneHot(try table.classLabels(inColumn: index, among: names), classes: names.count)
    case .value(let column, let scaling):
      targets = try table.matrix(ofColumns: try indices(of: [column], in: table), scaledBy: scaling)
    }
    return Samples(features: features, targets: targets)
  }
}

extension Preparation {
  private func indices(of names: [String], in table: Table) throws(DataError) -> [Int] {
    do throws(DataError) {
      return try table.columnIndices(named: names)
    } catch {
      guard case .unknownColumn(let path, let name, let columns) = error else { throw error }
      throw .missingColumn(path: path, name: name, columns: columns)
    }
  }
}

// MARK: - Images

extension Preparation {
  /// Fits the preparation on labelled training images; the classes are 0 to the largest label.
  ///
  /// - Throws: ``DataError/singleClass(path:column:label:)`` where all labels are the same, and ``DataError/missingLabels(path:)``.
  public init<Scalar>(fittedOn images: ImageSet<Scalar>, scaling: Scaling.Method = .none) throws(DataError) {
    guard let largest = images.labels?.max() else { throw .missingLabels(path: images.path) }
    guard images.labels?.contains(where: { $0 != largest }) == true else {
      throw .singleClass(path: images.labelPath ?? images.path, column: "label", label: String(largest))
    }
    self.init(
      inputs: .pixels(shape: images.shape), inputScaling: Scaling(scaling, fittedOn: images.features),
      outputs: .classes((0...largest).map(String.init), column: nil))
  }

  /// The scaled pixels of images, which have the shape that the preparation was fitted on.
  ///
  /// - Shapes: returns pixels × images.
  /// - Throws: ``DataError/imagesForTable(path:columns:)`` or ``DataError/wrongImageShape(path:found:expected:)``.
  public func features<Scalar>(of images: ImageSet<Scalar>) throws(DataError) -> Matrix<Scalar> {
    switch inputs {
    case .columns(let names): throw .imagesForTable(path: images.path, columns: names)
    case .pixels(let shape):
      guard images.shape == shape else {
        throw .wrongImageShape(path: images.path, found: images.shape, expected: shape)
      }
    }
    var features = images.features
    inputScaling.apply(to: &features)
    return features
  }

  /// The scaled pixels and the one-hot labels of images.
  ///
  /// - Throws: As ``features(of:)``, and ``DataError/labelOutOfRange(path:index:label:classes:)``.
  public func samples<Scalar>(of images: ImageSet<Scalar>) throws(DataError) -> Samples<Scalar> {
    let features: Matrix<Scalar> = try features(of: images)
    guard let labels = images.labels else { throw .missingLabels(path: images.path) }
    if let index = labels.firstIndex(where: { $0 >= outputCount }) {
      throw .labelOutOfRange(
        path: images.labelPath ?? images.path, index: index, label: labels[index], classes: outputCount)
    }
    return Samples(features: features, targets: oneHot(labels, classes: outputCount))
  }
}

// MARK: - Rows

extension Preparation {
  /// The scaled features of rows that a program holds, each with a number for every feature in the order of ``inputs``.
  ///
  /// - Shapes: returns features × rows.
  /// - Precondition: Traps where a row has another count of numbers.
  public func features<Scalar>(of rows: [[Double]]) -> Matrix<Scalar> {
    var features = Matrix<Scalar>(rows: inputCount, columns: rows.count)
    for (sample, row) in rows.enumerated() {
      guard row.count == inputCount else {
        fail("cannot prepare a row of \(row.count) numbers: \(inputCount) are needed")
      }
      for (feature, value) in row.enumerated() {
        features[feature, sample] = Scalar(inputScaling.scaled(value, feature))
      }
    }
    return features
  }
}

// MARK: - Answers

extension Preparation {
  /// The names of the classes, one for each output; empty for a regression.
  public var classNames: [String] {
    guard case .classes(let names, _) = outputs else { return [] }
    return names
  }

  /// Outputs as answers: the probabilities as they are, values in the units of the data.
  public func answers<Scalar>(_ outputs: Matrix<Scalar>) -> Matrix<Scalar> {
    guard case .value(_, let scaling) = self.outputs else { return outputs }
    var answers = outputs
    scaling.invert(&answers)
    return answers
  }
}
