#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A program that has started this process as one of several, as its environment variables tell.
package struct Launcher: Equatable {
  package let name: String
  /// The number of processes that it has started.
  package let count: Int
  /// Whether this is the first of its processes on this machine.
  package let isFirstOnHost: Bool
  /// The MPI libraries that may belong to it, the likeliest first.
  package let libraries: [String]

  /// The environment variable that names another MPI library.
  package static let libraryVariable = "PERCEPTRON_MPI_LIBRARY"

  /// Each launcher sets variables with the number of processes, and with this process's number on its machine. Slurm
  /// may stand in for MPICH's.
  private static let known = [
    (
      name: "Open MPI", count: "OMPI_COMM_WORLD_SIZE", places: ["OMPI_COMM_WORLD_LOCAL_RANK"], libraries: openMPI + mpi5
    ),
    (name: "MPICH", count: "PMI_SIZE", places: ["MPI_LOCALRANKID", "SLURM_LOCALID"], libraries: mpich + mpi5),
    (name: "Slurm", count: "SLURM_STEP_NUM_TASKS", places: ["SLURM_LOCALID"], libraries: openMPI + mpich + mpi5),
  ]
  private static let openMPI = ["libmpi.so.40"]
  /// Debian's name of MPICH's library is the second.
  private static let mpich = ["libmpi.so.12", "libmpich.so.12"]
  private static let mpi5 = ["libmpi_abi.so.1", "libmpi_abi.so.0"]

  /// Nil if this process was started alone.
  package init?(environment: (String) -> String?) {
    for launcher in Self.known {
      guard let count = environment(launcher.count).flatMap({ Int($0) }) else { continue }
      if count < 2 { return nil }
      (name, self.count) = (launcher.name, count)
      isFirstOnHost = launcher.places.lazy.compactMap(environment).first.flatMap { Int($0) } ?? 0 == 0
      libraries = environment(Self.libraryVariable).map { [$0] } ?? launcher.libraries
      return
    }
    return nil
  }

  /// The launcher of this process; nil if there is none.
  package static let current = Launcher { variable in getenv(variable).map { String(cString: $0) } }
}
