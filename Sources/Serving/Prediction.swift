import PerceptronDatasets
import Tensor

/// What a model answers for one sample.
///
/// One that is there already may be given to ``Predictor/predict(_:into:)`` again and again, which then allocates
/// nothing.
public struct Prediction: Sendable, Equatable {
  /// In the order of ``names``: the probabilities of the classes, which add up to 1; or of each label's second class;
  /// or the values in the units of the data.
  ///
  /// Values are made in `Double` whatever the network's precision, so that those far from 0 keep their digits.
  /// Probabilities are the network's own, without a change: of a network in `Float`, `Float(probability)` is exact, and
  /// shorter where it is printed.
  public private(set) var outputs: [Double]
  private var meaning: Preparation.Outputs?

  /// One to be filled by a ``Predictor``.
  public init() { outputs = [] }

  /// The names of the classes, or of the columns of labels or values.
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

  /// The output of this name: a class's probability, or a column's value; nil if there is none.
  ///
  /// - Complexity: O(names).
  public subscript(name: String) -> Double? { names.firstIndex(of: name).map { outputs[$0] } }

  /// The class of a column of labels; nil if the model has no such column.
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

  /// self ← the answers that a network's outputs for one sample mean; returns whether all are finite.
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
