import Perceptron
import Synchronization
import Testing

/// Rows of two numbers, a string and a target.
private func table(_ count: Int, target: (Double, Double) -> String) throws -> Table {
  let rows = (0..<count).map { row in
    let (x, z) = (Double(row * 37 % count) / Double(count), Double(row * 101 % count) / Double(count))
    return "\(x),\(z),\(row % 3 == 0 ? "red" : "blue"),\(target(x, z))\n"
  }
  return try Table(csv: "x,z,colour,y\n" + rows.joined())
}

/// A small network, for fits of few epochs.
private func small(_ recipe: inout Recipe) { (recipe.hidden, recipe.batchSize) = ([16], 32) }

@Test("A fit of a table has a model that answers, metrics in the units of the data, and progress to the end")
func fitOfValues() throws {
  let table = try table(300) { x, z in "\(5000 + 1000 * x + 100 * z)" }
  let seen = Mutex<[TrainingProgress]>([])
  let fit = try TableFit<Float>(
    trainedOn: table, epochs: 20, progress: { progress in seen.withLock { $0.append(progress) } }, adjust: small)
  let metrics = try #require(fit.metrics)
  #expect(metrics.sampleCount == 60 && fit.trainingCount == 285 && fit.model.networks.count == 4)
  let errors = try #require(metrics.errors)
  // Far below the spread of the target, and far above that of a scaled target.
  #expect(errors.rootMeanSquaredError < 100 && errors.rootMeanSquaredError > 0.5, "\(metrics)")
  #expect(errors.rSquared > 0.8 && metrics.accuracy == nil && fit.calibration == nil && fit.keptEpoch == 20)
  let record: [String: InputValue] = ["x": 0.5, "z": 0.5, "colour": "red"]
  let value = try #require(Predictor(fit.model).predict(record).value)
  #expect(abs(value - 5550) < 200)
  #expect(fit.description.hasPrefix("regression of y: 4 networks 4-16-1 from 285 rows; RMSE "), "\(fit)")
  #expect(fit.description.hasSuffix(" on rows that were held back"))
  let progress = seen.withLock { $0 }
  #expect(progress.count == 4 * 20 && progress.last?.share == 1)
  for network in 1...4 {
    #expect(progress.filter { $0.network == network }.map(\.epoch) == Array(1...20))
  }
  // The losses are squares of errors in the units of the data. The variance of the target is about 84 000.
  #expect(progress[0].trainingLoss > 10_000 && progress[0].validationLoss! > 1000)
}

@Test("A fit of classes is calibrated and has an accuracy; several labels have one for all")
func fitOfClasses() throws {
  let seen = Mutex<[TrainingProgress]>([])
  let classes = try TableFit<Double>(
    trainedOn: table(300) { x, z in x + z > 1 ? "yes" : "no" }, epochs: 20,
    progress: { progress in seen.withLock { $0.append(progress) } }, adjust: small)
  #expect(try #require(classes.metrics?.accuracy) > 0.8 && classes.metrics?.errors == nil)
  #expect(classes.calibration != nil && classes.metrics?.sampleCount == 60)
  // The networks are trained again on the rows that were held back, too.
  #expect(classes.trainingCount == 300)
  #expect(classes.description.hasPrefix("classification of y, 2 classes: 4 networks 4-16-2 from 300 rows; accuracy "))
  let progress = seen.withLock { $0 }
  let kept = try #require(classes.keptEpoch)
  #expect(progress.count == 4 * (20 + kept) && progress[4 * 20 - 1].share == 0.5 && progress.last?.share == 1)
  #expect(progress.allSatisfy { ($0.validationLoss != nil) == ($0.share <= 0.5) })
  let labels = try TableFit<Float>(
    trainedOn: table(200) { x, z in x > 0.5 ? "up" : "down" }, target: "colour,y", epochs: 20, networkCount: 1,
    adjust: small)
  guard case .multiLabel(let metrics)? = labels.metrics?.kind else {
    Issue.record("\(labels)")
    return
  }
  #expect(metrics.sampleCount == 2 * labels.metrics!.sampleCount)
}

@Test("A fit has the same bits for any number of threads, and others for another seed")
func fitBits() throws {
  let table = try table(250) { x, z in "\(x * z)" }
  func parameters(_ threads: Int, seed: UInt64 = 0) throws -> [Matrix<Float>] {
    try TableFit<Float>(trainedOn: table, epochs: 20, seed: seed, team: Team(workers: threads), adjust: small).model
      .networks.map(\.parameters)
  }
  let one = try parameters(1)
  #expect(try one == parameters(2) && one == parameters(5))
  #expect(try one != parameters(1, seed: 1))
}

