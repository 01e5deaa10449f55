import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import PerceptronServing
import Tensor

extension FuzzTarget {
  static let model = FuzzTarget(
    name: "model",
    seeds: {
      [
        classifier().encoded, regression().encoded, images().encoded, ensemble().encoded, labels().encoded,
        quantiles().encoded,
      ]
    },
    words: safeTensorsWords + [
      "\\\"dense\\\"", "\\\"inputs\\\"", "\\\"outputs\\\"", "\\\"activation\\\"", "\\\"normalization\\\"",
      "\\\"batch\\\"", "\\\"layer\\\"",
      "\\\"dropout\\\"", "\\\"softmax\\\"", "\\\"sigmoid\\\"", "\\\"relu\\\"", "\\\"identity\\\"", "\"cross-entropy\"",
      "\"mse\"", "\"quadratic\"", "\"binary-cross-entropy\"", "networks", "preparation", "training", "loss",
      "layers", "version", "checksum", "perceptron", "\\\"quantile\\\"", "\\\"standard\\\"", "\\\"none\\\"",
      "\\\"quantiles\\\"", "interval", "\\\"level\\\"", "\\\"margins\\\"", "\"quantiles:0.1,0.9\"", "\"tweedie:1.5\"",
      "\"poisson\"",
      "\\\"exponential\\\"", "\\\"mean\\\"",
      "\\\"offsets\\\"", "\\\"factors\\\"", "\\\"image\\\"", "\\\"columns\\\"", "\\\"texts\\\"", "\\\"mean\\\"",
      "\\\"classes\\\"", "\\\"labels\\\"", "\\\"targets\\\"", "\\\"targetScaling\\\"", "1e999", "5e-324", "null",
    ],
    read: { bytes in
      if readModel(bytes)?.code == "wrongChecksum" { readModel(withChecksum(bytes)) }
    })
}

/// Reads and uses a model; gives the error that there is.
@discardableResult private func readModel(_ bytes: [UInt8]) -> FileError? {
  do throws(FileError) {
    let model = try withinBudget(bytes.count) { () throws(FileError) in
      try TrainedModel<Float>(ModelFile(bytes, path: "model"))
    }
    _ = try TrainedModel<Double>(ModelFile(bytes, path: "model"))
    use(model)
    let written = model.encoded
    let copy = try TrainedModel<Float>(ModelFile(written, path: "model"))
    guard copy.encoded == written else { fail("the model is not read back as it was written") }
    return nil
  } catch {
    check(error)
    return error
  }
}

/// A file with the checksum that its bytes have, if it has a place for one: else hardly a mutation would get further.
func withChecksum(_ bytes: [UInt8]) -> [UInt8] {
  let key = Array("\"checksum\":\"".utf8)
  let places = 0..<max(bytes.count - key.count - 8, 0)
  guard
    let start = places.first(where: { bytes[$0] == key[0] && bytes[$0 + 1] == key[1] && bytes[$0...].starts(with: key) }
    )
  else { return bytes }
  let digits = start + key.count
  var bytes = bytes
  bytes.replaceSubrange(digits..<digits + 8, with: SafeTensors.checksum(of: bytes, at: digits).utf8)
  return bytes
}

/// What safetensors headers are made of.
let safeTensorsWords = [
  "\"__metadata__\"", "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"F32\"", "\"F64\"", "\\u0000", "\\ud83d\\ude00",
  "9223372036854775807", "4294967296", "{}", "[]", "[0]", "0.weight", "0.bias", "1.running_var",
]

/// Answers for one sample, of nothing and of the largest numbers.
func use(_ model: TrainedModel<Float>) {
  for value: Float in [0, .greatestFiniteMagnitude] {
    let answers = model.predict(prepared: Matrix(rows: model.preparation.inputCount, columns: 1, repeating: value))
    if answers.rows != model.preparation.outputCount { fail("\(answers.shape) answers") }
  }
  guard case .columns(let columns) = model.preparation.inputs else { return }
  let rows = [
    columns.map { _ in InputValue.missing }, columns.map { $0.featureCount == 1 ? InputValue.missing : .text("x") },
  ]
  if let features: Matrix<Float> = try? model.preparation.features(of: rows) { _ = model.predict(prepared: features) }
  serve(model, rows + [columns.map { _ in .number(-.infinity) }, []])
}

