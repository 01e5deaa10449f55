import PerceptronDatasets
import Synchronization
import Tensor

/// Gathers the requests of many tasks into batches, which take less time a sample than one after the other: each weight
/// that is fetched serves all of them.
///
///     let batching = BatchingPredictor(predictor, maximumBatchSize: 64)
///     let answer = try await batching.predict(record)   // in any task
///
/// A batch begins when it is full, or when the request that waits longest has waited ``maximumWait``, as soon as fewer
/// than ``batchesAtOnce`` are at work. With a wait of zero requests wait only if the processors are busy, and batches
/// become the larger the busier they are. What is answered does not depend on it: a sample has the same bits alone and
/// in any batch.
///
/// A task that asks is suspended until its answer is there, so it cannot ask for more than it can take; if ``capacity``
/// requests wait already another is refused at once. A request whose task is cancelled while it waits is given up.
public final class BatchingPredictor<Scalar: BLASScalar>: Sendable {
  public let maximumBatchSize: Int
  public let maximumWait: Duration
  /// The most requests that wait.
  public let capacity: Int
  public let batchesAtOnce: Int
  private let predictor: @Sendable () -> Predictor<Scalar>
  private let state = Guarded(State())
  private let requestCount = Atomic(0)

  private struct Request {
    let id: Int
    let input: Input<Scalar>
    /// When it has waited long enough; nil for at once.
    let deadline: ContinuousClock.Instant?
    // Not a checked one, which allocates: each is resumed by who takes it out of the list.
    let continuation: UnsafeContinuation<Prediction, any Error>
  }

  private struct State {
    var waiting: [Request] = []
    /// The batches at work.
    var batchCount = 0
    /// The task that sleeps until a deadline.
    var timer: Task<Void, Never>?
    var isShutDown = false
    /// Who waits until the last request is answered.
    var closers: [CheckedContinuation<Void, Never>] = []
  }

  /// Makes a front for a predictor.
  ///
  /// - Parameters:
  ///   - maximumBatchSize: At least 1.
  ///   - maximumWait: How long a request waits for others, at least zero.
  ///   - capacity: The most requests that wait, at least 1.
  ///   - batchesAtOnce: How many batches are computed at the same time, at least 1; the processors that may be used, as
  ///     a rule.
  /// - Precondition: Traps on smaller numbers.
  public convenience init(
    _ predictor: Predictor<Scalar>, maximumBatchSize: Int = 64, maximumWait: Duration = .zero, capacity: Int = 4096,
    batchesAtOnce: Int = usableProcessorCount()
  ) {
    self.init(
      maximumBatchSize: maximumBatchSize, maximumWait: maximumWait, capacity: capacity, batchesAtOnce: batchesAtOnce
    ) { predictor }
  }

  /// Makes a front for a model that may be replaced; a batch is prepared and answered by the model that is current when
  /// it begins.
  ///
  /// - Parameters: As ``init(_:maximumBatchSize:maximumWait:capacity:batchesAtOnce:)``.
  public convenience init(
    _ live: ReloadablePredictor<Scalar>, maximumBatchSize: Int = 64, maximumWait: Duration = .zero,
    capacity: Int = 4096, batchesAtOnce: Int = usableProcessorCount()
  ) {
    self.init(
      maximumBatchSize: maximumBatchSize, maximumWait: maximumWait, capacity: capacity, batchesAtOnce: batchesAtOnce
    ) { live.predictor }
  }

  private init(
    maximumBatchSize: Int, maximumWait: Duration, capacity: Int, batchesAtOnce: Int,
    _ predictor: @escaping @Sendable () -> Predictor<Scalar>
  ) {
    guard maximumBatchSize >= 1, maximumWait >= .zero, capacity >= 1, batchesAtOnce >= 1 else {
      fail(
        "cannot make \(batchesAtOnce) batches of \(maximumBatchSize) requests, of which \(capacity) wait for"
          + " \(maximumWait): each must be at least 1, and the wait at least 0")
    }
    self.maximumBatchSize = maximumBatchSize
    self.maximumWait = maximumWait
    self.capacity = capacity
    self.batchesAtOnce = batchesAtOnce
    self.predictor = predictor
  }

