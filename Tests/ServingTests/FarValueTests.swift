import PerceptronDatasets
import PerceptronLayers
import PerceptronModelFiles
import PerceptronServing
import Tensor
import Testing

/// A network in `Float` that hands its one feature on, and the targets' scaling behind it.
private func model(offset: Double, factor: Double) -> TrainedModel<Float> {
  var network = Network<Float>([Dense(1, 1, .identity)])
  network[layer: 0, .weights] = [[1]]
  network[layer: 0, .bias] = [[0]]
  return TrainedModel(
    network: network, loss: .meanSquaredError,
    preparation: Preparation(
      inputs: .columns([.number(name: "x", mean: 0)]), inputScaling: .unscaled(1),
      outputs: .values(columns: ["y"], scaling: Scaling(method: .standard, offsets: [offset], factors: [factor]))))
}

// The network's output is the feature z as a Float, so that the value is z / factor + offset, computed in Double:
//
//   >>> z = float(numpy.float32(0.3)); [z / (1 / 32) + 1.7e9, z / 0.5 + 1e14, z / 1e-40 + 1e40, z / 0.25 + 2460000]
private let golden: [(offset: Double, factor: Double, value: Double)] = [
  (1.7e9, 1.0 / 32, 1700000009.6000004), (1e14, 0.5, 100000000000000.6), (1e40, 1e-40, 1.300000011920929e40),
  (2_460_000, 0.25, 2460001.2000000477),
]

@Test("Values far from 0 keep the digits of Double in every form of the question")
func farValues() async throws {
  for (offset, factor, value) in golden {
    let model = model(offset: offset, factor: factor)
    let predictor = Predictor(model)
    let samples: Matrix<Float> = [[0.3, 0.3]]
    #expect(try predictor.predict(["x": 0.3]).value == value)
    #expect(try predictor.predict([0.3]).outputs == [value])
    #expect(try predictor.predict([["x": 0.3], ["x": 0.3]])[1]["y"] == value)
    #expect(try predictor.predict(samples).elements == [value, value])
    #expect(try predictor.predict(prepared: samples).elements == [value, value])
    #expect(model.predict(prepared: samples).elements == [value, value])
    let batching = BatchingPredictor(predictor)
    let answers = try await (batching.predict(["x": 0.3]), batching.predict([[0.3]] as Matrix<Float>))
    #expect(answers.0.value == value && answers.1.value == value)
    await batching.shutDown()
  }
}

@Test("A value that leaves the range of Double is no answer")
func valuesOutOfRange() {
  let predictor = Predictor(model(offset: 0, factor: 1e-300))
  #expect(throws: PredictionError.outputNotFinite(sample: nil)) { try predictor.predict([1e9]) }
  #expect(throws: PredictionError.outputNotFinite(sample: 1)) { try predictor.predict([[1, 1e9]] as Matrix<Float>) }
  #expect(throws: PredictionError.outputNotFinite(sample: 1)) { try predictor.predict(prepared: [[1, 1e9]]) }
}

@Test("Prepared features have the answers of the rows that they were made of, with the same bits")
func preparedFeatures() throws {
  let model = mixedModel(Float.self, networks: 2)
  let rows = (0..<150).map { sample -> [InputValue] in
    let length: InputValue = sample % 7 == 0 ? nil : .number(Double(sample) / 9)
    return [length, sample % 3 == 0 ? "red" : "7", 2]
  }
  let features: Matrix<Float> = try model.preparation.features(of: rows)
  for workers in [1, 2] {
    let predictor = Predictor(model, team: Team(workers: workers))
    let answers = try predictor.predict(prepared: features)
    for (sample, row) in rows.enumerated() {
      #expect(try predictor.predict(row).outputs == answers.gathered([sample]).elements)
    }
  }
}
