import PerceptronDatasets
import Testing

/// Texts of one column, and the numbers that they are.
struct WrittenColumn: Sendable, CustomTestStringConvertible {
  let texts: [String]
  let numbers: [Double]
  let format: String

  var testDescription: String { texts.joined(separator: " | ") }
}

@Suite struct NumberFormatTests {
  @Test(arguments: [
    WrittenColumn(
      texts: ["1,234.5", "12", "-7,000,000"], numbers: [1234.5, 12, -7_000_000], format: "commas between thousands"),
    WrittenColumn(texts: ["12,34,567", "1,000"], numbers: [1_234_567, 1000], format: "commas between thousands"),
    WrittenColumn(
      texts: ["1.776,33", "1.234", "5"], numbers: [1776.33, 1234, 5],
      format: "a decimal comma, points between thousands"),
    WrittenColumn(texts: ["1,5", "-0,25", "3"], numbers: [1.5, -0.25, 3], format: "a decimal comma"),
    WrittenColumn(
      texts: ["1\u{A0}234,5", "2\u{2009}000\u{2009}000"], numbers: [1234.5, 2_000_000],
      format: "a decimal comma, spaces between thousands"),
    WrittenColumn(
      texts: ["1'234.5", "1\u{2019}000"], numbers: [1234.5, 1000], format: "apostrophes between thousands"),
    WrittenColumn(
      texts: ["$1,234.50", "-$5", "$-6", "($1,000)", "7"], numbers: [1234.5, -5, -6, -1000, 7],
      format: "commas between thousands, $"),
    WrittenColumn(texts: ["12,50 €", "3 €"], numbers: [12.5, 3], format: "a decimal comma, €"),
    WrittenColumn(texts: ["EUR 12.5", "EUR -3"], numbers: [12.5, -3], format: "EUR"),
    WrittenColumn(texts: ["R$ 10.5", "R$ 2"], numbers: [10.5, 2], format: "R$"),
    WrittenColumn(texts: ["12.5%", "3 %", "0"], numbers: [12.5, 3, 0], format: "%"),
    WrittenColumn(texts: ["\u{2212}3", "\u{A0}4.5\u{A0}"], numbers: [-3, 4.5], format: "plain numbers"),
    WrittenColumn(texts: ["1.5D-3", "2d+2", "3E1"], numbers: [0.0015, 200, 30], format: "plain numbers"),
    WrittenColumn(texts: ["+1,5", ",5"], numbers: [1.5, 0.5], format: "a decimal comma"),
  ])
  func `a column's numbers are read in the one format that fits them all`(_ column: WrittenColumn) throws {
    let reading = try #require(NumberFormat.common(to: column.texts))
    #expect(reading.format.description == column.format)
    #expect(column.texts.map(reading.format.number) == column.numbers)
    #expect(reading.doubtful == nil)
  }

  @Test(arguments: [
    ["1,234.5", "1.234,5"], ["1,2,3", "4"], ["12%", "0.5"], ["$5", "€5"], ["1 23", "4"], ["1,23,4"], ["A1", "2"],
    ["12 kg", "3"], ["--3"],
    ["(-3)"], ["1.2.3"], ["10:30"], ["2020-01-31"], ["", "1"], ["1e"], ["12,3456.7"], ["."], ["-"], ["1234,567.8"],
  ])
  func `texts without a common format are no numbers`(_ texts: [String]) {
    #expect(NumberFormat.common(to: texts) == nil)
  }

  @Test func `commas between three digits are thousands unless something says otherwise`() throws {
    let texts = ["1,234", "5,678", "12"]
    let alone = try #require(NumberFormat.common(to: texts))
    #expect(alone.format.number("1,234") == 1234 && alone.doubtful == "1,234")
    let beside = try #require(NumberFormat.common(to: texts, likely: .comma))
    #expect(beside.format.number("1,234") == 1.234)
    let chosen = try #require(NumberFormat.common(to: texts, decimal: .comma))
    #expect(chosen.format.number("5,678") == 5.678 && chosen.doubtful == nil)
    let grouped = try #require(NumberFormat.common(to: texts, thousands: .comma))
    #expect(grouped.format.number("5,678") == 5678 && grouped.doubtful == nil)
    #expect(NumberFormat.common(to: ["1.5"], decimal: .comma) == nil)
    #expect(NumberFormat.common(to: ["1.500"], decimal: .comma)?.format.number("1.500") == 1500)
  }

