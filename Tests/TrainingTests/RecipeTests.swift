import Foundation
import PerceptronDatasets
import PerceptronFiles
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

// MARK: - Schedules

@Test("The schedules of the recipe for tables follow their formulas, between their ends and at the ends of cycles")
func recipeSchedules() {
  let (epochs, stepsPerEpoch) = (15, 8)
  for cycles in [1, 3, 4, 32] {
    let schedule = Schedule(.logCosine(epochs: epochs, cycles: cycles))
    for step in 0...epochs * stepsPerEpoch + 3 {
      let p = min(Double(step) / Double(epochs * stepsPerEpoch), 1)
      let expected = (1 - cos(2 * .pi * log2(1 + (pow(2, Double(cycles)) - 1) * p))) / 2
      #expect(abs(schedule.factor(step: step, stepsPerEpoch: stepsPerEpoch) - expected) < 1e-12, "\(cycles), \(step)")
    }
  }
  // With 4 cycles, 1 + 15 p is a power of 2 after 0, 1, 3, 7 and 15 epochs.
  let schedule = Schedule(.logCosine(epochs: epochs))
  for epoch in [0, 1, 3, 7, 15, 99] {
    #expect(abs(schedule.factor(step: epoch * stepsPerEpoch, stepsPerEpoch: stepsPerEpoch)) < 1e-14)
  }
  let flat = Schedule(.flatCosine(epochs: epochs))
  for step in 0...epochs * stepsPerEpoch + 3 {
    let p = min(Double(step) / Double(epochs * stepsPerEpoch), 1)
    let expected = p < 0.5 ? 1 : (1 + cos(.pi * (2 * p - 1))) / 2
    #expect(abs(flat.factor(step: step, stepsPerEpoch: stepsPerEpoch) - expected) < 1e-14, "\(step)")
  }
  #expect(flat.factor(step: 60, stepsPerEpoch: stepsPerEpoch) == 1)
  #expect(abs(flat.factor(step: 120, stepsPerEpoch: stepsPerEpoch)) < 1e-15)
}

@Test("Cycles end at the epochs where the rate is 0, or nearest to it")
func cycleEnds() {
  #expect(Schedule(.logCosine(epochs: 15)).cycleEnds == [1, 3, 7, 15])
  #expect(Schedule(.logCosine(epochs: 256)).cycleEnds == [17, 51, 119, 256])
  #expect(Schedule(.logCosine(epochs: 20), warmupEpochs: 5).cycleEnds == [6, 8, 12, 20])
  #expect(Schedule(.logCosine(epochs: 2)).cycleEnds == [1, 2] && Schedule(.logCosine(epochs: 1)).cycleEnds == [1])
  #expect(Schedule(.cosine(epochs: 15)).cycleEnds == [])
}

@Test("The end of an earlier cycle is kept only if it is clearly better")
func bestCycle() {
  // Differences of 0.1 and 0.3 have the mean 0.2 and the standard error 0.1.
  #expect(Selection.indexOfBestCycle([[3, 3], [1, 2], [1.1, 2.3]]) == 1)
  // Those of 0 and 0.4 have the same mean, and the error 0.2, which the mean is not above.
  #expect(Selection.indexOfBestCycle([[3, 3], [1, 2], [1, 2.4]]) == 2)
  #expect(Selection.indexOfBestCycle([[-1, -2], [-3, -4], [-2, -2.5]]) == 1)
  #expect(Selection.indexOfBestCycle([[2, 1]]) == 0 && Selection.indexOfBestCycle([[2], [1]]) == 1)
}

