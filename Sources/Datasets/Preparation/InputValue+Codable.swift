/// In JSON a value is a number, a string, null, or true or false, which count as the strings "true" and "false".
extension InputValue: Codable {
  /// Reads a number, a string, null, true or false.
  ///
  /// - Throws: `DecodingError` for anything else, and for a number beyond the range of `Double`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .missing
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let flag = try? container.decode(Bool.self) {
      self = .text("\(flag)")
    } else {
      throw DecodingError.typeMismatch(
        InputValue.self,
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "expected a number, a string or null"))
    }
  }

  /// Writes a number, a string or null. NaN becomes null, because it also means a missing value.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .number(let value) where !value.isNaN: try container.encode(value)
    case .text(let text): try container.encode(text)
    case .number, .missing: try container.encodeNil()
    }
  }
}
