/// Reads decimal numbers from bytes with exact rounding, without making a string for most of them.
///
/// The grammar is `[+-] (digits [. [digits]] | . digits) [(e|E) [+-] digits]`: no "inf", no "nan", no hexadecimal.
package enum DecimalNumber {
  /// Parses a string that is one number, with optional spaces around it; nil if it is not. The result is infinite if
  /// the number is out of range.
  package static func parse(_ text: String) -> Double? {
    let bytes = Array(text.utf8)
    var position = 0
    while position < bytes.count, bytes[position] == 0x20 { position += 1 }
    let number = scan(bytes.span, at: &position)
    while position < bytes.count, bytes[position] == 0x20 { position += 1 }
    return number.isNaN || position < bytes.count ? nil : number
  }

  /// Whether the bytes are an integer in digits, with an optional sign and no spaces, that a Double rounds or an Int
  /// cannot hold.
  package static func isLongInteger(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > 15 else { return false }
    let isNegative = bytes[0] == minus
    var value = 0
    var overflows = false
    for index in (isNegative || bytes[0] == plus ? 1 : 0)..<bytes.count {
      let digit = bytes[index] &- zero
      guard digit < 10 else { return false }
      let (tens, isLong) = value.multipliedReportingOverflow(by: 10)
      let (sum, isLonger) = tens.subtractingReportingOverflow(Int(digit))
      overflows = overflows || isLong || isLonger
      value = sum
    }
    return overflows || !isNegative && value == .min || Int(exactly: Double(value)) != value
  }

  /// Whether the bytes are more than one digit and the first digit is 0.
  package static func isPadded(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > 1, bytes[0] == zero else { return false }
    for index in bytes.indices where bytes[index] &- zero > 9 { return false }
    return true
  }

  /// Scans the longest number that begins at the position and moves the position past it. If no number begins there,
  /// returns NaN and leaves the position unchanged.
  ///
  /// The result is infinite if the number is out of range of a Double.
  package static func scan(_ bytes: Span<UInt8>, at position: inout Int) -> Double {
    let count = bytes.count
    var index = position
    var negative = false
    if index < count, bytes[index] == minus || bytes[index] == plus {
      negative = bytes[index] == minus
      index += 1
    }
    // Wraps around beyond 19 digits; it is not used then.
    var significand: UInt64 = 0
    let wholeStart = index
    while index < count, case let digit = bytes[index] &- zero, digit < 10 {
      significand = significand &* 10 &+ UInt64(digit)
      index += 1
    }
    var digits = index - wholeStart
    var exponent = 0
    if index < count, bytes[index] == point {
      index += 1
      let fractionStart = index
      scanDigits(bytes, at: &index, into: &significand)
      exponent = fractionStart - index
      digits -= exponent
    }
    guard digits > 0 else { return .nan }
    if index < count, bytes[index] | 0x20 == letterE {
      guard let power = scanExponent(bytes, at: &index) else { return .nan }
      exponent += power
    }
    defer { position = index }
    guard digits <= 19, let magnitude = magnitude(significand, exponent) else {
      return rounded(bytes, from: position, to: index)
    }
    return negative ? -magnitude : magnitude
  }

  /// Moves past digits, up to eight at a time, and appends them to a number.
  ///
  /// Eight bytes are loaded as one word, with the first digit in the lowest byte. After "0" is subtracted from each
  /// byte, the first byte above 9 marks the end of the digits. The digits are shifted to the upper end of the word,
  /// behind zeros. Then neighbours are combined into pairs, fours and finally all eight (Lemire, Number parsing at a
  /// gigabyte per second, 2021).
  @inline(__always)
  private static func scanDigits(_ bytes: Span<UInt8>, at position: inout Int, into number: inout UInt64) {
    while position + 8 <= bytes.count {
      let word = UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self))
      let values = word ^ 0x3030_3030_3030_3030
      let others = (values &+ 0x7676_7676_7676_7676 | values) & 0x8080_8080_8080_8080
      let digits = others.trailingZeroBitCount / 8
      guard digits > 0 else { return }
      let eight = values &<< UInt64(64 - 8 * digits)
      let pairs = eight &* 10 &+ eight >> 8
      let mask: UInt64 = 0x0000_00FF_0000_00FF
      let sum =
        (pairs & mask) &* (1_000_000 << 32 | 100) &+ (pairs >> 16 & mask) &* (10_000 << 32 | 1)
      number = number &* integerPowers[digits] &+ sum >> 32
      position += digits
      if digits < 8 { return }
    }
    while position < bytes.count, case let digit = bytes[position] &- zero, digit < 10 {
      number = number &* 10 &+ UInt64(digit)
      position += 1
    }
  }

  private static let zero = UInt8(ascii: "0")
  private static let minus = UInt8(ascii: "-")
  private static let plus = UInt8(ascii: "+")
  private static let point = UInt8(ascii: ".")
  private static let letterE = UInt8(ascii: "e")

  /// The value of an exponent: `e` and the digits after it; nil if no digit follows. Large values are cut off at a
  /// magnitude that is out of range.
  private static func scanExponent(_ bytes: Span<UInt8>, at position: inout Int) -> Int? {
    var index = position + 1
    var negative = false
    if index < bytes.count, bytes[index] == minus || bytes[index] == plus {
      negative = bytes[index] == minus
      index += 1
    }
    let start = index
    var value = 0
    while index < bytes.count, case let digit = bytes[index] &- zero, digit < 10 {
      value = min(value * 10 + Int(digit), 1_000_000)
      index += 1
    }
    guard index > start else { return nil }
    position = index
    return negative ? -value : value
  }

  /// significand × 10^exponent rounded to nearest, ties to even; nil if the exponent is too large for the fast path.
  ///
  /// If significand and power are both exact as Doubles, one IEEE 754 operation rounds their product or quotient
  /// correctly (Clinger, How to read floating point numbers accurately, PLDI 1990). Otherwise, if the power fits in 64
  /// bits, integer arithmetic gives the leading 63 or more bits, and the lowest bit is set if anything beyond them is
  /// lost.
  @inline(__always)
  private static func magnitude(_ significand: UInt64, _ exponent: Int) -> Double? {
    if significand < 1 << 53 {
      if exponent == 0 { return Double(significand) }
      if exponent < 0, exponent >= -22 { return Double(significand) / powers[-exponent] }
      if exponent > 0, exponent <= 22 { return Double(significand) * powers[exponent] }
      if significand == 0 { return 0 }
    }
    guard exponent >= -19, exponent <= 19 else { return nil }
    return exponent < 0
      ? quotient(significand, integerPowers[-exponent]) : product(significand, integerPowers[exponent])
  }

  private static func quotient(_ dividend: UInt64, _ divisor: UInt64) -> Double {
    let dividendShift = dividend.leadingZeroBitCount
    let divisorShift = divisor.leadingZeroBitCount
    let high = dividend << dividendShift
    // The upper half is below 2^63 and the divisor is not. So the quotient fits in 64 bits and has at least 63.
    let (bits, rest) = (divisor << divisorShift).dividingFullWidth((high >> 1, high << 63))
    return Double(bits | (rest == 0 ? 0 : 1)) * powerOfTwo(divisorShift - dividendShift - 63)
  }

  private static func product(_ left: UInt64, _ right: UInt64) -> Double {
    let (high, low) = left.multipliedFullWidth(by: right)
    guard high > 0 else { return Double(low) }
    let shift = high.leadingZeroBitCount
    let bits = high << shift | low >> (64 - shift)
    return Double(bits | (low << shift == 0 ? 0 : 1)) * powerOfTwo(64 - shift)
  }

  /// 2^exponent, for exponents of normal numbers.
  private static func powerOfTwo(_ exponent: Int) -> Double {
    Double(bitPattern: UInt64(1023 + exponent) << 52)
  }

  /// Converts the number in the bytes, which follow the grammar, with the standard library.
  @inline(never)
  private static func rounded(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Double {
    var text = ""
    text.reserveCapacity(end - start)
    for index in start..<end { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
    return Double(text) ?? .nan
  }

  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
    1e20, 1e21, 1e22,
  ]

  private static let integerPowers: [UInt64] = [
    1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
    100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
    10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
  ]
}