@Test("A training keeps the end of the cycle before it learnt noise by heart, and the last one of a rule")
func keptCycle() throws {
  func made(_ count: Int, seed: UInt64, isNoise: Bool) -> Samples<Float> {
    var generator = Philox(seed: seed)
    var features = Matrix<Float>(rows: 10, columns: count)
    features.fillNormal(using: &generator)
    var targets = Matrix<Float>(rows: 1, columns: count)
    targets.fillNormal(using: &generator)
    if !isNoise { for sample in 0..<count { targets[0, sample] = features[0, sample] * features[1, sample] } }
    return Samples(features: features, targets: targets)
  }
  for isNoise in [true, false] {
    let (training, validation) = (made(150, seed: 1, isNoise: isNoise), made(100, seed: 2, isNoise: isNoise))
    var recipe = Recipe.table(.regression, sampleCount: 150, batchSize: 32, epochs: 60)
    recipe.hidden = [64, 64]
    #expect(recipe.selection == .cycle)
    var generator = Philox(seed: 3)
    let (embedding, layers) = recipe.layers(numbers: Array(0..<10), output: .identity, fittedOn: training)
    let network = Network<Float>(layers, embedding: embedding, initializer: .lecunNormal, using: &generator)
    func trainer(_ workers: Int) -> Trainer<Float> {
      recipe.trainer(of: network, loss: .meanSquaredError, seed: 4, team: Team(workers: workers))
    }
    var whole = trainer(1)
    try whole.fit(on: training, validation: validation, epochs: 60, selection: .cycle)
    #expect(whole.cycleEnds.map(\.epoch) == [4, 12, 28, 60])
    let kept = try #require(whole.cycleEnds.firstIndex { $0.parameters == whole.network.parameters })
    #expect(isNoise ? kept < 3 : kept == 3, "\(whole.cycleEnds.map(\.validationLoss))")
    // The ends before a checkpoint are in it.
    var part = trainer(2)
    try part.fit(
      on: training, validation: validation, epochs: 60, selection: .cycle,
      afterEpoch: { _, trainer in trainer.epoch < 20 })
    let checkpoint = Checkpoint(part)
    part = trainer(1)
    try part.restore(checkpoint)
    #expect(part.cycleEnds.map(\.epoch) == [4, 12])
    try part.fit(on: training, validation: validation, epochs: 60, selection: .cycle)
    #expect(part.network.parameters == whole.network.parameters)
    // Without validation samples, the last state is kept.
    var alone = trainer(1)
    try alone.fit(on: training, epochs: 60, selection: .cycle)
    #expect(alone.network.parameters == whole.cycleEnds[3].parameters && alone.cycleEnds.isEmpty)
    // A patience ends training only at the end of a cycle.
    var patient = trainer(1)
    let reports = try patient.fit(on: training, validation: validation, epochs: 60, patience: 1)
    #expect([4, 12, 28, 60].contains(reports.count))
  }
}

@Test("Cycles that make no sense are refused")
func recipeScheduleMistakes() async {
  let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Schedule(.logCosine(epochs: 5, cycles: 0))
  }
  #expect(standardError(result).contains("cannot make a schedule with 0 cycles"))
  let plateau = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    _ = Trainer(
      Network<Float>([Dense(1, 1)]), loss: .quadratic, optimizer: .sgd(), dropoutSchedule: Schedule(.plateau()),
      batchSize: 1, generator: Philox(seed: 1))
  }
  #expect(standardError(plateau).contains("cannot train with a dropout or a weight decay that waits for a plateau"))
}

// MARK: - Factors of the rate

private let embedding = Embedding(4, numbers: [0, 2], frequencies: 3, components: 2)

/// A network with every kind of parameter, none of which is at its start.
private func everything(dropout: Double = 0) -> Network<Double> {
  var generator = Philox(seed: 7)
  var network = Network<Double>(
    .chain(
      [8, 9, 6, 3], hidden: .mish, isParametric: true, output: .softmax, normalization: .layer, dropout: [dropout]),
    embedding: embedding, initializer: .lecunNormal, using: &generator)
  var noise = Matrix<Double>(rows: network.parameterCount, columns: 1)
  noise.fillUniform(0.1...0.5, using: &generator)
  network.parameters.add(noise, scaledBy: 1)
  return network
}

private func samples<Scalar: BLASScalar>(_ count: Int, inputs: Int = 4, seed: UInt64 = 8) -> Samples<Scalar> {
  var generator = Philox(seed: seed)
  var features = Matrix<Scalar>(rows: inputs, columns: count)
  features.fillNormal(using: &generator)
  return Samples(features: features, targets: oneHot((0..<count).map { $0 % 3 }, classes: 3))
}

private let rates = RateFactors(
  dividesByRootOfInputs: true, biases: 0.125, activationWeights: 0.5, inputScales: 6, waves: 0.25, decaysBiases: false)

