import PerceptronFiles
import Tensor

/// How the numbers of a column are written: their decimal mark, the mark between thousands, and their unit.
///
///     1,234.50    $1,234.50    1.234,50 €    1 234,50    12.5 %    (1,234.50)    −3    1.5D-3
///
/// Spaces around and within a number may be U+0020, U+00A0, U+2009 or U+202F. A minus may be U+2212. A number in
/// parentheses is negative, as in accounts. An exponent may begin with E or D. A percentage is not divided by 100;
/// 12.5 % is 12.5.
public struct NumberFormat: Sendable, Hashable {
  /// A mark that may stand between digits.
  public enum Mark: String, Sendable, CaseIterable {
    /// A point.
    case point = "."
    /// A comma.
    case comma = ","
    /// A space, also a narrow or non-breaking one.
    case space = " "
    /// An apostrophe, straight or typographic.
    case apostrophe = "'"
  }

  /// A point or a comma.
  public let decimal: Mark
  /// The mark between groups of three digits, if there is one; never the decimal mark.
  public let thousands: Mark?
  /// The currency or `%` before or after each number; "" for none. Numbers without the unit are also accepted.
  public let unit: String

  /// Makes a format.
  ///
  /// - Precondition: Traps if the decimal mark is neither a point nor a comma, or equals the mark between thousands.
  public init(decimal: Mark = .point, thousands: Mark? = nil, unit: String = "") {
    guard Self.isPossible(decimal, thousands) else {
      fail(
        "cannot read numbers with \(decimal) before the fraction and \(String(describing: thousands)) between thousands"
      )
    }
    self.decimal = decimal
    self.thousands = thousands
    self.unit = unit
  }

  /// Numbers as programs write them: digits, a point, an exponent.
  public static let plain = NumberFormat()

  package static func isPossible(_ decimal: Mark, _ thousands: Mark?) -> Bool {
    (decimal == .point || decimal == .comma) && decimal != thousands
  }

  /// The number that a string stands for in this format; nil if it is not a number, infinite if it is beyond the range.
  package func number(_ text: String) -> Double? {
    if let number = DecimalNumber.parse(text), decimal == .point { return number }
    guard let written = WrittenNumber(text), written.unit.isEmpty || written.unit == unit else { return nil }
    if let number = written.number(decimal: decimal, thousands: thousands) { return number }
    // If the numbers were never long enough to have a mark between thousands, the format does not name one. If the
    // format has a decimal comma or a unit, there is no doubt which mark that is.
    guard thousands == nil, self != .plain else { return nil }
    return Mark.allCases.lazy.filter { $0 != decimal }.compactMap { written.number(decimal: decimal, thousands: $0) }
      .first
  }

  /// All pairs of marks, the more usual ones first.
  private static let candidates: [(decimal: Mark, thousands: Mark?)] = [
    (.point, nil), (.point, .comma), (.comma, nil), (.comma, .point), (.point, .space), (.comma, .space),
    (.point, .apostrophe), (.comma, .apostrophe),
  ]

  /// The candidates that have the known marks.
  private static func candidates(_ decimal: Mark?, _ thousands: Mark?) -> [(decimal: Mark, thousands: Mark?)] {
    candidates.filter {
      (decimal == nil || decimal == $0.decimal)
        && (thousands == nil || $0.thousands == nil && $0.decimal != thousands || $0.thousands == thousands)
    }
  }

  /// A format in which strings are numbers, and whether another format would read them as different numbers.
  package struct Reading {
    package let format: NumberFormat
    /// A string that another format reads as a different number.
    package var doubtful: String?
  }

  /// The format in which all of the strings are numbers, or nil; the plain format if it is one.
  ///
  /// - Parameters:
  ///   - decimal: The decimal mark, if it is known.
  ///   - thousands: The mark between thousands, if it is known.
  ///   - likely: The decimal mark of other columns, which decides in case of doubt.
  package static func common(
    to texts: some Sequence<String>, decimal: Mark? = nil, thousands: Mark? = nil, likely: Mark? = nil
  ) -> Reading? {
    var possible = candidates(decimal, thousands)
    var unit: String?
    var hasBare = false
    var witness: String?
    for text in texts {
      guard let written = WrittenNumber(text) else { return nil }
      if written.unit.isEmpty {
        hasBare = hasBare || !written.isZero
      } else {
        guard unit == nil || unit == written.unit else { return nil }
        unit = written.unit
      }
      let before = possible.count
      if written.hasMarks {
        possible.removeAll { written.number(decimal: $0.decimal, thousands: $0.thousands) == nil }
      }
      if possible.isEmpty { return nil }
      if possible.count < before { witness = text }
    }
    // A share and a percentage are different numbers.
    if unit == "%", hasBare { return nil }
    let chosen = possible.first { $0.decimal == likely } ?? possible[0]
    let isPlain = possible[0].decimal == .point && possible[0].thousands == nil
    let isDoubtful = !isPlain && possible.contains { $0.decimal != chosen.decimal }
    return Reading(
      format: NumberFormat(decimal: chosen.decimal, thousands: chosen.thousands, unit: unit ?? ""),
      doubtful: isDoubtful ? witness : nil)
  }

