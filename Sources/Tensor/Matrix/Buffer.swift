#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Zeroed memory for elements, aligned to 64 bytes: a cache line, and a vector of the widest instruction set.
///
/// Memory is not touched before its first use. Large buffers use large pages of 2 MiB if the system has them, for two
/// reasons. Getting 512 small pages one after the other takes four times as long (2.2 ms for 2.7 MB against 0.5 on an
/// AMD EPYC (Zen 3), 2026-11-26). A training step also walks through all of a large matrix, and the page table for
/// small pages would not stay in the cache. The memory of a large buffer may be that of a file: see ``MatrixFiles``.
@usableFromInline
final class Buffer<Scalar: BLASScalar>: @unchecked Sendable {
  // Sendable because a matrix writes only while it holds the sole reference.
  @usableFromInline let base: UnsafeMutablePointer<Scalar>
  private let allocation: UnsafeMutableRawPointer
  /// The number of mapped bytes; 0 if the memory comes from the allocator.
  private let mappedSize: Int
  /// The directory of the file that holds the elements; nil if they are in memory.
  let directory: String?

  init(count: Int) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Scalar>.stride)
    let directory = bytes >= min(MatrixFiles.leastSize, leastMapped) ? MatrixFiles.directory : nil
    self.directory = directory
    let isLarge = directory != nil || bytes >= leastMapped
    func allocated() -> UnsafeMutableRawPointer? {
      if let directory { return MatrixFiles.map(mappedBytes(bytes), in: directory) }
      // calloc rather than an aligned allocation: calloc need not clear memory that is new from the system.
      return isLarge ? mapLargePages(bytes) : calloc(bytes + 64, 1)
    }
    guard !overflow, bytes <= Int.max - 2 * largePage, let memory = allocated() else {
      outOfMemory?(overflow ? .max : bytes, directory)
      fail("out of memory: cannot allocate \(count) elements of \(Scalar.self)")
    }
    allocation = memory
    mappedSize = isLarge ? mappedBytes(bytes) : 0
    base = memory.alignedUp(toMultipleOf: 64).bindMemory(to: Scalar.self, capacity: count)
  }

  deinit {
    if mappedSize > 0 { munmap(allocation, mappedSize) } else { free(allocation) }
  }
}

private let largePage = 1 << 21

#if FUZZING
  // The fuzzer checks only memory from the allocator.
  private let leastMapped = Int.max
#else
  private let leastMapped = largePage
#endif

/// Rounds `bytes` up to whole pages, assuming that pages are at most 64 KiB.
private func mappedBytes(_ bytes: Int) -> Int { (bytes + 0xFFFF) & ~0xFFFF }

/// Returns new memory that starts at a large-page boundary, or nil.
private func mapLargePages(_ bytes: Int) -> UnsafeMutableRawPointer? {
  let size = mappedBytes(bytes)
  // Maps one extra large page, then unmaps the parts before the boundary and behind the end.
  guard
    let memory = mmap(nil, size + largePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
    memory != UnsafeMutableRawPointer(bitPattern: -1)
  else { return nil }
  let start = memory.alignedUp(toMultipleOf: largePage)
  if start > memory { munmap(memory, start - memory) }
  munmap(start + size, memory + largePage - start)
  #if canImport(Glibc)
    // The remainder that does not fill a large page uses small pages.
    madvise(start, bytes & ~(largePage - 1), MADV_HUGEPAGE)
  #endif
  return start
}
