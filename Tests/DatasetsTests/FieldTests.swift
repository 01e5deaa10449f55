import Foundation
import PerceptronDatasets
import Testing

@Suite("Fields in JSON")
struct FieldTests {
  @Test("A record of numbers, texts and null is read and written as it is")
  func record() throws {
    let record: [String: InputValue] = ["a": 1.5, "b": "red", "c": nil, "d": "1", "e": -3, "f": "true"]
    let text = #"{"a": 1.5, "b": "red", "c": null, "d": "1", "e": -3, "f": true}"#
    #expect(try JSONDecoder().decode([String: InputValue].self, from: Data(text.utf8)) == record)
    #expect(try JSONDecoder().decode([String: InputValue].self, from: JSONEncoder().encode(record)) == record)
  }

  @Test(
    "Anything else is refused by the column's name",
    arguments: ["[1]", "{}", "{\"b\": 1}", "1e999"])
  func refused(_ value: String) throws {
    let error = #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([String: InputValue].self, from: Data("{\"a\": \(value)}".utf8))
    }
    guard case .typeMismatch(_, let context)? = error else {
      Issue.record("found \(error.debugDescription)")
      return
    }
    #expect(context.codingPath.map(\.stringValue) == ["a"])
    #expect(context.debugDescription == "expected a number, a string or null")
  }

  @Test("NaN is written as null, for it says the same")
  func notANumber() throws {
    #expect(String(decoding: try JSONEncoder().encode([InputValue.number(.nan), 2]), as: UTF8.self) == "[null,2]")
  }
}
