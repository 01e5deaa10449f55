/// A field of a row that a program holds: a number, a string or nothing, written as `5.1`, `"setosa"` or `nil`.
public enum InputValue: Sendable, Equatable {
  /// A number.
  case number(Double)
  /// A string.
  case text(String)
  /// The value is missing. A NaN number means the same.
  case missing
}

extension InputValue: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
  ExpressibleByNilLiteral
{
  /// Makes a number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// Makes a number.
  public init(integerLiteral value: Int) { self = .number(Double(value)) }
  /// Makes a string.
  public init(stringLiteral value: String) { self = .text(value) }
  /// Makes a missing value.
  public init(nilLiteral: ()) { self = .missing }
}
