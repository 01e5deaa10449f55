import CPerceptronAllocationHook
import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

// Each test counts in a process of its own, where no other test allocates.

@Suite(.enabled(if: allocations_are_countable(), "the C library is not glibc, or a sanitizer has its own malloc"))
struct AllocationTests {
  @Test("An allocation is seen on every thread")
  func isSeen() async {
    await #expect(processExitsWith: .success) {
      #expect(allocations {} == 0)
      #expect(allocations { _ = Matrix<Float>(rows: 100, columns: 1) } >= 1)
      let team = Team(workers: 3)
      // None on the caller's thread, a hundred on one other, two hundred on the third.
      let count = allocations {
        team.run { worker in for size in 0..<100 * worker.index { _ = Matrix<Float>(rows: size, columns: 1) } }
      }
      #expect(count >= 300)
    }
  }

  @Test("A step allocates nothing after the first")
  func step() async {
    await #expect(processExitsWith: .success) {
      try checkSteps(Float.self)
      try checkSteps(Double.self)
    }
  }

  @Test("Neither does one with the loss of several quantiles, or of amounts")
  func stepOfDistributions() async {
    await #expect(processExitsWith: .success) {
      for (loss, output) in [(Loss.quantiles([0.1, 0.5, 0.9]), Activation.identity), (.tweedie(1.5), .exponential)] {
        var trainer = Trainer(
          Network<Float>([Dense(4, 5, .relu), Dense(5, 6, output)]), loss: loss, optimizer: .adam(), batchSize: 64,
          generator: Philox(seed: 1), team: Team(workers: 2))
        let samples = Samples(
          features: Matrix<Float>(rows: 4, columns: 64, repeating: 1),
          targets: Matrix(rows: 6, columns: 64, repeating: 2))
        let batch = Array(0..<64)[...]
        _ = try trainer.takeStep(on: samples, batch: batch)
        let count = try allocations { for _ in 0..<20 { _ = try trainer.takeStep(on: samples, batch: batch) } }
        #expect(count == 0, "\(loss)")
      }
    }
  }

  @Test("An epoch allocates nothing after the first")
  func epoch() async {
    await #expect(processExitsWith: .success) {
      try checkEpochs(Float.self)
      try checkEpochs(Double.self)
    }
  }

  @Test("Neither does a regularized one, nor one whose learning rate changes")
  func regularizedEpoch() async {
    await #expect(processExitsWith: .success) {
      try checkRegularizedEpochs(Float.self)
      try checkRegularizedEpochs(Double.self)
    }
  }

  @Test("Neither does one with an embedding, parametric activations, factors of the rate and schedules")
  func recipeEpoch() async {
    await #expect(processExitsWith: .success) {
      try checkRecipeEpochs(Float.self)
      try checkRecipeEpochs(Double.self)
    }
  }

  @Test("Neither does a step that several processes share")
  func sharedStep() async {
    await #expect(processExitsWith: .success) {
      let counts = try Processes.simulate(3) { processes in
        var trainer = Trainer(
          Network<Float>([
            Dense(20, 300, .relu, normalization: .batch), Dense(300, 150, .tanh), Dense(150, 3, .softmax),
          ]),
          loss: .crossEntropy, optimizer: .adam(), regularization: Regularization(l2: 1e-3, clipNorm: 1), batchSize: 64,
          shards: 5, processes: processes, generator: Philox(seed: 1), team: Team(workers: 2))
        let samples = Samples(
          features: Matrix<Float>(rows: 20, columns: 64, repeating: 1),
          targets: Matrix(rows: 3, columns: 64, repeating: 1 / 3))
        let batch = Array(0..<64)[...]
        _ = try trainer.takeStep(on: samples, batch: batch)
        // All processes are counted together, between two meetings.
        _ = processes.agree(true)
        if processes.isFirst { start_counting_allocations() }
        _ = processes.agree(true)
        for _ in 0..<20 { _ = try trainer.takeStep(on: samples, batch: batch) }
        _ = processes.agree(true)
        let count = processes.isFirst ? Int(stop_counting_allocations()) : 0
        _ = processes.agree(true)
        return count
      }
      #expect(counts[0] == 0)
    }
  }

  @Test("A prediction into a matrix that is there allocates nothing after the first")
  func prediction() async {
    await #expect(processExitsWith: .success) {
      checkPredictions(Float.self)
      checkPredictions(Double.self)
    }
  }

  @Test("An image is deformed without allocating")
  func deformation() async {
    await #expect(processExitsWith: .success) {
      checkDeformations(Float.self)
      checkDeformations(Double.self)
    }
  }
}

