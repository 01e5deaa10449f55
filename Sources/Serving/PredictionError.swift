import PerceptronDatasets

/// Why there is no answer.
public enum PredictionError: Error, Equatable {
  /// A record, or a sample of a matrix, is not as the model needs it.
  ///
  /// - Parameter sample: Which one, counted from 0, if there are several.
  case input(FieldError, sample: Int?)
  /// A value is no record: what about it.
  case notARecord(String)
  /// Samples have another number of rows than the model has columns.
  case count(found: Int, expected: Int)
  /// Samples are a matrix, but a column has texts.
  case textColumn(String)
  /// The outputs left the range of numbers: the features are too far from the training data.
  case outputNotFinite(sample: Int?)
  /// As many requests as are allowed wait already.
  case overloaded(waiting: Int)
  /// The predictor answers no more.
  case shutDown
}

extension PredictionError {
  /// The same, of one of several samples.
  func of(sample: Int) -> PredictionError {
    switch self {
    case .input(let error, _): .input(error, sample: sample)
    case .outputNotFinite: .outputNotFinite(sample: sample)
    default: self
    }
  }
}

extension PredictionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .input(let error, let sample): "\(place(sample))\(error)"
    case .notARecord(let problem): "cannot take the value for a record: \(problem)"
    case .count(let found, let expected): "found samples of \(found) numbers, expected \(expected), one for each column"
    case .textColumn(let name): "column \(name.debugDescription) has texts; give records instead of a matrix"
    case .outputNotFinite(let sample):
      "\(place(sample))the network's output is not finite; the features are too far from the training data"
    case .overloaded(let waiting): "overloaded: \(waiting) requests wait already; try again later"
    case .shutDown: "shut down: no more requests are answered"
    }
  }

  private func place(_ sample: Int?) -> String { sample.map { "sample \($0 + 1): " } ?? "" }
}
