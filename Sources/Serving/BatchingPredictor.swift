import PerceptronDatasets
import Synchronization
import Tensor

/// Gathers the requests of many tasks into batches. A batch takes less time per sample than single requests, because
/// each weight that is fetched serves all samples of the batch.
///
///     let batching = BatchingPredictor(predictor, maximumBatchSize: 64)
///     let answer = try await batching.predict(record)   // in any task
///
/// A batch is due if it is full, or if its oldest request has waited ``maximumWait``. It begins as soon as fewer than
/// ``maximumConcurrentBatches`` batches are running. With a wait of zero, requests wait only if the processors are
/// busy, and batches grow as the load grows. Batching does not change the answers: a sample's answer has the same bits
/// alone and in any batch.
///
/// A task that calls `predict` is suspended until its answer is ready. If ``capacity`` requests are already waiting,
/// another request is refused at once. If a task is cancelled while its request waits, the request is dropped.
public final class BatchingPredictor<Scalar: BLASScalar>: Sendable {
  /// The most requests that are answered in one batch.
  public let maximumBatchSize: Int
  /// How long a request may wait for others while a processor is free.
  public let maximumWait: Duration
  /// The maximum number of waiting requests.
  public let capacity: Int
  /// The most batches that are computed at the same time.
  public let maximumConcurrentBatches: Int
  private let predictor: @Sendable () -> Predictor<Scalar>
  private let state = Guarded(State())
  private let requestCount = Atomic(0)

  private struct Request {
    let id: Int
    let input: Input<Scalar>
    let arrival: ContinuousClock.Instant
    /// The time at which the request has waited long enough; nil if its batch may begin at once.
    let deadline: ContinuousClock.Instant?
    // Not a checked continuation, because that allocates. The code that removes a request from the list resumes it.
    let continuation: UnsafeContinuation<Prediction, any Error>
  }

  private struct State {
    var waiting: [Request] = []
    /// The number of running batches.
    var batchCount = 0
    /// The task that sleeps until a deadline.
    var timer: Task<Void, Never>?
    var isShutDown = false
    var counts = BatchCounts()
    /// The callers of ``shutDown()`` that wait until the last request is answered.
    var closers: [CheckedContinuation<Void, Never>] = []
  }

  /// Makes a batching front end for a predictor.
  ///
  /// - Parameters:
  ///   - maximumBatchSize: At least 1.
  ///   - maximumWait: How long a request waits for other requests, at least zero.
  ///   - capacity: The maximum number of waiting requests, at least 1.
  ///   - maximumConcurrentBatches: How many batches are computed at the same time, at least 1. Usually the number of
  ///     usable processors.
  /// - Precondition: Traps on smaller numbers.
  public convenience init(
    _ predictor: Predictor<Scalar>, maximumBatchSize: Int = 64, maximumWait: Duration = .zero, capacity: Int = 4096,
    maximumConcurrentBatches: Int = usableProcessorCount()
  ) {
    self.init(
      maximumBatchSize: maximumBatchSize, maximumWait: maximumWait, capacity: capacity,
      maximumConcurrentBatches: maximumConcurrentBatches
    ) { predictor }
  }

  /// Makes a batching front end for a model that may be replaced. The model that is current when a batch begins
  /// prepares and answers the whole batch.
  ///
  /// - Parameters: As for ``init(_:maximumBatchSize:maximumWait:capacity:maximumConcurrentBatches:)``.
  public convenience init(
    _ live: ReloadablePredictor<Scalar>, maximumBatchSize: Int = 64, maximumWait: Duration = .zero,
    capacity: Int = 4096, maximumConcurrentBatches: Int = usableProcessorCount()
  ) {
    self.init(
      maximumBatchSize: maximumBatchSize, maximumWait: maximumWait, capacity: capacity,
      maximumConcurrentBatches: maximumConcurrentBatches
    ) { live.predictor }
  }

  private init(
    maximumBatchSize: Int, maximumWait: Duration, capacity: Int, maximumConcurrentBatches: Int,
    _ predictor: @escaping @Sendable () -> Predictor<Scalar>
  ) {
    guard maximumBatchSize >= 1, maximumWait >= .zero, capacity >= 1, maximumConcurrentBatches >= 1 else {
      fail(
        "cannot make \(maximumConcurrentBatches) batches of \(maximumBatchSize) requests at once, with a capacity of"
          + " \(capacity) and a wait of \(maximumWait): the numbers must be at least 1, the wait at least 0")
    }
    self.maximumBatchSize = maximumBatchSize
    self.maximumWait = maximumWait
    self.capacity = capacity
    self.maximumConcurrentBatches = maximumConcurrentBatches
    self.predictor = predictor
  }

  /// Returns the answer for a record, which has a field for every column.
  ///
  /// - Throws: ``PredictionError``; `CancellationError` if the task is cancelled before its batch begins.
  public func predict(_ record: [String: InputValue]) async throws -> Prediction {
    try await answer(.record(record))
  }

  /// Returns the answer for a value whose properties are the columns, as for ``Predictor``.
  ///
  /// - Throws: ``PredictionError``; `CancellationError` if the task is cancelled before its batch begins.
  public func predict(
    propertiesOf value: some Encodable, keys: RecordKeyStrategy = .useDefaultKeys
  ) async throws -> Prediction {
    try await answer(.record(record(of: value, keys)))
  }

  /// Returns the answer for a row, which has a field for every column in the order of ``Predictor/columns``.
  ///
  /// - Throws: ``PredictionError``; `CancellationError` if the task is cancelled before its batch begins.
  public func predict(_ row: [InputValue]) async throws -> Prediction {
    try await answer(.row(row))
  }

