import PerceptronFiles
import Tensor

/// Finds names by a text or, failing that, by a number: 1.0 is "1". Integers that no Double holds are texts alone. If
/// the names are true and false, their capitals do not matter.
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
      // Of several spellings the usual one has the number: 7 rather than 007.
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
  /// Whether all texts are true or false, in any capitals, and both or one are there; "" does not count.
  package var areTruthValues: Bool {
    var isAny = false
    for text in self where !text.isEmpty {
      guard text.utf8.count <= 5, ["true", "false"].contains(text.lowercased()) else { return false }
      isAny = true
    }
    return isAny
  }
}