  /// The format in which most fields are numbers, and the strings that are not numbers in it; nil if no string is a
  /// number in any format.
  ///
  /// - Parameter counts: How many fields have each string.
  static func best(
    for texts: [String], counts: [Int], decimal: Mark? = nil, thousands: Mark? = nil, likely: Mark? = nil
  ) -> (format: NumberFormat, others: [String])? {
    let written = texts.map { WrittenNumber($0) }
    var ofUnit: [String: Int] = [:]
    for (number, count) in zip(written, counts) { if let number { ofUnit[number.unit, default: 0] += count } }
    guard !ofUnit.isEmpty else { return nil }
    // A currency may be omitted; a percent sign may not.
    let unit = ofUnit.max { ($0.value, $1.key) < ($1.value, $0.key) }!.key
    func isRight(_ number: WrittenNumber?, _ marks: (decimal: Mark, thousands: Mark?)) -> Bool {
      guard let number, number.unit == unit || number.unit.isEmpty && (unit != "%" || number.isZero) else {
        return false
      }
      return !number.hasMarks || number.number(decimal: marks.decimal, thousands: marks.thousands) != nil
    }
    var best: (marks: (decimal: Mark, thousands: Mark?), fields: Int)?
    for marks in candidates(decimal, thousands) {
      let fields = zip(written, counts).reduce(0) { $0 + (isRight($1.0, marks) ? $1.1 : 0) }
      if fields > best?.fields ?? 0
        || fields == best?.fields && marks.decimal == likely && best?.marks.decimal != likely
      {
        best = (marks, fields)
      }
    }
    guard let marks = best?.marks else { return nil }
    return (
      NumberFormat(decimal: marks.decimal, thousands: marks.thousands, unit: unit),
      zip(texts, written).filter { !isRight($1, marks) }.map(\.0)
    )
  }

  /// Whether a field that was read as a plain number may be a different number in this format.
  var isUnlikePlain: Bool { decimal == .comma }
}

extension NumberFormat: CustomStringConvertible {
  /// For example `commas between thousands, $`.
  public var description: String {
    var parts: [String] = []
    if decimal == .comma { parts.append("a decimal comma") }
    switch thousands {
    case .comma: parts.append("commas between thousands")
    case .point: parts.append("points between thousands")
    case .space: parts.append("spaces between thousands")
    case .apostrophe: parts.append("apostrophes between thousands")
    case nil: break
    }
    if !unit.isEmpty { parts.append(unit) }
    return parts.isEmpty ? "plain numbers" : parts.joined(separator: ", ")
  }
}

/// A string that may be a number, split into its parts. Which mark is the decimal mark is not yet decided.
struct WrittenNumber {
  private var isNegative = false
  private(set) var unit = ""
  /// Digits and marks.
  private var body: [UInt8] = []
  /// The exponent from the letter E on, or empty.
  private var exponent: [UInt8] = []
  /// Whether the body contains anything except digits.
  var hasMarks: Bool { body.contains { $0 < UInt8(ascii: "0") } }

  /// Whether the number is 0 in any format.
  var isZero: Bool { !body.contains { $0 >= UInt8(ascii: "1") && $0 <= UInt8(ascii: "9") } }

