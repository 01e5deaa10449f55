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

/// A value that a field can hold: a number, a string, true or false, or nil for a missing value.
public protocol InputValueConvertible {
  /// The value as a field.
  var inputValue: InputValue { get }
}

extension InputValue: InputValueConvertible {
  /// The value itself.
  public var inputValue: InputValue { self }
}

extension Double: InputValueConvertible {
  /// The number.
  public var inputValue: InputValue { .number(self) }
}

extension Float: InputValueConvertible {
  /// The number.
  public var inputValue: InputValue { .number(Double(self)) }
}

extension Int: InputValueConvertible {
  /// The number. Beyond ±2⁵³ it is rounded.
  public var inputValue: InputValue { .number(Double(self)) }
}

extension String: InputValueConvertible {
  /// The string.
  public var inputValue: InputValue { .text(self) }
}

extension Bool: InputValueConvertible {
  /// The string `true` or `false`.
  public var inputValue: InputValue { .text("\(self)") }
}

extension Optional: InputValueConvertible where Wrapped: InputValueConvertible {
  /// The value, or a missing one.
  public var inputValue: InputValue { self?.inputValue ?? .missing }
}
