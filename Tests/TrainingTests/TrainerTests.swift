import PerceptronDatasets
import PerceptronLayers
import PerceptronNaiveLoops
import PerceptronStepBenchmark
import PerceptronTraining
import Tensor
import Testing

/// Two noisy spirals in the plane, which no straight line separates.
private func spirals<Scalar>(_ count: Int, seed: UInt64) -> Samples<Scalar> {
  var generator = Philox(seed: seed)
  var features = Matrix<Scalar>(rows: 2, columns: count)
  features.fillUniform(-0.05...0.05, using: &generator)
  let labels = (0..<count).map { $0 % 2 }
  for sample in 0..<count {
    let t = generator.nextUniform() * 2 + 0.2
    let (x, y) = rotated(t, by: 2 * t + (labels[sample] == 0 ? 0 : 3.141_592_653_589_793))
    features[0, sample] += Scalar(x)
    features[1, sample] += Scalar(y)
  }
  return Samples(features: features, targets: oneHot(labels, classes: 2))
}

/// (r cos φ, r sin φ) by the series of the exponential; good enough for a picture.
private func rotated(_ radius: Double, by angle: Double) -> (Double, Double) {
  var (x, y) = (radius, 0.0)
  let steps = 4096
  for _ in 0..<steps { (x, y) = (x - y * angle / Double(steps), y + x * angle / Double(steps)) }
  return (x, y)
}

private func trainer<Scalar>(_ rate: Double = 0.5, seed: UInt64 = 1) -> Trainer<Scalar> {
  var generator = Philox(seed: seed)
  let network = Network<Scalar>(
    .chain([2, 32, 32, 2], hidden: .tanh, output: .softmax), initializer: .glorotNormal, using: &generator)
  return Trainer(
    network, loss: .crossEntropy, optimizer: .sgd(learningRate: rate), batchSize: 16,
    generator: Philox(seed: seed, stream: 1))
}

@Test("Training learns what a linear model cannot")
func learnsSpirals() throws {
  let (training, test): (Samples<Float>, Samples<Float>) = (spirals(500, seed: 1), spirals(500, seed: 2))
  var trainer: Trainer<Float> = trainer()
  var losses: [Double] = []
  for _ in 0..<150 { losses.append(try trainer.runEpoch(on: training)) }
  #expect(losses.last! < 0.1 * losses[0])
  let metrics = ClassificationMetrics(outputs: trainer.network.predict(test.features), targets: test.targets)
  #expect(metrics.accuracy > 0.97)

  var linear = Trainer(
    Network<Float>([Dense(2, 2, .softmax)]), loss: .crossEntropy, optimizer: .sgd(learningRate: 0.5), batchSize: 16,
    generator: Philox(seed: 1))
  for _ in 0..<150 { _ = try linear.runEpoch(on: training) }
  let baseline = ClassificationMetrics(outputs: linear.network.predict(test.features), targets: test.targets)
  #expect(baseline.accuracy < 0.8)
}

@Test("The same seed gives the same bits, another seed others")
func reproducible() throws {
  let samples: Samples<Float> = spirals(100, seed: 1)
  var (first, second, other): (Trainer<Float>, Trainer<Float>, Trainer<Float>) = (
    trainer(), trainer(), trainer(seed: 2)
  )
  for _ in 0..<3 {
    #expect(try first.runEpoch(on: samples) == second.runEpoch(on: samples))
    _ = try other.runEpoch(on: samples)
  }
  #expect(first.network.parameters == second.network.parameters)
  #expect(first.network.parameters != other.network.parameters)
}

@Test("A copy of a trainer goes on by itself, to the same bits")
func copies() throws {
  let samples: Samples<Double> = spirals(50, seed: 1)
  var original: Trainer<Double> = trainer()
  _ = try original.runEpoch(on: samples)
  var copy = original
  _ = try copy.runEpoch(on: samples)
  #expect(original.network.parameters != copy.network.parameters)
  _ = try original.runEpoch(on: samples)
  #expect(original.network.parameters == copy.network.parameters)
}

