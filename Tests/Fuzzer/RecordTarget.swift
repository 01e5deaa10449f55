import PerceptronDatasets
import PerceptronServing
import Tensor

extension FuzzTarget {
  /// A record in JSON, as a service reads it from a request.
  static let record = FuzzTarget(
    name: "record",
    seeds: {
      [
        #"{"a": -0.5e-3, "b" :"x", "c":null}"#, #"{"ä":"\"\\\u00e4\ud83d\ude00 ","":[1]}"#,
        #"{"a":1e999,"b":{"c":true}}"#,
      ].map { Array($0.utf8) }
    },
    words: ["{", "}", "[", "]", "\"", ":", ",", "null", "true", "\\u", "\\ud83d\\ude00", "e-308", "1e999"],
    read: { bytes in
      do throws(PredictionError) {
        _ = try [String: InputValue](json: bytes)
      } catch {
        let line = error.description
        guard !line.isEmpty, line.utf8.count < 4096, !line.unicodeScalars.contains("\n") else {
          fail("an error of \(line)")
        }
      }
    })
}
