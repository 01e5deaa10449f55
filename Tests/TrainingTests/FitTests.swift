import Glibc
import PerceptronDatasets
import PerceptronLayers
import PerceptronTraining
import Tensor
import Testing

/// A noisy line in eight dimensions, of which a large network learns the noise.
private func samples(_ count: Int, seed: UInt64) -> Samples<Float> {
  var generator = Philox(seed: seed)
  var features = Matrix<Float>(rows: 8, columns: count)
  features.fillNormal(using: &generator)
  var targets = Matrix<Float>(rows: 1, columns: count)
  targets.fillNormal(using: &generator)
  for sample in 0..<count { targets[0, sample] += features[0, sample] }
  return Samples(features: features, targets: targets)
}

private func trainer(_ seed: UInt64 = 1) -> Trainer<Float> {
  var generator = Philox(seed: seed)
  let network = Network<Float>(
    [Dense(8, 64, .relu, normalization: .batch, dropout: 0.1), Dense(64, 1)], initializer: .heNormal, using: &generator)
  return Trainer(
    network, loss: .meanSquaredError, optimizer: .adam(learningRate: 0.01), batchSize: 16, generator: generator,
    team: Team(workers: 1))
}

@Test("Training stops after its patience, and the best epoch's network is kept")
func earlyStopping() throws {
  let (training, validation) = (samples(100, seed: 2), samples(200, seed: 3))
  var stopped = trainer()
  let reports = try stopped.fit(on: training, validation: validation, epochs: 500, patience: 5)
  let losses = reports.map { $0.validationLoss! }
  let best = losses.indices.min { losses[$0] < losses[$1] }!
  #expect(reports.map(\.epoch) == Array(1...best + 6) && reports.count < 500)
  #expect(stopped.best?.epoch == best + 1 && stopped.best?.validationLoss == losses[best])
  #expect(reports[best].isBest && !reports.dropFirst(best + 1).contains(where: \.isBest))
  #expect(stopped.meanLoss(on: validation) == losses[best])
  // Without patience all epochs are used and the last one is kept.
  var whole = trainer()
  let all = try whole.fit(on: training, validation: validation, epochs: best + 8)
  #expect(all.count == best + 8)
  func figures(_ report: EpochReport) -> [Double?] { [report.trainingLoss, report.validationLoss] }
  #expect(all.prefix(reports.count).map(figures) == reports.map(figures))
  #expect(whole.meanLoss(on: validation) == all.last?.validationLoss)
}

@Test("A validation loss that is not finite is no best one, and wears patience out")
func validationWithoutLoss() throws {
  var features = Matrix<Float>(rows: 8, columns: 3)
  features[0, 0] = .nan
  let validation = Samples(features: features, targets: Matrix(rows: 1, columns: 3))
  var trainer = trainer()
  let reports = try trainer.fit(on: samples(100, seed: 2), validation: validation, epochs: 9, patience: 3)
  #expect(reports.count == 3 && trainer.best == nil && !reports.contains(where: \.isBest))
}

@Test("Training that is stopped after any step and goes on leaves the same bits")
func stopAndGoOn() throws {
  let training = samples(100, seed: 2)
  var whole = trainer()
  let reports = try whole.fit(on: training, epochs: 3)
  var steps = 0
  var parts = trainer()
  var losses: [Double] = []
  while parts.epoch < 3 {
    losses += try parts.fit(
      on: training, epochs: 3,
      afterStep: { _, _ in
        steps += 1
        return steps % 4 != 0
      }
    ).map(\.trainingLoss)
  }
  #expect(parts.network.parameters == whole.network.parameters)
  #expect(parts.network.statistics == whole.network.statistics)
  #expect(losses == reports.map(\.trainingLoss))
  #expect(steps == 21)
}

@Test("A callback after an epoch stops training")
func stopAfterEpoch() throws {
  var stopped = trainer()
  let reports = try stopped.fit(on: samples(40, seed: 2), epochs: 9, afterEpoch: { report, _ in report.epoch < 4 })
  #expect(reports.count == 4 && stopped.epoch == 4)
}

