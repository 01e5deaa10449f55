import PerceptronDatasets
import PerceptronFiles

extension [String: InputValue] {
  /// Reads a record from JSON in UTF-8: one object, whose members are numbers, strings, null, or true or false, which
  /// count as the strings "true" and "false".
  ///
  ///     let prediction = try predictor.predict([String: InputValue](json: bytes))
  ///
  /// - Throws: ``PredictionError/notARecord(_:)`` if the JSON is not such an object; it names the byte, counted from 1.
  ///   ``PredictionError/input(_:sample:)`` if a member is a list or an object, or is given twice; it names the column.
  /// - Complexity: A few nanoseconds per byte; `JSONDecoder` reads the same records, but takes several times as long.
  public init(json: some Collection<UInt8>) throws(PredictionError) {
    self = try reading(Array(json), closing: "}") { (reader, mistake) throws(FileError) in
      try reader.record(&mistake)
    }
  }
}

/// Samples that a program sends as JSON: one record or row, or a list of them. A row is a list of values in the order
/// of the columns.
package struct JSONSamples: Sendable {
  package enum Sample: Sendable {
    case record([String: InputValue])
    case row([InputValue])
  }

  package private(set) var samples: [Sample] = []
  /// Whether the samples are in a list. Otherwise there is one.
  package let isList: Bool

  /// - Parameter most: The most samples, which take far more memory than their text.
  /// - Throws: ``PredictionError/notARecord(_:)`` or ``PredictionError/input(_:sample:)``, as for a record.
  package init(json bytes: [UInt8], atMost most: Int) throws(PredictionError) {
    // A list is one of samples if its first element is a record or a row.
    var start = reader(of: bytes)
    let isArray = start.accept("[")
    let isInList = isArray && ["{", "[", "]"].contains(start.nextScalar())
    isList = isInList
    var found: [Sample] = []
    do throws(PredictionError) {
      try reading(bytes, closing: isArray ? "]" : "}", " or a list of such objects") {
        (reader, mistake) throws(FileError) in
        guard isInList else {
          found.append(try reader.sample(&mistake))
          return
        }
        var isFirst = true
        while mistake == nil, try reader.element(&isFirst) {
          guard found.count < most else { throw reader.error("found more than \(most) samples") }
          found.append(try reader.sample(&mistake))
        }
      }
    } catch {
      throw isInList ? error.of(sample: found.count - 1) : error
    }
    samples = found
  }
}

private func reader(of bytes: [UInt8]) -> JSONReader {
  JSONReader(bytes, bytes.indices, endName: "the end") { byte, problem in
    FileError(path: nil, "byte \(byte + 1): \(problem)")
  }
}

/// Reads all of the bytes as JSON.
///
/// - Parameter others: What may also be given, for errors.
private func reading<Value>(
  _ bytes: [UInt8], closing: String, _ others: String = "",
  _ body: (inout JSONReader, inout FieldError?) throws(FileError) -> Value
) throws(PredictionError) -> Value {
  var mistake: FieldError?
  let value: Value
  do throws(FileError) {
    var reader = reader(of: bytes)
    value = try body(&reader, &mistake)
    if mistake == nil { try reader.finish(closing) }
  } catch {
    throw .notARecord("\(error.description); give one JSON object of numbers, strings, true, false and null\(others)")
  }
  if let mistake { throw .input(mistake, sample: nil) }
  return value
}

extension JSONReader {
  fileprivate mutating func sample(_ mistake: inout FieldError?) throws(FileError) -> JSONSamples.Sample {
    nextScalar() == "[" ? .row(try row(&mistake)) : .record(try record(&mistake))
  }

  fileprivate mutating func record(_ mistake: inout FieldError?) throws(FileError) -> [String: InputValue] {
    var record: [String: InputValue] = [:]
    var isFirst = true
    while mistake == nil, let name = try name(&isFirst) {
      guard let value = try inputValue() else {
        mistake = .notAValue(column: name)
        break
      }
      if record.updateValue(value, forKey: name) != nil { mistake = .givenTwice(column: name) }
    }
    return record
  }

  private mutating func row(_ mistake: inout FieldError?) throws(FileError) -> [InputValue] {
    var row: [InputValue] = []
    var isFirst = true
    while mistake == nil, try element(&isFirst) {
      guard let value = try inputValue() else {
        mistake = .notAValue(column: "\(row.count + 1)")
        break
      }
      row.append(value)
    }
    return row
  }

  /// A value; nil if a list or an object comes next.
  package mutating func inputValue() throws(FileError) -> InputValue? {
    switch nextScalar() {
    case "\"": return .text(try string())
    case "-", ("0"..."9")?: return .number(try number(allowingInfinite: true))
    case "n":
      try skip()
      return .missing
    case "t", "f": return .text("\(try bool())")
    case "[", "{": return nil
    default: throw error("found \(found), expected a number, a string, true, false or null")
    }
  }
}

extension Predictor {
  /// Writes the answer for a sample into an existing prediction.
  package func predict(_ sample: JSONSamples.Sample, into prediction: inout Prediction) throws(PredictionError) {
    switch sample {
    case .record(let record): try predict(record, into: &prediction)
    case .row(let row): try predict(row, into: &prediction)
    }
  }

  /// Returns the answers for samples.
  package func predict(_ samples: [JSONSamples.Sample]) throws(PredictionError) -> [Prediction] {
    let inputs = samples.map { sample -> Input<Scalar> in
      switch sample {
      case .record(let record): .record(record)
      case .row(let row): .row(row)
      }
    }
    return try answers(to: inputs)
  }
}

extension BatchingPredictor {
  /// Returns the answer for a sample.
  package func predict(_ sample: JSONSamples.Sample) async throws -> Prediction {
    switch sample {
    case .record(let record): try await predict(record)
    case .row(let row): try await predict(row)
    }
  }
}