  /// The answer for a record, which has a field for every column.
  ///
  /// - Throws: ``PredictionError``; `CancellationError` if the task is cancelled before its batch begins.
  public func predict(_ record: [String: InputValue]) async throws -> Prediction {
    try await answer(.record(record))
  }

  /// The answer for a value whose properties are the columns, as ``Predictor`` takes it.
  ///
  /// - Throws: ``PredictionError``; `CancellationError` if the task is cancelled before its batch begins.
  public func predict(propertiesOf value: some Encodable) async throws -> Prediction {
    try await answer(.record(record(of: value)))
  }

  /// The answer for a row with a field for every column, in the order of ``Predictor/columns``.
  ///
  /// - Throws: ``PredictionError``; `CancellationError` if the task is cancelled before its batch begins.
  public func predict(_ row: [InputValue]) async throws -> Prediction {
    try await answer(.row(row))
  }

  /// The answer for a sample of numbers, a matrix of one column, in the order of ``Predictor/columns`` and as they are
  /// in the data.
  ///
  /// - Throws: ``PredictionError``; `CancellationError` if the task is cancelled before its batch begins.
  /// - Precondition: Traps if the matrix has another number of columns than one.
  public func predict(_ sample: Matrix<Scalar>) async throws -> Prediction {
    guard sample.columns == 1 else { fail("cannot take \(sample.columns) samples for one request") }
    return try await answer(.sample(sample))
  }

  /// How many requests wait for a batch at this moment.
  public var waitingCount: Int { state.withLock { $0.waiting.count } }

  /// Refuses requests from now on, and returns when all that came before have their answers.
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
        // A cancellation from before the request is there finds nothing to give up.
        if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
        let deadline = maximumWait == .zero ? nil : ContinuousClock.now + maximumWait
        if let refusal = enqueue(Request(id: id, input: input, deadline: deadline, continuation: continuation)) {
          continuation.resume(throwing: refusal)
        } else if Task.isCancelled {
          // So does one from between.
          giveUp(id)
        }
      }
    } onCancel: {
      giveUp(id)
    }
  }

  /// Returns why the request may not wait, or nil; starts what has become due.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func enqueue(_ request: Request) -> PredictionError? {
    let (refusal, batch) = state.withLock { state in
      if state.isShutDown { return (PredictionError?.some(.shutDown), [Request]?.none) }
      if state.waiting.count >= capacity { return (.overloaded(waiting: state.waiting.count), nil) }
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
      state.waiting.firstIndex { $0.id == id }.map { state.waiting.remove(at: $0) }
    }
    request?.continuation.resume(throwing: CancellationError())
    if request != nil { closeIfDone() }
  }

  // MARK: - Batches

  /// Starts what is due, and sees to it that what is not will be.
  private func startBatches() {
    while let batch = state.withLock({ nextBatch(&$0) }) { start(batch) }
  }

  /// Answers a batch in a task apart from the one that asks, whose priority is not that of the others in the batch.
  private func start(_ batch: [Request]) { Task.detached { await self.answer(batch) } }

  /// The requests of a batch that is due, or nil.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func nextBatch(_ state: inout State) -> [Request]? {
    guard let oldest = state.waiting.first, state.batchCount < batchesAtOnce else { return nil }
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
    return batch
  }

  private func deadlinePassed() {
    state.withLock { $0.timer = nil }
    startBatches()
  }

  /// Answers a batch, and then those that have become due.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func answer(_ first: [Request]) async {
    var batch = first
    while true {
      let results = predictor().model.predict(batch.map(\.input))
      for (request, result) in zip(batch, results) { request.continuation.resume(with: result.mapError { $0 }) }
      // Those who have their answers go on before the next batch, though all processors are busy with batches.
      await Task.yield()
      let next = state.withLock { state in
        state.batchCount -= 1
        return nextBatch(&state)
      }
      guard let next else { break }
      batch = next
    }
    closeIfDone()
  }

  /// Tells who waits for the end that it is there.
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
