import Perceptron
import Testing

/// y = 3 x₁ + x₂, and a column that does not matter.
private func linear<Scalar>(_: Scalar.Type) -> TrainedModel<Scalar> {
  var network = Network<Scalar>([Dense(3, 1, .identity)])
  network[layer: 0, .weights] = [[3, 1, 0]]
  return TrainedModel(
    network: network, loss: .meanSquaredError,
    preparation: Preparation(
      inputs: .columns(["x1", "x2", "x3"].map { .number(name: $0, mean: 0) }), inputScaling: .unscaled(3),
      outputs: .values(columns: ["y"], scaling: .unscaled(1))))
}

private func linearSamples<Scalar>(_ count: Int) -> Samples<Scalar> {
  var generator = Philox(seed: 3)
  var features = Matrix<Scalar>(rows: 3, columns: count)
  features.fillNormal(using: &generator)
  return Samples(features: features, targets: linear(Scalar.self).network.predict(features))
}

@Test("Importances are what permuting a column by hand gives, and 0 exactly for a column that is ignored")
func linearImportances() {
  let samples: Samples<Double> = linearSamples(400)
  let importances = linear(Double.self).importances(on: samples, repeats: 3, generator: Philox(seed: 9))
  #expect(importances.map(\.column) == ["x1", "x2", "x3"])
  var generator = Philox(seed: 9)
  let permutations = (0..<3).map { _ in
    var permutation = Array(0..<400)
    generator.shuffle(&permutation)
    return permutation
  }
  for (column, weight) in [3.0, 1, 0].enumerated() {
    // The model is right without a permutation, so the error is that of the column: w² (x_π − x)².
    let losses = permutations.map { permutation in
      permutation.enumerated().reduce(0.0) { sum, place in
        let change = weight * (samples.features[column, place.element] - samples.features[column, place.offset])
        return sum + change * change / 400
      }
    }
    for (change, expected) in [
      (importances[column].loss, losses), (importances[column].metric, losses.map { $0.squareRoot() }),
    ] {
      let mean = expected.reduce(0, +) / 3
      let variance = expected.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2
      #expect(abs(change.mean - mean) <= 1e-12 * mean)
      #expect(abs(change.deviation - variance.squareRoot()) <= 1e-12 * mean)
    }
  }
  #expect(importances[2].loss == importances[2].metric && importances[2].loss.mean == 0)
  #expect(importances[2].loss.deviation == 0)
  // Both columns have the variance 1, so that the loss grows with the square of the weight.
  #expect(abs(importances[0].loss.mean / importances[1].loss.mean / 9 - 1) < 0.2)
  #expect(linear(Double.self).importances(on: samples, repeats: 1).allSatisfy { $0.loss.deviation == 0 })
}

@Test("Importances and partial dependence are the same for any number of threads", arguments: [2, 3, 5])
func sameBits(threads: Int) {
  var generator = Philox(seed: 1)
  let columns = (0..<20).map { InputColumn.number(name: "x\($0)", mean: 0) }
  let networks = (0..<2).map { _ in
    Network<Float>(
      .chain([20, 200, 3], hidden: .tanh, output: .softmax), initializer: .glorotNormal, using: &generator)
  }
  let model = TrainedModel(
    networks: networks, loss: .crossEntropy,
    preparation: Preparation(
      inputs: .columns(columns), inputScaling: .unscaled(20), outputs: .classes(["a", "b", "c"], column: "y")))
  var features = Matrix<Float>(rows: 20, columns: 700)
  features.fillNormal(using: &generator)
  let samples = Samples(features: features, targets: oneHot((0..<700).map { $0 % 3 }, classes: 3))
  let team = Team(workers: threads)
  #expect(model.importances(on: samples, repeats: 2) == model.importances(on: samples, repeats: 2, team: team))
  #expect(
    model.partialDependence(onColumn: "x3", prepared: features)
      == model.partialDependence(onColumn: "x3", prepared: features, team: team))
}

