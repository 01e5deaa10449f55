import Glibc
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronModelFiles
import Tensor
import Testing

private func values(_ columns: [String] = ["y"]) -> Preparation.Outputs {
  .values(
    columns: columns,
    scaling: Scaling(method: .standard, offsets: columns.map { _ in 100 }, factors: columns.map { _ in 0.25 }))
}

private func quantiles(_ levels: [Double], columns: [String] = ["y"]) -> Preparation.Outputs {
  .quantiles(columns: columns, levels: levels, scaling: .unscaled(columns.count))
}

private func uniform(_ rows: Int, _ columns: Int, _ generator: inout Philox) -> Matrix<Double> {
  var matrix = Matrix<Double>(rows: rows, columns: columns)
  matrix.fillUniform(0...1, using: &generator)
  return matrix
}

/// A model of one feature x for these outputs, of random weights: it knows nothing.
private func model(_ outputs: Preparation.Outputs, _ loss: Loss, seed: UInt64 = 1, networks: Int = 1) -> TrainedModel<
  Double
> {
  TrainedModel(
    networks: (0..<networks).map { number in
      var generator = Philox(seed: seed + UInt64(number))
      return Network(
        .chain([1, 8, outputs.names.count], hidden: .tanh, output: loss.accepts(.identity) ? .identity : .exponential),
        initializer: .normal, using: &generator)
    }, loss: loss,
    preparation: Preparation(
      inputs: .columns([.number(name: "x", mean: 0.5)]), inputScaling: .unscaled(1), outputs: outputs))
}

/// Samples whose noise grows with x.
private func samples(_ count: Int, seed: UInt64, repeating: Int = 1) -> Samples<Double> {
  var generator = Philox(seed: seed)
  let x = uniform(1, count, &generator)
  var noise = Matrix<Double>(rows: 1, columns: count)
  noise.fillNormal(using: &generator)
  let y = (0..<count).map { 3 * x[0, $0] + (0.1 + 2 * x[0, $0]) * noise[0, $0] }
  return Samples(
    features: x,
    targets: Matrix(rows: repeating, columns: count, columnMajor: y.flatMap { repeatElement($0, count: repeating) }))
}

@Suite("A prediction interval") struct PredictionIntervalTests {
  @Test func `has the ⌈(n + 1) level⌉-th smallest residual as its margin`() throws {
    // The residuals are 1 to 9, in another order and with both signs.
    let residuals = [3.0, -1, 9, 4, -5, 7, -2, 8, 6]
    let answers = Matrix<Double>(rows: 1, columns: 9, repeating: 50)
    let actual = Matrix(rows: 1, columns: 9, columnMajor: residuals.map { 50 + $0 })
    for (level, margin) in [(0.9, 9.0), (0.8, 8), (0.75, 8), (0.5, 5), (0.1, 1), (0.01, 1)] {
      let interval = try PredictionInterval(level: level, answers: answers, values: actual, outputs: values())
      #expect(interval.margins == [margin], "\(level)")
      #expect(interval.bounds(of: [[10, 20]]) == [[10 - margin, 20 - margin], [10 + margin, 20 + margin]])
      // Of nine values, those up to the margin.
      #expect(interval.coverages(answers: answers, values: actual) == [margin / 9])
      #expect(interval.meanWidths(answers: answers) == [2 * margin])
    }
  }

