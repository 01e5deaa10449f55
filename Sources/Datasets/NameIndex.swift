import Tensor

/// Finds names by a text or, failing that, by a number: 1.0 is "1". Whole numbers that no Double holds are texts alone.
struct NameIndex {
  private var ofText: [String: Int] = [:]
  private var ofNumber: [Double: Int] = [:]

  /// - Precondition: Traps where a name occurs twice.
  init(_ names: [String]) {
    for (index, name) in names.enumerated() {
      guard ofText.updateValue(index, forKey: name) == nil else { fail("the name \(name) occurs twice in \(names)") }
      if let number = Self.number(name), ofNumber[number] == nil { ofNumber[number] = index }
    }
  }

  /// Whether some of the names are numbers.
  var hasNumbers: Bool { !ofNumber.isEmpty }

  subscript(text: String) -> Int? { ofText[text] ?? Self.number(text).flatMap { ofNumber[$0] } }

  subscript(number: Double) -> Int? { ofNumber[number] }

  private static func number(_ text: String) -> Double? {
    TextKind(text) == .number ? nil : DecimalNumber.parse(text)
  }
}
