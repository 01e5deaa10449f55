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
  let offsets: [Double]
  let factors: [Double]

  init(_ scaling: Scaling) {
    method = scaling.method.rawValue
    offsets = scaling.offsets
    factors = scaling.factors
  }

  /// The scaling of `count` features, or nil where it is not one.
  func scaling(count: Int) -> Scaling? {
    guard let method = Scaling.Method(rawValue: method), offsets.count == count, factors.count == count,
      factors.allSatisfy({ $0 > 0 })
    else { return nil }
    return Scaling(method: method, offsets: offsets, factors: factors)
  }
}

struct PreparationRecord: Codable {
  var columns: [String]?
  var image: [Int]?
  let scaling: ScalingRecord
  var classes: [String]?
  var target: String?
  var targetScaling: ScalingRecord?

  init(_ preparation: Preparation) {
    scaling = ScalingRecord(preparation.inputScaling)
    switch preparation.inputs {
    case .columns(let names): columns = names
    case .pixels(let shape): image = shape
    }
    switch preparation.outputs {
    case .classes(let names, let column):
      classes = names
      target = column
    case .value(let column, let scaling):
      target = column
      targetScaling = ScalingRecord(scaling)
    }
  }

  /// The preparation, or nil where its parts contradict each other.
  var preparation: Preparation? {
    let inputs: Preparation.Inputs
    let count: Int
    switch (columns, image) {
    case (let names?, nil):
      guard !names.isEmpty, Set(names).count == names.count else { return nil }
      inputs = .columns(names)
      count = names.count
    case (nil, let shape?):
      guard let pixels = SafeTensors.elementCount(shape), pixels > 0 else { return nil }
      inputs = .pixels(shape: shape)
      count = pixels
    default: return nil
    }
    let outputs: Preparation.Outputs
    switch (classes, target, targetScaling) {
    case (let names?, let column, nil):
      guard names.count > 1, Set(names).count == names.count else { return nil }
      outputs = .classes(names, column: column)
    case (nil, let column?, let record?):
      guard let scaling = record.scaling(count: 1) else { return nil }
      outputs = .value(column: column, scaling: scaling)
    default: return nil
    }
    guard let inputScaling = scaling.scaling(count: count) else { return nil }
    return Preparation(inputs: inputs, inputScaling: inputScaling, outputs: outputs)
  }
}

/// A record as JSON with sorted keys, so that equal models give equal files.
func encode(_ record: some Encodable) -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  // The records hold finite numbers and strings only, for which encoding does not fail.
  return String(decoding: try! encoder.encode(record), as: UTF8.self)
}
