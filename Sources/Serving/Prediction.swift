import PerceptronDatasets
import Tensor

/// A model's answer for one sample.
///
/// The same prediction can be passed to `predict(_:into:)` of a ``Predictor`` again and again. These calls then do not
/// allocate.
public struct Prediction: Sendable, Equatable {
  /// The outputs, in the order of ``names``: the probabilities of the classes, which add up to 1; or the probability of
  /// each label's second class; or the values in the units of the data.
  ///
  /// Values are computed in `Double`, whatever the network's precision, so that values far from 0 keep their digits.
  /// Probabilities are the network's own outputs, unchanged. For a network in `Float`, `Float(probability)` is exact
  /// and prints with fewer digits.
  public private(set) var outputs: [Double]
  private var meaning: Preparation.Outputs?

  /// Makes an empty prediction, which a ``Predictor`` fills.
  public init() { outputs = [] }

  /// The names of the classes, or of the label or value columns.
  public var names: [String] {
    switch meaning {
    case .classes(let names, _)?: names
    case .labels(let columns, _)?, .values(let columns, _)?: columns
    case nil: []
    }
  }

  /// The most probable class; nil if the model has no classes.
  public var className: String? {
    guard case .classes(let names, _)? = meaning else { return nil }
    return names[indexOfLargest]
  }

  /// The probability of the most probable class; nil if the model has no classes.
  public var probability: Double? {
    guard case .classes? = meaning else { return nil }
    return outputs[indexOfLargest]
  }

  /// The value, or the first of several, in the units of the data; nil if the model predicts no values.
  public var value: Double? {
    guard case .values? = meaning else { return nil }
    return outputs[0]
  }

  /// The output with this name: a class's probability, or a column's value; nil if there is no such name.
  ///
  /// - Complexity: O(names).
  public subscript(name: String) -> Double? { names.firstIndex(of: name).map { outputs[$0] } }

  /// Returns the class for a label column; nil if the model has no such column.
  public func label(ofColumn name: String) -> String? {
    guard case .labels(let columns, let classes)? = meaning, let index = columns.firstIndex(of: name) else {
      return nil
    }
    return classes[index][outputs[index] >= 0.5 ? 1 : 0]
  }

  private var indexOfLargest: Int {
    var largest = 0
    for index in outputs.indices where outputs[index] > outputs[largest] { largest = index }
    return largest
  }

  /// Stores the answers that correspond to a network's outputs for one sample. Returns whether all answers are finite.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  mutating func set<Scalar: BLASScalar>(_ networkOutputs: Tile<Scalar>, _ meaning: Preparation.Outputs) -> Bool {
    let count = networkOutputs.rows
    if outputs.count != count { outputs = Array(repeating: 0, count: count) }
    self.meaning = meaning
    return outputs.withUnsafeMutableBufferPointer { buffer in
      let answers = Tile(base: buffer.baseAddress!, rows: count, columns: 1, stride: count)
      meaning.writeAnswers(networkOutputs, into: answers)
      return answers.maxMagnitude.isFinite
    }
  }
}
