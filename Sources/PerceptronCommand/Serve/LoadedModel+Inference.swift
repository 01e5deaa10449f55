import Perceptron

// The open inference protocol: the tensors have the names and the meaning that the inputs and outputs of an exported
// ONNX graph have, so that clients need not know which of the two is served.

extension LoadedModel {
  /// What clients of the open inference protocol ask first.
  var tensorMetadata: JSONValue {
    func tensor(_ name: String, _ type: String, _ shape: [Int]) -> JSONValue {
      ["name": .string(name), "datatype": .string(type), "shape": .list(shape.map { .integer($0) })]
    }
    let inputs: [JSONValue]
    if case .pixels(let shape) = facts.preparation.inputs {
      inputs = [tensor("input", "FP32", [-1] + shape)]
    } else if takesMatrix {
      inputs = [tensor("input", "FP64", [-1, facts.columns.count])]
    } else {
      inputs = facts.columns.map { column in
        if case .number = column {
          tensor(column.name, "FP64", [-1, 1])
        } else {
          tensor(column.name, "BYTES", [-1, 1])
        }
      }
    }
    return [
      "name": .string(facts.name), "versions": ["1"], "platform": "perceptron", "inputs": .list(inputs),
      "outputs": .list(outputs(of: []).map { tensor($0.name, $0.dataType, [-1] + $0.shape.dropFirst()) }),
    ]
  }

  /// Whether all columns are numbers, which may come as one tensor.
  private var takesMatrix: Bool { facts.columns.allSatisfy { if case .number = $0 { true } else { false } } }

  /// Answers an inference request.
  ///
  /// - Throws: ``Problem`` or ``PredictionError``.
  func infer(_ body: [UInt8], headerLength: String?) throws -> (response: HTTPResponse, samples: Int) {
    let request = try InferenceRequest(body, headerLength: headerLength)
    let rows = try rows(of: request.inputs)
    let all = outputs(of: try predict(rows.map { .row($0) }))
    let wanted = request.outputs ?? all.map { ($0.name, request.prefersBinary) }
    var (tensors, binary) = ([JSONValue](), [UInt8]())
    for (name, isBinary) in wanted {
      guard let output = all.first(where: { $0.name == name }) else {
        let names = all.map(\.name).joined(separator: ", ")
        throw Problem(.field, "there is no output \(name.debugDescription); the outputs are \(names)")
      }
      var members: [(name: String, value: JSONValue)] = [
        ("name", .string(name)), ("datatype", .string(output.dataType)),
        ("shape", .list(output.shape.map { .integer($0) })),
      ]
      if isBinary {
        let bytes = output.bytes
        members.append(("parameters", ["binary_data_size": .integer(bytes.count)]))
        binary += bytes
      } else {
        members.append(("data", output.json))
      }
      tensors.append(.object(members))
    }
    var members: [(name: String, value: JSONValue)] = [("model_name", .string(facts.name)), ("model_version", "1")]
    if let id = request.id { members.append(("id", .string(id))) }
    members.append(("outputs", .list(tensors)))
    let header = JSONValue.object(members).bytes
    guard !binary.isEmpty else { return (HTTPResponse(type: "application/json", header), rows.count) }
    let response = HTTPResponse(
      type: "application/octet-stream", header + binary,
      fields: [("Inference-Header-Content-Length", "\(header.count)")])
    return (response, rows.count)
  }

