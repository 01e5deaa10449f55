import FoundationEssentials

// The same as with paths, for programs that have URLs of files.

extension URL {
  fileprivate var filePath: String { path(percentEncoded: false) }
}

extension TrainedModel {
  /// Reads a model from a file; see ``init(contentsOf:)-(String)``.
  public init(contentsOf url: URL) throws(FileError) { try self.init(contentsOf: url.filePath) }

  /// Writes the model into a file; see ``write(to:)-(String)``.
  public func write(to url: URL) throws(FileError) { try write(to: url.filePath) }
}

extension Predictor {
  /// Makes a predictor from a model file; see ``init(contentsOf:missing:team:)-(String,_,_)``.
  public init(contentsOf url: URL, missing: MissingValuePolicy = .replaced, team: Team = Team(workers: 1))
    throws(FileError)
  {
    try self.init(contentsOf: url.filePath, missing: missing, team: team)
  }
}

extension ReloadablePredictor {
  /// Reads the model file; see ``init(contentsOf:missing:team:)-(String,_,_)``.
  public convenience init(
    contentsOf url: URL, missing: MissingValuePolicy = .replaced, team: Team = Team(workers: 1)
  ) throws(FileError) {
    try self.init(contentsOf: url.filePath, missing: missing, team: team)
  }
}

extension Table {
  /// Reads a file; see ``init(contentsOf:header:team:)``.
  public init(contentsOf url: URL, team: Team = Team(workers: 1)) throws(FileError) {
    try self.init(contentsOf: url.filePath, team: team)
  }
}