  @Test func `needs level / (1 − level) samples`() {
    for (level, needed) in [(0.9, 9), (0.95, 19), (0.99, 99), (0.8, 4), (0.5, 1), (0.875, 7), (0.999, 999)] {
      #expect(PredictionInterval.error(level: level, samples: needed, values()) == nil)
      let error = PredictionInterval.error(level: level, samples: needed - 1, values())
      #expect(error == .tooFewSamples(found: needed - 1, needed: needed), "\(level)")
    }
    #expect(
      IntervalError.tooFewSamples(found: 5, needed: 9).description
        == "found 5 validation samples, expected 9 or more for this level; add validation samples or choose a lower"
        + " level")
  }

  @Test func `covers new values as often as promised, on average over calibrations`() throws {
    // With 19 samples and a level of 0.9 the 18th smallest of 20 equally likely places: 18 / 20. The share of one
    // calibration has the distribution Beta(18, 2), whose standard deviation is 0.065; the mean of 500 has 0.003.
    var generator = Philox(seed: 11)
    var sum = 0.0
    for _ in 0..<500 {
      let calibration = uniform(1, 19, &generator)
      let interval = try PredictionInterval(
        level: 0.9, answers: Matrix(rows: 1, columns: 19), values: calibration, outputs: values())
      // The share of values up to the margin is the margin.
      sum += interval.margins[0]
    }
    #expect(abs(sum / 500 - 0.9) < 0.012)
  }

  @Test(arguments: [0.5, 0.9, 0.95])
  func `of a model that knows nothing covers fresh data as often as promised`(level: Double) throws {
    let plain = model(.values(columns: ["y"], scaling: .unscaled(1)), .meanSquaredError)
    let levels = [(1 - level) / 2, 0.5, (1 + level) / 2]
    let several = model(quantiles(levels), .quantiles(levels))
    for (model, repeating) in [(plain, 1), (several, 3)] {
      let calibrated = try model.withInterval(
        level: level, calibratedOn: samples(2000, seed: 2, repeating: repeating))
      let interval = try #require(calibrated.interval)
      let fresh = samples(20_000, seed: 3, repeating: repeating)
      let answers = calibrated.predict(prepared: fresh.features)
      let coverage = interval.coverages(answers: answers, values: model.preparation.values(of: fresh.targets))[0]
      // Four standard deviations of Beta(k, n + 1 − k) with a binomial share of 20 000.
      let deviation = (level * (1 - level) * (1 / 2002.0 + 1 / 20_000.0)).squareRoot()
      #expect(abs(coverage - level) < 4 * deviation, "\(model.loss) \(coverage)")
      // The bounds say the same.
      let bounds = interval.bounds(of: answers)
      let within = (0..<20_000).count { (bounds[0, $0]...bounds[1, $0]).contains(fresh.targets[0, $0]) }
      #expect(abs(Double(within) / 20_000 - coverage) < 1e-3)
    }
  }

  @Test func `of quantiles follows them, and meets in the middle rather than cross`() throws {
    let outputs = quantiles([0.05, 0.5, 0.95])
    // Lower and upper answers 0 and 10; the scores are max(−y, y − 10).
    let answers = Matrix<Double>(samples: (0..<9).map { _ in [0, 4, 10] })
    let interval = try PredictionInterval(
      level: 0.9, answers: answers, values: [[5, 5, 5, -2, 4, 6, 11, 5, 3]], outputs: outputs)
    #expect(interval.margins == [2])
    #expect(interval.bounds(of: [[1, 0], [2, 1], [3, 8]]) == [[-1, -2], [5, 10]])
    // All values are well within: the margin is negative.
    let narrow = try PredictionInterval(
      level: 0.9, answers: answers, values: [[5, 5, 5, 7, 4, 6, 5, 5, 3]], outputs: outputs)
    #expect(narrow.margins == [-3])
    #expect(narrow.bounds(of: [[0, 0], [4, 1], [10, 2]]) == [[3, 1], [7, 1]])
  }

  @Test func `lies around the median if there is no pair of its level, and is refused without one`() throws {
    let interval = try PredictionInterval(
      level: 0.5, answers: [[0], [5], [9]], values: [[7]], outputs: quantiles([0.05, 0.5, 0.95]))
    #expect(interval.margins == [2] && interval.bounds(of: [[1], [2], [3]]) == [[0], [4]])
    #expect(throws: IntervalError.noFittingQuantiles(level: 0.8, levels: [0.05, 0.95])) {
      try PredictionInterval(level: 0.8, answers: [[0], [9]], values: [[7]], outputs: quantiles([0.05, 0.95]))
    }
    #expect(
      IntervalError.noFittingQuantiles(level: 0.8, levels: [0.05, 0.95]).description
        == "found the quantiles 0.05,0.95, expected 0.1 and 0.9, or 0.5, among them")
    #expect(throws: IntervalError.notFinite) {
      try PredictionInterval(level: 0.5, answers: [[.nan]], values: [[7]], outputs: values())
    }
  }

  @Test func `of several targets has a margin for each`() throws {
    let outputs = quantiles([0.25, 0.75], columns: ["a", "b"])
    let interval = try PredictionInterval(
      level: 0.5, answers: [[0], [1], [10], [20]], values: [[3], [5]], outputs: outputs)
    #expect(interval.margins == [2, 5])
    #expect(interval.bounds(of: [[1], [2], [3], [4]]) == [[-1], [4], [-2], [9]])
    #expect(PredictionInterval.names(outputs) == ["a lower", "a upper", "b lower", "b upper"])
  }

  @Test func `of counts does not begin below 0`() {
    let outputs = Preparation.Outputs.values(
      columns: ["n"], scaling: Scaling(method: .mean, offsets: [0], factors: [1]))
    let interval = PredictionInterval(level: 0.9, margins: [2], for: outputs)
    #expect(interval.bounds(of: [[1, 5]]) == [[0, 3], [3, 7]])
  }

  @Test func `of limited answers stays within the limits`() {
    let scaling = Scaling(method: .none, offsets: [0, 0], factors: [1, 1]).withLimits([0...10, -5...5])
    let interval = PredictionInterval(
      level: 0.9, margins: [2, 1], for: .values(columns: ["a", "b"], scaling: scaling))
    #expect(interval.bounds(of: [[1, 9], [-5, 0]]) == [[0, 7], [3, 10], [-5, -1], [-4, 1]])
    // The largest value of the data, rounded, is within its limits.
    #expect(interval.coverages(answers: [[9], [0]], values: [[10.000001], [5.000001]]) == [1, 0])
    // 10.5 is within the margin of 9, but beyond the limit.
    #expect(interval.coverages(answers: [[9, 9], [0, 0]], values: [[10, 10.5], [1, 1]]) == [0.5, 1])
  }

  @Test func `is not for classes`() {
    let classifier = TrainedModel(
      network: Network<Double>([Dense(1, 2, .softmax)]), loss: .crossEntropy,
      preparation: Preparation(
        inputs: .columns([.number(name: "x", mean: 0.5)]), inputScaling: .unscaled(1),
        outputs: .classes(["no", "yes"], column: "y")))
    #expect(throws: IntervalError.notValues) {
      try classifier.withInterval(level: 0.9, calibratedOn: samples(10, seed: 1, repeating: 2))
    }
  }

  @Test func `that contradicts the outputs ends the program`() async {
    let level = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = PredictionInterval(level: 1, margins: [1], for: .values(columns: ["y"], scaling: .unscaled(1)))
    }
    #expect(
      level.map { String(decoding: $0.standardErrorContent, as: UTF8.self) }?.contains(
        "cannot make intervals of the level 1.0 with the margins [1.0]") == true)
    let margins = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = PredictionInterval(level: 0.9, margins: [-1], for: .values(columns: ["y"], scaling: .unscaled(1)))
    }
    #expect(margins != nil)
  }
}

