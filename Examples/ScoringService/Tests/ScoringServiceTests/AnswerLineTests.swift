import Perceptron
import Testing
import Wire

/// The answer of a model whose outputs are these numbers.
private func answer(_ outputs: [Double], _ meaning: Preparation.Outputs, _ loss: Loss, margin: Double? = nil) throws
  -> String
{
  var network = Network<Double>([Dense(1, outputs.count)])
  network[layer: 0, .bias] = Matrix(outputs)
  let model = TrainedModel(
    network: network, loss: loss,
    preparation: Preparation(
      inputs: .columns([.number(name: "x", mean: 0)]), inputScaling: .unscaled(1), outputs: meaning),
    interval: margin.map { margin in
      PredictionInterval(level: 0.5, margins: [margin], for: meaning)
    })
  return AnswerLine.answer(try Predictor(model).predict(["x": 1]))
}

@Test("Values, quantiles and their intervals are answered by name")
func answerLines() throws {
  let one = Preparation.Outputs.values(columns: ["y"], scaling: .unscaled(1))
  #expect(try answer([1.5], one, .meanSquaredError) == "{\"value\":1.5}\n")
  #expect(
    try answer([1.5], one, .meanSquaredError, margin: 1) == "{\"value\":1.5,\"intervals\":{\"y\":[0.5,2.5]}}\n")
  let two = Preparation.Outputs.values(columns: ["y", "z"], scaling: .unscaled(2))
  #expect(try answer([1.5, 2], two, .meanSquaredError) == "{\"values\":{\"y\":1.5,\"z\":2.0}}\n")
  let levels = [0.25, 0.75]
  let quantiles = Preparation.Outputs.quantiles(columns: ["y"], levels: levels, scaling: .unscaled(1))
  #expect(
    try answer([3, 2], quantiles, .quantiles(levels), margin: -0.25)
      == "{\"values\":{\"y 0.25\":2.0,\"y 0.75\":3.0},\"intervals\":{\"y\":[2.25,2.75]}}\n")
}
