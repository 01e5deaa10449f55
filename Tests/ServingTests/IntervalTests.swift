import CPerceptronAllocationHook
import PerceptronDatasets
import PerceptronLayers
import PerceptronModelFiles
import PerceptronServing
import Tensor
import Testing

/// A model of the quantiles of two columns, with intervals, from numbers alone.
private func quantileModel(networks: Int = 1) -> TrainedModel<Float> {
  let levels = [0.05, 0.5, 0.95]
  let model = numericModel(Float.self, sizes: [6, 30, 6], networks: networks)
  let outputs = Preparation.Outputs.quantiles(
    columns: ["a", "b"], levels: levels, scaling: Scaling(method: .standard, offsets: [10, 0], factors: [0.5, 2]))
  return TrainedModel(
    networks: model.networks, loss: .quantiles(levels),
    preparation: Preparation(
      inputs: model.preparation.inputs, inputScaling: model.preparation.inputScaling, outputs: outputs),
    interval: PredictionInterval(level: 0.9, margins: [2, -0.5], for: outputs))
}

@Test("A prediction has the quantiles in order and the bounds beside them, in every form of the question")
func quantilePredictions() async throws {
  for networks in [1, 2] {
    let model = quantileModel(networks: networks)
    let predictor = Predictor(model)
    let samples: Matrix<Float> = randomSamples(6, 100)
    let answers = try predictor.predict(samples)
    let bounds = try #require(predictor.interval).bounds(of: answers)
    let batching = BatchingPredictor(predictor)
    for sample in 0..<100 {
      let row = (0..<6).map { InputValue.number(Double(samples[$0, sample])) }
      let one = try predictor.predict(row)
      #expect(one.outputs == answers.gathered([sample]).elements)
      #expect(one.outputs[0] <= one.outputs[1] && one.outputs[1] <= one.outputs[2])
      #expect(one.outputs[3] <= one.outputs[4] && one.outputs[4] <= one.outputs[5])
      #expect(one.value == one.outputs[1] && one["b 0.95"] == one.outputs[5] && one.columns == ["a", "b"])
      #expect(one.interval == one.outputs[0] - 2...one.outputs[2] + 2)
      #expect(one.interval(ofColumn: "a") == one.interval && one.interval(ofColumn: "a 0.05") == nil)
      let second = try #require(one.interval(ofColumn: "b"))
      #expect(second.lowerBound == bounds[2, sample] && second.upperBound == bounds[3, sample])
      let gathered = try await batching.predict(row)
      #expect(gathered == one)
    }
  }
  let plain = try Predictor(numericModel(Float.self)).predict([1, 2, 3, 4, 5, 6])
  #expect(plain.interval == nil && plain.interval(ofColumn: "y0") == nil && plain.columns == ["y0", "y1"])
  #expect(Predictor(numericModel(Float.self)).interval == nil)
}

@Suite(.enabled(if: allocations_are_countable(), "the C library is not glibc, or a sanitizer has its own malloc"))
struct IntervalAllocationTests {
  @Test("Quantiles and bounds are written into a prediction without an allocation")
  func allocations() async {
    await #expect(processExitsWith: .success) {
      let predictor = Predictor(quantileModel())
      let row: [InputValue] = [1, 2, 3, 4, 5, 6]
      var prediction = Prediction()
      try predictor.predict(row, into: &prediction)
      start_counting_allocations()
      for _ in 0..<50 { try predictor.predict(row, into: &prediction) }
      #expect(stop_counting_allocations() == 0)
    }
  }
}