@Test("A training by itself reports each epoch and ends with the bits of one that is waited for")
func events() async throws {
  let training = samples(100, seed: 2)
  var waited = trainer()
  let reports = try waited.fit(on: training, epochs: 3)
  var losses: [Double] = []
  var network: Network<Float>?
  var progress: [(epoch: Int, samplesDone: Int)] = []
  for try await event in trainer().events(on: training, epochs: 3) {
    switch event {
    case .progress(let epoch, let samplesDone): progress.append((epoch, samplesDone))
    case .epoch(let report, let trainer):
      losses.append(report.trainingLoss)
      #expect(trainer == nil)
    case .finished(let trainer): network = trainer.network
    }
  }
  #expect(losses == reports.map(\.trainingLoss))
  #expect(network?.parameters == waited.network.parameters)
  // The first step is reported at once; later ones at most ten times a second.
  #expect(progress.first?.epoch == 1)
  #expect(progress.allSatisfy { (1...3).contains($0.epoch) && (1...100).contains($0.samplesDone) })
}

@Test("An event has the trainer after every so many epochs; of those that wait, only the newest has it")
func eventsWithTrainers() async throws {
  let training = samples(100, seed: 2)
  // The reader begins when all epochs are done.
  let queue = EventQueue<Float>()
  var waited = trainer()
  try waited.fit(
    on: training, epochs: 6,
    afterEpoch: { report, trainer in
      queue.send(.progress(epoch: report.epoch, samplesDone: 50))
      queue.send(.progress(epoch: report.epoch, samplesDone: 100))
      queue.send(.epoch(report, report.epoch.isMultiple(of: 2) ? trainer : nil))
      return true
    })
  queue.send(.finished(waited))
  queue.end()
  var seen: [String] = []
  for try await event in TrainingEvents(queue) {
    switch event {
    case .progress(let epoch, let samplesDone): seen.append("\(epoch):\(samplesDone)")
    case .epoch(let report, let trainer): seen.append("\(report.epoch)" + (trainer.map { " at \($0.epoch)" } ?? ""))
    case .finished(let trainer): seen.append("finished at \(trainer.epoch)")
    }
  }
  let before = (1...5).flatMap { ["\($0):100", "\($0)"] }
  #expect(seen == before + ["6:100", "6 at 6", "finished at 6"])
  // One that has begun to read has no older trainer, either.
  let other = EventQueue<Float>()
  let reader = TrainingEvents(other).makeAsyncIterator()
  for report in waited.reports {
    other.send(.epoch(report, waited))
    guard report.epoch == 2 else { continue }
    if case .epoch(_, nil)? = try await reader.next() {} else { Issue.record("the first event has a trainer") }
  }
  var trainers: [Int] = []
  other.end()
  while let event = try await reader.next() {
    if case .epoch(let report, _?) = event { trainers.append(report.epoch) }
  }
  #expect(trainers == [6])
  // A reader that keeps up sees the trainer after its epoch, and its checkpoint continues to the same bits.
  var checkpoint: Checkpoint<Float>?
  for try await event in trainer().events(on: training, epochs: 2, trainerEvery: 2) {
    if case .epoch(_, let trainer?) = event { checkpoint = Checkpoint(trainer) }
  }
  var resumed = trainer()
  try resumed.restore(try #require(checkpoint))
  try resumed.fit(on: training, epochs: 6)
  #expect(resumed.network.parameters == waited.network.parameters)
}

@Test("A training by itself that is cancelled gives the network it has, and a later call goes on to the same bits")
func cancelledEvents() async throws {
  let training = samples(100, seed: 2)
  let task = Task {
    var last: Trainer<Float>?
    for try await event in trainer().events(on: training, epochs: .max) {
      if case .epoch = event { withUnsafeCurrentTask { $0?.cancel() } }
      if case .finished(let trainer) = event { last = trainer }
    }
    return last
  }
  var stopped = try #require(await task.value)
  let epochs = stopped.epoch + 1
  #expect(epochs < .max)
  var whole = trainer()
  try whole.fit(on: training, epochs: epochs)
  try stopped.fit(on: training, epochs: epochs)
  #expect(stopped.network.parameters == whole.network.parameters)
}

@Test("A training by itself throws when it diverges, and stops when its loop is left")
func failingEvents() async throws {
  let training = samples(100, seed: 2)
  let queue = EventQueue<Float>()
  queue.send(.progress(epoch: 1, samplesDone: 10))
  for try await _ in TrainingEvents(queue) {
    #expect(!queue.isStopped)
    break
  }
  #expect(queue.isStopped)
  var generator = Philox(seed: 1)
  let network = Network<Float>([Dense(8, 1)], initializer: .heNormal, using: &generator)
  let diverging = Trainer(
    network, loss: .meanSquaredError, optimizer: .sgd(learningRate: 1e30), batchSize: 10, generator: generator,
    team: Team(workers: 1))
  var last: Trainer<Float>?
  do {
    for try await event in diverging.events(on: training, epochs: 10) {
      if case .finished(let trainer) = event { last = trainer }
    }
    Issue.record("the training does not diverge")
  } catch {
    #expect(error is Divergence)
  }
  #expect(try #require(last).network.parameters.maxMagnitude().isFinite)
}

@Test("What a callback throws ends the training, and another call goes on to the same bits")
func throwingCallbacks() throws {
  struct Stop: Error {}
  var (whole, parts) = (trainer(), trainer())
  let training = samples(100, seed: 2)
  try whole.fit(on: training, epochs: 3)
  #expect(throws: Stop.self) {
    try parts.fit(
      on: training, epochs: 3,
      afterStep: { epoch, samplesDone in
        if epoch == 2, samplesDone > 30 { throw Stop() }
        return true
      })
  }
  #expect(parts.epoch == 1)
  #expect(throws: Stop.self) { try parts.fit(on: training, epochs: 3, afterEpoch: { _, _ in throw Stop() }) }
  #expect(parts.epoch == 2)
  try parts.fit(on: training, epochs: 3)
  #expect(parts.network.parameters == whole.network.parameters && parts.reports.count == 3)
}