  @Test func `numbers beyond the range are infinite, and other units are none`() {
    #expect(NumberFormat.plain.number("1e400") == .infinity)
    #expect(NumberFormat(unit: "$").number("€5") == nil)
    #expect(NumberFormat(unit: "$").number("5") == 5)
    #expect(NumberFormat.plain.number("$5") == nil)
  }
}

/// A date's text and pattern, and the numbers that it becomes.
struct WrittenDate: Sendable, CustomTestStringConvertible {
  let text: String
  let pattern: String
  let numbers: [Double]

  var testDescription: String { text }
}

@Suite struct DateFormatTests {
  // python3 -c "from datetime import *; d = datetime(2024, 6, 30, 18, 30); n = datetime(d.year + 1, 1, 1) -
  // datetime(d.year, 1, 1) print(d.year + (d - datetime(d.year, 1, 1)) / n, d.month, d.isoweekday(), d.hour + d.minute
  // / 60)"
  @Test(arguments: [
    WrittenDate(text: "2024-06-30 18:30", pattern: "Y-M-D h:m", numbers: [2024.496_641_621_129_4, 6, 7, 18.5]),
    WrittenDate(text: "2024-06-30T18:30:00.000Z", pattern: "Y-M-D h:m", numbers: [2024.496_641_621_129_4, 6, 7, 18.5]),
    WrittenDate(
      text: "2024-06-30T18:30:00+02:00", pattern: "Y-M-D h:m", numbers: [2024.496_641_621_129_4, 6, 7, 18.5]),
    WrittenDate(text: "30.06.2024 6:30 PM", pattern: "D.M.Y h:m", numbers: [2024.496_641_621_129_4, 6, 7, 18.5]),
    WrittenDate(text: "1970-01-01", pattern: "Y-M-D", numbers: [1970, 1, 4]),
    WrittenDate(text: "12/31/1999", pattern: "M/D/Y", numbers: [1999 + 364.0 / 365, 12, 5]),
    WrittenDate(text: "31/12/1999", pattern: "D/M/Y", numbers: [1999 + 364.0 / 365, 12, 5]),
    WrittenDate(text: "31-Dec-99", pattern: "D-N-y", numbers: [1999 + 364.0 / 365, 12, 5]),
    WrittenDate(text: "Dec 31, 1999", pattern: "N D, Y", numbers: [1999 + 364.0 / 365, 12, 5]),
    WrittenDate(text: "Fri, 31 December 1999", pattern: "D N Y", numbers: [1999 + 364.0 / 365, 12, 5]),
    WrittenDate(text: "2000-02-29", pattern: "Y-M-D", numbers: [2000 + 59.0 / 366, 2, 2]),
    WrittenDate(text: "2023-05", pattern: "Y-M", numbers: [2023 + 120.0 / 365, 5]),
    WrittenDate(text: "23:45", pattern: "h:m", numbers: [23.75]),
    WrittenDate(text: "12:00 AM", pattern: "h:m", numbers: [0]),
  ])
  func `a date becomes year, month and weekday, a time hours`(_ date: WrittenDate) throws {
    let (format, _) = try #require(DateFormat.common(to: [date.text]))
    #expect(format.pattern == date.pattern)
    let numbers = try #require(format.numbers(date.text))
    #expect(numbers.count == format.parts.count && zip(numbers, date.numbers).allSatisfy { abs($0 - $1) < 1e-9 })
    #expect(DateFormat(date.pattern) == format)
  }

  @Test func `all dates of a column decide which number is the month`() throws {
    let american = try #require(DateFormat.common(to: ["01/02/2020", "01/13/2020"]))
    #expect(american.format.pattern == "M/D/Y" && american.doubtful == nil)
    let british = try #require(DateFormat.common(to: ["01/02/2020", "13/02/2020"]))
    #expect(british.format.pattern == "D/M/Y" && british.doubtful == nil)
    let either = try #require(DateFormat.common(to: ["01/02/2020", "03/04/2020"]))
    #expect(either.format.pattern == "M/D/Y" && either.doubtful == "01/02/2020")
    #expect(DateFormat.common(to: ["01/13/2020", "13/01/2020"]) == nil)
  }

  @Test(arguments: [
    "2023-02-29", "2023-13-01", "0000-01-01", "1.5", "12", "abc", "24:00", "10:60", "2023-1-", "31.04.2020",
    "2020-01-01x", "99/99/99", "",
  ])
  func `what is no date is none`(_ text: String) { #expect(DateFormat.common(to: [text]) == nil) }

  @Test func `patterns that are unknown are none`() {
    for pattern in ["", "Y", " h:m", "Y-M-D h", "h:m h:m", "Y-M-D h:m h:m"] { #expect(DateFormat(pattern) == nil) }
  }
}
