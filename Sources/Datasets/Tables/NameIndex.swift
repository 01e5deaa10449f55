import PerceptronFiles
import Tensor

/// Finds names by a string or, if that fails, by a number: 1.0 finds "1". Integers that no Double holds are found by
/// their string only. If the names are true and false, capitals are ignored.
struct NameIndex {
  private var ofText: [String: Int] = [:]
  private var ofNumber: [Double: Int] = [:]
  private let areTruthValues: Bool

  /// - Precondition: Traps if a name occurs twice.
  init(_ names: [String]) {
    areTruthValues = names.areTruthValues
    for (index, name) in names.enumerated() {
      let key = areTruthValues ? name.lowercased() : name
      guard ofText.updateValue(index, forKey: key) == nil || areTruthValues else {
        fail("the name \(name) occurs twice in \(names)")
      }
      // Of several spellings, the usual one belongs to the number: 7 rather than 007.
      if let number = Self.number(name), ofNumber[number] == nil || name == Table.name(of: number) {
        ofNumber[number] = index
      }
    }
  }

  /// Whether some of the names are numbers.
  var hasNumbers: Bool { !ofNumber.isEmpty }

  subscript(text: String) -> Int? {
    ofText[text] ?? (areTruthValues ? ofText[text.lowercased()] : Self.number(text).flatMap { ofNumber[$0] })
  }

  subscript(number: Double) -> Int? { ofNumber[number] }

  private static func number(_ text: String) -> Double? {
    DecimalNumber.isLongInteger(Array(text.utf8).span) ? nil : DecimalNumber.parse(text)
  }
}

extension Sequence<String> {
  /// Whether all strings are true or false in any capitals, and at least one of the two occurs; "" is ignored.
  package var areTruthValues: Bool {
    var isAny = false
    for text in self where !text.isEmpty {
      guard text.utf8.count <= 5, ["true", "false"].contains(text.lowercased()) else { return false }
      isAny = true
    }
    return isAny
  }
}