  /// Returns the answer for a sample of numbers: a matrix of one column, with rows in the order of
  /// ``Predictor/columns`` and values as they are in the data.
  ///
  /// - Throws: ``PredictionError``; `CancellationError` if the task is cancelled before its batch begins.
  /// - Precondition: Traps if the matrix does not have exactly one column.
  public func predict(_ sample: Matrix<Scalar>) async throws -> Prediction {
    guard sample.columns == 1 else { fail("cannot take \(sample.columns) samples for one request") }
    return try await answer(.sample(sample))
  }

  /// The number of requests that are waiting for a batch now.
  public var waitingCount: Int { state.withLock { $0.waiting.count } }

  /// What has happened so far.
  public var counts: BatchCounts { state.withLock { $0.counts } }

  /// Waits until the task is cancelled, and then shuts down: what a service that is run by others needs.
  public func run() async {
    // The sleep ends early if the task is cancelled.
    while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    await shutDown()
  }

  /// Refuses new requests from now on, and returns when all earlier requests are answered.
  public func shutDown() async {
    await withCheckedContinuation { continuation in
      state.withLock { state in
        state.isShutDown = true
        state.closers.append(continuation)
        state.timer?.cancel()
      }
      startBatches()
      closeIfDone()
    }
  }

  // MARK: - Requests

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func answer(_ input: Input<Scalar>) async throws -> Prediction {
    let id = requestCount.add(1, ordering: .relaxed).newValue
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        // A cancellation before the request is in the list finds nothing to remove.
        if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
        let now = ContinuousClock.now
        let deadline = maximumWait == .zero ? nil : now + maximumWait
        if let refusal = enqueue(
          Request(id: id, input: input, arrival: now, deadline: deadline, continuation: continuation))
        {
          continuation.resume(throwing: refusal)
        } else if Task.isCancelled {
          // A cancellation between the check above and `enqueue` also finds nothing to remove.
          giveUp(id)
        }
      }
    } onCancel: {
      giveUp(id)
    }
  }

  /// Adds a request and starts the batch that became due. Returns nil, or the error if the request is refused.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func enqueue(_ request: Request) -> PredictionError? {
    let (refusal, batch) = state.withLock { state in
      guard !state.isShutDown, state.waiting.count < capacity else {
        state.counts.refusals += 1
        let refusal: PredictionError = state.isShutDown ? .shutDown : .overloaded(waiting: state.waiting.count)
        return (PredictionError?.some(refusal), [Request]?.none)
      }
      state.waiting.append(request)
      return (nil, nextBatch(&state))
    }
    if let batch { start(batch) }
    return refusal
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func giveUp(_ id: Int) {
    let request = state.withLock { state in
      state.waiting.firstIndex { $0.id == id }.map { index in
        state.counts.cancellations += 1
        return state.waiting.remove(at: index)
      }
    }
    request?.continuation.resume(throwing: CancellationError())
    if request != nil { closeIfDone() }
  }

  // MARK: - Batches

  /// Starts all batches that are due. If a request has to wait for its deadline, a timer is set.
  private func startBatches() {
    while let batch = state.withLock({ nextBatch(&$0) }) { start(batch) }
  }

  /// Answers a batch in a detached task, so that the batch does not inherit the priority of one of its callers.
  private func start(_ batch: [Request]) { Task.detached { await self.answer(batch) } }

  /// Removes and returns the requests of a batch that is due; nil if none is due.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func nextBatch(_ state: inout State) -> [Request]? {
    guard let oldest = state.waiting.first, state.batchCount < maximumConcurrentBatches else { return nil }
    if let deadline = oldest.deadline, state.waiting.count < maximumBatchSize, !state.isShutDown, deadline > .now {
      if state.timer == nil {
        state.timer = Task.detached { [weak self] in
          try? await ContinuousClock().sleep(until: deadline)
          self?.deadlinePassed()
        }
      }
      return nil
    }
    let batch = Array(state.waiting.prefix(maximumBatchSize))
    state.waiting.removeFirst(batch.count)
    state.batchCount += 1
    let now = ContinuousClock.now
    state.counts.batches += 1
    state.counts.requests += batch.count
    for request in batch { state.counts.waiting += now - request.arrival }
    return batch
  }

  private func deadlinePassed() {
    state.withLock { $0.timer = nil }
    startBatches()
  }

  /// Answers a batch, and then the batches that have become due.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func answer(_ first: [Request]) async {
    var batch = first
    while true {
      let start = ContinuousClock.now
      let results = predictor().model.predict(batch.map(\.input))
      let duration = ContinuousClock.now - start
      let failures = results.count { if case .failure = $0 { true } else { false } }
      for (request, result) in zip(batch, results) { request.continuation.resume(with: result.mapError { $0 }) }
      // Lets the answered tasks continue before the next batch, even if all processors are busy with batches.
      await Task.yield()
      let next = state.withLock { state in
        state.batchCount -= 1
        state.counts.failures += failures
        state.counts.computing += duration
        return nextBatch(&state)
      }
      guard let next else { break }
      batch = next
    }
    closeIfDone()
  }

  /// Resumes the callers of ``shutDown()`` if all requests are answered.
  private func closeIfDone() {
    let closers = state.withLock { state in
      guard state.isShutDown, state.waiting.isEmpty, state.batchCount == 0 else {
        return [CheckedContinuation<Void, Never>]()
      }
      defer { state.closers = [] }
      return state.closers
    }
    for closer in closers { closer.resume() }
  }
}
