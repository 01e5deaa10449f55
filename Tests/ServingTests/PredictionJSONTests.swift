import Foundation
import PerceptronDatasets
import PerceptronLayers
import PerceptronModelFiles
import PerceptronServing
import Tensor
import Testing

/// A model whose outputs are its biases, whatever its inputs are.
private func model(
  _ biases: [Float], _ output: Activation, _ loss: Loss, _ outputs: Preparation.Outputs,
  interval: (level: Double, margins: [Double])? = nil
) -> TrainedModel<Float> {
  var network = Network<Float>([Dense(1, biases.count, output)])
  network[layer: 0, .bias] = Matrix(biases)
  return TrainedModel(
    network: network, loss: loss,
    preparation: Preparation(
      inputs: .columns([.number(name: "x", mean: 0)]), inputScaling: .unscaled(1), outputs: outputs),
    interval: interval.map { PredictionInterval(level: $0.level, margins: $0.margins, for: outputs) })
}

private func json(_ model: TrainedModel<Float>) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys]
  let prediction = try Predictor(model).predict(["x": 1])
  let text = String(decoding: try encoder.encode(prediction), as: UTF8.self)
  // The service's own writer says the same, in the order of the names.
  let own = try JSONSerialization.jsonObject(with: Data(prediction.json.bytes)) as? NSDictionary
  #expect(own == (try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSDictionary))
  return text
}

@Test("A prediction is encoded with the names of its answers")
func encodedPredictions() throws {
  let classes = model([0, 0], .softmax, .crossEntropy, .classes(["no", "\"yes\""], column: "c"))
  #expect(
    try json(classes)
      == #"{"prediction":"no","probabilities":{"\"yes\"":0.5,"no":0.5},"probability":0.5}"#)
  let labels = model(
    [0, -100], .sigmoid, .binaryCrossEntropy,
    .labels(columns: ["paid", "urgent"], classes: [["no", "yes"], ["0", "1"]]))
  let text = try json(labels)
  #expect(text.hasPrefix(#"{"prediction":{"paid":"yes","urgent":"0"},"probabilities":{"paid":0.5,"urgent":"#))
  let one = Preparation.Outputs.values(columns: ["price"], scaling: .unscaled(1))
  #expect(try json(model([2.5], .identity, .meanSquaredError, one)) == #"{"prediction":2.5}"#)
  #expect(
    try json(model([2.5], .identity, .meanSquaredError, one, interval: (0.9, [2])))
      == #"{"interval":{"level":0.9,"lower":0.5,"upper":4.5},"prediction":2.5}"#)
  let two = Preparation.Outputs.values(columns: ["a", "b"], scaling: .unscaled(2))
  #expect(
    try json(model([1, 2], .identity, .meanSquaredError, two, interval: (0.5, [1, 1])))
      == #"{"interval":{"a":{"level":0.5,"lower":0,"upper":2},"b":{"level":0.5,"lower":1,"upper":3}},"#
      + #""prediction":{"a":1,"b":2}}"#)
  let levels = [0.25, 0.5]
  let quantiles = Preparation.Outputs.quantiles(columns: ["q"], levels: levels, scaling: .unscaled(1))
  #expect(
    try json(model([1, 2], .identity, .quantiles(levels), quantiles))
      == #"{"prediction":2,"quantiles":{"0.25":1,"0.5":2}}"#)
  let tails = Preparation.Outputs.quantiles(columns: ["q"], levels: [0.25], scaling: .unscaled(1))
  #expect(try json(model([1], .identity, .quantiles([0.25]), tails)) == #"{"quantiles":{"0.25":1}}"#)
  #expect(try Predictor(classes).predict(["x": 1]).probabilities == ["no": 0.5, "\"yes\"": 0.5])
  #expect(try Predictor(model([2.5], .identity, .meanSquaredError, one)).predict(["x": 1]).probabilities.isEmpty)
}

@Test("Samples are read from JSON: a record, a row, or a list of them")
func samplesInJSON() throws {
  func read(_ json: String) throws(PredictionError) -> JSONSamples {
    try JSONSamples(json: Array(json.utf8), atMost: 3)
  }
  #expect(try read(#"{"x": 1}"#).isList == false)
  #expect(try read("[1, null, true]").samples.count == 1 && read("[1]").isList == false)
  #expect(try read(#"[{"x": 1}, [2], {"x": 3}]"#).samples.count == 3)
  #expect(try read(" [ ] ").samples.isEmpty && read("[]").isList)
  for (json, sample, text) in [
    (#"[{"x": 1}, {"x": [2]}]"#, 1, "\"x\""), (#"[{"x": 1, "x": 2}]"#, 0, "given twice"), ("[[1], [[2]]]", 1, "\"1\""),
  ] {
    let error = #expect(throws: PredictionError.self) { try read(json) }
    guard case .input(_, let place)? = error else {
      Issue.record("\(json): \(String(describing: error))")
      continue
    }
    #expect(place == sample && "\(error!)".contains(text))
  }
  for json in ["", "1", "[1", #"[{"x": 1}"#, #"[{"x": 1} {"x": 2}]"#, "[] []", #"{"x": 1}]"#, "[[1], [1], [1], [1]]"] {
    let error = #expect(throws: PredictionError.self) { try read(json) }
    if case .notARecord? = error {} else { Issue.record("\(json): \(String(describing: error))") }
  }
}