@Test("If the system gives no thread, the sequence of events throws")
func noThread() async {
  await #expect(processExitsWith: .success) {
    // Less room than a stack of 2 MiB.
    let file = fopen("/proc/self/statm", "r")!
    var line = [CChar](repeating: 0, count: 200)
    fgets(&line, 200, file)
    let addressSpace = __rlimit_resource_t(9)  // RLIMIT_AS, a macro that Swift does not see.
    let (samples, trainer) = (samples(20, seed: 1), trainer())
    var old = rlimit()
    getrlimit(addressSpace, &old)
    var limit = old
    limit.rlim_cur = rlim_t(strtoul(line, nil, 10)) * 4096 + 1 << 20
    setrlimit(addressSpace, &limit)
    let events = trainer.events(on: samples, epochs: 3)
    setrlimit(addressSpace, &old)
    do {
      for try await _ in events {}
      exit(1)
    } catch let error as ThreadError {
      exit(error.description.hasPrefix("cannot start a thread for training: ") ? 0 : 2)
    }
  }
}

@Test("The quantile loss makes a constant output the quantile of the targets", arguments: [0.1, 0.5, 0.9])
func quantiles(level: Double) throws {
  let targets = Matrix<Double>(rows: 1, columns: 101, columnMajor: (0...100).map { Double($0) / 100 })
  let samples = Samples(features: Matrix(rows: 1, columns: 101), targets: targets)
  var trainer = Trainer(
    Network<Double>([Dense(1, 1)]), loss: .quantile(level), optimizer: .sgd(learningRate: 0.1),
    schedule: Schedule(.cosine(epochs: 400)), batchSize: 101, generator: Philox(seed: 1), team: Team(workers: 1))
  try trainer.fit(on: samples, epochs: 400)
  #expect(abs(trainer.network[layer: 0, .bias][0, 0] - level) < 0.01)
}

@Test("Several quantiles are learnt at once, with the same bits for any number of threads, also after a restart")
func severalQuantiles() throws {
  let count = 1001
  let targets = (0..<count).map { Double($0) / 1000 }
  let levels = [0.1, 0.5, 0.9]
  let samples = Samples(
    features: Matrix(rows: 1, columns: count),
    targets: Matrix(rows: 3, columns: count, columnMajor: targets.flatMap { repeatElement($0, count: 3) }))
  func trainer(_ workers: Int, _ levels: [Double] = [0.1, 0.5, 0.9]) -> Trainer<Double> {
    Trainer(
      Network<Double>([Dense(1, 3)]), loss: .quantiles(levels), optimizer: .adam(learningRate: 0.02),
      schedule: Schedule(.cosine(epochs: 60)), batchSize: 50, generator: Philox(seed: 1), team: Team(workers: workers))
  }
  var one = trainer(1)
  try one.fit(on: samples, epochs: 60)
  for (output, level) in levels.enumerated() {
    #expect(abs(one.network[layer: 0, .bias][output, 0] - level) < 0.01)
  }
  var before = trainer(3)
  try before.fit(on: samples, epochs: 20)
  var after = trainer(2)
  try after.restore(Checkpoint(before))
  try after.fit(on: samples, epochs: 60)
  #expect(after.network.parameters == one.network.parameters)
  var other = trainer(1, [0.1, 0.5, 0.8])
  #expect(throws: (any Error).self) { try other.restore(Checkpoint(before)) }
}
