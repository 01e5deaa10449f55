import Glibc
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import Tensor
import Testing

private func preparation(_ outputs: Preparation.Outputs) -> Preparation {
  Preparation(
    inputs: .columns(["a", "b", "c"].map { .number(name: $0, mean: 0) }),
    inputScaling: Scaling(method: .none, offsets: [0, 0, 0], factors: [1, 1, 1]), outputs: outputs)
}

private let classes = preparation(.classes(["x", "y", "z"], column: "class"))
private let labels = preparation(
  .labels(columns: ["p", "q"], classes: [["no", "yes"], ["no", "yes"]]))

/// Models whose last layers are plain and normalised.
private func model<Scalar>(
  _ activation: Activation, networks count: Int = 1, normalization: Normalization = .none
) -> TrainedModel<Scalar> {
  let isLabels = activation == .sigmoid
  let networks = (0..<count).map { seed in
    var generator = Philox(seed: UInt64(seed))
    return Network<Scalar>(
      [Dense(3, 5, .tanh), Dense(5, isLabels ? 2 : 3, activation, normalization: normalization)], initializer: .normal,
      using: &generator)
  }
  return TrainedModel(
    networks: networks, loss: isLabels ? .binaryCrossEntropy : .crossEntropy, preparation: isLabels ? labels : classes)
}

private func features<Scalar>(_ count: Int) -> Matrix<Scalar> {
  var generator = Philox(seed: 100)
  var features = Matrix<Scalar>(rows: 3, columns: count)
  features.fillNormal(using: &generator)
  return features
}

/// The logits of each network, with one hidden layer and a plain last one, for each sample: by the formula.
private func logits<Scalar>(_ model: TrainedModel<Scalar>, _ features: Matrix<Scalar>) -> [[[Double]]] {
  model.networks.map { network in
    let weights = (0...1).map { network[layer: $0, .weights] }
    let bias = (0...1).map { network[layer: $0, .bias] }
    func sums(_ layer: Int, _ inputs: [Double]) -> [Double] {
      (0..<weights[layer].rows).map { row in
        inputs.indices.reduce(Double(bias[layer][row, 0])) { $0 + Double(weights[layer][row, $1]) * inputs[$1] }
      }
    }
    return (0..<features.columns).map { sample in
      sums(1, sums(0, (0..<3).map { Double(features[$0, sample]) }).map { tanh($0) })
    }
  }
}

/// The probabilities at a temperature, by the formulas of softmax and sigmoid.
private func probabilities(_ logits: [Double], _ temperature: Double, _ activation: Activation) -> [Double] {
  if activation == .sigmoid { return logits.map { 1 / (1 + exp(-$0 / temperature)) } }
  let powers = logits.map { exp(($0 - logits.max()!) / temperature) }
  return powers.map { $0 / powers.reduce(0, +) }
}

/// The mean of the networks' probabilities for each sample.
private func meanAnswers(_ logits: [[[Double]]], _ temperature: Double, _ activation: Activation) -> [[Double]] {
  logits[0].indices.map { sample in
    let parts = logits.map { probabilities($0[sample], temperature, activation) }
    return parts[0].indices.map { row in parts.reduce(0) { $0 + $1[row] } / Double(parts.count) }
  }
}

/// Targets that are drawn with these probabilities.
private func targets<Scalar: BLASScalar>(_ answers: [[Double]], _ activation: Activation) -> Matrix<Scalar> {
  var generator = Philox(seed: 7)
  var targets = Matrix<Scalar>(rows: answers[0].count, columns: answers.count)
  for (sample, answer) in answers.enumerated() {
    if activation == .sigmoid {
      for (row, answer) in answer.enumerated() where generator.nextUniform() < answer { targets[row, sample] = 1 }
    } else {
      var left = generator.nextUniform()
      let row = answer.firstIndex { answer in
        left -= answer
        return left < 0
      }
      targets[row ?? 2, sample] = 1
    }
  }
  return targets
}

@Test(
  "The temperature is the one at which a grid of temperatures has its least loss, and predictions are those at it",
  arguments: [(Activation.softmax, 1), (.softmax, 3), (.sigmoid, 1), (.sigmoid, 3)], [0.4, 2.5])
