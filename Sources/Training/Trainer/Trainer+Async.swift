import PerceptronDatasets
import Tensor

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The system could not start a thread for a training that runs in the background.
public struct ThreadError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The system's error message.
  public let reason: String

  public var description: String {
    "cannot start a thread for training: \(reason); allow the process more threads or memory, or call fit"
  }
}

extension Trainer {
  /// Trains like ``fit(on:augmentation:validation:epochs:patience:selection:afterStep:afterEpoch:)``, but on its own
  /// thread, and reports events.
  ///
  ///     for try await event in trainer.events(on: samples, epochs: 20) {
  ///       if case .finished(let trainer) = event { network = trainer.network }
  ///     }
  ///
  /// Nothing runs on Swift's cooperative pool. Training begins at once. If the task is cancelled, training stops after
  /// the current step, and the last event has the trainer as it is then, so that a call of `events` or `fit` can
  /// continue. If the loop is left, training stops, too.
  ///
  /// The sequence throws ``Divergence`` if a number is not finite, after an event with the trainer as it was before the
  /// failed step, and ``ThreadError`` if the system cannot start a thread.
  ///
  /// - Parameter trainerEvery: After how many epochs an event has the trainer, for a ``Checkpoint``; nil for none. Such
  ///   an event copies the parameters and the optimizer's state. If the events are read more slowly than they come,
  ///   only the newest unread one keeps its trainer.
  public func events(
    on samples: Samples<Scalar>, augmentation: Augmentation? = nil, validation: Samples<Scalar>? = nil, epochs: Int,
    patience: Int? = nil, selection: Selection? = nil, trainerEvery: Int? = nil
  ) -> TrainingEvents<Scalar> {
    let queue = EventQueue<Scalar>()
    let code = runOnThread {
      var trainer = self
      var lastProgress: ContinuousClock.Instant?
      var failure: (any Error)?
      do {
        try trainer.fit(
          on: samples, augmentation: augmentation, validation: validation, epochs: epochs, patience: patience,
          selection: selection,
          afterStep: { epoch, samplesDone in
            let now = ContinuousClock.now
            if lastProgress.map({ now - $0 >= .milliseconds(100) }) ?? true {
              lastProgress = now
              queue.send(.progress(epoch: epoch, samplesDone: samplesDone))
            }
            return !queue.isStopped
          },
          afterEpoch: { report, trainer in
            let hasTrainer = trainerEvery.map { report.epoch.isMultiple(of: $0) } ?? false
            queue.send(.epoch(report, hasTrainer ? trainer : nil))
            return !queue.isStopped
          })
      } catch {
        failure = error
      }
      queue.send(.finished(trainer))
      queue.end(throwing: failure)
    }
    if code != 0 { queue.end(throwing: ThreadError(reason: String(cString: strerror(code)))) }
    return TrainingEvents(queue)
  }
}

/// Runs a closure on a new thread that no other thread joins.
///
/// - Returns: 0, or the error number if the thread could not be started.
private func runOnThread(_ body: @escaping @Sendable () -> Void) -> Int32 {
  final class Body: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
  var thread = pthread_t()
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setstacksize(&attributes, threadStackSize)
  let box = Unmanaged.passRetained(Body(body))
  let code = pthread_create(
    &thread, &attributes,
    {
      Unmanaged<Body>.fromOpaque($0!).takeRetainedValue().run()
      return nil
    }, box.toOpaque())
  if code == 0 { pthread_detach(thread) } else { box.release() }
  return code
}
