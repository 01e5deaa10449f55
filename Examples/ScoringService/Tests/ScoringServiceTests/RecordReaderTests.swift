import Foundation
import Perceptron
import Testing

@testable import ScoringService

@Suite("Records in JSON")
struct RecordReaderTests {
  private func record(_ text: String) throws -> [String: InputValue] { try RecordReader.record(Array(text.utf8)[...]) }

  @Test(
    "A record is read as JSONDecoder reads it",
    arguments: [
      "{}", " { } ", #"{"a":1}"#, #"{"a": -0.5e-3, "b" :"x", "c":null}"# + "\r", #"{"ä":"ö😀","":""}"#,
      #"{"a":"\"\\\/\b\f\n\r\tA\u00e4\ud83d\ude00 "}"#,
      #"{"a":0,"b":10.25,"c":1E+2,"d":123456789012345678901234567890}"#,
    ])
  func valid(_ text: String) throws {
    #expect(try record(text) == JSONDecoder().decode([String: InputValue].self, from: Data(text.utf8)))
    let whole = text.trimmingCharacters(in: .whitespaces)
    for length in 1..<max(1, whole.utf8.count - 1) {
      #expect(throws: RecordReader.Failure.self) { try RecordReader.record(Array(whole.utf8)[..<length]) }
    }
  }

  @Test(
    "What is no object is refused where it begins to be none",
    arguments: [
      ("", 1, "{"), ("null", 1, "{"), ("[1]", 1, "{"), ("{a:1}", 2, "a column's name in quotes"),
      (#"{"a" 1}"#, 6, ":"), (#"{"a":1 "b":2}"#, 8, "a comma or }"), (#"{"a":1,}"#, 8, "a column's name in quotes"),
      (#"{"a":01}"#, 7, "a comma or }"), (#"{"a":+1}"#, 6, "a number, a text or null"), (#"{"a":1.}"#, 8, "a digit"),
      (#"{"a":nul}"#, 6, "a number, a text or null"), (#"{"a":"b"#, 8, "the end of a text"),
      (#"{"a":"\x"}"#, 8, "an escape"), (#"{"a":"\u12x4"}"#, 11, "four hexadecimal digits"),
      (#"{"a":"\ud800"}"#, 13, "the second half of a character"), (#"{"a":"\udc00"}"#, 13, "a character"),
      (#"{"a":1}}"#, 8, "the end of the line"),
    ])
  func invalid(_ text: String, byte: Int, expected: String) {
    #expect(throws: RecordReader.Failure.noObject(byte: byte, expected: expected)) { try record(text) }
  }

  @Test("A name that is not kept is not repeated at its length")
  func longName() {
    let line = "{\"" + String(repeating: "x", count: 100_000) + "\":true}"
    do throws(RecordReader.Failure) {
      _ = try RecordReader.record(Array(line.utf8)[...])
      Issue.record("a record")
    } catch {
      #expect(error.description.utf8.count < 300)
    }
  }

  @Test("A text that is not UTF-8 is refused")
  func encoding() {
    #expect(throws: RecordReader.Failure.noObject(byte: 3, expected: "UTF-8")) {
      try RecordReader.record([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D])
    }
  }

  @Test("A member that cannot be a field is refused by its name", arguments: ["true", "false", "[1]", "{}"])
  func badColumn(_ value: String) {
    #expect(throws: RecordReader.Failure.badColumn("a", problem: "expected a number, a text or null")) {
      try record("{\"a\":\(value)}")
    }
    #expect(throws: RecordReader.Failure.badColumn("a", problem: "given twice; give it once")) {
      try record(#"{"a":1,"a":1}"#)
    }
  }
}
