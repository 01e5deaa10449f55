/// The reason why a linear problem has no unique solution.
public enum LinearAlgebraError: Error, Equatable, CustomStringConvertible {
  /// Column `column` of the coefficients depends on the ones before it.
  case rankDeficient(column: Int)
  /// The coefficients or the right-hand sides contain an infinity or NaN.
  case notFinite

  public var description: String {
    switch self {
    case .rankDeficient(let column):
      "the columns are linearly dependent: column \(column) depends on the ones before it;"
        + " remove it, or add a ridge term"
    case .notFinite: "the data hold a number that is not finite; remove it"
    }
  }
}
