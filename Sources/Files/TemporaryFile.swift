#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A new, empty file with an unused name, locked as long as it is open.
///
/// The lock distinguishes it from a file that a killed process left behind. Such a file is not locked, and the next
/// process that makes a temporary file in the directory removes it.
struct TemporaryFile: ~Copyable {
  let path: String
  let descriptor: Int32

  /// - Parameters:
  ///   - directory: Its path with a slash at the end; empty for the working directory.
  ///   - destination: The file that this file will replace, named in the error.
  /// - Throws: ``FileError`` (`cannotWrite`).
  init(in directory: String, for destination: String) throws(FileError) {
    Self.removeLeftovers(in: directory)
    while true {
      let path = directory + Self.newName()
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else {
        if errno == EEXIST || errno == EINTR { continue }
        throw .cannotWrite(path: destination, reason: systemMessage(errno))
      }
      // Before the file was locked, another process may have mistaken it for a leftover.
      var status = stat()
      if flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
        || fstat(descriptor, &status) == 0 && status.st_nlink == 0
      {
        close(descriptor)
        continue
      }
      self.path = path
      self.descriptor = descriptor
      return
    }
  }

  deinit { close(descriptor) }

  private static let prefix = ".perceptron-"
  private static let suffix = ".partial"

  /// A name that does not contain the destination's name: the destination's name with an addition could be too long.
  static func newName() -> String { prefix + String(UInt64.random(in: 0 ... .max), radix: 36) + suffix }

  /// Removes files that killed processes left in a directory: this user's files that are not locked.
  private static func removeLeftovers(in directory: String) {
    guard let stream = opendir(directory.isEmpty ? "." : directory) else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { continue }
      let path = directory + name
      let descriptor = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      guard descriptor >= 0 else {
        // A directory is made for a check, and is always empty.
        if errno == EISDIR { rmdir(path) }
        continue
      }
      var status = stat()
      if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
        flock(descriptor, LOCK_EX | LOCK_NB) == 0
      {
        unlink(path)
      }
      close(descriptor)
    }
  }
}
