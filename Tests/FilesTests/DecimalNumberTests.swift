import Glibc
import PerceptronFiles
import PerceptronTestFiles
import Testing

@Suite struct DecimalNumberTests {
  @Test func `any double written by Swift is read back to the bit`() {
    var generator = SplitMix(state: 11)
    for _ in 0..<200_000 {
      let number = Double(bitPattern: generator.next())
      guard number.isFinite else { continue }
      #expect(DecimalNumber.parse(number.description)?.bitPattern == number.bitPattern, "\(number)")
    }
  }

  @Test func `decimal texts are rounded as strtod rounds them`() {
    var generator = SplitMix(state: 12)
    func digits(_ counts: ClosedRange<Int>) -> String {
      (0..<Int.random(in: counts, using: &generator))
        .map { _ in String(Int.random(in: 0...9, using: &generator)) }
        .joined()
    }
    for _ in 0..<200_000 {
      var text = Bool.random(using: &generator) ? "-" : ""
      text += digits(1...12) + "." + digits(0...12)
      if Bool.random(using: &generator) { text += "e\(Int.random(in: -30...30, using: &generator))" }
      #expect(DecimalNumber.parse(text)?.bitPattern == strtod(text, nil).bitPattern, "\(text)")
    }
  }

  @Test func `halfway cases are rounded to even, and past halfway upward`() {
    // 2^53 + 1 lies between two doubles; so does its double, and its products with powers of ten.
    for (text, expected) in [
      ("9007199254740993", 0x1p53), ("9007199254740993.0", 0x1p53), ("9007199254740993.00", 0x1p53),
      ("9007199254740993.001", 0x1p53 + 2), ("9007199254740995", 0x1p53 + 4), ("9007199254740992.999", 0x1p53),
      ("18014398509481986", 0x1p54), ("18014398509481986e0", 0x1p54), ("18014398509481987", 0x1p54 + 4),
    ] {
      #expect(DecimalNumber.parse(text) == expected, "\(text)")
    }
  }

  @Test(arguments: [
    ("0", 0.0), ("-0", -0.0), ("+5", 5), (" 5 ", 5), ("5.", 5), (".5", 0.5), ("-.5e1", -5), ("1E3", 1000),
    ("1e+3", 1000), ("1e-3", 0.001), ("007", 7), ("1e22", 1e22), ("1e23", 1e23), ("0e999999999999999999999", 0),
    ("0.12345678", 0.12345678), ("0.123456789e1", 1.23456789), ("1.0000000", 1), ("3.00000000000000000", 3),
    ("4.9e-324", .leastNonzeroMagnitude), ("1e-999", 0), ("1.7976931348623157e308", .greatestFiniteMagnitude),
    ("12345678901234567890123", 12345678901234567890123.0), ("0.00000000000000000000000000012345", 1.2345e-28),
  ])
  func `texts of the grammar are numbers`(text: String, expected: Double) {
    #expect(DecimalNumber.parse(text)?.bitPattern == expected.bitPattern)
  }

  @Test(arguments: [
    "", " ", "-", "+", ".", "e5", ".e5", "5e", "5e+", "1.2.3", "1,5", "1 2", "--1", "+-1", "nan", "NaN", "inf", "-inf",
    "infinity", "0x10", "0x1p3", "1_000", "5f", "5\u{0}", "٣", "1e5.0", "1e 5",
    "0.1234567é9012345", "0.12:45678901", "0.12/45678901", "0.123456789012345\u{7F}", "0.12345678٣",
  ])
  func `other texts are not`(text: String) {
    #expect(DecimalNumber.parse(text) == nil)
  }

  @Test func `numbers beyond the range are infinite`() {
    #expect(DecimalNumber.parse("1e309") == .infinity)
    #expect(DecimalNumber.parse("-1e999999999999999999999") == -.infinity)
  }

  @Test func `numbers of thousands of digits are read`() {
    let threes = String(repeating: "3", count: 3000)
    #expect(DecimalNumber.parse("0." + threes) == 1.0 / 3)
    #expect(DecimalNumber.parse(threes + "e-3000") == 1.0 / 3)
    #expect(DecimalNumber.parse(String(repeating: "0", count: 3000) + "5") == 5)
  }
}