@Test("An epoch visits every sample once, the last batch taking what is left", arguments: [1, 7, 16, 50, 64])
func everySampleOnce(batchSize: Int) throws {
  // One weight per sample and one-hot inputs: a sample's weight moves only when it is visited, by η (1 − 0) / batch
  // from 0.
  let count = 50
  let samples = Samples<Double>(
    features: .identity(count), targets: Matrix(rows: 1, columns: count, repeating: 1))
  var trainer = Trainer(
    Network<Double>([Dense(count, 1, .identity)]), loss: .quadratic, optimizer: .sgd(learningRate: 1e-9),
    batchSize: batchSize, generator: Philox(seed: 1))
  var done: [Int] = []
  try trainer.fit(
    on: samples, epochs: 1,
    afterStep: { _, samplesDone in
      done.append(samplesDone)
      return true
    })
  let last = count % batchSize == 0 ? min(batchSize, count) : count % batchSize
  let moves = trainer.network[layer: 0, .weights].elements.map { $0 * 1e9 }
  #expect(moves.count { abs($0 - 1 / Double(last)) < 1e-6 } >= last)
  #expect(moves.allSatisfy { abs($0 - 1 / Double(last)) < 1e-6 || abs($0 - 1 / Double(min(batchSize, count))) < 1e-6 })
  #expect(done == stride(from: batchSize, to: count, by: batchSize) + [count])
}

@Test("Steps follow the naive loops, sample order and all")
func followsNaiveLoops() throws {
  let samples: Samples<Float> = spirals(64, seed: 3)
  var trainer: Trainer<Float> = trainer(0.1)
  var naive = NaiveNetwork(trainer.network)
  // The order that the trainer will draw.
  var generator = Philox(seed: 1, stream: 1)
  var order = Array(0..<64)
  for _ in 0..<3 {
    generator.shuffle(&order)
    var sum = 0.0
    for start in stride(from: 0, to: 64, by: 16) {
      let batch = samples.gathered(order[start..<start + 16])
      sum += naive.backPropagate(
        .crossEntropy, inputs: batch.features.elements, targets: batch.targets.elements, batch: 16)
      naive.descend(rate: 0.1)
    }
    let loss = try trainer.runEpoch(on: samples)
    #expect(abs(loss - sum / 4) < 1e-5)
  }
  for layer in 0..<3 {
    let weights = Matrix(trainer.network[layer: layer, .weights].transposed).elements
    #expect(zip(weights, naive.weights[layer]).allSatisfy { abs($0 - $1) < 1e-5 })
  }
}

/// Networks whose jobs are cut in every way: by samples, by rows, by strips of the weights that are added (and one
/// sample more than those allow).
private let cutNetworks: [(sizes: [Int], batch: Int, hidden: Activation)] = [
  ([784, 30, 10], 10, .sigmoid), ([300, 100, 10], 10, .tanh), ([800, 100, 10], 25, .relu), ([800, 100, 10], 26, .relu),
  ([200, 300, 10], 50, .softmax), ([64, 256, 256, 10], 32, .relu), ([256, 512, 256, 10], 128, .tanh),
]

