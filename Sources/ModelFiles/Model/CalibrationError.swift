import PerceptronDatasets
import Tensor

/// Why samples do not tell how to calibrate a model.
public enum CalibrationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// There are too few samples.
  case tooFewSamples(found: Int, needed: Int)
  /// All samples are of the same class.
  case singleClass
  /// The model's outputs are not finite.
  case outputNotFinite

  /// What is wrong with the samples, whatever the model is; nil if nothing is.
  package init?<Scalar>(_ samples: Samples<Scalar>) {
    let needed = 20
    guard samples.count >= needed else {
      self = .tooFewSamples(found: samples.count, needed: needed)
      return
    }
    let first = samples.targets[columns: 0..<1]
    guard (1..<samples.count).allSatisfy({ samples.targets[columns: $0..<$0 + 1] == first }) else { return nil }
    self = .singleClass
  }

  public var description: String {
    switch self {
    case .tooFewSamples(let found, let needed): "found \(found) samples, expected at least \(needed)"
    case .singleClass: "all samples are of one class, expected at least two"
    case .outputNotFinite: "the model's outputs are not finite"
    }
  }
}
