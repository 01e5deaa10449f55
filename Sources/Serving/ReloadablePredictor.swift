import PerceptronFiles
import PerceptronModelFiles
import Tensor

/// The ``Predictor`` of a model file that may be replaced on disk while requests run.
///
///     let live = try ReloadablePredictor<Float>(contentsOf: "model.safetensors")
///     let answer = try live.predictor.predict(record)   // in any task
///     try live.reload()                                 // in another
///
/// Who took ``predictor`` before a reload goes on with the model that it took, whose memory is freed when the last one
/// lets it go: no answer is of two models.
public final class ReloadablePredictor<Scalar: BLASScalar>: Sendable {
  public let path: String
  private let missing: MissingValues
  private let team: Team
  /// Held for as long as it takes to count a reference, never while something is read or computed.
  private let current: Guarded<Predictor<Scalar>>
  /// Held while the file is read, so that of two reloads the one that read later is the one that stays.
  private let reloading = Guarded(())

  /// Reads the model file.
  ///
  /// - Throws: ``FileError`` if the file is not there or is not a whole and consistent model.
  public init(
    contentsOf path: String, missing: MissingValues = .replaced, team: Team = Team(workers: 1)
  ) throws(FileError) {
    self.path = path
    self.missing = missing
    self.team = team
    current = Guarded(try Predictor(contentsOf: path, missing: missing, team: team))
  }

  /// The predictor of the model that was read last. To be taken anew for each request, and used for the whole of it.
  public var predictor: Predictor<Scalar> { current.withLock { $0 } }

  /// Reads the file again. Requests go on meanwhile with the model from before, and keep it if this throws.
  ///
  /// The new model may have other columns and outputs; what a caller knows of them it has to take from the same
  /// ``predictor`` that it asks. The file must have been replaced as a whole, as ``TrainedModel/write(to:)`` and `mv`
  /// do: one that is written over while it is read may be refused.
  ///
  /// - Throws: ``FileError`` if the file is no model.
  public func reload() throws(FileError) {
    try reloading.withLock { _ throws(FileError) in
      var predictor = try Predictor<Scalar>(contentsOf: path, missing: missing, team: team)
      current.withLock { swap(&$0, &predictor) }
      // The model from before is let go here, after the lock.
    }
  }
}