private func allocations(_ body: () throws -> Void) rethrows -> Int {
  start_counting_allocations()
  defer { _ = stop_counting_allocations() }
  try body()
  return stop_counting_allocations()
}

/// Networks and batches for which the caller works alone; the team is on trial; the same, and the first layer's strips
/// are added up; the team works always.
private let cases: [(sizes: [Int], batch: Int, Activation, Normalization, dropout: Double)] = [
  ([5, 8, 3], 4, .tanh, .none, 0), ([64, 128, 10], 32, .gelu, .batch, 0.25), ([784, 30, 10], 10, .tanh, .none, 0),
  ([128, 128, 64, 10], 128, .relu, .layer, 0.5), ([128, 128, 64, 10], 32, .silu, .rms, 0),
]

/// Calls `body` with every network, its batch size and a team of 1, 2 and 4, and what they are called.
private func forEveryCase<Scalar: BLASScalar>(
  _: Scalar.Type, _ body: (Network<Scalar>, Int, Team, String) throws -> Void
) rethrows {
  for workers in [1, 2, 4] {
    let team = Team(workers: workers)
    for (sizes, batch, hidden, normalization, dropout) in cases {
      var generator = Philox(seed: 1)
      let network = Network<Scalar>(
        .chain(sizes, hidden: hidden, output: .softmax, normalization: normalization, dropout: [dropout]),
        initializer: .glorotNormal, using: &generator)
      try body(network, batch, team, "\(sizes), batch \(batch), \(workers) workers, \(Scalar.self)")
    }
  }
}

/// The same with a trainer for every optimizer, and samples that its batches do not divide.
private func forEveryTrainer<Scalar: BLASScalar>(
  _ type: Scalar.Type, shards: Int = 1, _ body: (inout Trainer<Scalar>, Samples<Scalar>, String) throws -> Void
) rethrows {
  try forEveryCase(type) { network, batch, team, name in
    let count = batch * 5 / 2
    var generator = Philox(seed: 2)
    var features = Matrix<Scalar>(rows: network.inputSize, columns: count)
    features.fillNormal(using: &generator)
    let targets: Matrix<Scalar> = oneHot((0..<count).map { $0 % network.outputSize }, classes: network.outputSize)
    let isRandom = network.layers.contains { $0.dropout > 0 || $0.normalization == .batch }
    for optimizer in optimizers where !(isRandom && optimizer.name == "lbfgs") {
      var trainer = Trainer(
        network, loss: .crossEntropy, optimizer: optimizer, batchSize: optimizer.isFullBatch ? count : batch,
        shards: shards, generator: generator, team: team)
      try body(&trainer, Samples(features: features, targets: targets), "\(name), \(optimizer.name)")
    }
  }
}

// The counted rounds are more than the trial takes whether the team is faster.

private func checkSteps<Scalar: BLASScalar>(_ type: Scalar.Type) throws {
  try forEveryTrainer(type) { trainer, samples, name in
    let batch = Array(0..<trainer.batchSize)[...]
    _ = try trainer.takeStep(on: samples, batch: batch)
    let count = try allocations { for _ in 0..<20 { _ = try trainer.takeStep(on: samples, batch: batch) } }
    #expect(count == 0, "\(name)")
  }
}

private func checkEpochs<Scalar: BLASScalar>(_ type: Scalar.Type) throws {
  for shards in [1, 3] {
    try forEveryTrainer(type, shards: shards) { trainer, samples, name in
      _ = try trainer.runEpoch(on: samples)
      let count = try allocations { for _ in 0..<7 { _ = try trainer.runEpoch(on: samples) } }
      #expect(count == 0, "\(name), \(shards) shards")
    }
  }
}

private func checkRegularizedEpochs<Scalar: BLASScalar>(_ type: Scalar.Type) throws {
  try forEveryCase(type) { network, batch, team, name in
    let count = batch * 5 / 2
    let features = Matrix<Scalar>(rows: network.inputSize, columns: count, repeating: 1)
    let targets: Matrix<Scalar> = oneHot((0..<count).map { $0 % network.outputSize }, classes: network.outputSize)
    let samples = Samples(features: features, targets: targets)
    for clipNorm in [nil, 0.1] {
      var trainer = Trainer(
        network, loss: .crossEntropy, optimizer: .momentum(),
        regularization: Regularization(l1: 0.01, l2: 0.01, weightDecay: 0.1, clipNorm: clipNorm, maxNorm: 1),
        schedule: Schedule(.cosine(epochs: 9), warmupEpochs: 2), batchSize: batch, shards: clipNorm == nil ? 1 : 3,
        generator: Philox(seed: 2), team: team)
      _ = try trainer.runEpoch(on: samples)
      let count = try allocations { for _ in 0..<7 { _ = try trainer.runEpoch(on: samples) } }
      #expect(count == 0, "\(name)")
    }
  }
}

