import Synchronization
import Tensor

/// The events of a training that runs on its own thread; see
/// ``Trainer/events(on:augmentation:validation:epochs:patience:selection:trainerEvery:)``. One loop may read them.
///
/// If the task that reads them is cancelled, the training stops after its current step, and the last event is
/// ``TrainingEvent/finished(_:)`` with the trainer as it is then. If nothing refers to the sequence any more, such as
/// after a loop that was left, the training stops, too.
public struct TrainingEvents<Scalar: BLASScalar>: AsyncSequence, Sendable {
  /// What the sequence consists of.
  public typealias Element = TrainingEvent<Scalar>
  /// What makes a training fail: ``Divergence`` or ``ThreadError``.
  public typealias Failure = any Error

  private let reader: EventReader<Scalar>

  package init(_ queue: EventQueue<Scalar>) { reader = EventReader(queue) }

  /// Makes an iterator. All iterators share the events.
  public func makeAsyncIterator() -> Iterator { Iterator(reader: reader) }

  /// Reads one event after another.
  public struct Iterator: AsyncIteratorProtocol, Sendable {
    fileprivate let reader: EventReader<Scalar>

    /// The next event; nil after the last one.
    ///
    /// - Throws: What made the training fail.
    /// - Precondition: Traps if another task waits for the next event.
    public func next() async throws -> TrainingEvent<Scalar>? {
      let queue = reader.queue
      return try await withTaskCancellationHandler {
        try await queue.next()
      } onCancel: {
        queue.stop()
      }
    }
  }
}

/// What refers to a queue in order to read it. Without one, the training stops.
private final class EventReader<Scalar: BLASScalar>: Sendable {
  let queue: EventQueue<Scalar>

  init(_ queue: EventQueue<Scalar>) { self.queue = queue }

  deinit { queue.stop() }
}

/// The events that a training has had and its reader has not yet seen.
///
/// For a slow reader, newer progress replaces older, and only the newest of the waiting epochs has a trainer, so that
/// they take little memory.
package final class EventQueue<Scalar: BLASScalar>: Sendable {
  private typealias Event = TrainingEvent<Scalar>

  private struct State {
    /// The events that wait are those from `first` on; nil stands for those that were read.
    var events: [Event?] = []
    var first = 0
    /// The place of the waiting event with a trainer.
    var placeOfTrainer: Int?
    /// How the training has ended; nil until then.
    var end: Result<Event?, any Error>?
    var waiting: CheckedContinuation<Event?, any Error>?

    mutating func add(_ event: Event) {
      if case .progress = event, first < events.count, case .progress? = events[events.count - 1] {
        events[events.count - 1] = event
        return
      }
      if case .epoch(_, _?) = event {
        if let place = placeOfTrainer, case .epoch(let report, _)? = events[place] {
          events[place] = .epoch(report, nil)
        }
        placeOfTrainer = events.count
      }
      events.append(event)
    }

    mutating func take() -> Result<Event?, any Error>? {
      guard first < events.count else { return end }
      let event = events[first]
      events[first] = nil
      if placeOfTrainer == first { placeOfTrainer = nil }
      first += 1
      if first == events.count { (events, first) = ([], 0) }
      return .success(event)
    }
  }

  private let state = Guarded(State())
  private let stopped = Atomic(false)

  package init() {}

  /// Whether the training is to stop after its current step.
  package var isStopped: Bool { stopped.load(ordering: .relaxed) }

  func stop() { stopped.store(true, ordering: .relaxed) }

  package func send(_ event: TrainingEvent<Scalar>) { change { $0.add(event) } }

  package func end(throwing error: (any Error)? = nil) {
    change { $0.end = error.map { .failure($0) } ?? .success(nil) }
  }

  /// Changes the state, and gives the reader what it waits for.
  private func change(_ body: (inout State) -> Void) {
    let (waiting, result) = state.withLock { state in
      body(&state)
      guard let waiting = state.waiting, let result = state.take() else {
        return (CheckedContinuation<Event?, any Error>?.none, Result<Event?, any Error>?.none)
      }
      state.waiting = nil
      return (waiting, result)
    }
    if let waiting, let result { waiting.resume(with: result) }
  }

  func next() async throws -> TrainingEvent<Scalar>? {
    try await withCheckedThrowingContinuation { continuation in
      let result = state.withLock { state in
        if state.waiting != nil { fail("cannot read the events of a training from two tasks at the same time") }
        let result = state.take()
        if result == nil { state.waiting = continuation }
        return result
      }
      if let result { continuation.resume(with: result) }
    }
  }
}