// MARK: - Quantiles and files

@Test("Quantiles are answered in ascending order, whatever the outputs are")
func sortedQuantiles() {
  let outputs = Preparation.Outputs.quantiles(
    columns: ["a", "b"], levels: [0.1, 0.5, 0.9],
    scaling: Scaling(method: .standard, offsets: [100, 0], factors: [0.5, 1]))
  #expect(outputs.names == ["a 0.1", "a 0.5", "a 0.9", "b 0.1", "b 0.5", "b 0.9"])
  let preparation = Preparation(
    inputs: .columns([.number(name: "x", mean: 0.5)]), inputScaling: .unscaled(1), outputs: outputs)
  #expect(preparation.outputCount == 6 && preparation.task == .regression)
  let found = preparation.answers([[3, 1], [1, 2], [2, 3], [0, 7], [0, 5], [-1, 6]] as Matrix<Float>)
  #expect(found == [[102, 102], [104, 104], [106, 106], [-1, 5], [0, 6], [0, 7]])
  #expect(preparation.values(of: [[3], [3], [3], [4], [4], [4]] as Matrix<Float>) == [[106], [4]])
}

@Test("Quantiles and intervals are read back as they were written; older files have none")
func distributionFiles() throws {
  let levels = [0.05, 0.5, 0.95]
  let models = [
    model(values(["a", "b"]), .meanSquaredError),
    model(quantiles(levels, columns: ["a", "b"]), .quantiles(levels), networks: 2),
    model(.values(columns: ["n"], scaling: Scaling(method: .mean, offsets: [0], factors: [0.5])), .tweedie(1.25)),
  ]
  for model in models {
    let margins = model.preparation.outputs.targets!.columns.map { _ in 1 / 3.0 }
    let with = TrainedModel(
      networks: model.networks, loss: model.loss, preparation: model.preparation,
      interval: PredictionInterval(level: 0.9, margins: margins, for: model.preparation.outputs))
    for model in [model, with] {
      let file = try ModelFile(model.encoded, path: "m")
      let read = try TrainedModel<Double>(file)
      #expect(read.interval == model.interval && read.loss == model.loss && read.preparation == model.preparation)
      #expect(read.encoded == model.encoded)
    }
  }
  // The text of the metadata, as the documentation has it.
  let metadata = try SafeTensors(
    bytes: models[1].withMargins([2.5, 0]).encoded, path: "m"
  ).metadata
  #expect(metadata["interval"] == #"{"level":0.9,"margins":[2.5,0]}"#)
  #expect(metadata["loss"] == "quantiles:0.05,0.5,0.95" && metadata["version"] == "1")
  #expect(metadata["preparation"]!.contains(#""quantiles":[0.05,0.5,0.95]"#))
}