/// A model that says "yes" to b and c with the probabilities 0.9 and 0.6, and "no" to all else with 0.8.
private func categories() throws -> (model: TrainedModel<Double>, samples: Samples<Double>) {
  let texts = ["a", "b", "c", "a", "b", "", "a", "b", "rare", "a"]
  let preparation = Preparation(
    inputs: .columns([
      .number(name: "n", mean: 0), .category(name: "t", values: ["a", "b", "c", ""], gathersOthers: true),
    ]), inputScaling: .unscaled(1), outputs: .classes(["no", "yes"], column: "y"))
  var network = Network<Double>([Dense(6, 2, .softmax)])
  let odds = [0.25, 9, 1.5, 0.25, 0.25]
  for (category, odds) in odds.enumerated() {
    network[layer: 0, .weights][1, 1 + category] = natural(odds)
  }
  let rows = texts.enumerated().map { [InputValue.number(Double($0)), $1.isEmpty ? .missing : .text($1)] }
  let features: Matrix<Double> = try preparation.features(of: rows)
  let labels = texts.map { $0 == "b" || $0 == "c" ? 1 : 0 }
  return (
    TrainedModel(network: network, loss: .crossEntropy, preparation: preparation),
    Samples(features: features, targets: oneHot(labels, classes: 2))
  )
}

/// ln x, by Newton's method on exp, which the sum of its series gives.
private func natural(_ x: Double) -> Double {
  func power(_ y: Double) -> Double {
    var (sum, term) = (1.0, 1.0)
    for n in 1..<60 {
      term *= y / Double(n)
      sum += term
    }
    return sum
  }
  var y = 0.0
  for _ in 0..<60 { y -= 1 - x / power(y) }
  return y
}

@Test("All features of a column of strings are permuted together")
func categoryImportance() throws {
  let (model, samples) = try categories()
  let importances = model.importances(on: samples, repeats: 4)
  #expect(importances.map(\.column) == ["t", "n"] && importances[1].loss.mean == 0)
  // After a permutation every sample has exactly one string, whose answer is right or wrong for the sample's class.
  let isYes = (0..<10).map { samples.targets[1, $0] == 1 }
  var generator = Philox(seed: 0)
  var wrong = 0
  for _ in 0..<4 {
    var permutation = Array(0..<10)
    generator.shuffle(&permutation)
    wrong += permutation.enumerated().count { isYes[$0.element] != isYes[$0.offset] }
  }
  #expect(wrong > 0 && abs(importances[0].metric.mean - Double(wrong) / 40) < 1e-12)
}

@Test("The partial dependence on strings has them by frequency, with the probabilities that they give")
func categoryDependence() throws {
  let (model, samples) = try categories()
  let dependence = model.partialDependence(onColumn: "t", prepared: samples.features)
  #expect(dependence.column == "t")
  #expect(dependence.points.map(\.value) == [.text("a"), .text("b"), .text("c"), .missing, .others])
  for (point, probability) in zip(dependence.points, [0.2, 0.9, 0.6, 0.2, 0.2]) {
    #expect(abs(point.answers[1] - probability) < 1e-12 && abs(point.answers[0] + probability - 1) < 1e-12)
  }
  let two = model.partialDependence(onColumn: "t", prepared: samples.features, values: 2, rows: 3)
  #expect(two.points.map(\.value) == [.text("a"), .text("b")])
}

@Test(
  "The partial dependence of a linear model is a line with its slope, in the units of the data",
  arguments: [Scaling.Method.standard, .minMax, .robust, .quantile, .smoothClip])
