import Perceptron
import PerceptronContestant

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Predicts single samples from many tasks at once, and times each call.
struct ConcurrentPredictions: Sendable {
  /// A task yields after this many predictions, so that all tasks are in progress at the same time.
  private static let turn = 100

  private let predictor: Predictor<Float>
  private let batching: BatchingPredictor<Float>
  private let samples: [Matrix<Float>]  // each inputs × 1
  private let outputSize: Int

  init(modelPath: String) throws {
    predictor = try Predictor(contentsOf: modelPath)
    batching = BatchingPredictor(predictor)
    var generator = Philox(seed: 1)
    let inputSize = predictor.columns.count
    samples = (0..<1024).map { _ in
      var sample = Matrix<Float>(rows: inputSize, columns: 1)
      sample.fillNormal(using: &generator)
      return sample
    }
    outputSize = try predictor.predict(samples[0]).rows
  }

  /// Answers a line that holds the number of tasks, the number of predictions per task and, optionally, "batching". The
  /// answer is the total time, and the median and the 99th percentile of the calls.
  func answer(_ line: String) async throws -> String {
    let words = line.split(separator: " ")
    let numbers = words.prefix(2).compactMap { Int($0) }
    let isBatching = words.count == 3 && words[2] == "batching"
    guard numbers.count == 2, numbers.allSatisfy({ $0 > 0 }), words.count == 2 || isBatching else {
      throw ContestError("unknown request: \(line)")
    }
    let (tasks, count) = (numbers[0], numbers[1])
    let start = nanoseconds()
    let calls = try await withThrowingTaskGroup(of: [UInt64].self) { group in
      for task in 0..<tasks {
        group.addTask { try await predict(count, from: samples.count * task / tasks, batching: isBatching) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let seconds = Double(nanoseconds() - start) * 1e-9
    let sorted = calls.joined().sorted()
    func quantile(_ share: Double) -> Double { Double(sorted[Int(share * Double(sorted.count - 1))]) * 1e-9 }
    return #"{"seconds": \#(seconds), "median": \#(quantile(0.5)), "p99": \#(quantile(0.99))}"#
  }

  /// Runs one task: predicts samples one after another, beginning with `first`, and returns the nanoseconds of each
  /// call.
  private func predict(_ count: Int, from first: Int, batching isBatching: Bool) async throws -> [UInt64] {
    var answers = Matrix<Double>(rows: outputSize, columns: 1)
    var calls = [UInt64](repeating: 0, count: count)
    var next = first
    for call in 0..<count {
      let start = nanoseconds()
      if isBatching {
        _ = try await batching.predict(samples[next])
      } else {
        try predictor.predict(samples[next], into: &answers)
      }
      calls[call] = nanoseconds() - start
      next = next + 1 < samples.count ? next + 1 : 0
      if !isBatching, call % Self.turn == Self.turn - 1 { await Task.yield() }
    }
    return calls
  }

  private func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
