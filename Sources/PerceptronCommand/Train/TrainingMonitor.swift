import Perceptron
import Synchronization

/// What networks that are trained at the same time share.
final class TrainingMonitor<Scalar: BLASScalar>: Sendable {
  let log: TrainingLog?
  let progress: Mutex<Progress>
  /// Whether the time is over. The first trial of a search is complete in any case.
  private let isOver: @Sendable () -> Bool
  private let fits = Mutex<[Int: TrainingFit<Scalar>]>([:])
  private let failures = Mutex<[Int: any Error]>([:])
  /// The trials of a search that are left out.
  private let leftOut = Mutex<Set<Int>>([])
  /// The encoded results that another process waits for.
  private let results = Mutex<[Int: [UInt8]]>([:])

  init(_ log: TrainingLog?, _ progress: Progress, isOver: @escaping @Sendable () -> Bool) {
    (self.log, self.isOver) = (log, isOver)
    self.progress = Mutex(progress)
  }

  /// Whether a network is to stop after its step.
  func stops(trial: Int) -> Bool {
    StopSignal.received != nil || failures.withLock { !$0.isEmpty } || leftOut.withLock { $0.contains(trial) }
      || trial > 0 && isOver()
  }

  /// Stops the networks of a trial. Returns false if they were stopped before.
  func leaveOut(trial: Int) -> Bool { leftOut.withLock { $0.insert(trial).inserted } }

  /// Notes that the training of a network failed.
  func fail(_ error: any Error, ofNetwork number: Int) { failures.withLock { $0[number] = error } }

  /// Notes how the training of a network ended. Returns the fits of the trial if they are complete with this one.
  func note(
    _ result: Result<TrainingFit<Scalar>?, any Error>, ofNetwork number: Int, trial: Range<Int>
  ) -> [TrainingFit<Scalar>]? {
    switch result {
    case .failure(let error):
      fail(error, ofNetwork: number)
      return nil
    case .success(nil): return nil
    case .success(let fit?):
      return fits.withLock { fits in
        fits[number] = fit
        let own = trial.compactMap { fits[$0] }
        guard own.count == trial.count else { return nil }
        for number in trial { fits[number] = nil }
        return own
      }
    }
  }

  /// The error of the first network that failed.
  var failure: (any Error)? { failures.withLock { failures in failures.min { $0.key < $1.key }?.value } }

  /// Keeps the result of a network for another process.
  func keep(_ result: [UInt8], ofNetwork number: Int) { results.withLock { $0[number] = result } }

  /// Gives up a result that was kept; empty if there is none.
  func takeResult(ofNetwork number: Int) -> [UInt8] { results.withLock { $0.removeValue(forKey: number) ?? [] } }
}
