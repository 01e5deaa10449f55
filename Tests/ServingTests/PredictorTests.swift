import CPerceptronAllocationHook
import PerceptronDatasets
import PerceptronLayers
import PerceptronModelFiles
import PerceptronServing
import Tensor
import Testing

private func check<Scalar: BLASScalar>(_: Scalar.Type, networks: Int, workers: Int, tolerance: Double) throws {
  let model = numericModel(Scalar.self, networks: networks)
  let predictor = Predictor(model, team: Team(workers: workers))
  let samples: Matrix<Scalar> = randomSamples(6, 200)
  let answers = try predictor.predict(samples)
  var features = samples
  model.preparation.inputScaling.apply(to: &features)
  let expected = model.predict(prepared: features)
  #expect(
    zip(answers.elements, expected.elements).allSatisfy { abs($0 - $1) <= tolerance * expected.maxMagnitude() })
  for sample in stride(from: 0, to: 200, by: 17) {
    let row = (0..<6).map { InputValue.number(Double(samples[$0, sample])) }
    let record = Dictionary(uniqueKeysWithValues: row.enumerated().map { ("x\($0)", $1) })
    let alone = answers.gathered([sample])
    #expect(try predictor.predict(samples.gathered([sample])) == alone)
    #expect(try predictor.predict(row).outputs == alone.elements)
    #expect(try predictor.predict(record).outputs == alone.elements)
    #expect(try predictor.predict([record, record])[1].outputs == alone.elements)
  }
  #expect(try predictor.predict(samples.gathered([])).columns == 0)
}

@Test("A predictor answers as its model does, and each sample with the same bits in every form of the question")
func predictorAnswers() throws {
  for networks in [1, 3] {
    for workers in [1, 3] {
      try check(Float.self, networks: networks, workers: workers, tolerance: 1e-5)
      try check(Double.self, networks: networks, workers: workers, tolerance: 1e-13)
    }
  }
}

@Test("Texts and what is missing are prepared as in training", arguments: [1, 3], [0, 0.25])
func mixedRecords(networks: Int, uniformShare: Double) throws {
  let model = mixedModel(Double.self, networks: networks, uniformShare: uniformShare)
  let predictor = Predictor(model)
  let rows: [[InputValue]] = [
    [1, "red", 2], [nil, "red", 2], [.number(.nan), nil, "NA"], [1, "unseen", 2], [1, 7, 2], [1, "7", 2], [1, "?", 2],
  ]
  let expected = model.predict(prepared: try model.preparation.features(of: rows))
  for (sample, row) in rows.enumerated() {
    let answer = try predictor.predict(row)
    #expect(zip(answer.outputs, expected.gathered([sample]).elements).allSatisfy { abs($0 - $1) < 1e-13 })
    #expect(answer.className == model.classes(prepared: try model.preparation.features(of: [row]))[0])
    #expect(answer.probability == answer.outputs.max() && answer.outputs.min()! >= uniformShare / 3)
    #expect(answer[answer.className!] == answer.probability)
    #expect(answer["none"] == nil && answer.value == nil)
  }
}

private enum Color: String, Encodable { case red, blue }

private struct Thing: Encodable {
  var length: Double?
  var color: Color?
  var size: Float = 2

  private enum CodingKeys: String, CodingKey {
    case length, color
    case size = "width"
  }
}

@Test("A structure is a record by its coding keys")
func structures() async throws {
  let predictor = Predictor(mixedModel(Float.self))
  let batching = BatchingPredictor(predictor)
  for thing in [Thing(length: 1, color: .red), Thing(length: nil, color: nil), Thing(length: 3, color: .blue)] {
    let record: [String: InputValue] = [
      "length": thing.length.map(InputValue.number) ?? nil, "color": thing.color.map { .text($0.rawValue) } ?? nil,
      "width": 2,
    ]
    let expected = try predictor.predict(record)
    #expect(try predictor.predict(propertiesOf: thing) == expected)
    let gathered = try await batching.predict(propertiesOf: thing)
    #expect(gathered == expected)
  }
  #expect(
    try predictor.predict(propertiesOf: ["length": 1, "color": nil, "width": 3] as [String: Int?]).outputs.count == 3)
  struct List: Encodable { let length = [1.0] }
  struct Flag: Encodable { let length = true }
  struct Nested: Encodable { let length = Thing() }
  func line(_ value: some Encodable) -> String {
    do throws(PredictionError) {
      _ = try predictor.predict(propertiesOf: value)
      return "an answer"
    } catch {
      return error.description
    }
  }
  let wrong = "not a record: \"length\" is neither a number nor a string"
  #expect(line(List()) == wrong && line(Nested()) == wrong)
  #expect(line(Flag()) == "column \"length\": found the string \"true\", expected a number")
  #expect(line(1.5) == "not a record: it has no properties; give a structure or a dictionary")
  #expect(line([1.5]) == line(1.5))
  #expect(line(["length": 1.0]).hasPrefix("column \"color\" is missing"))
}

