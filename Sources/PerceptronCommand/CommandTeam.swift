import Perceptron

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// If the address space is limited, restarts the program with settings that use less of it, unless they are already
/// set.
///
/// When OpenBLAS is loaded, before any code of this program runs, it starts a thread for each processor. These threads
/// are never used here, but each maps a buffer, and a thread that finds no room tries again forever. In addition,
/// glibc's arenas take 64 MiB per thread.
func restartIfAddressSpaceIsLimited() {
  let setting = "OPENBLAS_NUM_THREADS"
  guard hasLimitedAddressSpace(), getenv(setting).map({ String(cString: $0) }) != "1" else { return }
  setenv(setting, "1", 1)
  setenv("MALLOC_ARENA_MAX", "1", 0)
  // If this fails, the program continues unchanged.
  execv("/proc/self/exe", CommandLine.unsafeArgv)
}

/// Makes the threads of a command: the given number, or as many as there are processors for this process.
///
/// If the address space is limited, OpenBLAS gets its buffers here, while there is room for them.
/// - Throws: ``CommandError`` if there is not enough room. It states the needed and the available memory.
func makeTeam(threads: Int? = nil, processors: Int = usableProcessorCount()) throws(CommandError) -> Team {
  guard hasLimitedAddressSpace() else { return Team(workers: threads ?? processors) }
  let (each, room) = (blasBufferSize + 2 * threadStackSize, usableMemory())
  // If the number of threads is not given, they take at most half of the room; the rest is for the data.
  let count = threads ?? max(1, min(processors, room / 2 / each))
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

/// The memory that the smallest data and networks need.
private let leastDataSize = 32 << 20
