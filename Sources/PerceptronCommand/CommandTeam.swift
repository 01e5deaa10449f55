import Perceptron

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Starts the program again with settings that spare address space, if that is limited and they are not set.
///
/// OpenBLAS starts a thread for each processor when it is loaded, before any of this program runs. None is ever used
/// here, but each maps a buffer, and one that finds no room tries again for ever. glibc's arenas take 64 MiB a thread
/// besides.
func restartIfAddressSpaceIsLimited() {
  let setting = "OPENBLAS_NUM_THREADS"
  guard hasLimitedAddressSpace(), getenv(setting).map({ String(cString: $0) }) != "1" else { return }
  setenv(setting, "1", 1)
  setenv("MALLOC_ARENA_MAX", "1", 0)
  // If this fails, the program goes on as it is.
  execv("/proc/self/exe", CommandLine.unsafeArgv)
}

/// The threads of a command: so many, or as many as may be used.
///
/// If the address space is limited, OpenBLAS gets its buffers here, while there is room for them.
/// - Throws: What is needed and what there is, if there is no room.
func makeTeam(threads: Int? = nil) throws(CommandError) -> Team {
  guard hasLimitedAddressSpace() else { return Team(workers: threads ?? usableProcessorCount()) }
  let (each, room) = (blasBufferSize + 2 * threadStackSize, usableMemory())
  // At most half of the room is for the threads unless their number was given; the rest is for the data.
  let count = threads ?? max(1, min(usableProcessorCount(), room / 2 / each))
  let needed = count * each + leastDataSize
  guard needed <= room else {
    throw CommandError(
      message:
        "too little memory: \(count == 1 ? "one thread takes" : "\(count) threads take") \(needed / 1_000_000) MB of"
        + " address space at least, and the limit (ulimit -v, ulimit -d) leaves \(room / 1_000_000) MB; raise the limit"
        + (count > 1 ? ", or give fewer --threads" : ""),
      exitCode: 71)
  }
  reserveBLASBuffers(threads: count)
  return Team(workers: count)
}

/// What the smallest data and networks need.
private let leastDataSize = 32 << 20