@Test("Steps of networks that are cut follow the naive loops", arguments: cutNetworks, [1, 3])
func cutsFollowNaiveLoops(network: (sizes: [Int], batch: Int, hidden: Activation), workers: Int) throws {
  var generator = Philox(seed: 2)
  let (inputs, outputs, batch) = (network.sizes[0], 10, network.batch)
  var features = Matrix<Double>(rows: inputs, columns: 2 * batch)
  features.fillUniform(-1...1, using: &generator)
  let targets: Matrix<Double> = oneHot(
    (0..<2 * batch).map { _ in generator.nextIndex(below: outputs) }, classes: outputs)
  let samples = Samples(features: features, targets: targets)
  let start = Network<Double>(
    .chain(network.sizes, hidden: network.hidden, output: .softmax), initializer: .glorotNormal, using: &generator)
  var naive = NaiveNetwork(start)
  // The workspace is for more samples than the batches have.
  var trainer = Trainer(
    start, loss: .crossEntropy, optimizer: .sgd(learningRate: 0.5), batchSize: batch + 5, generator: generator,
    team: Team(workers: workers))
  for step in 0..<3 {
    let order = (0..<batch).map { ($0 * 2 + step) % (2 * batch) }
    let chosen = samples.gathered(order)
    let expected = naive.backPropagate(
      .crossEntropy, inputs: chosen.features.elements, targets: chosen.targets.elements, batch: batch)
    naive.descend(rate: 0.5)
    #expect(abs(try trainer.takeStep(on: samples, batch: order[...]) - expected) < 1e-12)
  }
  for layer in start.layers.indices {
    let weights = Matrix(trainer.network[layer: layer, .weights].transposed).elements
    #expect(zip(weights, naive.weights[layer]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(zip(trainer.network[layer: layer, .bias].elements, naive.biases[layer]).allSatisfy { abs($0 - $1) < 1e-12 })
  }
}

@Test("One sample that is not a number does not loosen the guard for the others")
func guardWithNaN() {
  var features = Matrix<Float>(rows: 2, columns: 2)
  (features[0, 0], features[0, 1]) = (1e30, .nan)
  let samples = Samples(features: features, targets: Matrix<Float>(rows: 1, columns: 2))
  var network = Network<Float>([Dense(2, 1)])
  network.parameters[0, 0] = 1e-20
  var trainer = Trainer(
    network, loss: .quadratic, optimizer: .sgd(learningRate: 1), batchSize: 1, generator: Philox(seed: 1),
    team: Team(workers: 1))
  #expect(throws: Divergence.self) { _ = try trainer.takeStep(on: samples, batch: [0]) }
  #expect(trainer.network.parameters[0, 0] == 1e-20)
}

/// One of each kind, with factors that are not the defaults. A new one belongs here too; the switch in `PlainRule` does
/// not compile without it.
let optimizers: [Optimizer] = [
  .sgd(learningRate: 0.1), .momentum(learningRate: 0.02, momentum: 0.8),
  .momentum(learningRate: 0.02, momentum: 0.8, nesterov: true),
  .rmsProp(learningRate: 0.003, decay: 0.9, epsilon: 1e-4),
  .adaGrad(learningRate: 0.02, epsilon: 1e-4), .adam(learningRate: 0.003, beta1: 0.8, beta2: 0.99),
  .adam(learningRate: 0.003, epsilon: 1e-3, weightDecay: 0.1), .lion(learningRate: 0.001, beta1: 0.8, beta2: 0.95),
  .rProp(initialStep: 0.02, decrease: 0.4, increase: 1.1, smallestStep: 1e-5, largestStep: 0.1), .lbfgs(history: 4),
]

/// The rules as their papers have them, on plain arrays.
private struct PlainRule {
  let optimizer: Optimizer
  var (m, v): ([Double], [Double])
  var t = 0.0

  init(_ optimizer: Optimizer, count: Int) {
    self.optimizer = optimizer
    (m, v) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
  }

