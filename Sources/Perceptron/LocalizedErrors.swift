import FoundationEssentials

/// An error whose `localizedDescription` says what `description` does.
protocol DescribedError: LocalizedError, CustomStringConvertible {}

extension DescribedError {
  /// The description.
  public var errorDescription: String? { description }
}

extension FileError: LocalizedError, DescribedError {}
extension FieldError: LocalizedError, DescribedError {}
extension RowError: LocalizedError, DescribedError {}
extension PredictionError: LocalizedError, DescribedError {}
extension Divergence: LocalizedError, DescribedError {}
extension ThreadError: LocalizedError, DescribedError {}
extension TableFitError: LocalizedError, DescribedError {}
extension CalibrationError: LocalizedError, DescribedError {}
extension IntervalError: LocalizedError, DescribedError {}
extension ProcessesError: LocalizedError, DescribedError {}
extension LinearAlgebraError: LocalizedError, DescribedError {}