func temperature(_ kind: (activation: Activation, networks: Int), _ truth: Double) throws {
  func check<Scalar: BLASScalar>(_: Scalar.Type, tolerance: Double) throws {
    let model: TrainedModel<Scalar> = model(kind.activation, networks: kind.networks)
    let features: Matrix<Scalar> = features(600)
    let logits = logits(model, features)
    func answers(_ temperature: Double) -> [[Double]] {
      meanAnswers(logits, temperature, kind.activation)
    }
    let samples = Samples<Scalar>(features: features, targets: targets(answers(truth), kind.activation))
    let (calibrated, calibration) = try model.calibrated(on: samples)
    let temperature = calibration.temperature
    #expect(calibration.uniformShare == 0 && calibrated.uniformShare == 0)
    func loss(_ temperature: Double) -> Double {
      let answers = answers(temperature)
      // The mean loss if the classes were unknown.
      let unknown = answers.flatMap(\.self).reduce(0.0) { sum, answer in
        sum - (kind.activation == .softmax ? log(answer) / 9 : (log(answer) + log(1 - answer)) / 4)
      }
      let others = unknown / Double(answers.count) + log(temperature) * log(temperature) / 2
      return answers.enumerated().reduce(others) { sum, sample in
        sum
          - sample.element.enumerated().reduce(0.0) { sum, answer in
            let isTrue = samples.targets[answer.offset, sample.offset] == 1
            if kind.activation == .softmax { return isTrue ? log(answer.element) : sum }
            return sum + log(isTrue ? answer.element : 1 - answer.element)
          }
      }
    }
    // Steps of two percent.
    let grid = (-150...150).map { exp(Double($0) / 50) }
    let best = zip(grid, grid.map(loss)).min { $0.1 < $1.1 }!.0
    #expect(abs(log(temperature / best)) < 0.0101 && abs(log(temperature / truth)) < 0.3)
    #expect(loss(temperature) <= loss(best))
    let outputs = calibrated.outputs(prepared: features)
    for (sample, answer) in answers(temperature).enumerated() {
      for (row, answer) in answer.enumerated() { #expect(abs(Double(outputs[row, sample]) - answer) < tolerance) }
    }
    if kind.networks == 1, kind.activation == .softmax {
      #expect(calibrated.classes(prepared: features) == model.classes(prepared: features))
    }
    #expect(calibrated.training["temperature"] == "\(temperature)")
    let again = try calibrated.calibrated(on: samples)
    #expect(abs(again.calibration.temperature - 1) < 0.02)
    #expect(abs(Double(again.model.training["temperature"]!)! - temperature * again.calibration.temperature) < 1e-9)
  }
  try check(Float.self, tolerance: 1e-5)
  try check(Double.self, tolerance: 1e-12)
}

@Test(
  "The temperature of a normalised last layer goes into its scale and shift", arguments: [Normalization.layer, .rms])
func normalizedLastLayer(normalization: Normalization) throws {
  let model: TrainedModel<Double> = model(.softmax, normalization: normalization)
  let features: Matrix<Double> = features(200)
  let samples = Samples(features: features, targets: oneHot((0..<200).map { $0 % 3 }, classes: 3))
  let (calibrated, calibration) = try model.calibrated(on: samples)
  let temperature = calibration.temperature
  #expect(temperature > 1.2)
  let (before, after) = (model.outputs(prepared: features), calibrated.outputs(prepared: features))
  for sample in 0..<200 {
    // log p = z − log Σ exp z, whose constant softmax does not see.
    let expected = probabilities((0..<3).map { log(before[$0, sample]) }, temperature, .softmax)
    for row in 0..<3 { #expect(abs(after[row, sample] - expected[row]) < 1e-12) }
  }
}

@Test(
  "If some answers know nothing, a uniform share is found, and the answers are those of the formula",
  arguments: [Activation.softmax, .sigmoid], [1, 3])
func uniformShare(_ activation: Activation, networks: Int) throws {
  func check<Scalar: BLASScalar>(_: Scalar.Type, tolerance: Double) throws {
    var model: TrainedModel<Scalar> = model(activation, networks: networks)
    model = model.applying(Calibration(temperature: 0.3, uniformShare: 0))
    let features: Matrix<Scalar> = features(3000)
    let logits = logits(model, features)
    let uniform = activation == .softmax ? 1 / 3.0 : 0.5
    func answers(_ temperature: Double, _ share: Double) -> [[Double]] {
      meanAnswers(logits, temperature, activation).map { $0.map { (1 - share) * $0 + share * uniform } }
    }
    // One answer in five is drawn without a look at the sample.
    let samples = Samples<Scalar>(features: features, targets: targets(answers(1, 0.2), activation))
    let (calibrated, calibration) = try model.calibrated(on: samples)
    let (temperature, share) = (calibration.temperature, calibration.uniformShare)
    #expect(abs(share - 0.2) < 0.05 && abs(log(temperature)) < 0.3, "\(temperature)")
    #expect(calibrated.uniformShare == share && calibrated.training["uniform share"] == "\(share)")

    // The share and the temperature are better than any near them.
    func loss(_ answers: [[Double]]) -> Double {
      answers.enumerated().reduce(0.0) { sum, sample in
        sum
          - sample.element.enumerated().reduce(0.0) { sum, answer in
            let isTrue = samples.targets[answer.offset, sample.offset] == 1
            if activation == .softmax { return isTrue ? sum + log(answer.element) : sum }
            return sum + log(isTrue ? answer.element : 1 - answer.element)
          }
      }
    }
    let found = loss(answers(temperature, share))
    for (factor, change) in [(0.9, 0.0), (1.1, 0), (1, -0.02), (1, 0.02), (0.95, 0.01), (1.05, -0.01)] {
      #expect(found < loss(answers(temperature * factor, share + change)))
    }

    let expected = answers(temperature, share)
    let outputs = calibrated.outputs(prepared: features)
    var difference = 0.0
    for (sample, answer) in expected.enumerated() {
      for (row, answer) in answer.enumerated() {
        difference = max(difference, abs(Double(outputs[row, sample]) - answer))
      }
    }
    #expect(difference < tolerance)
    #expect(
      calibrated.meanLoss(ofOutputs: outputs, on: samples)
        < model.meanLoss(
          ofOutputs: model.outputs(prepared: features), on: samples))
    if networks == 1, activation == .softmax {
      #expect(calibrated.classes(prepared: features) == model.classes(prepared: features))
    }

    // The file and a second calibration.
    let file = try ModelFile(calibrated.encoded, path: "m")
    #expect(file.uniformShare == share)
    #expect(try TrainedModel<Scalar>(file).outputs(prepared: features) == outputs)
    let again = try calibrated.calibrated(on: samples)
    #expect(abs(again.calibration.uniformShare - share) < 0.002 && abs(again.calibration.temperature - 1) < 0.01)
  }
  try check(Float.self, tolerance: 1e-5)
  try check(Double.self, tolerance: 1e-12)
}

@Test("A uniform share that a model cannot have is refused")
func badUniformShares() async throws {
  let model: TrainedModel<Float> = model(.softmax)
  let shared = TrainedModel(network: model.network, loss: .crossEntropy, preparation: classes, uniformShare: 0.25)
  #expect(shared.encoded != model.encoded)
  let tensors = try SafeTensors(bytes: shared.encoded, path: "m")
  let keys = ["format", "version", "layers", "loss", "preparation", "training"]
  var metadata = Dictionary(uniqueKeysWithValues: keys.map { ($0, tensors.text($0)!) })
  #expect(metadata["version"] == "3")
  for text in ["1", "-0.1", "nan", "a quarter", ""] {
    metadata["uniform"] = text
    let bytes = try SafeTensors.encode(
      tensors.entries.map { entry in
        SafeTensors.Tensor(name: entry.name, shape: entry.shape, values: try tensors.values(of: entry.name) as [Float])
      }, metadata: metadata)
    let error = #expect(throws: FileError.self) { _ = try ModelFile(bytes, path: "m") }
    #expect("\(error!)".contains("uniform"), "\(text)")
  }
  await #expect(processExitsWith: .failure) {
    _ = TrainedModel(
      network: Network<Float>([Dense(3, 3, .softmax)]), loss: .meanSquaredError, preparation: classes,
      uniformShare: 0.25)
  }
  await #expect(processExitsWith: .failure) {
    _ = TrainedModel(
      network: Network<Float>([Dense(3, 3, .softmax)]), loss: .crossEntropy, preparation: classes, uniformShare: 1)
  }
}

