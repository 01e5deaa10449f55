import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

// The processes are threads here. The network has more parameters than a piece of a vector, so that several processes
// have a slice of them.

private func samples<Scalar>(_ count: Int, isWeighted: Bool = false) -> Samples<Scalar> {
  var generator = Philox(seed: 2)
  var features = Matrix<Scalar>(rows: 20, columns: count)
  features.fillNormal(using: &generator)
  let weights = isWeighted ? Matrix<Scalar>(rows: 1, columns: count) : nil
  return Samples(
    features: features, targets: oneHot((0..<count).map { $0 % 3 }, classes: 3),
    weights: weights.map { zeros in
      var weights = zeros
      for index in 0..<count { weights[0, index] = Scalar(1 + index % 3) }
      return weights
    })
}

/// How a network is trained, with something of everything that takes a whole gradient.
private struct Training: CustomTestStringConvertible, Sendable {
  let testDescription: String
  var optimizer = Optimizer.adam()
  var normalization = Normalization.none
  var dropout = 0.0
  var regularization = Regularization()
  var rates = RateFactors.equal
  var averageDecay: Double?
  var isWeighted = false
  var embedding: Embedding?
  var schedule = Schedule.constant
  var batchSize = 32

  static let all: [Training] = [
    Training(testDescription: "sgd, batch normalization", optimizer: .sgd(), normalization: .batch),
    Training(
      testDescription: "momentum, dropout, largest norm", optimizer: .momentum(), dropout: 0.3,
      regularization: Regularization(maxNorm: 0.8)),
    Training(
      testDescription: "adam, clipping, layer normalization", normalization: .layer,
      regularization: Regularization(clipNorm: 0.3)),
    Training(
      testDescription: "adam, penalties, average, weights",
      regularization: Regularization(l1: 1e-4, l2: 1e-3, weightDecay: 1e-2), averageDecay: 0.9, isWeighted: true),
    Training(testDescription: "adam, factors of the rate", rates: RateFactors(biases: 0.5)),
    Training(
      testDescription: "nesterov, waves of numbers, vectors of categories",
      optimizer: .momentum(nesterov: true),
      embedding: Embedding(20, numbers: [0, 2, 11, 19], categories: [3..<9], dimension: 5)),
    Training(
      testDescription: "rmsprop, pieces of numbers", optimizer: .rmsProp(),
      embedding: Embedding(
        20, numbers: [0, 19], encoding: .pieces(edges: [[-1, 0, 0.5, 1], [-2, -1, 0.25]]))),
    Training(
      testDescription: "adagrad, schedules of rate, dropout and decay", optimizer: .adaGrad(), dropout: 0.2,
      regularization: Regularization(weightDecay: 0.1), schedule: Schedule(.cosine(epochs: 3), warmupEpochs: 1)),
    Training(testDescription: "lion", optimizer: .lion()),
    Training(testDescription: "rprop", optimizer: .rProp(), batchSize: 101),
    Training(
      testDescription: "lbfgs", optimizer: .lbfgs(), regularization: Regularization(l2: 1e-3), batchSize: 101),
  ]

  func trainer<Scalar>(_ processes: Processes, shards: Int, threads: Int = 1) -> Trainer<Scalar> {
    var generator = Philox(seed: 1)
    let network = Network<Scalar>(
      .chain(
        [embedding?.outputSize ?? 20, 300, 150, 3], hidden: .tanh, output: .softmax, normalization: normalization,
        dropout: dropout > 0 ? [dropout] : []), embedding: embedding, initializer: .glorotNormal, using: &generator)
    return Trainer(
      network, loss: .crossEntropy, optimizer: optimizer, regularization: regularization, schedule: schedule,
      rates: rates, dropoutSchedule: schedule, decaySchedule: schedule, batchSize: batchSize, shards: shards,
      processes: processes, inputDropout: dropout / 2,
      averageDecay: averageDecay, generator: Philox(seed: 3), team: Team(workers: threads))
  }

  /// The state after some epochs, which have a last batch of 5 samples.
  func trained<Scalar: BLASScalar>(_: Scalar.Type, _ processes: Processes, shards: Int, threads: Int) throws -> [UInt8]
  {
    var trainer: Trainer<Scalar> = trainer(processes, shards: shards, threads: threads)
    let own: Samples<Scalar> = samples(101, isWeighted: isWeighted)
    try trainer.fit(on: own, validation: samples(700), epochs: 2)
    return try comparable(trainer)
  }
}

/// The bytes of a trainer's checkpoint, without the times.
private func comparable<Scalar>(_ trainer: Trainer<Scalar>) throws -> [UInt8] {
  let checkpoint = Checkpoint(trainer)
  var numbers = checkpoint.numbers
  numbers["seconds in epoch"] = [0]
  numbers["reports"] = trainer.reports.flatMap { [$0.trainingLoss, $0.validationLoss ?? 0] }
  return try Checkpoint(
    settings: checkpoint.settings, counts: checkpoint.counts, numbers: numbers, matrices: checkpoint.matrices
  ).encoded
}