  /// The rows that tensors hold: all columns in one called `input`, or one for each column.
  private func rows(of inputs: [InferenceTensor]) throws(Problem) -> [[InputValue]] {
    let columns = facts.columns
    if let count = inputs.first?.shape[0], count > mostSamples {
      throw Problem(.tooLarge, "found \(count) samples, expected at most \(mostSamples); send fewer at a time")
    }
    if inputs.count == 1, inputs[0].name == "input", takesMatrix {
      let input = inputs[0]
      let count = input.shape[0]
      guard input.values.count % columns.count == 0, input.values.count / columns.count == count else {
        throw Problem(
          .field, "input \"input\": found the shape \(input.shape), expected [samples, \(columns.count)]")
      }
      return (0..<count).map { Array(input.values[$0 * columns.count..<($0 + 1) * columns.count]) }
    }
    let names = columns.map(\.name)
    var found: [String: InferenceTensor] = [:]
    for input in inputs {
      guard names.contains(input.name) else {
        throw Problem(.field, "there is no input \(input.name.debugDescription); the inputs are \(list(names))")
      }
      found[input.name] = input
    }
    let count = inputs.first?.shape[0] ?? 0
    let tensors = try columns.map { column throws(Problem) in
      guard let input = found[column.name] else {
        throw Problem(.field, "the input \(column.name.debugDescription) is missing; the inputs are \(list(names))")
      }
      guard input.values.count == count, input.shape[0] == count else {
        throw Problem(
          .field, "input \(column.name.debugDescription): found the shape \(input.shape), expected [\(count), 1]")
      }
      return input.values
    }
    return (0..<count).map { row in tensors.map { $0[row] } }
  }

  private func list(_ names: [String]) -> String {
    takesMatrix
      ? "input, or one for each of \(names.count) columns" : names.map(\.debugDescription).joined(separator: ", ")
  }

  /// The outputs of an exported graph: `label` and `probabilities`, or `output` and its bounds.
  private func outputs(of predictions: [Prediction]) -> [InferenceOutput] {
    let count = predictions.count
    let (numbers, outputs) = (facts.isDouble ? "FP64" : "FP32", facts.preparation.outputs)
    let names = outputs.names
    switch outputs {
    case .classes:
      return [
        InferenceOutput("label", shape: [count], texts: predictions.map { $0.className! }),
        InferenceOutput("probabilities", numbers, [count, names.count], predictions.flatMap(\.outputs)),
      ]
    case .labels:
      return [
        InferenceOutput(
          "label", shape: [count, names.count],
          texts: predictions.flatMap { prediction in names.map { prediction.label(ofColumn: $0)! } }),
        InferenceOutput("probabilities", numbers, [count, names.count], predictions.flatMap(\.outputs)),
      ]
    case .values(let columns, _), .quantiles(let columns, _, _):
      let answers = InferenceOutput("output", "FP64", [count, names.count], predictions.flatMap(\.outputs))
      guard facts.interval != nil else { return [answers] }
      let bounds = predictions.map { prediction in columns.map { prediction.interval(ofColumn: $0)! } }
      return [
        answers,
        InferenceOutput("lower", "FP64", [count, columns.count], bounds.flatMap { $0.map(\.lowerBound) }),
        InferenceOutput("upper", "FP64", [count, columns.count], bounds.flatMap { $0.map(\.upperBound) }),
      ]
    }
  }
}

private struct InferenceOutput {
  let name: String
  let dataType: String
  let shape: [Int]
  private let numbers: [Double]
  private let texts: [String]

  init(_ name: String, _ dataType: String, _ shape: [Int], _ numbers: [Double]) {
    (self.name, self.dataType, self.shape, self.numbers, texts) = (name, dataType, shape, numbers, [])
  }

  init(_ name: String, shape: [Int], texts: [String]) {
    (self.name, dataType, self.shape, numbers, self.texts) = (name, "BYTES", shape, [], texts)
  }

  var json: JSONValue {
    switch dataType {
    case "BYTES": .list(texts.map { .string($0) })
    case "FP32": .list(numbers.map { .float(Float($0)) })
    default: .list(numbers.map { .number($0) })
    }
  }

  /// The elements as binary data.
  var bytes: [UInt8] {
    func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
      withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
    return switch dataType {
    case "BYTES": texts.flatMap { little(UInt32($0.utf8.count)) + Array($0.utf8) }
    case "FP32": numbers.flatMap { little(Float($0).bitPattern) }
    default: numbers.flatMap { little($0.bitPattern) }
    }
  }
}
