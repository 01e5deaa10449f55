import FoundationEssentials

// `localizedDescription` says what `description` does.

extension FileError: LocalizedError {
  /// The description.
  public var errorDescription: String? { description }
}

extension FieldError: LocalizedError {
  /// The description.
  public var errorDescription: String? { description }
}

extension RowError: LocalizedError {
  /// The description.
  public var errorDescription: String? { description }
}

extension PredictionError: LocalizedError {
  /// The description.
  public var errorDescription: String? { description }
}

extension Divergence: LocalizedError {
  /// The description.
  public var errorDescription: String? { description }
}

extension ThreadError: LocalizedError {
  /// The description.
  public var errorDescription: String? { description }
}

extension CalibrationError: LocalizedError {
  /// The description.
  public var errorDescription: String? { description }
}

extension IntervalError: LocalizedError {
  /// The description.
  public var errorDescription: String? { description }
}

extension ProcessesError: LocalizedError {
  /// The description.
  public var errorDescription: String? { description }
}

extension LinearAlgebraError: LocalizedError {
  /// The description.
  public var errorDescription: String? { description }
}