/// Lets a process sleep for a while now and then, each at other times.
@Sendable private func pause(_ rank: Int) {
  if UInt.random(in: 0..<4) == 0 { usleep(UInt32.random(in: 0..<500)) }
}

@Suite struct ProcessTests {
  @Test("Every process gets what the others have")
  func exchanges() throws {
    let results = try Processes.simulate(5, pause: pause) { processes in
      var vector = Matrix<Float>(rows: 12, columns: 1)
      func part(_ rank: Int) -> Range<Int> { processes.share(of: 12, rank: rank) }
      for row in part(processes.rank) { vector[row, 0] = Float(row) }
      vector.withTile { processes.gather($0, part: part) }
      var spread = Matrix<Double>(rows: 2, columns: 1, repeating: Double(processes.rank))
      spread.withTile { processes.broadcast($0, from: 3) }
      return (
        vector.elements, spread.elements, processes.largest(Double(-processes.rank)),
        processes.largest(processes.rank == 2 ? .nan : 1).isNaN,
        processes.agree(processes.rank != 4), processes.agree(true),
        processes.gather(Double(processes.rank)),
        processes.gather(Array(repeating: UInt8(processes.rank), count: 2 * processes.rank))
      )
    }
    for (vector, spread, largest, isNaN, some, all, numbers, bytes) in results {
      #expect(numbers == [0, 1, 2, 3, 4])
      #expect(bytes == (0..<5).map { Array(repeating: UInt8($0), count: 2 * $0) })
      #expect(vector == (0..<12).map { Float($0) })
      #expect(spread == [3, 3])
      #expect(largest == 0 && isNaN && !some && all)
    }
  }

  @Test("A step has the same bits for any number of processes and threads", arguments: Training.all)
  private func sameBits(training: Training) throws {
    for shards in [5, 8] {
      let alone = try training.trained(Float.self, .alone, shards: shards, threads: 2)
      for count in 1...shards {
        let all = try Processes.simulate(count, pause: pause) {
          try training.trained(Float.self, $0, shards: shards, threads: 1 + count % 2)
        }
        for (rank, state) in all.enumerated() {
          // The difference of two long arrays would take minutes to print.
          let isSame = state == alone
          #expect(isSame, "process \(rank) of \(count), \(shards) shards")
        }
      }
    }
  }

  @Test("In double precision too")
  func doubles() throws {
    let alone = try Training.all[3].trained(Double.self, .alone, shards: 7, threads: 1)
    for count in [2, 3, 7] {
      let all = try Processes.simulate(count) { try Training.all[3].trained(Double.self, $0, shards: 7, threads: 1) }
      #expect(all.allSatisfy { $0 == alone })
    }
  }

  @Test("Another number of processes resumes to the same bits", arguments: Training.all)
  private func resumption(training: Training) throws {
    let own: Samples<Float> = samples(101, isWeighted: training.isWeighted)
    func goOn(_ count: Int, from checkpoint: Checkpoint<Float>?, to epochs: Int) throws -> Checkpoint<Float> {
      try Processes.simulate(count) { processes in
        var trainer: Trainer<Float> = training.trainer(processes, shards: 8)
        if let checkpoint { try trainer.restore(checkpoint) }
        try trainer.fit(on: own, epochs: epochs)
        return Checkpoint(trainer)
      }[count - 1]
    }
    let whole = try goOn(1, from: nil, to: 3)
    let parts = try goOn(1, from: goOn(3, from: goOn(4, from: nil, to: 1), to: 2), to: 3)
    for name in ["parameters", "statistics", "moments"] {
      #expect(whole.matrices[name] == parts.matrices[name], "\(name)")
    }
  }

  @Test("All processes stop after the step at which one of them stops")
  func stop() throws {
    let places = try Processes.simulate(3, pause: pause) { processes in
      var trainer: Trainer<Float> = Training.all[2].trainer(processes, shards: 4)
      try trainer.fit(
        on: samples(101), epochs: 2,
        afterStep: { epoch, done in
          !(processes.rank == 1 && epoch == 2 && done == 64)
        })
      var after: [Int] = []
      try trainer.fit(
        on: samples(101), epochs: 2,
        afterStep: { _, done in
          after.append(done)
          return true
        })
      return after
    }
    #expect(places.allSatisfy { $0 == [96, 101] })
  }