@Test("A fit of few rows learns from all, and has no metrics")
func fitOfFewRows() throws {
  let fit = try TableFit<Float>(trainedOn: table(60) { x, _ in "\(x)" }, epochs: 20, networkCount: 2, adjust: small)
  #expect(fit.metrics == nil && fit.trainingCount == 60 && fit.model.networks.count == 2)
  #expect(fit.description.hasSuffix("; no rows were held back, as there are fewer than 100"))
}

@Test("A trailing closure is for the progress, and an error that it throws ends the fit")
func progressThrows() throws {
  struct Enough: Error {}
  let table = try table(200) { x, _ in "\(x)" }
  #expect(throws: Enough.self) {
    try TableFit<Float>(trainedOn: table, epochs: 20) { if $0.epoch == 3 { throw Enough() } }
  }
}

@Test("What a table cannot be fitted with is an error that says why")
func failingFits() throws {
  func message(_ target: (Double, Double) -> String, _ loss: Loss?, task: Preparation.Task? = nil) throws -> String {
    let table = try table(200, target: target)
    do {
      _ = try TableFit<Float>(trainedOn: table, task: task, loss: loss, epochs: 5, adjust: small)
      return ""
    } catch { return "\(error)" }
  }
  #expect(
    try message({ x, _ in "\(x)" }, .crossEntropy)
      == "the loss cross-entropy does not fit regression of y; leave it out, or name another target or task")
  #expect(
    try message({ x, _ in x > 0.5 ? "up" : "down" }, .poisson, task: .classification)
      == "the loss poisson does not fit classification of y, 2 classes; leave it out, or name another target or task")
  #expect(throws: FileError.self) { try TableFit<Float>(trainedOn: table(200) { x, _ in "\(x)" }, target: "price") }
  #expect(throws: Divergence.self) {
    try TableFit<Float>(
      trainedOn: table(200) { x, _ in "\(x)" },
      adjust: { ($0.optimizer, $0.regularization) = (.sgd(learningRate: 1e30), Regularization()) })
  }
}

@Test("A model whose outputs or answers are not finite is refused")
func answersBeyondTheRange() throws {
  func error(weight: Double, factor: Double) -> TableFitError? {
    var network = Network<Double>([Dense(1, 1, .identity)])
    network[layer: 0, .weights] = [[weight]]
    let scaling = Scaling(method: .standard, offsets: [0], factors: [factor])
    let model = TrainedModel(
      network: network, loss: .meanSquaredError,
      preparation: Preparation(
        inputs: .columns([.number(name: "x", mean: 0)]), inputScaling: .unscaled(1),
        outputs: .values(columns: ["y"], scaling: scaling)))
    return TableFitError(model, [[1, 10]], Team(workers: 1))
  }
  #expect(error(weight: 1, factor: 1e-300) == nil)
  #expect(error(weight: 1, factor: 1e-308) == .answersNotFinite)
  #expect(error(weight: 1e308, factor: 1) == .outputsNotFinite)
}

@Test("Metrics of a model are those of its answers in the units of the data, and weights do not matter")
func metricsOfValues() throws {
  let scaling = Scaling(method: .standard, offsets: [2000], factors: [0.001])
  var network = Network<Double>([Dense(1, 1, .identity)])
  network[layer: 0, .weights] = [[1]]
  let model = TrainedModel(
    network: network, loss: .meanSquaredError,
    preparation: Preparation(
      inputs: .columns([.number(name: "x", mean: 0)]), inputScaling: .unscaled(1),
      outputs: .values(columns: ["y"], scaling: scaling)))
  // In scaled units every answer is 0.5 too large.
  let samples = Samples<Double>(
    features: [[0, 1, 2]], targets: [[-0.5, 0.5, 1.5]], weights: [[1, 5, 2]])
  let metrics = model.metrics(on: samples)
  let errors = try #require(metrics.errors)
  #expect(abs(errors.rootMeanSquaredError / 500 - 1) < 1e-12)
  #expect(abs(metrics.loss / 250_000 - 1) < 1e-12)
  // Σ (a − y)² = 3 · 500², Σ (y − ȳ)² = 2 · 1000².
  #expect(metrics.description == "RMSE 500, MAE 500, R² 0.6250, loss 2.5e+05", "\(metrics)")
}
