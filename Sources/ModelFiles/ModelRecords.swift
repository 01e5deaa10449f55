import Datasets
import FoundationEssentials
import Layers

// What the metadata's JSON consists of. The records know the file's names for things; the types they stand for do not.

struct LayerRecord: Codable {
  var type = "dense"
  let inputs: Int
  let outputs: Int
  let activation: String
  /// Absent where there is none.
  var normalization: String?
  /// Absent where nothing is dropped in training.
  var dropout: Double?

  init(_ layer: Dense) {
    inputs = layer.inputSize
    outputs = layer.outputSize
    activation = layer.activation.rawValue
    normalization = layer.normalization == .none ? nil : layer.normalization.rawValue
    dropout = layer.dropout > 0 ? layer.dropout : nil
  }

  /// The layer, or nil where there is none of this kind.
  var layer: Dense? {
    guard type == "dense", inputs >= 1, outputs >= 1, let activation = Activation(rawValue: activation),
      case (let weights, let overflow) = inputs.multipliedReportingOverflow(by: outputs), !overflow,
      weights <= Int.max / 16, (0..<1).contains(dropout ?? 0), dropout == nil || activation != .softmax,
      let normalization = Normalization(rawValue: normalization ?? "none"),
      normalization != .batch || activation != .softmax
    else { return nil }
    return Dense(inputs, outputs, activation, normalization: normalization, dropout: dropout ?? 0)
  }
}

struct ScalingRecord: Codable {
  let method: String
  var offsets: [Double]?
  var factors: [Double]?
  var quantiles: [[Double]]?

  init(_ scaling: Scaling) {
    method = scaling.method.rawValue
    if scaling.method == .quantile {
      quantiles = scaling.quantiles.map(\.values)
    } else {
      (offsets, factors) = (scaling.offsets, scaling.factors)
    }
  }

  /// The scaling, or nil where it is not one.
  var scaling: Scaling? {
    switch (Scaling.Method(rawValue: method), offsets, factors, quantiles) {
    case (.quantile?, nil, nil, let quantiles?):
      guard quantiles.allSatisfy({ !$0.isEmpty && zip($0, $0.dropFirst()).allSatisfy { $0 <= $1 } }) else { return nil }
      return Scaling(quantiles.map { Quantiles($0) })
    case (let method?, let offsets?, let factors?, nil) where method != .quantile:
      guard offsets.count == factors.count, factors.allSatisfy({ $0 > 0 }) else { return nil }
      return Scaling(method: method, offsets: offsets, factors: factors)
    default: return nil
    }
  }
}

/// A column of features: of numbers with the mean of them, or of texts.
struct ColumnRecord: Codable {
  let name: String
  var mean: Double?
  var texts: [String]?

  init(_ column: InputColumn) {
    name = column.name
    switch column {
    case .number(_, let mean): self.mean = mean
    case .category(_, let values): texts = values
    }
  }

  /// The column, or nil where it is none.
  var column: InputColumn? {
    switch (mean, texts) {
    case (let mean?, nil): .number(name: name, mean: mean)
    case (nil, let texts?): .category(name: name, values: texts)
    default: nil
    }
  }
}

struct PreparationRecord: Codable {
  var columns: [ColumnRecord]?
  var image: [Int]?
  let scaling: ScalingRecord
  var classes: [String]?
  var targets: [String]?
  var labels: [[String]]?
  var targetScaling: ScalingRecord?

  init(_ preparation: Preparation) {
    scaling = ScalingRecord(preparation.inputScaling)
    switch preparation.inputs {
    case .columns(let columns): self.columns = columns.map(ColumnRecord.init)
    case .pixels(let shape): image = shape
    }
    switch preparation.outputs {
    case .classes(let names, let column):
      classes = names
      targets = column.map { [$0] }
    case .labels(let columns, let classes):
      targets = columns
      labels = classes
    case .values(let columns, let scaling):
      targets = columns
      targetScaling = ScalingRecord(scaling)
    }
  }

  /// The preparation, or nil where its parts contradict each other.
  var preparation: Preparation? {
    let inputs: Preparation.Inputs
    switch (columns, image) {
    case (let records?, nil):
      let columns = records.compactMap(\.column)
      guard columns.count == records.count else { return nil }
      inputs = .columns(columns)
    case (nil, let shape?):
      guard let pixels = SafeTensors.elementCount(shape), pixels > 0 else { return nil }
      inputs = .pixels(shape: shape)
    default: return nil
    }
    let outputs: Preparation.Outputs
    switch (classes, targets, labels, targetScaling?.scaling) {
    case (let names?, let columns, nil, nil) where columns == nil || columns?.count == 1:
      outputs = .classes(names, column: columns?[0])
    case (nil, let columns?, let labels?, nil): outputs = .labels(columns: columns, classes: labels)
    case (nil, let columns?, nil, let scaling?): outputs = .values(columns: columns, scaling: scaling)
    default: return nil
    }
    guard let scaling = scaling.scaling,
      Preparation.mistake(inputs: inputs, inputScaling: scaling, outputs: outputs) == nil
    else { return nil }
    return Preparation(inputs: inputs, inputScaling: scaling, outputs: outputs)
  }
}

/// A record as JSON with sorted keys, so that equal models give equal files.
func encode(_ record: some Encodable) -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  // The records hold finite numbers and strings only, for which encoding does not fail.
  return String(decoding: try! encoder.encode(record), as: UTF8.self)
}