extension TrainedModel {
  fileprivate func withMargins(_ margins: [Double]) -> TrainedModel {
    TrainedModel(
      networks: networks, loss: loss, preparation: preparation,
      interval: PredictionInterval(level: 0.9, margins: margins, for: preparation.outputs))
  }
}

@Test(
  "Quantiles and intervals that contradict the rest of a file are refused in one line",
  arguments: [
    (#"{\"level\":0.9,\"margins\":[2]}"#, #"{\"level\":1.5,\"margins\":[2]}"#, "interval"),
    (#"{\"level\":0.9,\"margins\":[2]}"#, #"{\"level\":0.9,\"margins\":[]}"#, "interval"),
    (#"{\"level\":0.9,\"margins\":[2]}"#, #"{\"level\":0.7,\"margins\":[2]}"#, "interval"),
    (#"{\"level\":0.9,\"margins\":[2]}"#, #"{\"level\":0.9}"#, "interval"),
    (#"{\"level\":0.9,\"margins\":[2]}"#, #"{\"level\":0.9,\"level\":0.9,\"margins\":[2]}"#, "interval"),
    (#"{\"level\":0.9,\"margins\":[2]}"#, #"{\"level\":0.9,\"margins\":[2,3,4]}"#, "interval"),
    (#"\"quantiles\":[0.05,0.95]"#, #"\"quantiles\":[0.95,0.05]"#, "preparation"),
    (#"\"quantiles\":[0.05,0.95]"#, #"\"quantiles\":[0.04,0.95]"#, "preparation"),
    (#"\"quantiles\":[0.05,0.95]"#, #"\"quantiles\":[0.05]"#, "preparation"),
    (#"\"quantiles\":[0.05,0.95],"#, #""#, "preparation"),
    (#""loss":"quantiles:0.05,0.95""#, #""loss":"quantiles:0.05,0.05""#, "loss"),
  ])
func contradictions(old: String, new: String, key: String) throws {
  let model = model(quantiles([0.05, 0.95]), .quantiles([0.05, 0.95])).withMargins([2])
  let text = String(decoding: model.encoded.prefix { $0 < 128 }, as: UTF8.self)
  let start = model.encoded.firstIndex(of: UInt8(ascii: "{"))!
  let length = model.encoded[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
  let header = String(decoding: model.encoded[start..<start + length], as: UTF8.self)
  #expect(header.contains(old), "\(text)")
  // Without a checksum, any program may have written the file.
  var changed = header.replacing(old, with: new).replacing(#/"checksum":"[0-9a-f]{8}",/#, with: "")
  while changed.utf8.count % 8 != 0 { changed += " " }
  let size = (0..<8).map { UInt8(truncatingIfNeeded: changed.utf8.count >> (8 * $0)) }
  let bytes = size + Array(changed.utf8) + model.encoded[(start + length)...]
  let error = #expect(throws: FileError.self) { try ModelFile(bytes, path: "m") }
  let line = try #require(error).description
  #expect(line.hasPrefix("m: ") && line.contains("\"\(key)\"") && !line.contains("\n"), "\(line)")
}

@Test("The graph of quantiles sorts them, and intervals are outputs of their own")
func distributionGraphs() {
  let levels = [0.05, 0.5, 0.95]
  let plain = model(quantiles(levels), .quantiles(levels))
  #expect(plain.onnx().graph.outputs.map(\.name) == ["output"])
  #expect(plain.onnx().graph.nodes.contains { $0.operation == "TopK" && $0.outputs.count == 2 })
  let graph = plain.withMargins([-1]).onnx().graph
  #expect(graph.outputs.map(\.name) == ["output", "lower", "upper"])
  #expect(graph.outputs.map { $0.shape?.last } == [.fixed(3), .fixed(1), .fixed(1)])
  // Every name is made once, before it is used.
  var known = Set(graph.inputs.map(\.name) + graph.initializers.map(\.name))
  for node in graph.nodes {
    #expect(node.inputs.allSatisfy(known.contains))
    for output in node.outputs { #expect(known.insert(output).inserted) }
  }
  let exponential = model(
    .values(columns: ["n"], scaling: Scaling(method: .mean, offsets: [0], factors: [0.5])), .poisson)
  #expect(exponential.onnx().graph.nodes.contains { $0.operation == "Exp" })
}