  /// Nil if the string is not a number in any format.
  init?(_ text: String) {
    // No number is this long, and a string that is not a number is recognised early.
    guard text.utf8.count <= 120 else { return nil }
    var scalars = Array(text.unicodeScalars)[...]
    func isSpace(_ scalar: Unicode.Scalar) -> Bool { [" ", "\u{A0}", "\u{2009}", "\u{202F}"].contains(scalar) }
    func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
    func skipSpaces() { while let first = scalars.first, isSpace(first) { scalars.removeFirst() } }
    while let last = scalars.last, isSpace(last) { scalars.removeLast() }
    skipSpaces()
    if scalars.first == "(", scalars.last == ")" {
      scalars = scalars.dropFirst().dropLast()
      isNegative = true
    }
    var signs = isNegative ? 1 : 0
    var words: [String] = []
    func takeSign() -> Bool {
      guard let first = scalars.first, ["-", "+", "\u{2212}"].contains(first) else { return false }
      if first != "+" { isNegative.toggle() }
      signs += 1
      scalars.removeFirst()
      return true
    }
    func takeWord() -> Bool {
      let word = scalars.prefix { !isSpace($0) && !isDigit($0) && !["-", "+", "\u{2212}", ",", "'"].contains($0) }
      // A point before digits is part of the number; a point after letters is part of the word.
      let end = word.first == "." ? word.startIndex : word.endIndex
      guard end > scalars.startIndex else { return false }
      words.append(String(String.UnicodeScalarView(scalars[..<end])))
      scalars = scalars[end...]
      return true
    }
    skipSpaces()
    while let first = scalars.first, !isDigit(first), first != ".", first != "," {
      guard takeSign() || words.isEmpty && takeWord() else { return nil }
      skipSpaces()
    }
    guard signs <= 1 else { return nil }
    while let first = scalars.first {
      if isDigit(first) || first == "." || first == "," || first == "'" {
        body.append(UInt8(first.value))
      } else if first == "\u{2019}" {
        body.append(UInt8(ascii: "'"))
      } else if isSpace(first), scalars.dropFirst().first.map(isDigit) == true {
        body.append(UInt8(ascii: " "))
      } else {
        break
      }
      scalars.removeFirst()
    }
    guard body.contains(where: { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else { return nil }
    if let first = scalars.first, ["e", "E", "d", "D"].contains(first) {
      var rest = scalars.dropFirst()
      var digits = [UInt8(ascii: "e")]
      if let sign = rest.first, ["-", "+", "\u{2212}"].contains(sign) {
        if sign != "+" { digits.append(UInt8(ascii: "-")) }
        rest.removeFirst()
      }
      let power = rest.prefix(while: isDigit)
      if !power.isEmpty {
        exponent = digits + power.map { UInt8($0.value) }
        scalars = rest[power.endIndex...]
      }
    }
    skipSpaces()
    if !scalars.isEmpty {
      guard words.isEmpty, takeWord(), scalars.isEmpty else { return nil }
    }
    unit = words.first ?? ""
    guard unit.isEmpty || Self.isUnit(unit) else { return nil }
  }

  /// The number with these marks; nil if the string has other marks, or has them in other places.
  func number(decimal: NumberFormat.Mark, thousands: NumberFormat.Mark?) -> Double? {
    let (point, group) = (decimal.rawValue.utf8.first!, thousands?.rawValue.utf8.first)
    var digits: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
    // The number of digits since the last mark between groups, and the lengths of the groups before it.
    var (length, groups) = (0, [Int]())
    var hasFraction = false
    for byte in body {
      if byte == point {
        guard !hasFraction else { return nil }
        hasFraction = true
        digits.append(UInt8(ascii: "."))
      } else if byte == group {
        guard !hasFraction else { return nil }
        groups.append(length)
        length = 0
      } else if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
        digits.append(byte)
        if !hasFraction { length += 1 }
      } else {
        return nil
      }
    }
    if let first = groups.first {
      // 1,234,567, or 12,34,567 as in India.
      guard (1...3).contains(first), length == 3, body.first(where: { $0 != group }) != UInt8(ascii: "0"),
        groups.dropFirst().allSatisfy({ $0 == 3 || $0 == 2 && group == UInt8(ascii: ",") })
      else { return nil }
    }
    var position = 0
    let bytes = digits + exponent
    let number = DecimalNumber.scan(bytes.span, at: &position)
    return number.isNaN || position < bytes.count ? nil : number
  }

  /// Whether a word is a percent sign or a currency: a symbol, possibly with letters, or a code.
  private static func isUnit(_ word: String) -> Bool {
    if word == "%" || currencies.contains(word.uppercased()) { return true }
    return word.unicodeScalars.count <= 4
      && word.unicodeScalars.contains { $0.properties.generalCategory == .currencySymbol }
      && word.unicodeScalars.allSatisfy {
        $0.properties.generalCategory == .currencySymbol || $0.properties.isAlphabetic
      }
  }

  /// The codes of the most traded currencies (ISO 4217), and other spellings of some of them.
  private static let currencies: Set<String> = [
    "USD", "EUR", "GBP", "JPY", "CHF", "CNY", "INR", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF",
    "RUB",
    "TRY", "BRL", "MXN", "ZAR", "KRW", "SGD", "HKD", "ILS", "THB", "IDR", "MYR", "PHP", "AED", "SAR", "KR", "KR.", "KČ",
    "ZŁ",
    "RS", "RS.", "FR.", "FT", "LEI",
  ]
}
