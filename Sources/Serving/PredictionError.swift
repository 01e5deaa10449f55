import PerceptronDatasets

/// The reason why there is no answer.
public enum PredictionError: Error, Equatable {
  /// A record, or a sample of a matrix, is not in the form that the model needs.
  ///
  /// - Parameter sample: The sample's index, counted from 0, if there are several; the description counts from 1.
  case input(FieldError, sample: Int?)
  /// A value cannot be used as a record; the string states the problem.
  case notARecord(String)
  /// The samples' number of rows differs from the model's number of columns.
  case count(found: Int, expected: Int)
  /// The samples are a matrix, but a column of the model contains strings.
  case textColumn(String)
  /// The outputs are not finite, because the features are too far from the training data.
  case outputNotFinite(sample: Int?)
  /// The maximum number of requests is already waiting.
  case overloaded(waiting: Int)
  /// The predictor is shut down and accepts no more requests.
  case shutDown
}

extension PredictionError {
  /// Returns the same error for one of several samples.
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
    case .notARecord(let problem): "not a record: \(problem)"
    case .count(let found, let expected): "found samples of \(found) numbers, expected \(expected), one for each column"
    case .textColumn(let name): "column \(name.debugDescription) has strings; give records instead of a matrix"
    case .outputNotFinite(let sample):
      "\(place(sample))the network's output is not finite; the features are too far from the training data"
    case .overloaded(let waiting): "overloaded: \(waiting) requests are already waiting; try again later"
    case .shutDown: "shut down: no more requests are answered"
    }
  }

  private func place(_ sample: Int?) -> String { sample.map { "sample \($0 + 1): " } ?? "" }
}
