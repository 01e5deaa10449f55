/// The error of one of several rows.
public struct RowError: Error, Equatable, CustomStringConvertible {
  /// The 0-based index of the row.
  public let row: Int
  /// What is wrong with the row.
  public let error: FieldError

  public var description: String { "row \(row): \(error)" }
}