  mutating func step(_ parameters: inout [Double], _ gradient: [Double]) {
    t += 1
    for i in parameters.indices {
      let g = gradient[i]
      switch optimizer {
      case .sgd(let rate): parameters[i] -= rate * g
      case .momentum(let rate, let momentum, let nesterov):
        v[i] = momentum * v[i] + g
        parameters[i] -= rate * (nesterov ? g + momentum * v[i] : v[i])
      case .adam(let rate, let beta1, let beta2, let epsilon, let decay):
        m[i] = beta1 * m[i] + (1 - beta1) * g
        v[i] = beta2 * v[i] + (1 - beta2) * g * g
        var (first, second) = (1.0, 1.0)
        for _ in 0..<Int(t) { (first, second) = (first * beta1, second * beta2) }
        let (mean, square) = (m[i] / (1 - first), v[i] / (1 - second))
        parameters[i] -= rate * decay * parameters[i] + rate * mean / (square.squareRoot() + epsilon)
      case .rmsProp(let rate, let decay, let epsilon):
        v[i] = decay * v[i] + (1 - decay) * g * g
        parameters[i] -= rate * g / (v[i].squareRoot() + epsilon)
      case .adaGrad(let rate, let epsilon):
        v[i] += g * g
        parameters[i] -= rate * g / (v[i].squareRoot() + epsilon)
      case .lion(let rate, let beta1, let beta2):
        let direction = beta1 * m[i] + (1 - beta1) * g
        parameters[i] -= direction == 0 ? 0 : direction < 0 ? -rate : rate
        m[i] = beta2 * m[i] + (1 - beta2) * g
      case .rProp(let initial, let decrease, let increase, let smallest, let largest):
        if t == 1 { v[i] = initial }
        if m[i] * g > 0 { v[i] = min(increase * v[i], largest) }
        if m[i] * g < 0 { v[i] = max(decrease * v[i], smallest) }
        m[i] = m[i] * g < 0 ? 0 : g
        parameters[i] -= m[i] == 0 ? 0 : m[i] < 0 ? -v[i] : v[i]
      case .lbfgs: fatalError("the golden trajectory is the test of it")
      }
    }
  }
}

@Test("A hundred steps follow the rule of the paper", arguments: optimizers.filter { $0.name != "lbfgs" })
func followsRule(optimizer: Optimizer) throws {
  let samples: Samples<Double> = spirals(16, seed: 3)
  var generator = Philox(seed: 1)
  let network = Network<Double>(
    .chain([2, 8, 2], hidden: .tanh, output: .softmax), initializer: .glorotNormal, using: &generator)
  // One batch is the whole set, so the order of the samples matters by rounding only.
  var trainer = Trainer(
    network, loss: .crossEntropy, optimizer: optimizer, batchSize: 16, generator: Philox(seed: 1))
  var plain = network
  var rule = PlainRule(optimizer, count: network.parameterCount)
  var workspace = Workspace(for: network, batchCapacity: 16)
  var gradient = Matrix<Double>(rows: network.parameterCount, columns: 1)
  for _ in 0..<100 {
    _ = try trainer.runEpoch(on: samples)
    _ = plain.backPropagate(
      .crossEntropy, inputs: samples.features, targets: samples.targets, workspace: &workspace, gradient: &gradient)
    var parameters = plain.parameters.elements
    rule.step(&parameters, gradient.elements)
    plain.parameters = Matrix(parameters)
  }
  var difference = trainer.network.parameters
  difference.add(plain.parameters, scaledBy: -1)
  #expect(difference.maxMagnitude() < 1e-10)
  #expect(trainer.network.parameters != network.parameters)
}

@Test("Adam's steps are bounded where its mean remembers longer than its squares do", arguments: [0, 0.5, 0.81])
func shortMemory(beta2: Double) throws {
  let samples: Samples<Float> = spirals(64, seed: 3)
  var trainer = Trainer(
    (trainer() as Trainer<Float>).network, loss: .crossEntropy, optimizer: .adam(learningRate: 1e-4, beta2: beta2),
    batchSize: 16, generator: Philox(seed: 1))
  let first = try trainer.runEpoch(on: samples)
  for _ in 0..<20 { _ = try trainer.runEpoch(on: samples) }
  #expect(try trainer.runEpoch(on: samples) < first)
}

private let badOptimizers: [(optimizer: Optimizer, mistake: String)] = [
  (.sgd(learningRate: 0), "a learning rate of 0.0"), (.momentum(momentum: 1), "a momentum of 1.0"),
  (.rmsProp(decay: -0.5), "a decay of -0.5"), (.adaGrad(epsilon: 0), "ε = 0.0"),
  (.adam(beta2: 1), "the factors β₁ = 0.9, β₂ = 1.0"),
  (.adam(learningRate: 0.5, weightDecay: 2), "a weight decay of 2.0"),
  (.lion(beta1: 1), "the factors β₁ = 1.0, β₂ = 0.99"),
  (.rProp(initialStep: 99), "steps that begin with 99.0 and stay in 1e-06…50.0"),
  (.lbfgs(history: 0), "a history of 0 steps"),
]

