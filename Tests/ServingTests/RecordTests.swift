import Foundation
import PerceptronDatasets
import PerceptronServing
import Testing

private func record(_ json: some Collection<UInt8>) throws(PredictionError) -> [String: InputValue] {
  try [String: InputValue](json: json)
}

@Test(
  "A record is read as JSONDecoder reads it, and no part of it is a record",
  arguments: [
    "{}", " { } ", #"{"a":1}"#, #"{"a": -0.5e-3, "b" :"x", "c":null}"# + "\r", #"{"ä":"ö😀","":""}"#,
    #"{"a":"\"\\\/\b\f\n\r\tA\u00e4\ud83d\ude00 "}"#,
    #"{"a":0,"b":10.25,"c":1E+2,"d":123456789012345678901234567890}"#,
  ])
func validRecords(_ json: String) throws {
  #expect(try record(json.utf8) == JSONDecoder().decode([String: InputValue].self, from: Data(json.utf8)))
  let whole = Array(json.trimmingCharacters(in: .whitespacesAndNewlines).utf8)
  for length in 0..<whole.count {
    #expect {
      try record(whole[..<length])
    } throws: {
      if case PredictionError.notARecord = $0 { true } else { false }
    }
  }
}

@Test(
  "What is not an object of values is refused at its byte",
  arguments: [
    ("", "byte 1: found the end, expected '{'"), ("null", "byte 1: found 'n', expected '{'"),
    ("[1]", "byte 1: found '[', expected '{'"), ("{a:1}", "byte 2: found 'a', expected '\"'"),
    (#"{"a" 1}"#, "byte 6: found '1', expected ':'"), (#"{"a":1 "b":2}"#, "byte 8: found '\"', expected '}' or ','"),
    (#"{"a":1,}"#, "byte 8: found '}', expected '\"'"), (#"{"a":01}"#, "byte 6: found a number with a leading 0"),
    (#"{"a":+1}"#, "byte 6: found '+', expected a number, a string, true, false or null"),
    (#"{"a":1.}"#, "byte 8: found '}', expected a digit"), (#"{"a":nul}"#, "byte 6: found 'n', expected a value"),
    (#"{"a":"b"#, "byte 8: found the end, expected '\"'"), (#"{"a":"\x"}"#, "byte 8: found 'x' after a backslash"),
    (#"{"a":"\ud800"}"#, "half of a surrogate pair"),
    (#"{"a":1}}"#, "byte 8: found more after the closing }, expected only spaces"),
  ])
func badRecords(_ json: String, problem: String) {
  let error = #expect(throws: PredictionError.self) { try record(json.utf8) }
  #expect(error?.description.hasPrefix("not a record: byte ") == true)
  #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
}

@Test("A number beyond the range of Double is infinite, which a predictor refuses by its column")
func hugeNumbers() throws {
  #expect(try record(#"{"a":1e999,"b":-1e999}"#.utf8) == ["a": .number(.infinity), "b": .number(-.infinity)])
}

@Test("Bytes that are not UTF-8 are refused")
func notUTF8() {
  let error = #expect(throws: PredictionError.self) { try record([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]) }
  #expect(error?.description.contains("not UTF-8") == true)
}

@Test("True and false count as strings")
func booleans() throws {
  #expect(try record(#"{"a":true,"b": false}"#.utf8) == ["a": .text("true"), "b": .text("false")])
}

@Test("A member that cannot be a value is refused by its column", arguments: ["[1]", "{}"])
func badMembers(_ value: String) {
  #expect(throws: PredictionError.input(.notAValue(column: "a"), sample: nil)) {
    try record("{\"a\":\(value)}".utf8)
  }
  #expect(throws: PredictionError.input(.givenTwice(column: "a"), sample: nil)) {
    try record(#"{"a":1,"a":1}"#.utf8)
  }
  // A name that is not kept is not repeated at its length.
  let long = #expect(throws: PredictionError.self) {
    try record("{\"\(String(repeating: "x", count: 100_000))\":\(value)}".utf8)
  }
  #expect((long?.description.utf8.count ?? .max) < 300)
}
