/// What is wrong with one of several rows.
public struct RowError: Error, Equatable, CustomStringConvertible {
  /// Which row, counted from 0.
  public let row: Int
  public let error: FieldError

  public var description: String { "row \(row): \(error)" }
}
