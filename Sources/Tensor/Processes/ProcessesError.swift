/// The reason why the processes that a launcher has started cannot work together.
public enum ProcessesError: Error, Equatable, CustomStringConvertible {
  /// No MPI library can be loaded.
  ///
  /// - Parameters:
  ///   - launcher: Who started the processes.
  ///   - count: How many it started.
  ///   - reason: Why the likeliest library cannot be loaded.
  case noLibrary(launcher: String, count: Int, reason: String)
  /// The library sees another number of processes than its launcher started.
  case otherLauncher(launcher: String, count: Int, library: String, seen: Int)

  /// The error in one line, with what can be done.
  public var description: String {
    switch self {
    case .noLibrary(let launcher, let count, let reason):
      "\(launcher) has started \(count) processes, but MPI cannot be loaded, and \(count) identical trainings would"
        + " run: \(reason); install the launcher's MPI library, or name it in \(Launcher.libraryVariable)"
    case .otherLauncher(let launcher, let count, let library, let seen):
      "\(launcher) has started \(count) processes, but \(library) sees \(seen): it belongs to another launcher; start"
        + " with its own, or name the library in \(Launcher.libraryVariable)"
    }
  }
}