func linearDependence(method: Scaling.Method) throws {
  // y = 1000 + 5 a, learnt without an error on scaled numbers; the target's scaling has the factor ½.
  let numbers = (0..<300).map { Double($0 * $0 % 301) / 10 + 7 }
  let data = Matrix(rows: 1, columns: 300, columnMajor: numbers)
  let preparation = Preparation(
    inputs: .columns([.category(name: "t", values: ["x", "y"]), .number(name: "a", mean: 0)]),
    inputScaling: Scaling(method, fittedOn: data),
    outputs: .values(columns: ["y"], scaling: Scaling(method: .standard, offsets: [1000], factors: [0.5])))
  let features: Matrix<Double> = try preparation.features(
    of: numbers.enumerated().map { [.text($0 % 2 == 0 ? "x" : "y"), .number($1)] })
  var network = Network<Double>([Dense(3, 1, .identity)])
  network[layer: 0, .weights] = [[0, 0, 1]]
  let model = TrainedModel(network: network, loss: .meanSquaredError, preparation: preparation)
  let points = model.partialDependence(onColumn: "a", prepared: features, values: 10, rows: 40).points
  let sorted = numbers.sorted()
  // Places 15, 45, …, 285 of 300; equal numbers count once.
  let expected = (0..<10).map { sorted[15 + 30 * $0] }
  #expect(Set(expected).count == points.count)
  for (point, number) in zip(points, expected) {
    guard case .number(let value) = point.value else {
      Issue.record("\(point.value)")
      continue
    }
    #expect(abs(value - number) < 1e-9)
    var scaled = Matrix<Double>(rows: 1, columns: 1, columnMajor: [number])
    preparation.inputScaling.apply(to: &scaled)
    // The network's output is the scaled number; a value is output / ½ + 1000.
    #expect(abs(point.answers[0] - (2 * scaled[0, 0] + 1000)) < 1e-9)
  }
  if [.standard, .minMax, .robust].contains(method), case .number(let first) = points[0].value,
    case .number(let last) = points.last!.value
  {
    let slope = (points.last!.answers[0] - points[0].answers[0]) / (last - first)
    #expect(abs(slope / (2 * preparation.inputScaling.factors[0]) - 1) < 1e-9)
  }
}

@Test("The other columns stay as they are, and their mean is taken")
func meanOverRows() {
  let samples: Samples<Double> = linearSamples(100)
  let points = linear(Double.self).partialDependence(onColumn: "x1", prepared: samples.features, rows: 25).points
  let mean = (0..<25).reduce(0.0) { $0 + samples.features[1, 4 * $1] } / 25
  #expect(points.count == 20)
  for point in points {
    guard case .number(let value) = point.value else { continue }
    #expect(abs(point.answers[0] - (3 * value + mean)) < 1e-12)
  }
}

@Test("A date varies as a whole, and its year is the number")
func dates() throws {
  let days = ["2020-01-01", "2021-07-02", "2022-12-31", "2024-02-29"]
  let preparation = Preparation(
    inputs: .columns([.date(name: "d", format: try #require(DateFormat("Y-M-D")), means: [0, 0, 0])]),
    inputScaling: .unscaled(3), outputs: .values(columns: ["y"], scaling: .unscaled(1)))
  let features: Matrix<Double> = try preparation.features(of: days.map { [.text($0)] })
  var network = Network<Double>([Dense(3, 1, .identity)])
  // 100 · month + weekday: these days were a Wednesday, a Friday, a Saturday and a Thursday.
  network[layer: 0, .weights] = [[0, 100, 1]]
  let model = TrainedModel(network: network, loss: .meanSquaredError, preparation: preparation)
  let points = model.partialDependence(onColumn: "d", prepared: features, values: 4).points
  #expect(points.map { $0.answers[0] } == [103, 705, 1206, 204])
  let years = points.map { if case .number(let year) = $0.value { Int(year) } else { 0 } }
  #expect(years == [2020, 2021, 2022, 2024])
}

@Test("Columns that do not exist, images and empty samples trap")
func mistakes() async {
  func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  }
  let unknown = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    let samples: Samples<Float> = linearSamples(3)
    _ = linear(Float.self).partialDependence(onColumn: "x4", prepared: samples.features)
  }
  let unknownMessage = message(unknown)
  #expect(unknownMessage.contains("cannot vary the column x4: the model has no such column"))
  let empty = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    let samples: Samples<Float> = linearSamples(0)
    _ = linear(Float.self).importances(on: samples)
  }
  let emptyMessage = message(empty)
  #expect(emptyMessage.contains("cannot permute 0 samples 5 times"))
  let images = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    let model = TrainedModel(
      network: Network<Float>([Dense(4, 2, .softmax)]), loss: .crossEntropy,
      preparation: Preparation(
        inputs: .pixels(shape: [2, 2]), inputScaling: .unscaled(4), outputs: .classes(["0", "1"], column: nil)))
    let features = Matrix<Float>(rows: 4, columns: 2)
    _ = model.importances(on: Samples(features: features, targets: oneHot([0, 1], classes: 2)))
  }
  let imagesMessage = message(images)
  #expect(imagesMessage.contains("cannot permute the columns of images"))
}
