import PerceptronDatasets
import PerceptronModelFiles
import Tensor

/// A model's answer for one sample.
///
/// The same prediction can be passed to `predict(_:into:)` of a ``Predictor`` again and again. These calls then do not
/// allocate.
public struct Prediction: Sendable, Equatable {
  /// The outputs, in the order of ``names``: the probabilities of the classes, which add up to 1; or the probability of
  /// each label's second class; or the values or quantiles in the units of the data.
  ///
  /// Values are computed in `Double`, whatever the network's precision, so that values far from 0 keep their digits.
  /// Probabilities are the network's own outputs, unchanged. For a network in `Float`, `Float(probability)` is exact
  /// and prints with fewer digits.
  public private(set) var outputs: [Double]
  private(set) var meaning: Preparation.Outputs?
  /// The lower and the upper bound of each value column; empty if the model has no intervals.
  private(set) var bounds: [Double] = []
  /// The probability with which a value is within its bounds; nil if the model has no intervals.
  private(set) var level: Double?

  /// Makes an empty prediction, which a ``Predictor`` fills.
  public init() { outputs = [] }

  /// The names of the classes, or of the label or value columns; for quantiles the column and the level, such as
  /// `price 0.05`.
  public var names: [String] { meaning?.names ?? [] }

  /// The columns whose values or quantiles are predicted; empty for classes and labels.
  public var columns: [String] { meaning?.targets?.columns ?? [] }

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

  /// The value, or the first of several, in the units of the data; the median if the model predicts quantiles. Nil if
  /// the model predicts no values, or quantiles without the median.
  public var value: Double? {
    switch meaning {
    case .values?: outputs[0]
    case .quantiles?: meaning?.median.map { outputs[$0] }
    default: nil
    }
  }

  /// The bounds of the value, or of the first of several, in the units of the data; nil if the model has no intervals.
  /// See `PredictionInterval`.
  public var interval: ClosedRange<Double>? { bounds.isEmpty ? nil : bounds[0]...bounds[1] }

  /// Returns the bounds of a column's value; nil if the model has no intervals, or no such column.
  public func interval(ofColumn name: String) -> ClosedRange<Double>? {
    guard !bounds.isEmpty, let index = meaning?.targets?.columns.firstIndex(of: name) else { return nil }
    return bounds[2 * index]...bounds[2 * index + 1]
  }

  /// The probability of each class, or of each label's second class, by its name; empty if the model predicts values.
  ///
  /// - Complexity: O(names); makes a dictionary.
  public var probabilities: [String: Double] {
    switch meaning {
    case .classes?, .labels?: Dictionary(uniqueKeysWithValues: zip(names, outputs))
    default: [:]
    }
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

  /// Stores the answers that correspond to a network's outputs for one sample, and their bounds. Returns whether all
  /// are finite.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  mutating func set<Scalar: BLASScalar>(
    _ networkOutputs: Tile<Scalar>, _ meaning: Preparation.Outputs, _ interval: PredictionInterval?
  ) -> Bool {
    let count = networkOutputs.rows
    if outputs.count != count { outputs = Array(repeating: 0, count: count) }
    self.meaning = meaning
    level = interval?.level
    let boundCount = 2 * (interval?.margins.count ?? 0)
    if bounds.count != boundCount { bounds = Array(repeating: 0, count: boundCount) }
    return outputs.withUnsafeMutableBufferPointer { buffer in
      let answers = Tile(base: buffer.baseAddress!, rows: count, columns: 1, stride: count)
      meaning.writeAnswers(networkOutputs, into: answers)
      guard let interval else { return answers.maxMagnitude.isFinite }
      return bounds.withUnsafeMutableBufferPointer { buffer in
        let bounds = Tile(base: buffer.baseAddress!, rows: boundCount, columns: 1, stride: boundCount)
        interval.writeBounds(of: answers, into: bounds)
        return answers.maxMagnitude.isFinite && bounds.maxMagnitude.isFinite
      }
    }
  }
}

extension Prediction: CustomStringConvertible {
  /// The answer in words: `setosa (0.98)`, `431.5 (402.1 to 460.9)`, and with several columns `paid yes (0.9), urgent
  /// no (0.1)`, where the number is the probability of the second class.
  public var description: String {
    switch meaning {
    case nil: return "no prediction"
    case .classes?: return "\(className!) (\(Self.shown(probability!)))"
    case .labels(let columns, _)?:
      return zip(columns, outputs).map { "\($0) \(label(ofColumn: $0)!) (\(Self.shown($1)))" }.joined(separator: ", ")
    case .values(let columns, _)?:
      return columns.enumerated().map { index, name in
        let bounds = interval(ofColumn: name).map { " (\($0.lowerBound) to \($0.upperBound))" } ?? ""
        return (columns.count > 1 ? "\(name) " : "") + "\(outputs[index])" + bounds
      }.joined(separator: ", ")
    case .quantiles?: return zip(names, outputs).map { "\($0): \($1)" }.joined(separator: ", ")
    }
  }

  /// A probability with the digits that it has in `Float` if it is one.
  private static func shown(_ value: Double) -> String {
    Double(Float(value)) == value ? "\(Float(value))" : "\(value)"
  }
}