/// Calls `body` with the factors of the rate and of the decay for each group of parameters, and what reads the group.
private func forEachGroup(
  _ network: Network<Double>, _ body: (Double, Double, (Network<Double>) -> [Double], String) -> Void
) {
  for parameter in embedding.parameters {
    let factors: (Double, Double) =
      switch parameter {
      case .scale: (6, 6)
      case .phases: (0.25 / (2 * .pi), 0.25)
      case .frequencies, .weights, .bias: (0.25, 0.25)
      case .vectors: (1, 1)
      }
    body(factors.0, factors.1, { $0[embedding: parameter].elements }, "\(parameter)")
  }
  for (index, layer) in network.layers.enumerated() {
    for parameter in layer.parameters {
      let factors: (Double, Double) =
        switch parameter {
        case .weights: (1 / Double(layer.inputSize).squareRoot(), 1)
        case .activationWeight: (0.5, 0.5)
        default: (0.125, 0)
        }
      body(factors.0, factors.1, { $0[layer: index, parameter].elements }, "layer \(index), \(parameter)")
    }
  }
}

private func afterOneStep(
  _ optimizer: Optimizer, _ rates: RateFactors, _ regularization: Regularization = Regularization(),
  decay: Schedule = .constant
) throws -> Network<Double> {
  var trainer = Trainer(
    everything(), loss: .crossEntropy, optimizer: optimizer, regularization: regularization, rates: rates,
    decaySchedule: decay, batchSize: 20, generator: Philox(seed: 1), team: Team(workers: 2))
  _ = try trainer.takeStep(on: samples(20), batch: Array(0..<20)[...])
  return trainer.network
}

/// A huge limit needs the whole gradient, and does not clip it.
@Test("A step moves each group of parameters by its factor of what it would move", arguments: [nil, 1e300])
func rateFactors(clipNorm: Double?) throws {
  let start = everything()
  let regularization = Regularization(clipNorm: clipNorm)
  let plain = try afterOneStep(.sgd(learningRate: 0.1), .equal, regularization)
  let scaled = try afterOneStep(.sgd(learningRate: 0.1), rates, regularization)
  forEachGroup(start) { factor, _, values, name in
    let (before, plain, scaled) = (values(start), values(plain), values(scaled))
    #expect(zip(before, plain).contains { $0 != $1 }, "\(name)")
    for i in before.indices {
      #expect(abs(scaled[i] - before[i] - factor * (plain[i] - before[i])) < 1e-14, "\(name) \(i)")
    }
  }
}

@Test("Weight decay follows the rates of embeddings and activations, and leaves out biases", arguments: [nil, 1e300])
func decayFactors(clipNorm: Double?) throws {
  let start = everything()
  let adam = Optimizer.adam(learningRate: 0.01)
  let without = try afterOneStep(adam, rates, Regularization(clipNorm: clipNorm))
  let with = try afterOneStep(adam, rates, Regularization(weightDecay: 0.5, clipNorm: clipNorm))
  forEachGroup(start) { _, factor, values, name in
    let (before, without, with) = (values(start), values(without), values(with))
    for i in before.indices {
      #expect(abs(with[i] - without[i] + 0.01 * 0.5 * factor * before[i]) < 1e-14, "\(name) \(i)")
    }
  }
}

@Test("Equal factors are none, to the bit, and the schedule of the decay begins with all of it")
func equalRates() throws {
  let regularization = Regularization(weightDecay: 0.5)
  let plain = try afterOneStep(.adam(), .equal, regularization)
  // One factor that no parameter here has; the others are 1.
  let ones = try afterOneStep(
    .adam(), RateFactors(decaysBiases: true), regularization, decay: Schedule(.flatCosine(epochs: 3)))
  #expect(ones.parameters == plain.parameters)
}

@Test("A rate divided by the root of the inputs trains as the neural tangent parametrisation does")
func tangentParametrisation() throws {
  var generator = Philox(seed: 3)
  let network = Network<Double>([Dense(16, 3, .softmax)], initializer: .lecunNormal, using: &generator)
  // The same outputs from weights four times as large and inputs divided by √16.
  var other = network
  other[layer: 0, .weights].scale(by: 4)
  let data: Samples<Double> = samples(30, inputs: 16)
  func trained(_ network: Network<Double>, _ data: Samples<Double>, _ rates: RateFactors) throws -> Matrix<Double> {
    var trainer = Trainer(
      network, loss: .crossEntropy, optimizer: .adam(learningRate: 0.05, epsilon: 1e-30),
      regularization: Regularization(weightDecay: 0.1), rates: rates, batchSize: 8, generator: Philox(seed: 1))
    for _ in 0..<5 { _ = try trainer.runEpoch(on: data) }
    return trainer.network.predict(data.features)
  }
  let outputs = try trained(network, data, RateFactors(dividesByRootOfInputs: true))
  let expected = try trained(
    other, Samples(features: data.features.map { $0 / 4 }, targets: data.targets), .equal)
  #expect(zip(outputs.elements, expected.elements).allSatisfy { abs($0 - $1) < 1e-12 })
  #expect(zip(outputs.elements, network.predict(data.features).elements).contains { abs($0 - $1) > 0.1 })
}

