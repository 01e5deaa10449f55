import PerceptronDatasets
import Synchronization
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
  /// Nothing runs on Swift's cooperative pool. Training begins at once. If the loop exits or its task is cancelled,
  /// training stops after the current step. To be able to continue later, call `fit` instead, which leaves its progress
  /// in the trainer.
  ///
  /// The sequence throws ``Divergence`` if a number is not finite, and ``ThreadError`` if the system cannot start a
  /// thread.
  public func events(
    on samples: Samples<Scalar>, augmentation: Augmentation? = nil, validation: Samples<Scalar>? = nil, epochs: Int,
    patience: Int? = nil, selection: Selection? = nil
  ) -> AsyncThrowingStream<TrainingEvent<Scalar>, any Error> {
    let (stream, continuation) = AsyncThrowingStream<TrainingEvent<Scalar>, any Error>.makeStream()
    let isStopped = Flag()
    continuation.onTermination = { _ in isStopped.raise() }
    let code = runOnThread {
      var trainer = self
      do {
        try trainer.fit(
          on: samples, augmentation: augmentation, validation: validation, epochs: epochs, patience: patience,
          selection: selection, afterStep: { _, _ in !isStopped.isRaised },
          afterEpoch: { report, _ in
            continuation.yield(.epoch(report))
            return !isStopped.isRaised
          })
        continuation.yield(.finished(trainer))
        continuation.finish()
      } catch {
        continuation.finish(throwing: error)
      }
    }
    if code != 0 { continuation.finish(throwing: ThreadError(reason: String(cString: strerror(code)))) }
    return stream
  }
}

/// A flag that any thread can raise, once.
private final class Flag: Sendable {
  private let state = Atomic(false)

  var isRaised: Bool { state.load(ordering: .relaxed) }

  func raise() { state.store(true, ordering: .relaxed) }
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
