import Glibc
import PerceptronDatasets
import PerceptronFiles
import PerceptronModelFiles
import PerceptronServing
import Synchronization
import Tensor
import Testing

@Test("Many tasks get the same answers from one predictor, with a team too")
func manyTasks() async throws {
  let predictor = Predictor(numericModel(Float.self, sizes: [600, 700, 300, 2]), team: Team(workers: 2))
  let samples: Matrix<Float> = randomSamples(600, 8)
  let expected = try predictor.predict(samples)
  try await withThrowingTaskGroup { group in
    for task in 0..<64 {
      group.addTask {
        for step in 0..<20 {
          let sample = (task + step) % 8
          let answer = try predictor.predict(samples.gathered([sample]))
          #expect(answer == expected.gathered([sample]))
        }
      }
    }
    try await group.waitForAll()
  }
}

/// How often a model is replaced, and how many predictions there are meanwhile at least: a million as `make test-races`
/// sets PERCEPTRON_LONG_TESTS.
private let (reloadCount, predictionCount) = getenv("PERCEPTRON_LONG_TESTS") == nil ? (100, 10_000) : (1000, 1_000_000)

@Test("While a model is replaced every answer is one of the published models', and a file that is none changes nothing")
func reloads() async throws {
  let path = "/tmp/serving-\(UInt64.random(in: 0 ... .max)).safetensors"
  defer { unlink(path) }
  let record: [String: InputValue] = ["length": 1, "color": "red", "width": 2]
  let models = (0..<4).map { mixedModel(Float.self, networks: Int($0) % 2 + 1, seed: $0 * 10) }
  let allowed = try Set(models.map { try Predictor($0).predict(record).outputs })
  #expect(allowed.count == 4)
  try models[0].write(to: path)
  let live = try ReloadablePredictor<Float>(contentsOf: path)
  final class End: Sendable { let isThere = Atomic(false) }
  let end = End()
  try await withThrowingTaskGroup { group in
    for _ in 0..<8 {
      group.addTask {
        var (count, torn) = (0, 0)
        while !end.isThere.load(ordering: .relaxed) || count < predictionCount / 8 {
          for _ in 0..<200 where try !allowed.contains(live.predictor.predict(record).outputs) { torn += 1 }
          count += 200
          await Task.yield()
        }
        #expect(torn == 0)
      }
    }
    group.addTask {
      defer { end.isThere.store(true, ordering: .relaxed) }
      for number in 1...reloadCount {
        try models[number % 4].write(to: path)
        try live.reload()
        await Task.yield()
      }
    }
    try await group.waitForAll()
  }
  #expect(try live.predictor.predict(record) == Predictor(models[0]).predict(record))
  try AtomicFile.write([1, 2, 3], to: path)
  #expect(throws: FileError.self) { try live.reload() }
  #expect(try live.predictor.predict(record) == Predictor(models[0]).predict(record))
}

@Test("Requests that are gathered get the answers that they would get alone, and a bad one disturbs no other")
func batches() async throws {
  let predictor = Predictor(mixedModel(Float.self))
  for (size, wait) in [(1, Duration.zero), (7, .zero), (64, .milliseconds(2)), (1000, .milliseconds(1))] {
    let batching = BatchingPredictor(predictor, maximumBatchSize: size, maximumWait: wait)
    try await withThrowingTaskGroup { group in
      for number in 0..<300 {
        group.addTask {
          let row: [InputValue] = [.number(Double(number)), number % 5 == 0 ? "red" : nil, 2]
          if number % 50 == 3 {
            await #expect(throws: PredictionError.input(.count(found: 1, expected: 3), sample: nil)) {
              try await batching.predict([1])
            }
          } else {
            let answer = try await batching.predict(row)
            #expect(try answer == predictor.predict(row))
          }
        }
      }
      try await group.waitForAll()
    }
    await batching.shutDown()
    await #expect(throws: PredictionError.shutDown) { try await batching.predict([1, nil, 2]) }
  }
}

@Test("Samples of numbers are gathered too, each refused for what is wrong with it")
func batchesOfSamples() async throws {
  for scaling in [Scaling.Method.none, .standard] {
    let predictor = Predictor(numericModel(Float.self, scaling: scaling), missing: .refused)
    let batching = BatchingPredictor(predictor, maximumBatchSize: 8)
    var samples: Matrix<Float> = randomSamples(6, 50)
    let expected = try predictor.predict(samples)
    samples[2, 7] = .nan
    samples[1, 8] = .infinity
    try await withThrowingTaskGroup { [samples] group in
      for sample in 0..<50 {
        group.addTask {
          let numbers = samples[columns: sample..<sample + 1]
          switch sample {
          case 7:
            await #expect(throws: PredictionError.input(.missing(column: "x2"), sample: nil)) {
              try await batching.predict(numbers)
            }
          case 8:
            await #expect(throws: PredictionError.input(.notFinite(column: "x1", .infinity), sample: nil)) {
              try await batching.predict(numbers)
            }
          default:
            let answer = try await batching.predict(numbers)
            #expect(answer.outputs == expected.gathered([sample]).elements)
          }
        }
      }
      try await group.waitForAll()
    }
    await #expect(throws: PredictionError.count(found: 2, expected: 6)) {
      try await batching.predict(Matrix(rows: 2, columns: 1))
    }
  }
}

@Test("Requests wait until their batch is full or they have waited enough, and shutting down answers those that wait")
func waits() async throws {
  let predictor = Predictor(mixedModel(Float.self))
  let batching = BatchingPredictor(predictor, maximumBatchSize: 3, maximumWait: .seconds(3600), capacity: 3)
  let row: [InputValue] = [1, "red", 2]
  let expected = try predictor.predict(row)
  // A full batch is answered at once.
  try await withThrowingTaskGroup { group in
    for _ in 0..<3 {
      group.addTask {
        let answer = try await batching.predict(row)
        #expect(answer == expected)
      }
    }
    try await group.waitForAll()
  }
  // What is not full waits; who is cancelled does no longer.
  let cancelled = Task { try await batching.predict(row) }
  let waiting = Task { try await batching.predict(row) }
  while batching.waitingCount < 2 { await Task.yield() }
  cancelled.cancel()
  await #expect(throws: CancellationError.self) { try await cancelled.value }
  let born = Task {
    withUnsafeCurrentTask { $0?.cancel() }
    return try await batching.predict(row)
  }
  await #expect(throws: CancellationError.self) { try await born.value }
  let atOnce = BatchingPredictor(predictor)
  let bornAtOnce = Task {
    withUnsafeCurrentTask { $0?.cancel() }
    return try await atOnce.predict(row)
  }
  await #expect(throws: CancellationError.self) { try await bornAtOnce.value }
  #expect(batching.waitingCount == 1)
  await batching.shutDown()
  let answer = try await waiting.value
  #expect(answer == expected)
  // With nothing to wait for it returns at once, also again.
  await batching.shutDown()
}

@Test("More requests than may wait are refused")
func overload() async throws {
  let predictor = Predictor(mixedModel(Float.self))
  let batching = BatchingPredictor(predictor, maximumBatchSize: 10, maximumWait: .seconds(3600), capacity: 2)
  let waiting = (0..<2).map { _ in Task { try await batching.predict([1, "red", 2]) } }
  while batching.waitingCount < 2 { await Task.yield() }
  await #expect(throws: PredictionError.overloaded(waiting: 2)) { try await batching.predict([1, "red", 2]) }
  await batching.shutDown()
  for task in waiting {
    let answer = try await task.value
    #expect(try answer == predictor.predict([1, "red", 2]))
  }
}