// MARK: - Schedules of dropout and decay

@Test("Dropout and weight decay that have reached 0 are none")
func dropoutReachesZero() throws {
  let data: Samples<Double> = samples(20)
  func trainer(_ network: Network<Double>, decay: Double, inputDropout: Double) -> Trainer<Double> {
    Trainer(
      network, loss: .crossEntropy, optimizer: .sgd(learningRate: 0.1),
      regularization: Regularization(weightDecay: decay), dropoutSchedule: Schedule(.flatCosine(epochs: 2)),
      decaySchedule: Schedule(.flatCosine(epochs: 2)), batchSize: 20, inputDropout: inputDropout,
      generator: Philox(seed: 1), team: Team(workers: 1))
  }
  var dropping = trainer(everything(dropout: 0.5), decay: 0.5, inputDropout: 0.25)
  var differences: [Double] = []
  for _ in 0..<4 {
    var network = everything()
    network.parameters = dropping.network.parameters
    var plain = trainer(network, decay: 0, inputDropout: 0)
    _ = try plain.runEpoch(on: data)
    _ = try dropping.runEpoch(on: data)
    var difference = dropping.network.parameters
    difference.add(plain.network.parameters, scaledBy: -1)
    differences.append(difference.maxMagnitude())
  }
  // Of one step each: the factors are 1, 1, 0 and 0.
  #expect(differences[0] > 1e-3 && differences[1] > 1e-3 && differences[2] < 1e-14 && differences[3] < 1e-14)
}

// MARK: - The best epoch

/// Learns the first of two classes from nothing but biases, which begin with the second.
private func turning() -> (Trainer<Double>, training: Samples<Double>, validation: Samples<Double>) {
  var network = Network<Double>([Dense(1, 2, .softmax)])
  network[layer: 0, .bias] = Matrix([0, 1])
  func samples(_ answer: Int) -> Samples<Double> {
    Samples(features: Matrix(rows: 1, columns: 4), targets: oneHot([answer, answer, answer, answer], classes: 2))
  }
  let trainer = Trainer(
    network, loss: .crossEntropy, optimizer: .sgd(learningRate: 0.1), batchSize: 4, generator: Philox(seed: 1),
    team: Team(workers: 1))
  return (trainer, samples(0), samples(1))
}

@Test("Of epochs with the same error the last is kept, of those with the same loss the first, and fit returns to it")
func selection() throws {
  // The validation answers are all right until the biases have met, and all wrong then; their loss rises throughout.
  var gap = -1.0
  var lastRight = 0
  for epoch in 1...30 {
    gap += 2 * 0.1 / (1 + exp(gap))
    if gap < 0 { lastRight = epoch }
  }
  #expect((2..<29).contains(lastRight))
  for (selection, epoch, error) in [(.error, lastRight, 0), (.loss, 1, nil), (nil, 1, nil)]
    as [(Selection?, Int, Double?)]
  {
    var (trainer, training, validation) = turning()
    var after: [Matrix<Double>] = []
    let reports = try trainer.fit(
      on: training, validation: validation, epochs: 30, selection: selection,
      afterEpoch: { _, trainer in
        after.append(trainer.network.parameters)
        return true
      })
    let best = try #require(trainer.best)
    #expect(best.epoch == epoch && best.validationError == error, "\(selection?.rawValue ?? "none")")
    #expect(best.parameters == after[epoch - 1] && best.validationLoss == reports[epoch - 1].validationLoss)
    // Without a selection the last epoch stays.
    #expect(trainer.network.parameters == after[selection == nil ? 29 : epoch - 1])
  }
}

