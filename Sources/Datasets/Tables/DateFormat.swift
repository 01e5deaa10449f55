import Tensor

/// How the dates, times or both in a column are written, and the numbers that they become.
///
/// A date becomes three numbers, or two if it has no day. They are, in this order, the year with its elapsed fraction
/// (2024.5 is about the end of June), the month from 1 to 12, and the weekday from 1, Monday, to 7. A time of day
/// becomes the hours since midnight. Time zones are ignored: times count as they are written.
public struct DateFormat: Sendable, Hashable {
  /// The order of the date's parts, for example `Y-M-D` (ISO 8601) or `D.M.Y`, followed by ` h:m` if there are times. Y
  /// is a year of four digits, y a year of two digits (1970 to 2069), M the number of a month, N its English name, and
  /// D a day. The pattern `h:m` stands for times alone.
  public let pattern: String

  private let date: [UInt8]
  let hasTime: Bool

  /// Makes the format of a pattern.
  ///
  /// - Returns: nil if there is no such pattern.
  public init?(_ pattern: String) {
    hasTime = pattern == "h:m" || pattern.hasSuffix(" h:m")
    let order = pattern == "h:m" ? "" : String(pattern.dropLast(hasTime ? 4 : 0))
    guard order.isEmpty ? hasTime && pattern == "h:m" : Self.dates.contains(order) else { return nil }
    date = Array(order.utf8)
    self.pattern = pattern
  }

  /// The orders of a date's parts. The first order that fits all fields of a column is used.
  private static let dates = [
    "Y-M-D", "Y/M/D", "Y.M.D", "D.M.Y", "D.M.y", "M/D/Y", "D/M/Y", "M/D/y", "D/M/y", "D-M-Y", "M-D-Y", "D-N-Y", "D-N-y",
    "D N Y", "N D, Y", "N D Y", "Y-M", "N Y", "N-y",
  ]

  /// All formats, with times.
  private static let all = (dates.map { $0 + " h:m" } + ["h:m"]).compactMap { DateFormat($0) }

  /// Whether a string is a date in any format.
  static func isDate(_ text: String) -> Bool { all.contains { $0.scan(text) != nil } }

  /// The names of the numbers that a field becomes.
  package var parts: [String] {
    (date.isEmpty ? [] : hasDay ? ["year", "month", "weekday"] : ["year", "month"]) + (hasTime ? ["hour"] : [])
  }

  /// Whether a date has a day, and therefore a weekday.
  private var hasDay: Bool { date.contains(UInt8(ascii: "D")) }

  /// The format that all strings have, and a string that another format reads as a different day; nil if there is no
  /// such format.
  package static func common(to texts: some Sequence<String>) -> (format: DateFormat, doubtful: String?)? {
    var possible = all
    var hasTime = false
    var example: String?
    for text in texts {
      example = example ?? text
      possible.removeAll { format in
        guard let found = format.scan(text) else { return true }
        hasTime = hasTime || found.hour != nil
        return false
      }
      if possible.isEmpty { return nil }
    }
    guard let first = possible.first, let example else { return nil }
    let format = hasTime ? first : DateFormat(String(first.pattern.dropLast(4)))
    return format.map { ($0, possible.count > 1 ? example : nil) }
  }

  /// The numbers that a string becomes; nil if it does not have this format.
  package func numbers(_ text: String) -> [Double]? {
    guard let found = scan(text), hasTime || found.hour == nil else { return nil }
    let time = hasTime ? [found.hour ?? 0] : []
    guard let day = found.day else { return time }
    let start = Self.dayNumber(day.year, 1, 1)
    let number = Self.dayNumber(day.year, day.month, day.day)
    let length = Double(Self.dayNumber(day.year + 1, 1, 1) - start)
    let year = Double(day.year) + (Double(number - start) + (found.hour ?? 0) / 24) / length
    // Day 0, 1 January 1970, was a Thursday.
    let weekday = ((number + 3) % 7 + 7) % 7 + 1
    return [year, Double(day.month)] + (hasDay ? [Double(weekday)] : []) + time
  }

