import Tensor

/// Finds names by a text or, failing that, by a number: 1.0 is "1".
struct NameIndex {
  private var ofText: [String: Int] = [:]
  private var ofNumber: [Double: Int] = [:]

  /// - Precondition: Traps where a name occurs twice.
  init(_ names: [String]) {
    for (index, name) in names.enumerated() {
      guard ofText.updateValue(index, forKey: name) == nil else { fail("the name \(name) occurs twice in \(names)") }
      if let number = DecimalNumber.parse(name), ofNumber[number] == nil { ofNumber[number] = index }
    }
  }

  /// Whether some of the names are numbers.
  var hasNumbers: Bool { !ofNumber.isEmpty }

  subscript(text: String) -> Int? { ofText[text] ?? DecimalNumber.parse(text).flatMap { ofNumber[$0] } }

  subscript(number: Double) -> Int? { ofNumber[number] }
}
