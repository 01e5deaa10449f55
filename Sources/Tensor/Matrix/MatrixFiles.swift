#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Keeps large matrices in files instead of memory, so that data may be larger than memory. The system reads a part of
/// a file when it is used, and writes it back when memory is needed for something else.
package enum MatrixFiles {
  /// The directory of the files of the large matrices that this thread makes; nil for memory.
  @TaskLocal package static var directory: String?
  /// The bytes of memory that copies of parts of such matrices may take; nil for what is usable.
  @TaskLocal package static var memory: Int?

  /// Calls `body`, during which all matrices of at least 64 KiB that this thread makes are kept in files. Each file
  /// belongs to its matrix: it has no name, and the system removes it after the matrix, even if the process is killed.
  ///
  /// - Parameter directory: Where the files are; nil for memory.
  package static func keep<Result>(in directory: String?, _ body: () throws -> Result) rethrows -> Result {
    try $directory.withValue(directory, operation: body)
  }

  /// The bytes that new matrices may take: the free space in the directory, or the usable memory.
  package static var room: Int {
    guard let directory else { return usableMemory() }
    var system = statvfs()
    guard statvfs(directory, &system) == 0 else { return 0 }
    let free = Int(clamping: UInt64(system.f_bavail) * UInt64(system.f_frsize))
    return hasLimitedAddressSpace() ? min(free, usableMemory()) : free
  }

  /// The system's reason why no file can be made and mapped in a directory; nil if one can.
  package static func mistake(in directory: String) -> String? {
    guard let memory = map(leastSize, in: directory) else { return String(cString: strerror(errno)) }
    munmap(memory, leastSize)
    return nil
  }

  /// The least number of bytes that are kept in a file.
  static let leastSize = 1 << 16

  /// Maps a new file of zeros.
  ///
  /// - Returns: nil if there is none, or it would be larger than the free space; `errno` is the reason.
  static func map(_ bytes: Int, in directory: String) -> UnsafeMutableRawPointer? {
    let descriptor = unnamedFile(in: directory)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // Without space of its own, a write to the mapping would end the process when the disk is full.
    var code: Int32
    repeat { code = posix_fallocate(descriptor, 0, bytes) } while code == EINTR
    guard code == 0 else {
      errno = code
      return nil
    }
    let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    return memory == UnsafeMutableRawPointer(bitPattern: -1) ? nil : memory
  }

  private static func unnamedFile(in directory: String) -> Int32 {
    var name = Array("\(directory)/matrix-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    if descriptor >= 0 {
      unlink(name)
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
    return descriptor
  }
}