/// The same by a predictor, of which each answer is one or a refusal in one line.
private func serve(_ model: TrainedModel<Float>, _ rows: [[InputValue]]) {
  for missing in [MissingValuePolicy.replaced, .refused] {
    let predictor = Predictor(model, missing: missing)
    for row in rows {
      do throws(PredictionError) { _ = try predictor.predict(row) } catch { check(error) }
    }
    for value: Float in [0, .greatestFiniteMagnitude, .nan] {
      let samples = Matrix(rows: predictor.columns.count, columns: 3, repeating: value)
      do throws(PredictionError) { _ = try predictor.predict(samples) } catch { check(error) }
    }
  }
}

// MARK: - Seeds

private func network(_ layers: [Dense]) -> Network<Float> {
  var generator = Philox(seed: 1)
  return Network(layers, initializer: .glorotUniform, using: &generator)
}

private func classifier() -> TrainedModel<Float> {
  TrainedModel(
    network: network([Dense(4, 3, .relu, normalization: .batch, dropout: 0.5), Dense(3, 2, .softmax)]),
    loss: .crossEntropy,
    preparation: Preparation(
      inputs: .columns([.number(name: "a", mean: 1), .category(name: "b", values: ["", "x", "ü\n"])]),
      inputScaling: Scaling(method: .standard, offsets: [1], factors: [2]),
      outputs: .classes(["no", "yes"], column: "c")), training: ["epochs": "3"])
}

private func regression() -> TrainedModel<Float> {
  TrainedModel(
    network: network([Dense(2, 2, .tanh, normalization: .layer), Dense(2, 1, .identity)]), loss: .meanSquaredError,
    preparation: Preparation(
      inputs: .columns([.number(name: "a", mean: 1), .number(name: "b", mean: 2)]),
      inputScaling: Scaling([Quantiles([1, 2, 3]), Quantiles([0])]),
      outputs: .values(columns: ["c"], scaling: Scaling([Quantiles([-1, 0, 0, 5])]))))
}

private func images() -> TrainedModel<Float> {
  TrainedModel(
    network: network([Dense(4, 2, .sigmoid)]), loss: .quadratic,
    preparation: Preparation(
      inputs: .pixels(shape: [2, 2]),
      inputScaling: Scaling(method: .none, offsets: [0, 0, 0, 0], factors: [1, 1, 1, 1]),
      outputs: .classes(["0", "1"], column: nil)))
}

private func labels() -> TrainedModel<Float> {
  TrainedModel(
    network: network([Dense(1, 2, .sigmoid)]), loss: .binaryCrossEntropy,
    preparation: Preparation(
      inputs: .columns([.number(name: "a", mean: 1)]),
      inputScaling: Scaling(method: .minMax, offsets: [1], factors: [2]),
      outputs: .labels(columns: ["b", "c"], classes: [["0", "1"], ["no", "yes"]])))
}

private func ensemble() -> TrainedModel<Float> {
  TrainedModel(
    networks: [network([Dense(1, 1)]), network([Dense(1, 1)])], loss: .meanSquaredError,
    preparation: Preparation(
      inputs: .columns([.number(name: "a", mean: 1)]),
      inputScaling: Scaling(method: .robust, offsets: [1], factors: [2]),
      outputs: .values(columns: ["b"], scaling: Scaling(method: .standard, offsets: [1], factors: [2]))))
}

private func quantiles() -> TrainedModel<Float> {
  let outputs = Preparation.Outputs.quantiles(
    columns: ["b", "c"], levels: [0.1, 0.9], scaling: Scaling(method: .standard, offsets: [1, 0], factors: [2, 1]))
  return TrainedModel(
    network: network([Dense(1, 4)]), loss: .quantiles([0.1, 0.9]),
    preparation: Preparation(
      inputs: .columns([.number(name: "a", mean: 1)]), inputScaling: .unscaled(1), outputs: outputs),
    interval: PredictionInterval(level: 0.8, margins: [1, -2], for: outputs))
}
