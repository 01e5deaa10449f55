import CPerceptronMPI

extension Processes {
  /// The processes that a launcher has started, such as `mpirun -np 4 program`; ``alone`` if there is no launcher.
  ///
  /// Loads the launcher's MPI library: that of Open MPI, of MPICH or a relative of it, or one with the binary interface
  /// of MPI 5. The environment variable `PERCEPTRON_MPI_LIBRARY` names another. If this call starts MPI, MPI ends when
  /// the process exits. With the exit status 0, the process waits for the others to exit; with any other status, it
  /// ends them all. A trap, or a signal that ends a process, makes the launcher end the others.
  ///
  /// Call this, and everything that several processes do together, from one thread. Further calls return the same.
  ///
  /// - Throws: ``ProcessesError`` if there is a launcher, but no MPI library can be loaded (a statically linked program
  ///   cannot load any), or the library belongs to another launcher.
  public static func launched() throws(ProcessesError) -> Processes { try launch.get() }

  private static let launch: Result<Processes, ProcessesError> = Result { () throws(ProcessesError) in
    guard let launcher = Launcher.current else { return .alone }
    var problems: [String] = []
    for library in launcher.libraries {
      if let problem = cmpi_start(library) {
        let text = String(cString: problem)
        problems.append(text.contains(library) ? text : "\(library) \(text)")
        continue
      }
      let communicator = MPICommunicator()
      guard communicator.count == launcher.count else {
        throw .otherLauncher(
          launcher: launcher.name, count: launcher.count, library: library, seen: communicator.count)
      }
      return Processes(communicator)
    }
    throw .noLibrary(launcher: launcher.name, count: launcher.count, reason: problems[0])
  }

  /// Ends the work of all processes together, in which none must have failed alone. Each may then exit with any status.
  package func end() {
    if count > 1 { cmpi_end() }
  }
}
