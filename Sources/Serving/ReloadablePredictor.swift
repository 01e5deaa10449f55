import PerceptronFiles
import PerceptronModelFiles
import Tensor

/// The ``Predictor`` of a model file that may be replaced on disk while requests run.
///
///     let live = try ReloadablePredictor<Float>(contentsOf: "model.safetensors")
///     let answer = try live.predictor.predict(record)   // in any task
///     try live.reload()                                 // in another
///
/// A task that fetched ``predictor`` before a reload keeps using that model, so no answer mixes two models. The old
/// model's memory is freed when its last user releases it.
public final class ReloadablePredictor<Scalar: BLASScalar>: Sendable {
  /// The model file.
  public let path: String
  private let missing: MissingValuePolicy
  private let team: Team
  /// Locked only while a reference is counted, never during reading or computation.
  private let current: Guarded<Predictor<Scalar>>
  /// Locked while the file is read, so that the later of two concurrent reloads wins.
  private let reloading = Guarded(())

  /// Reads the model file.
  ///
  /// - Parameters:
  ///   - missing: How null and NaN are handled.
  ///   - team: The threads that share the work of each predictor; by default the calling thread alone.
  /// - Throws: ``FileError`` if the file does not exist, is not a complete and consistent model, or cannot be read
  ///   again, such as a pipe.
  public init(
    contentsOf path: String, missing: MissingValuePolicy = .replaced, team: Team = Team(workers: 1)
  ) throws(FileError) {
    self.path = path
    self.missing = missing
    self.team = team
    current = Guarded(try Self.read(path, missing, team))
  }

  /// Reads a file that can be read again.
  private static func read(
    _ path: String, _ missing: MissingValuePolicy, _ team: Team
  ) throws(FileError) -> Predictor<Scalar> {
    if let mistake = FileError.notRegular(path) { throw mistake }
    return try Predictor(contentsOf: path, missing: missing, team: team)
  }

  /// The predictor of the model that was read last. Fetch it for each request, and use it for the whole request.
  public var predictor: Predictor<Scalar> { current.withLock { $0 } }

  /// Reads the file again. Meanwhile requests use the old model; if this method throws, they keep using it.
  ///
  /// The new model may have other columns and outputs. A caller must read them from the same ``predictor`` that it asks
  /// for an answer. The file must be replaced as a whole, as ``TrainedModel/write(to:)-(String)`` and `mv` do. A file
  /// that is overwritten in place while it is read may be refused.
  ///
  /// - Throws: ``FileError`` if the file is not a model.
  public func reload() throws(FileError) {
    try reloading.withLock { _ throws(FileError) in
      var predictor = try Self.read(path, missing, team)
      current.withLock { swap(&$0, &predictor) }
      // The old model is released here, after the lock.
    }
  }
}