  @Test("An error of one process's callback stops all after the same epoch")
  func failure() throws {
    struct Failure: Error {}
    let epochs = try Processes.simulate(3) { processes in
      var trainer: Trainer<Float> = Training.all[2].trainer(processes, shards: 4)
      do {
        try trainer.fit(
          on: samples(101), epochs: 3,
          afterEpoch: { report, _ in
            if processes.rank == 2 && report.epoch == 2 { throw Failure() }
            return true
          })
      } catch is Failure { #expect(processes.rank == 2) }
      return trainer.epoch
    }
    #expect(epochs == [2, 2, 2])
  }

  @Test("After an error at an epoch's last step, no process calls afterEpoch, and the epoch counts")
  func failureAtLastStep() throws {
    struct Failure: Error {}
    let epochs = try Processes.simulate(3) { processes in
      var trainer: Trainer<Float> = Training.all[2].trainer(processes, shards: 4)
      var called: [Int] = []
      do {
        try trainer.fit(
          on: samples(101), epochs: 3,
          afterStep: { epoch, done in
            if processes.rank == 1 && epoch == 2 && done == 101 { throw Failure() }
            return true
          },
          afterEpoch: { report, trainer in
            // All processes are needed for this.
            _ = Checkpoint(trainer)
            called.append(report.epoch)
            return true
          })
      } catch is Failure { #expect(processes.rank == 1) }
      return called + [trainer.epoch]
    }
    #expect(epochs.allSatisfy { $0 == [1, 2] })
  }

  @Test("A divergence is the same error on all processes, and no step is taken", arguments: [1, 2, 3, 5, 6])
  func divergence(count: Int) throws {
    let usual: Samples<Float> = samples(60)
    var features = usual.features
    for row in 0..<20 { features[row, 47] = 1e38 }
    let own = Samples(features: features, targets: usual.targets)
    let errors = try Processes.simulate(count, pause: pause) { processes in
      var training = Training.all[2]
      training.batchSize = 60
      var trainer: Trainer<Float> = training.trainer(processes, shards: 6)
      let before = trainer.network
      let error = #expect(throws: Divergence.self) {
        _ = try trainer.takeStep(on: own, batch: Array(0..<60)[...])
      }
      #expect(trainer.network.parameters == before.parameters)
      return error.map { "\($0)" } ?? "none"
    }
    var alone: Trainer<Float> = {
      var training = Training.all[2]
      training.batchSize = 60
      return training
    }()
    .trainer(.alone, shards: 6)
    let expected = #expect(throws: Divergence.self) { _ = try alone.takeStep(on: own, batch: Array(0..<60)[...]) }
    #expect(errors.allSatisfy { $0 == "\(expected!)" })
  }

  @Test(
    "Processes that share the samples train to the bits of one that holds all",
    arguments: Training.all.filter { !$0.optimizer.isFullBatch }, [2, 3])
  fileprivate func sharedSamples(training: Training, count: Int) throws {
    let samples: Samples<Float> = samples(101, isWeighted: training.isWeighted)
    @Sendable func trained(_ samples: Samples<Float>, _ processes: Processes) throws -> Matrix<Float> {
      var trainer: Trainer<Float> = training.trainer(processes, shards: 4)
      try trainer.fit(on: samples, epochs: 1)
      // Stops within an epoch, and goes on.
      try trainer.fit(on: samples, epochs: 2, afterStep: { _, done in done < 40 })
      try trainer.fit(on: samples, epochs: 2)
      return trainer.network.parameters
    }
    let expected = try trained(samples, .alone)
    let all = try Processes.simulate(count) { processes in
      // Runs of 1, 2, 3 … samples, held in turns.
      let lengths = (1...13).map { (count: $0, owner: $0 % count) } + [(count: 10, owner: 0)]
      var start = 0
      let own = lengths.flatMap { length in
        defer { start += length.count }
        return length.owner == processes.rank ? Array(start..<start + length.count) : []
      }
      let shared = Samples(
        ownFeatures: samples.features.gathered(own), targets: samples.targets, weights: samples.weights,
        SampleHolders(runs: lengths, processes))
      return try trained(shared, processes)
    }
    #expect(all.allSatisfy { $0 == expected })
  }

  @Test("More processes than shards, or than samples in a batch, are refused", arguments: [[3, 2, 8], [3, 8, 2]])
  func refused(sizes: [Int]) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [sizes] in
      _ = try Processes.simulate(sizes[0]) { processes in
        var training = Training.all[0]
        training.normalization = .none
        training.batchSize = sizes[2]
        return (training.trainer(processes, shards: sizes[1]) as Trainer<Float>).epoch
      }
    }
    #expect(
      standardError(result).contains(
        "cannot train with 3 processes and batches of \(sizes[2]) samples in \(sizes[1]) shards"))
  }

  @Test("A process that ends while another waits for it is a mistake, and no hang")
  func ended() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = try Processes.simulate(2) { processes in
        if processes.rank == 0 { _ = processes.agree(true) }
        return 0
      }
    }
    #expect(standardError(result).contains("process 0 waits for process 1, which has ended"))
  }
}
