/// A field of a row that a program holds: a number, a text or nothing, written as `5.1`, `"setosa"` or `nil`.
public enum InputValue: Sendable, Equatable {
  case number(Double)
  case text(String)
  /// Nothing is known. A number that is NaN says the same.
  case missing
}

extension InputValue: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
  ExpressibleByNilLiteral
{
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(integerLiteral value: Int) { self = .number(Double(value)) }
  public init(stringLiteral value: String) { self = .text(value) }
  public init(nilLiteral: ()) { self = .missing }
}