@Test("The temperature is the same for any number of threads")
func threads() throws {
  let model: TrainedModel<Float> = model(.softmax, networks: 3)
  let features: Matrix<Float> = features(3000)
  let samples = Samples(features: features, targets: oneHot((0..<3000).map { $0 * $0 % 3 }, classes: 3))
  let alone = try model.calibrated(on: samples)
  let together = try model.calibrated(on: samples, team: Team(workers: 3))
  #expect(alone.calibration == together.calibration)
  #expect(zip(alone.model.networks, together.model.networks).allSatisfy { $0.parameters == $1.parameters })
}

@Test("If every sample is right, certain answers become less certain, and useless outputs have a high temperature")
func limits() throws {
  // One network whose logits are 0 and 10, and no sample is wrong. At T, the loss of a sample is log(1 + 2 exp(−10/T)),
  // and if its class is unknown, 20/3/T more, which counts a third.
  var network = Network<Double>([Dense(3, 3, .softmax)])
  network[layer: 0, .weights] = [[10, 0, 0], [0, 10, 0], [0, 0, 10]]
  let model = TrainedModel(network: network, loss: .crossEntropy, preparation: classes)
  let rows = (0..<60).map { $0 % 3 }
  let right = Samples<Double>(features: oneHot(rows, classes: 3), targets: oneHot(rows, classes: 3))
  func objective(_ temperature: Double) -> Double {
    let logarithm = log(1 + 2 * exp(-10 / temperature))
    return (60 + 1 / 3.0) * logarithm + 20 / 9 / temperature + log(temperature) * log(temperature) / 2
  }
  let best = (100...300).map { Double($0) / 100 }.min { objective($0) < objective($1) }!
  #expect(abs(try model.calibrated(on: right).calibration.temperature - best) < 0.01 && best > 1.2)
  let random = Samples<Double>(
    features: oneHot(rows, classes: 3), targets: oneHot(rows.map { ($0 + 1) % 3 }, classes: 3))
  #expect(try model.calibrated(on: random).calibration.temperature > 15)
}