private func checkRecipeEpochs<Scalar: BLASScalar>(_: Scalar.Type) throws {
  try checkRecipeEpochs(Scalar.self, Embedding(8, numbers: [0, 2, 3, 7]))
  let edges: [Double] = [-1, 0, 0.5, 1, 3]
  try checkRecipeEpochs(
    Scalar.self, Embedding(8, numbers: [0, 2, 3, 7], encoding: .pieces(edges: [edges, edges, edges, edges])))
  try checkRecipeEpochs(Scalar.self, Embedding(8, numbers: [0, 6, 7], categories: [1..<6], dimension: 8))
}

private func checkRecipeEpochs<Scalar: BLASScalar>(_: Scalar.Type, _ embedding: Embedding) throws {
  for workers in [1, 2, 4] {
    let team = Team(workers: workers)
    for (normalization, clipNorm) in [(.none, nil), (.layer, nil), (.none, 0.1)] as [(Normalization, Double?)] {
      var generator = Philox(seed: 1)
      let network = Network<Scalar>(
        .chain(
          [20, 128, 64, 3], hidden: .mish, isParametric: true, output: .softmax, normalization: normalization,
          dropout: [0.25]),
        embedding: embedding, initializer: .lecunNormal, using: &generator)
      let features = Matrix<Scalar>(rows: 8, columns: 80, repeating: 1)
      let samples = Samples(features: features, targets: oneHot((0..<80).map { $0 % 3 }, classes: 3))
      var trainer = Trainer(
        network, loss: .crossEntropy, optimizer: .adam(),
        regularization: Regularization(weightDecay: 0.1, clipNorm: clipNorm), schedule: Schedule(.logCosine(epochs: 9)),
        rates: RateFactors(dividesByRootOfInputs: true, biases: 0.1, inputScales: 6, decaysBiases: false),
        dropoutSchedule: Schedule(.flatCosine(epochs: 9)), decaySchedule: Schedule(.flatCosine(epochs: 9)),
        batchSize: 32, shards: clipNorm == nil ? 1 : 3, averageDecay: 0.99, generator: generator, team: team)
      _ = try trainer.runEpoch(on: samples)
      let count = try allocations { for _ in 0..<7 { _ = try trainer.runEpoch(on: samples) } }
      #expect(count == 0, "\(normalization), \(workers) workers, \(Scalar.self)")
      var outputs = Matrix<Scalar>(rows: 3, columns: 80)
      var workspace = Workspace(for: trainer.network, batchCapacity: 32, team: team)
      trainer.network.predict(features, into: &outputs, workspace: &workspace)
      let own = trainer.network
      let ofPrediction = allocations { own.predict(features, into: &outputs, workspace: &workspace) }
      #expect(ofPrediction == 0, "prediction, \(normalization), \(workers) workers, \(Scalar.self)")
    }
  }
}

private func checkPredictions<Scalar: BLASScalar>(_ type: Scalar.Type) {
  forEveryCase(type) { network, batch, team, name in
    // Two blocks, the second smaller.
    let inputs = Matrix<Scalar>(rows: network.inputSize, columns: 5 * batch, repeating: 1)
    var outputs = Matrix<Scalar>(rows: network.outputSize, columns: 5 * batch)
    var workspace = Workspace(for: network, batchCapacity: 4 * batch, team: team)
    network.predict(inputs, into: &outputs, workspace: &workspace)
    let count = allocations { for _ in 0..<20 { network.predict(inputs, into: &outputs, workspace: &workspace) } }
    #expect(count == 0, "\(name)")
  }
}

private func checkDeformations<Scalar: BLASScalar>(_: Scalar.Type) {
  for kind in Augmentation.Kind.allCases {
    let augmentation = Augmentation(kind, shape: [28, 28], seed: 1)
    var images = Matrix<Scalar>(rows: 784, columns: 2, repeating: 1)
    var scratch = Matrix<Float>(rows: augmentation.scratchCount, columns: 1)
    let count = images.withTile { images in
      scratch.withTile { scratch in
        allocations {
          for sample in 0..<20 {
            augmentation.deform(
              images[columns: 0..<1], into: images[columns: 1..<2], sample: sample, epoch: 0, scratch: scratch)
          }
        }
      }
    }
    #expect(count == 0, "\(kind), \(Scalar.self)")
  }
}