@Test("An answer knows what its outputs mean")
func meanings() throws {
  let values = try Predictor(numericModel(Float.self)).predict([1, 2, 3, 4, 5, 6])
  #expect(values.names == ["y0", "y1"] && values.value == values.outputs[0] && values["y1"] == values.outputs[1])
  #expect(values.className == nil && values.probability == nil && values.label(ofColumn: "y0") == nil)
  let labels = TrainedModel(
    network: numericModel(Float.self).network, loss: .meanSquaredError,
    preparation: Preparation(
      inputs: numericModel(Float.self).preparation.inputs,
      inputScaling: numericModel(Float.self).preparation.inputScaling,
      outputs: .labels(columns: ["wet", "cold"], classes: [["no", "yes"], ["warm", "cold"]])))
  let answer = try Predictor(labels).predict([1, 2, 3, 4, 5, 6])
  #expect(answer.label(ofColumn: "wet") == (answer["wet"]! >= 0.5 ? "yes" : "no"))
  #expect(answer.label(ofColumn: "cold") == (answer["cold"]! >= 0.5 ? "cold" : "warm"))
  #expect(Prediction().names.isEmpty && Prediction().className == nil)
}

@Test("A record that is not as the model needs it is refused by the name of its column")
func badRecords() {
  let predictor = Predictor(mixedModel(Float.self))
  let columns = "\"length\", \"color\", \"width\""
  func line(_ record: [String: InputValue]) -> String {
    do throws(PredictionError) {
      _ = try predictor.predict(record)
      return "an answer"
    } catch {
      return error.description
    }
  }
  #expect(line(["length": 1, "color": "red", "width": 2]) == "an answer")
  #expect(
    line(["length": 1, "width": 2])
      == "column \"color\" is missing; give it, or null if it is unknown; the columns are \(columns)")
  #expect(
    line(["length": 1, "color": "red", "width": 2, "hight": 3])
      == "column \"hight\" is unknown; leave it out; the columns are \(columns)")
  #expect(
    line(["length": "long", "color": "red", "width": 2])
      == "column \"length\": found the string \"long\", expected a number")
  #expect(
    line(["length": 1, "color": "red", "width": .number(.infinity)])
      == "column \"width\": the number is infinite; give a finite number like those in training")
  // Where the texts of training are no numbers a number is a mistake, if some are it is a text that was not there.
  #expect(line(["length": 1, "color": 5, "width": 2]) == "an answer")
  let preparation = Preparation(
    inputs: .columns([.category(name: "city", values: ["", "Ulm", "Bonn"])]),
    inputScaling: Scaling(method: .none, offsets: [], factors: []), outputs: .classes(["a", "b"], column: nil))
  let cities = Predictor(
    TrainedModel(network: Network<Float>([Dense(3, 2, .softmax)]), loss: .crossEntropy, preparation: preparation))
  #expect(throws: PredictionError.input(.notAText(column: "city", number: 5), sample: nil)) {
    try cities.predict(["city": 5])
  }
  #expect(throws: PredictionError.input(.count(found: 2, expected: 3), sample: nil)) {
    try predictor.predict([1, "red"])
  }
  #expect(throws: PredictionError.input(.notANumber(column: "width", text: "x"), sample: 1)) {
    try predictor.predict([
      ["length": 1, "color": "red", "width": 2], ["length": 1, "color": "red", "width": "x"],
    ])
  }
  #expect(throws: PredictionError.textColumn("color")) { try predictor.predict(Matrix(rows: 3, columns: 1)) }
}