@Test("Without classes, the loss is the error")
func selectionOfNumbers() throws {
  // The outputs are right from the start, so that the loss is always 0.
  let data = Samples(features: Matrix<Double>(rows: 1, columns: 4), targets: Matrix<Double>(rows: 1, columns: 4))
  for (selection, epoch) in [(Selection.error, 5), (.loss, 1)] {
    var trainer = Trainer(
      Network<Double>([Dense(1, 1)]), loss: .meanSquaredError, optimizer: .sgd(), batchSize: 4,
      generator: Philox(seed: 1), team: Team(workers: 1))
    try trainer.fit(on: data, validation: data, epochs: 5, selection: selection)
    #expect(trainer.best?.epoch == epoch && trainer.best?.validationError == nil)
  }
}

@Test("An error counts samples for one of many classes, and single answers for labels")
func validationErrors() throws {
  var (trainer, training, _) = turning()
  let half = Samples(
    features: Matrix<Double>(rows: 1, columns: 4), targets: oneHot([0, 1, 1, 1], classes: 2) as Matrix<Double>)
  try trainer.fit(on: training, validation: half, epochs: 1, selection: .error)
  #expect(trainer.best?.validationError == 0.25)
  var network = Network<Double>([Dense(1, 2, .sigmoid)])
  network[layer: 0, .bias] = Matrix([9, -9])
  var labels = Trainer(
    network, loss: .binaryCrossEntropy, optimizer: .sgd(learningRate: 0.01), batchSize: 4, generator: Philox(seed: 1))
  let answers = Samples(
    features: Matrix<Double>(rows: 1, columns: 4), targets: [[1, 1, 0, 0], [1, 0, 0, 1]] as Matrix<Double>)
  try labels.fit(on: answers, validation: answers, epochs: 1, selection: .error)
  #expect(labels.best?.validationError == 0.5)
}

// MARK: - The recipes

/// A table of numbers of which one was constant, so that not every input gets waves.
private func preparation(_ task: Preparation.Task) -> Preparation {
  Preparation(
    inputs: .columns([
      .number(name: "a", mean: 0), .number(name: "constant", mean: 3), .number(name: "b", mean: 0),
      .number(name: "c", mean: 0),
    ]),
    inputScaling: Scaling(method: .standard, offsets: [0, 3, 0, 0], factors: [1, 0, 1, 1]),
    outputs: task == .classification
      ? .classes(["x", "y", "z"], column: "answer")
      : .values(columns: ["v"], scaling: Scaling(method: .standard, offsets: [0], factors: [1])))
}

private func tableSamples(_ task: Preparation.Task, _ count: Int, seed: UInt64) -> Samples<Float> {
  let classes: Samples<Float> = samples(count, seed: seed)
  guard task == .regression else { return classes }
  var values = Matrix<Float>(rows: 1, columns: count)
  for sample in 0..<count { values[0, sample] = sin(3 * classes.features[0, sample]) }
  return Samples(features: classes.features, targets: values)
}

private func tableTrainer(_ task: Preparation.Task, _ training: Samples<Float>, workers: Int) -> Trainer<Float> {
  let recipe = Recipe.table(task, sampleCount: training.count, batchSize: 64, epochs: 4)
  let network: Network<Float> = recipe.network(
    for: preparation(task), fittedOn: training, output: task == .regression ? .identity : .softmax, seed: 3)
  return recipe.trainer(
    of: network, loss: task == .regression ? .meanSquaredError : .crossEntropy, seed: 3, team: Team(workers: workers))
}

@Test("The recipe for tables gives waves to the numbers that were not constant")
func tableNetwork() {
  let training = tableSamples(.classification, 300, seed: 1)
  let network = tableTrainer(.classification, training, workers: 1).network
  #expect(network.embedding == Embedding(4, numbers: [0, 2, 3]))
  #expect(network.layers.map(\.outputSize) == [256, 256, 256, 3])
  #expect(network.layers.dropLast().allSatisfy { $0.isParametric && $0.activation == .selu && $0.dropout == 0.15 })
}

@Test("The rows for validation: 250 or a fifth for classes, and a part of a fifth for each network of numbers")
func splitsOfNetworks() {
  func counts(_ samples: Int, _ task: Preparation.Task, isSearch: Bool = false) -> [Int] {
    let samples = Samples<Float>(
      features: Matrix(rows: 1, columns: samples), targets: Matrix(rows: 2, columns: samples, repeating: 1))
    return Split.ofNetworks(4, samples, task, isSearch: isSearch, seed: 1).map(\.validation.count)
  }
  #expect(
    [99, 100, 1000, 2500, 5000, 20_000].map { counts($0, .classification) } == [[], [20], [200], [250], [250], [1000]])
  #expect([1000, 5000, 20_000].map { counts($0, .classification, isSearch: true) } == [[200], [500], [2000]])
  #expect(counts(99, .regression) == [] && counts(400, .regression) == [20, 20, 20, 20])
  #expect([99, 100, 2499, 2500].map { Split.refits($0, .classification) } == [false, true, true, false])
  #expect(!Split.refits(1000, .regression))
}