  /// Days since 1970-01-01 in the Gregorian calendar (Hinnant, chrono-compatible low-level date algorithms, 2014:
  /// days_from_civil).
  private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = year / 400
    let ofEra = year - era * 400
    let ofYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
  }

  private static func dayCount(_ year: Int, _ month: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  private struct Found {
    var day: (year: Int, month: Int, day: Int)?
    var hour: Double?
  }

  /// The day and the time in a string; nil if it does not have this format.
  private func scan(_ text: String) -> Found? {
    let bytes = Array(text.utf8)
    guard bytes.count <= 40 else { return nil }
    var rest = bytes[...]
    var found = Found()
    if !date.isEmpty {
      guard let day = Self.day(&rest, date) else { return nil }
      found.day = day
      if rest.isEmpty { return found }
      guard let mark = rest.popFirst(), [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(mark) else {
        return nil
      }
      rest = rest.drop { $0 == UInt8(ascii: " ") }
    }
    guard let hour = Self.hour(&rest), rest.isEmpty else { return nil }
    found.hour = hour
    return found
  }

  private static func day(_ rest: inout ArraySlice<UInt8>, _ pattern: [UInt8]) -> (year: Int, month: Int, day: Int)? {
    var (year, month, day) = (0, 1, 1)
    // A weekday such as "Mon, " may come first.
    if let comma = rest.firstIndex(of: UInt8(ascii: ",")), (3...9).contains(comma - rest.startIndex),
      rest[..<comma].allSatisfy(isLetter)
    {
      rest = rest[(comma + 1)...].drop { $0 == UInt8(ascii: " ") }
    }
    for byte in pattern {
      switch byte {
      case UInt8(ascii: "Y"):
        guard let number = number(&rest, digits: 4...4) else { return nil }
        year = number
      case UInt8(ascii: "y"):
        guard let number = number(&rest, digits: 2...2) else { return nil }
        year = number < 70 ? 2000 + number : 1900 + number
      case UInt8(ascii: "M"):
        guard let number = number(&rest, digits: 1...2) else { return nil }
        month = number
      case UInt8(ascii: "D"):
        guard let number = number(&rest, digits: 1...2) else { return nil }
        day = number
      case UInt8(ascii: "N"):
        let letters = rest.prefix(while: isLetter)
        let name = String(decoding: letters, as: UTF8.self).lowercased()
        guard name.count >= 3, let index = months.firstIndex(where: { $0 == name || $0.prefix(3) == name }) else {
          return nil
        }
        month = index + 1
        rest = rest[letters.endIndex...]
        if rest.first == UInt8(ascii: ".") { rest.removeFirst() }
      default:
        guard rest.first == byte else { return nil }
        rest.removeFirst()
      }
    }
    guard year > 0, (1...12).contains(month), (1...dayCount(year, month)).contains(day) else { return nil }
    return (year, month, day)
  }

  /// The hours since midnight of `h:m[:s[.f]]`, possibly with AM or PM, and a time zone.
  private static func hour(_ rest: inout ArraySlice<UInt8>) -> Double? {
    func skip(_ byte: Character) -> Bool {
      guard rest.first == byte.asciiValue else { return false }
      rest.removeFirst()
      return true
    }
    guard var hour = number(&rest, digits: 1...2), skip(":"), let minute = number(&rest, digits: 2...2), minute < 60
    else { return nil }
    var seconds = 0.0
    if skip(":") {
      guard let whole = number(&rest, digits: 2...2), whole <= 60 else { return nil }
      seconds = Double(whole)
      if rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: ",") {
        let fraction = rest.dropFirst().prefix(while: isDigit)
        guard !fraction.isEmpty else { return nil }
        seconds += Double("0." + String(decoding: fraction, as: UTF8.self)) ?? 0
        rest = rest[fraction.endIndex...]
      }
    }
    let letters = String(decoding: rest.drop { $0 == UInt8(ascii: " ") }, as: UTF8.self).lowercased()
    if ["am", "pm", "a.m.", "p.m."].contains(letters) {
      guard (1...12).contains(hour) else { return nil }
      hour = hour % 12 + (letters.first == "p" ? 12 : 0)
      rest = []
    } else if letters == "z" || letters == "utc" || letters == "gmt" {
      rest = []
    } else if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      let zone = rest.dropFirst()
      let digits = zone.filter(isDigit)
      guard digits.count == 2 || digits.count == 4, zone.count <= 5,
        zone.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ":") })
      else { return nil }
      rest = []
    }
    guard hour < 24 else { return nil }
    return Double(hour) + (Double(minute) + seconds / 60) / 60
  }

  private static func number(_ rest: inout ArraySlice<UInt8>, digits: ClosedRange<Int>) -> Int? {
    let found = rest.prefix(while: isDigit)
    guard digits.contains(found.count) else { return nil }
    rest = rest[found.endIndex...]
    return found.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
  private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }

  private static let months = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
  ]
}

extension DateFormat: CustomStringConvertible {
  /// For example `dates YYYY-MM-DD (as year, month, weekday)`.
  public var description: String {
    let names: [Character: String] = ["Y": "YYYY", "y": "YY", "M": "MM", "D": "DD", "N": "Mon", "h": "hh", "m": "mm"]
    let text = pattern.map { names[$0] ?? String($0) }.joined()
    return "\(pattern == "h:m" ? "times" : "dates") \(text) (as \(parts.joined(separator: ", ")))"
  }
}