@Test("A matrix with what is no number is answered or refused as the caller chose, by sample and column")
func badSamples() throws {
  let model = numericModel(Float.self)
  var samples: Matrix<Float> = randomSamples(6, 100)
  samples[3, 70] = .nan
  var replaced = samples
  replaced[3, 70] = 3
  #expect(try Predictor(model).predict(samples) == Predictor(model).predict(replaced))
  #expect(throws: PredictionError.input(.missing(column: "x3"), sample: 70)) {
    try Predictor(model, missing: .refused).predict(samples)
  }
  #expect(throws: PredictionError.input(.missing(column: "x1"), sample: nil)) {
    try Predictor(model, missing: .refused).predict([1, nil, 3, 4, 5, 6])
  }
  samples[5, 12] = -.infinity
  #expect(throws: PredictionError.input(.notFinite(column: "x5", -.infinity), sample: 12)) {
    try Predictor(model).predict(samples)
  }
  #expect(throws: PredictionError.count(found: 5, expected: 6)) {
    try Predictor(model).predict(Matrix(rows: 5, columns: 2))
  }
  #expect(throws: PredictionError.outputNotFinite(sample: 1)) {
    var samples: Matrix<Float> = randomSamples(6, 2)
    for row in 0..<6 { samples[row, 1] = 1e38 }
    _ = try Predictor(model).predict(samples)
  }
  // Without a scaling a sample of numbers is not copied, unless it has to be.
  let unscaled = numericModel(Float.self, scaling: .none)
  #expect(throws: PredictionError.input(.notFinite(column: "x5", -.infinity), sample: 12)) {
    try Predictor(unscaled).predict(samples)
  }
  for workers in [1, 2] {
    let predictor = Predictor(unscaled, team: Team(workers: workers))
    for sample in [12, 70] {
      let alone = samples.gathered([sample])
      if sample == 70 {
        #expect(try predictor.predict(alone) == predictor.predict(replacedTwice(alone)))
      } else {
        #expect(throws: PredictionError.input(.notFinite(column: "x5", -.infinity), sample: 0)) {
          try predictor.predict(alone)
        }
      }
    }
  }
  samples[5, 12] = 1
  #expect(try Predictor(unscaled).predict(samples) == Predictor(unscaled).predict(replacedTwice(samples)))
}

private func replacedTwice(_ samples: Matrix<Float>) -> Matrix<Float> {
  samples.map { $0.isNaN ? 3 : $0 }
}

@Suite(.enabled(if: allocations_are_countable(), "the C library is not glibc, or a sanitizer has its own malloc"))
struct PredictorAllocationTests {
  @Test("A prediction into what is there allocates nothing after the first")
  func prediction() async {
    await #expect(processExitsWith: .success) {
      for networks in [1, 2] {
        let predictor = Predictor(mixedModel(Float.self, networks: networks))
        let record: [String: InputValue] = ["length": 1.5, "color": "red", "width": nil]
        let row: [InputValue] = [1.5, "red", nil]
        var prediction = Prediction()
        try predictor.predict(record, into: &prediction)
        start_counting_allocations()
        for _ in 0..<50 {
          try predictor.predict(record, into: &prediction)
          try predictor.predict(row, into: &prediction)
        }
        #expect(stop_counting_allocations() == 0)
      }
      let values = Predictor(numericModel(Float.self))
      let row: [InputValue] = [1, 2, 3, 4, 5, 6]
      var prediction = Prediction()
      try values.predict(row, into: &prediction)
      start_counting_allocations()
      for _ in 0..<50 { try values.predict(row, into: &prediction) }
      #expect(stop_counting_allocations() == 0)
      for scaling in [Scaling.Method.none, .standard] {
        for workers in [1, 2] {
          let predictor = Predictor(
            numericModel(Float.self, sizes: [600, 700, 300, 2], networks: 2, scaling: scaling),
            team: Team(workers: workers))
          for count in [1, 5, 200] {
            let samples: Matrix<Float> = randomSamples(600, count)
            var answers = Matrix<Double>(rows: 2, columns: count)
            try predictor.predict(samples, into: &answers)
            start_counting_allocations()
            for _ in 0..<20 { try predictor.predict(samples, into: &answers) }
            #expect(stop_counting_allocations() == 0, "\(scaling), \(workers) workers, \(count) samples")
          }
        }
      }
    }
  }
}