@Test("The number of epochs follows the number of samples")
func recipeEpochs() {
  func epochs(_ task: Preparation.Task) -> [Int] {
    // 1, 5, 40, 100 and 10 000 batches of 256.
    [200, 256 * 5, 256 * 40, 256 * 100, 256 * 10_000].map { Recipe.table(task, sampleCount: $0).epochs }
  }
  #expect(epochs(.classification) == [256, 200, 64, 30, 16] && epochs(.regression) == [128, 128, 64, 30, 16])
  func batches(_ task: Preparation.Task) -> [Int] {
    [50, 100, 200, 500, 600].map { Recipe.table(task, sampleCount: $0).batchSize }
  }
  #expect(batches(.classification) == [50, 100, 200, 256, 256] && batches(.regression) == [50, 64, 64, 128, 256])
  // Few epochs have smaller batches: 20 of 4 and of 8 steps are too few.
  #expect(Recipe.table(.regression, sampleCount: 1000, epochs: 20).batchSize == 64)
  #expect(Recipe.table(.regression, sampleCount: 1000, epochs: 40).batchSize == 128)
  #expect(Recipe.table(.regression, sampleCount: 1000, batchSize: 256, epochs: 20).batchSize == 256)
  #expect(Recipe.table(.regression, sampleCount: 1000, epochs: 75).batchSize == 256)
  func plain(_ samples: Int) -> Int { Recipe.plain(sampleCount: samples).epochs }
  #expect([100, 1280, 128_000].map(plain) == [1000, 100, 20])
}

@Test(
  "The recipe for tables gives the same bits with any number of workers, and where it is resumed within an epoch",
  arguments: Preparation.Task.allCases)
func recipeBits(task: Preparation.Task) throws {
  let (training, validation) = (tableSamples(task, 300, seed: 1), tableSamples(task, 90, seed: 2))
  func figures(_ report: EpochReport) -> [Double?] {
    [report.trainingLoss, report.validationLoss, report.learningRate]
  }
  var alone = tableTrainer(task, training, workers: 1)
  let start = alone.network.parameters
  try alone.fit(on: training, validation: validation, epochs: 4, selection: .error)
  #expect(alone.network.parameters != start)
  for workers in 2...4 {
    var team = tableTrainer(task, training, workers: workers)
    try team.fit(on: training, validation: validation, epochs: 4, selection: .error)
    // A Boolean by itself: an expectation that fails prints all values in it.
    let isSame = team.network.parameters == alone.network.parameters
    #expect(isSame && team.reports.map(figures) == alone.reports.map(figures), "\(workers) workers")
  }
  // Five steps an epoch.
  for steps in [3, 7] {
    var (count, isStopped) = (0, false)
    var parts = tableTrainer(task, training, workers: 1)
    repeat {
      (count, isStopped) = (0, false)
      try parts.fit(
        on: training, validation: validation, epochs: 4, selection: .error,
        afterStep: { _, _ in
          count += 1
          isStopped = count == steps
          return !isStopped
        })
      var next = tableTrainer(task, training, workers: 2)
      try next.restore(Checkpoint(parts))
      parts = next
    } while isStopped
    let isSame = parts.network.parameters == alone.network.parameters
    #expect(isSame && parts.reports.map(figures) == alone.reports.map(figures), "\(steps) steps")
    #expect(parts.best?.epoch == alone.best?.epoch && parts.best?.validationError == alone.best?.validationError)
  }
}

