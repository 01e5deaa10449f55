import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

private func samples<Scalar>(_ count: Int) -> Samples<Scalar> {
  var generator = Philox(seed: 2)
  var features = Matrix<Scalar>(rows: 6, columns: count)
  features.fillNormal(using: &generator)
  return Samples(features: features, targets: oneHot((0..<count).map { $0 % 3 }, classes: 3))
}

private func network<Scalar>(_ normalization: Normalization = .none, dropout: [Double] = []) -> Network<Scalar> {
  var generator = Philox(seed: 1)
  return Network(
    .chain([6, 12, 8, 3], hidden: .tanh, output: .softmax, normalization: normalization, dropout: dropout),
    initializer: .glorotNormal, using: &generator)
}

private func trainer<Scalar>(
  _ network: Network<Scalar>, _ optimizer: Optimizer, batchSize: Int, shards: Int, clipNorm: Double? = nil,
  inputDropout: Double = 0
) -> Trainer<Scalar> {
  Trainer(
    network, loss: .crossEntropy, optimizer: optimizer, regularization: Regularization(l2: 1e-3, clipNorm: clipNorm),
    batchSize: batchSize, shards: shards, inputDropout: inputDropout, generator: Philox(seed: 3),
    team: Team(workers: 2))
}

/// The gradient of a range of shards, by the definition: a range is cut after the largest power of two below its width.
private func gradient<Scalar>(
  ofShards range: Range<Int>, of count: Int, _ network: Network<Scalar>, _ samples: Samples<Scalar>
) -> [Scalar] {
  if range.count == 1 {
    let part = samples.count * range.lowerBound / count..<samples.count * range.upperBound / count
    var network = network
    var workspace = Workspace(for: network, batchCapacity: part.count)
    var gradient = Matrix<Scalar>(rows: network.parameterCount, columns: 1)
    _ = network.backPropagate(
      Objective(
        .crossEntropy, labelSmoothing: 0,
        noise: Noise(key: 0, step: 0, inputDropout: 0, dropoutFactor: 1, firstSample: part.lowerBound)),
      Batch(
        inputs: samples.features, targets: samples.targets, weights: nil, columns: Array(part)[...],
        meanCount: samples.count, inputBound: samples.featureBound),
      workspace: &workspace, gradient: &gradient, adding: false, largestGradient: 1e30)
    return gradient.elements
  }
  var width = 1
  while 2 * width < range.count { width *= 2 }
  let middle = range.lowerBound + width
  return zip(
    gradient(ofShards: range.lowerBound..<middle, of: count, network, samples),
    gradient(ofShards: middle..<range.upperBound, of: count, network, samples)
  ).map { $0 + $1 }
}

@Suite struct ShardTests {
  @Test(
    "A step adds the gradients of its shards in a binary tree, bit for bit", arguments: [2, 3, 4, 5, 6, 7, 8, 13, 23])
  func tree(shards: Int) throws {
    func check<Scalar: BLASScalar>(_: Scalar.Type) throws {
      let (network, samples): (Network<Scalar>, Samples<Scalar>) = (network(), samples(23))
      // With a rate of 1 and no penalty, the step is one exact subtraction and one rounding.
      var trainer = Trainer(
        network, loss: .crossEntropy, optimizer: .sgd(learningRate: 1), batchSize: 23, shards: shards,
        generator: Philox(seed: 1), team: Team(workers: 2))
      _ = try trainer.takeStep(on: samples, batch: Array(0..<23)[...])
      let sum = gradient(ofShards: 0..<shards, of: shards, network, samples)
      #expect(trainer.network.parameters.elements == zip(network.parameters.elements, sum).map { $0 - $1 })
    }
    try check(Float.self)
    try check(Double.self)
  }

  @Test("Another number of shards gives other bits")
  func otherBits() throws {
    let steps = try [1, 2, 3, 4].map { shards in
      var trainer: Trainer<Float> = trainer(network(), .adam(), batchSize: 16, shards: shards)
      _ = try trainer.runEpoch(on: samples(100))
      return trainer.network.parameters.elements
    }
    #expect(Set(steps).count == 4)
  }

  @Test(
    "Shards change a step by rounding alone, with dropout, clipping and penalties",
    arguments: [Optimizer.sgd(), .momentum(), .adam(), .lbfgs()], [2, 5, 16])
  func sameSteps(optimizer: Optimizer, shards: Int) throws {
    func trained(_ shards: Int) throws -> (loss: Double, parameters: [Double]) {
      let isSearching = optimizer.isFullBatch
      var trainer: Trainer<Double> = trainer(
        network(.layer, dropout: isSearching ? [] : [0.3]), optimizer, batchSize: isSearching ? 100 : 16,
        shards: shards, clipNorm: isSearching ? nil : 0.5, inputDropout: isSearching ? 0 : 0.2)
      var loss = 0.0
      // The last batch has 4 samples, fewer than there may be shards.
      for _ in 0..<3 { loss = try trainer.runEpoch(on: samples(100)) }
      return (loss, trainer.network.parameters.elements)
    }
    let (whole, parts) = (try trained(1), try trained(shards))
    #expect(abs(whole.loss - parts.loss) < 1e-9)
    #expect(zip(whole.parameters, parts.parameters).allSatisfy { abs($0 - $1) < 1e-8 })
  }

