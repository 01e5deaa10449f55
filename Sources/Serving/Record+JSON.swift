import PerceptronDatasets
import PerceptronFiles

extension [String: InputValue] {
  /// Reads a record from JSON in UTF-8: one object, whose members are numbers, strings, null, or true or false, which
  /// count as the strings "true" and "false".
  ///
  ///     let prediction = try predictor.predict([String: InputValue](json: bytes))
  ///
  /// - Throws: ``PredictionError/notARecord(_:)`` that names the byte, counted from 1, where the JSON is not such an
  ///   object. ``PredictionError/input(_:sample:)`` that names the column if a member is a list or an object, or is
  ///   given twice.
  /// - Complexity: A few nanoseconds per byte; `JSONDecoder` reads the same records, but takes several times as long.
  public init(json: some Collection<UInt8>) throws(PredictionError) {
    let bytes = Array(json)
    self.init()
    var mistake: FieldError?
    do throws(FileError) {
      var reader = JSONReader(bytes, bytes.indices, endName: "the end") { byte, problem in
        FileError(path: nil, "byte \(byte + 1): \(problem)")
      }
      var isFirst = true
      while mistake == nil, let name = try reader.name(&isFirst) {
        let value: InputValue
        switch reader.nextScalar() {
        case "\"": value = .text(try reader.string())
        case "-", ("0"..."9")?: value = .number(try reader.number(allowingInfinite: true))
        case "n":
          try reader.skip()
          value = .missing
        case "t", "f": value = .text("\(try reader.bool())")
        case "[", "{":
          mistake = .notAValue(column: name)
          continue
        default: throw reader.error("found \(reader.found), expected a number, a string, true, false or null")
        }
        if updateValue(value, forKey: name) != nil { mistake = .givenTwice(column: name) }
      }
      if mistake == nil { try reader.finish("}") }
    } catch {
      throw .notARecord("\(error.description); give one JSON object of numbers, strings, true, false and null")
    }
    if let mistake { throw .input(mistake, sample: nil) }
  }
}