@Test("A checkpoint of other factors or schedules is refused by the setting's name")
func otherRecipe() throws {
  func trainer(_ rates: RateFactors, _ dropout: Schedule = .constant, _ decay: Schedule = .constant) -> Trainer<Double>
  {
    Trainer(
      everything(), loss: .crossEntropy, optimizer: .adam(), rates: rates, dropoutSchedule: dropout,
      decaySchedule: decay, batchSize: 4, generator: Philox(seed: 1), team: Team(workers: 1))
  }
  let flat = Schedule(.flatCosine(epochs: 3))
  for (made, other, setting) in [
    (trainer(rates), trainer(.equal), "factors of the rate"),
    (trainer(.equal), trainer(rates), "factors of the rate"),
    (trainer(.equal, flat), trainer(.equal), "schedule of the dropout"),
    (trainer(.equal, .constant, flat), trainer(.equal), "schedule of the weight decay"),
    (
      trainer(.equal, .constant, flat), trainer(.equal, .constant, Schedule(.flatCosine(epochs: 3), warmupEpochs: 1)),
      "schedule of the weight decay"
    ),
  ] {
    var other = other
    let error = #expect(throws: FileError.self) { try other.restore(Checkpoint(made)) }
    #expect(error?.description.hasPrefix("the checkpoint belongs to another training: its \(setting)") == true)
  }
}

@Test("A recipe embeds the categories of columns that have many, and leaves the others one-hot")
func recipeWithCategories() throws {
  let names = (0..<9).map { "v\($0)" }
  let preparation = Preparation(
    inputs: .columns([
      .category(name: "few", values: ["a", "b"], gathersOthers: false), .number(name: "x", mean: 0),
      .category(name: "many", values: names, gathersOthers: true),
    ]),
    inputScaling: Scaling(method: .none, offsets: [0], factors: [1]), outputs: .classes(["no", "yes"], column: "y"))
  let samples: Samples<Float> = samples(30, inputs: 13)
  var recipe = Recipe.table(.classification, sampleCount: 30)
  #expect(recipe.layers(for: preparation, output: .softmax, fittedOn: samples).embedding == Embedding(13, numbers: [2]))
  recipe.categoryDimension = 3
  let (embedding, layers) = recipe.layers(for: preparation, output: .softmax, fittedOn: samples)
  #expect(embedding == Embedding(13, numbers: [2], categories: [3..<13], dimension: 3) && layers[0].inputSize == 9)
  recipe.encoding = .none
  #expect(
    recipe.layers(for: preparation, output: .softmax, fittedOn: samples).embedding
      == Embedding(13, categories: [3..<13], dimension: 3))
  recipe.encoding = .quantileBins
  let binned = recipe.layers(for: preparation, output: .softmax, fittedOn: samples).embedding
  #expect(binned?.categories == [3..<13] && binned?.numbers == [2] && binned?.pieces != nil)
}

@Test("Vectors of categories learn, whatever the number of threads, and go on from a checkpoint to the same bits")
func trainedCategories() throws {
  // The class depends on the category alone, through a rule that repeats.
  let count = 400
  var features = Matrix<Float>(rows: 21, columns: count)
  for sample in 0..<count {
    features[sample * 7 % 20, sample] = 1
    features[20, sample] = Float(sample % 13)
  }
  let samples = Samples(features: features, targets: oneHot((0..<count).map { $0 * 7 % 20 % 3 }, classes: 3))
  let embedding = Embedding(21, numbers: [20], categories: [0..<20], dimension: 4)
  func trainer(_ workers: Int) -> Trainer<Float> {
    var generator = Philox(seed: 3)
    let network = Network<Float>(
      .chain([embedding.outputSize, 32, 3], hidden: .mish, output: .softmax), embedding: embedding,
      initializer: .lecunNormal, using: &generator)
    return Trainer(
      network, loss: .crossEntropy, optimizer: .adam(), rates: RateFactors(inputScales: 6), batchSize: 32,
      inputDropout: 0.05, generator: generator, team: Team(workers: workers))
  }
  var alone = trainer(1)
  let before = alone.network[embedding: .vectors]
  for _ in 0..<20 { _ = try alone.runEpoch(on: samples) }
  #expect(alone.network[embedding: .vectors] != before)
  let accuracy = ClassificationMetrics(outputs: alone.network.predict(features), targets: samples.targets).accuracy
  #expect(accuracy > 0.95, "\(accuracy)")
  for workers in [2, 3] {
    var other = trainer(workers)
    for _ in 0..<9 { _ = try other.runEpoch(on: samples) }
    let checkpoint = Checkpoint(other)
    other = trainer(1)
    try other.restore(checkpoint)
    for _ in 9..<20 { _ = try other.runEpoch(on: samples) }
    #expect(other.network.parameters == alone.network.parameters, "\(workers) workers")
  }
}
