/// What a ``BatchingPredictor`` has done since its start, for a service's metrics. A difference of two snapshots is
/// what happened between them.
public struct BatchCounts: Sendable, Equatable {
  /// The requests whose batches have begun.
  public internal(set) var requests = 0
  /// Those of them that had no answer, because of a mistake in the request or an answer that is not finite.
  public internal(set) var failures = 0
  /// The requests that were refused because too many were waiting, or because of the shutdown.
  public internal(set) var refusals = 0
  /// The requests that were given up before their batches began.
  public internal(set) var cancellations = 0
  /// The batches that have begun; ``requests`` / batches is their mean size.
  public internal(set) var batches = 0
  /// The sum of the times from each request to the beginning of its batch.
  public internal(set) var waiting = Duration.zero
  /// The sum of the times that the batches took.
  public internal(set) var computing = Duration.zero

  /// Makes counts of nothing.
  public init() {}
}