  @Test("Batch normalization takes a shard's statistics, and the running ones move by the mean of the shards'")
  func statistics() throws {
    let (network, samples): (Network<Double>, Samples<Double>) = (network(.batch), samples(22))
    var trainer = trainer(network, .sgd(), batchSize: 22, shards: 3)
    _ = try trainer.takeStep(on: samples, batch: Array(0..<22)[...])
    // The outputs of the first layer before it is normalized, W x + b.
    let weights = network.parameters.elements
    func output(_ unit: Int, _ sample: Int) -> Double {
      (0..<6).reduce(weights[72 + unit]) { $0 + weights[$1 * 12 + unit] * samples.features[$1, sample] }
    }
    for unit in 0..<12 {
      let parts = [0..<7, 7..<14, 14..<22].map { $0.map { output(unit, $0) } }
      let means = parts.map { $0.reduce(0, +) / Double($0.count) }
      let variances = zip(parts, means).map { part, mean in
        part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(part.count - 1)
      }
      #expect(abs(trainer.network.statistics[unit, 0] - 0.1 * means.reduce(0, +) / 3) < 1e-12)
      #expect(abs(trainer.network.statistics[12 + unit, 0] - (0.9 + 0.1 * variances.reduce(0, +) / 3)) < 1e-12)
    }
  }

  @Test("No shard is so small that it cannot be normalized", arguments: [1, 2, 3, 5, 8, 16, 17, 100])
  func smallShards(shards: Int) throws {
    var trainer: Trainer<Float> = trainer(network(.batch), .adam(), batchSize: 16, shards: shards)
    // The last batch of an epoch has 1 to 16 samples, or joins the one before it.
    for count in 17...48 {
      #expect(try trainer.runEpoch(on: samples(count)).isFinite)
      let variances = trainer.network.statistics
      #expect((12..<24).allSatisfy { variances[$0, 0] > 0 && variances[$0, 0].isFinite }, "\(count) samples")
    }
  }

  @Test(
    "With batch normalization, more shards than pairs of samples are as many as pairs", arguments: [9, 16, 17, 100])
  func pairs(shards: Int) throws {
    func stepped(_ shards: Int) throws -> Network<Float> {
      var trainer: Trainer<Float> = trainer(network(.batch), .sgd(), batchSize: 16, shards: shards)
      _ = try trainer.takeStep(on: samples(16), batch: Array(0..<16)[...])
      return trainer.network
    }
    let (eight, more) = (try stepped(8), try stepped(shards))
    #expect(eight.parameters == more.parameters && eight.statistics == more.statistics)
    #expect(try stepped(7).statistics != more.statistics)
  }

  @Test("Validation gives the same loss in any blocks")
  func validation() throws {
    let losses = [1, 128].map { shards in
      var trainer: Trainer<Double> = trainer(network(), .sgd(), batchSize: 256, shards: shards)
      return trainer.meanLoss(on: samples(1000))
    }
    #expect(losses[0] == losses[1])
  }

  @Test("Neither batches nor shards of no samples are possible", arguments: [[0, 1], [-1, 1], [1, 0], [8, -1]])
  func refusedSizes(sizes: [Int]) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [sizes] in
      _ = trainer(network(), .sgd(), batchSize: sizes[0], shards: sizes[1]) as Trainer<Float>
    }
    #expect(
      standardError(result).contains(
        "cannot train with batches of \(sizes[0]) samples in \(sizes[1]) shards: at least 1 of each is needed"))
  }

  @Test("A step that a later shard makes impossible changes nothing")
  func refused() throws {
    let network: Network<Float> = network(.batch)
    var samples: Samples<Float> = samples(40)
    var features = samples.features
    for row in 0..<6 { features[row, 39] = 1e38 }
    samples = Samples(features: features, targets: samples.targets)
    var trainer = trainer(network, .adam(), batchSize: 40, shards: 4)
    let error = #expect(throws: Divergence.self) { _ = try trainer.takeStep(on: samples, batch: Array(0..<40)[...]) }
    // Normalized outputs are of usual size, but the gradient of the weights behind them is not.
    #expect(error?.cause == .update(layer: 1))
    #expect(trainer.network.parameters == network.parameters && trainer.network.statistics == network.statistics)
  }
}
