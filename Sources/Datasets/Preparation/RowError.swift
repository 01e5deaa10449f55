/// The error of one of several rows.
public struct RowError: Error, Equatable, CustomStringConvertible {
  /// The 0-based index of the row.
  public let row: Int
  /// What is wrong with the row.
  public let error: FieldError

  /// The error with the row's number, counted from 1.
  public var description: String { "row \(row + 1): \(error)" }
}
