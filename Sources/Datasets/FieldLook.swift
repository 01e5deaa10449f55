/// What a field looks like to a person, by which the first row of a table is told from a header: more than the table itself reads as a number.
enum FieldLook {
  /// Nothing is known: the field is empty or one of the usual spellings of that, infinity among them.
  case missing
  /// A number in any usual notation, a date or a time in digits, or a truth value.
  case number
  case word

  init(_ text: String) {
    var scalars = Array(text.unicodeScalars)
    while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
    scalars.removeFirst(scalars.prefix { $0.properties.isWhitespace }.count)
    guard scalars.count <= 40 else {
      self = scalars.count <= 400 && Self.isNumber(scalars[...]) ? .number : .word
      return
    }
    let lowered = String(String.UnicodeScalarView(scalars)).lowercased()
    if Self.missingSpellings.contains(lowered) {
      self = .missing
    } else if lowered == "true" || lowered == "false" || Self.isNumber(scalars[...]) || Self.isDate(lowered) {
      self = .number
    } else {
      self = .word
    }
  }

  private static let missingSpellings: Set<String> = [
    "", "?", "-", ".", "na", "n/a", "#n/a", "#n/a n/a", "#na", "<na>", "nan", "-nan", "null", "none", "nat", "-1.#ind",
    "-1.#qnan", "1.#ind", "1.#qnan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity",
  ]

  private static let signs: Set<Unicode.Scalar> = ["+", "-", "\u{2212}"]
  private static let spaces: Set<Unicode.Scalar> = [" ", "\u{A0}", "\u{2009}", "\u{202F}", "'", "\u{2019}"]

  /// Whether this is a number, perhaps with separators of thousands, a decimal comma, an exponent, a currency sign, or a sign of percent.
  private static func isNumber(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
    var text = text
    func isMark(_ scalar: Unicode.Scalar?) -> Bool {
      guard let scalar else { return false }
      return scalar.properties.generalCategory == .currencySymbol || scalar == "%" || scalar == "\u{2030}"
    }
    func dropMarks() {
      // A sign may stand before or after a currency sign, but once.
      var hasSign = false
      while let first = text.first {
        if signs.contains(first), !hasSign {
          hasSign = true
        } else if !isMark(first), !(first.properties.isWhitespace) {
          break
        }
        text.removeFirst()
      }
      while let last = text.last, isMark(last) || last.properties.isWhitespace { text.removeLast() }
    }
    dropMarks()
    if let index = text.firstIndex(where: { "eEdD".unicodeScalars.contains($0) }) {
      var exponent = text[(index + 1)...]
      if let first = exponent.first, signs.contains(first) { exponent.removeFirst() }
      guard !exponent.isEmpty, exponent.allSatisfy(isDigit) else { return false }
      text = text[..<index]
    }
    // Runs of digits and what separates them.
    var runs = [0]
    var separators: [Unicode.Scalar] = []
    for scalar in text {
      if isDigit(scalar) {
        runs[runs.count - 1] += 1
      } else if scalar == "." || scalar == "," || spaces.contains(scalar) {
        separators.append(scalar)
        runs.append(0)
      } else {
        return false
      }
    }
    guard let last = separators.last else { return runs[0] > 0 }
    let isPoint = last == "." || last == ","
    if separators.count == 1, isPoint { return runs[0] + runs[1] > 0 }
    // Groups of thousands, and a fraction if the last separator is another than those before.
    let hasFraction = isPoint && last != separators[0]
    let groups = hasFraction ? runs.dropLast() : runs[...]
    return separators.prefix(groups.count - 1).allSatisfy { $0 == separators[0] }
      && (1...3).contains(groups[0]) && groups.dropFirst().dropLast().allSatisfy { (2...3).contains($0) }
      && groups.last == 3
  }

  /// Whether this is a date in digits, a time, or both as in ISO 8601.
  private static func isDate(_ text: String) -> Bool {
    let parts = text.split(omittingEmptySubsequences: false) { $0 == "t" || $0 == " " }
    guard parts.count <= 2, let first = parts.first else { return false }
    if parts.count == 1, isTime(first) { return true }
    for separator: Character in ["-", "/", "."] {
      let fields = first.split(separator: separator, omittingEmptySubsequences: false)
      guard fields.count == 3, fields.allSatisfy({ !$0.isEmpty && $0.unicodeScalars.allSatisfy(isDigit) }) else {
        continue
      }
      let sizes = fields.map(\.count)
      let isDate =
        sizes[0] == 4 && sizes[1] <= 2 && sizes[2] <= 2
        || sizes[0] <= 2 && sizes[1] <= 2 && (sizes[2] == 4 || separator != "." && sizes == [2, 2, 2])
      return isDate && (parts.count == 1 || isTime(parts[1]))
    }
    return false
  }

  /// Whether this is hours and minutes, perhaps seconds and a zone.
  private static func isTime(_ text: Substring) -> Bool {
    var time = text
    if time.last == "z" { time.removeLast() }
    if let zone = time.lastIndex(where: { $0 == "+" || $0 == "-" }), zone > time.startIndex {
      let isZone = time[time.index(after: zone)...].unicodeScalars.allSatisfy { isDigit($0) || $0 == ":" }
      guard isZone else { return false }
      time = time[..<zone]
    }
    let fields = time.split(separator: ":", omittingEmptySubsequences: false)
    guard (2...3).contains(fields.count), fields[1].count == 2 else { return false }
    let wholeFields = fields.count == 3 ? [fields[0], fields[1], fields[2].prefix { $0 != "." && $0 != "," }] : fields
    return wholeFields.allSatisfy { (1...2).contains($0.count) && $0.unicodeScalars.allSatisfy(isDigit) }
      && (fields.count == 2
        || fields[2].dropFirst(wholeFields[2].count).dropFirst().unicodeScalars.allSatisfy(isDigit))
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
}