@Test("Factors out of their range are refused, of every optimizer", arguments: badOptimizers.indices)
func optimizerFactors(index: Int) async {
  let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [index] in
    _ = Trainer(
      Network<Float>([Dense(1, 1)]), loss: .quadratic, optimizer: badOptimizers[index].optimizer, batchSize: 1,
      generator: Philox(seed: 0))
  }
  #expect(standardError(result).contains("cannot train with \(badOptimizers[index].mistake)"))
}

@Test("Batches that do not fit are refused")
func batchMistakes() async {
  let large = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    var trainer: Trainer<Float> = trainer()
    _ = try trainer.takeStep(on: spirals(50, seed: 1), batch: Array(0..<17)[...])
  }
  #expect(standardError(large).contains("cannot take a step on 17 samples with a batch size of 16"))
  let empty = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    var trainer: Trainer<Float> = trainer()
    _ = try trainer.takeStep(on: spirals(50, seed: 1), batch: [])
  }
  #expect(standardError(empty).contains("cannot take a step on 0 samples with a batch size of 16"))
  let outside = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
    var trainer: Trainer<Float> = trainer()
    _ = try trainer.takeStep(on: spirals(50, seed: 1), batch: [0, 50])
  }
  #expect(standardError(outside).contains("cannot take a step on sample 50 of 50"))
}

func standardError(_ result: ExitTest.Result?) -> String {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}

// MARK: - Divergence

@Test(
  "A learning rate that explodes stops with finite parameters and names a layer",
  arguments: [1e3, 1e10, 1e30, 1e38].flatMap { [Optimizer.sgd(learningRate: $0), .momentum(learningRate: $0)] }
    + [
      .adam(learningRate: 1e38), .momentum(learningRate: 1e20, nesterov: true), .sgd(learningRate: 1e39),
      .rmsProp(learningRate: 1e38), .adaGrad(learningRate: 1e38), .adam(learningRate: 1e37, beta2: 0),
    ])
func divergence(optimizer: Optimizer) throws {
  let samples: Samples<Float> = spirals(100, seed: 1)
  var generator = Philox(seed: 1)
  let network = Network<Float>(
    .chain([2, 16, 16, 2], hidden: .relu, output: .identity), initializer: .heNormal, using: &generator)
  var trainer = Trainer(
    network, loss: .meanSquaredError, optimizer: optimizer, batchSize: 10, generator: Philox(seed: 1))
  let error = #expect(throws: Divergence.self) {
    for _ in 0..<200 { _ = try trainer.runEpoch(on: samples) }
  }
  #expect(trainer.network.parameters.elements.allSatisfy { $0.isFinite })
  #expect(trainer.network.predict(samples.features).columns == 100)
  let description = try #require(error).description
  #expect(description.contains("training diverged in epoch \(trainer.epoch + 1), step "))
  #expect(description.contains("lower the learning rate (it is \(optimizer.learningRate!))"))
  #expect(description.contains(" layer ") && description.contains("Dense("))
}

@Test("NaN in the data stops the first step that meets it and leaves the network untouched")
func nanInData() throws {
  var samples: Samples<Double> = spirals(16, seed: 1)
  var features = samples.features
  features[0, 5] = .nan
  samples = Samples(features: features, targets: samples.targets)
  var trainer: Trainer<Double> = trainer()
  let before = trainer.network.parameters
  let error = #expect(throws: Divergence.self) { _ = try trainer.runEpoch(on: samples) }
  #expect(error?.cause == .features)
  #expect(error?.description.hasSuffix("the features hold a number that is not finite; remove it") == true)
  #expect(error?.step == 1 && error?.epoch == 1)
  #expect(trainer.network.parameters == before)
}
