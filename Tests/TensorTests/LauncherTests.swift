import Tensor
import Testing

private func launcher(_ environment: [String: String]) -> Launcher? { Launcher { environment[$0] } }

@Test("A process without a launcher, or the only one of its launcher, is alone")
func noLauncher() {
  #expect(launcher([:]) == nil)
  #expect(launcher(["OMPI_COMM_WORLD_SIZE": "1"]) == nil)
  #expect(launcher(["SLURM_STEP_NUM_TASKS": "", "PMI_SIZE": "x"]) == nil)
}

@Test("A launcher is known by its variables, and with it the libraries that may be its")
func launchers() throws {
  let open = try #require(launcher(["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_LOCAL_RANK": "1", "PMI_SIZE": "2"]))
  #expect(open.name == "Open MPI" && open.count == 4 && !open.isFirstOnHost)
  #expect(open.libraries.first == "libmpi.so.40")
  let mpich = try #require(launcher(["PMI_SIZE": "3", "MPI_LOCALRANKID": "0"]))
  #expect(mpich.name == "MPICH" && mpich.count == 3 && mpich.isFirstOnHost)
  #expect(mpich.libraries.prefix(2) == ["libmpi.so.12", "libmpich.so.12"])
  let slurm = try #require(launcher(["SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "5"]))
  #expect(slurm.name == "Slurm" && slurm.count == 8 && slurm.isFirstOnHost)
}

@Test("Another library may be named")
func namedLibrary() {
  #expect(launcher(["PMI_SIZE": "3", "PERCEPTRON_MPI_LIBRARY": "/opt/libmpi.so"])?.libraries == ["/opt/libmpi.so"])
}