@Test("Samples that do not suffice are an error")
func tooLittle() throws {
  let model: TrainedModel<Float> = model(.softmax)
  func error(_ labels: [Int], _ features: Matrix<Float>) -> String? {
    do {
      _ = try model.calibrated(on: Samples(features: features, targets: oneHot(labels, classes: 3)))
      return nil
    } catch { return "\(error)" }
  }
  let labels = (0..<60).map { $0 % 3 }
  #expect(error(Array(labels.prefix(19)), features(19)) == "found 19 samples, expected at least 20")
  #expect(error(labels.map { _ in 1 }, features(60)) == "all samples are of one class, expected at least two")
  #expect(error(labels, Matrix(rows: 3, columns: 60, repeating: .infinity)) == "the model's outputs are not finite")
  #expect(error(labels, features(60)) == nil)
}

@Test("Models without probabilities cannot be calibrated")
func withoutProbabilities() async {
  let model: TrainedModel<Float> = model(.softmax)
  let other = TrainedModel(network: model.network, loss: .meanSquaredError, preparation: classes)
  #expect(model.hasProbabilities && !other.hasProbabilities)
  let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    let network = Network<Float>([Dense(3, 3, .softmax)])
    let model = TrainedModel(network: network, loss: .meanSquaredError, preparation: classes)
    _ = try model.calibrated(
      on: Samples(features: features(60), targets: oneHot((0..<60).map { $0 % 3 }, classes: 3)))
  }
  let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  #expect(message.contains("cannot calibrate mse of "))
}
