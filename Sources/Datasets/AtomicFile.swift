#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Writes files so that at every moment either the old or the whole new content is there.
package enum AtomicFile {
  /// The system call that writes some bytes to a descriptor: returns how many, or -1 and errno.
  package typealias WriteCall = (Int32, UnsafeRawPointer, Int) -> Int

  /// Writes the bytes to the path, in place of what was there.
  ///
  /// They go to a new file in the same directory, which is flushed to the disk and then renamed onto the path (through
  /// symbolic links, onto what they point to). A new file has the mode 0644 less the umask,
  /// a replaced one keeps its mode.
  /// - Parameters:
  ///   - partial: The path of the new file, in the same directory; what a write that was killed has left there is written over. It must be one
  ///     that nobody else writes at the same time. nil for a name that nothing has.
  ///   - call: what stands in for `write(2)`.
  /// - Throws: ``DataError/cannotWrite(path:reason:)``; the new file is then gone and an old one unchanged.
  package static func write(
    _ bytes: [UInt8], to path: String, partial: String? = nil, through call: WriteCall = systemWrite
  ) throws(DataError) {
    let destination = try destination(for: path)
    let (descriptor, temporary) = try createTemporary(partial, beside: destination, for: path)
    var status = stat()
    if stat(destination, &status) == 0 { fchmod(descriptor, status.st_mode & 0o7777) }
    var code = writeAll(bytes, to: descriptor, through: call)
    if code == 0, fsync(descriptor) != 0 { code = errno }
    // Some file systems report only here that the space was not enough.
    if close(descriptor) != 0, code == 0 { code = errno }
    if code == 0, rename(temporary, destination) != 0 { code = errno }
    guard code == 0 else {
      unlink(temporary)
      throw .cannotWrite(path: path, reason: systemMessage(code))
    }
    synchroniseDirectory(of: destination)
  }

  /// Checks that ``write(_:to:partial:through:)`` can create its file: the directory is there and lets files be created.
  ///
  /// Creates an empty file there and removes it; for the time before a long computation whose result goes to the path.
  /// - Throws: ``DataError/cannotWrite(path:reason:)``.
  package static func checkWritable(_ path: String, partial: String? = nil) throws(DataError) {
    let (descriptor, temporary) = try createTemporary(partial, beside: try destination(for: path), for: path)
    close(descriptor)
    unlink(temporary)
  }

  /// The path of the regular file that is there or will be.
  ///
  /// A rename would replace whatever is there, be it a device such as /dev/null: hence the check.
  private static func destination(for path: String) throws(DataError) -> String {
    guard !path.isEmpty, !path.hasSuffix("/") else {
      throw .cannotWrite(path: path, reason: systemMessage(path.isEmpty ? ENOENT : EISDIR))
    }
    var status = stat()
    guard stat(path, &status) == 0 else { return path }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .cannotWrite(path: path, reason: systemMessage(EISDIR))
    default: throw .cannotWrite(path: path, reason: "Not a regular file")
    }
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func createTemporary(
    _ partial: String?, beside destination: String, for path: String
  ) throws(DataError) -> (descriptor: Int32, path: String) {
    if let partial { return (try openTemporary(partial, O_TRUNC, for: path)!, partial) }
    let directory = destination.lastIndex(of: "/").map { destination[...$0] } ?? ""
    while true {
      // A name of its own length, as the destination's with an addition could be too long for a file name.
      let temporary = "\(directory).\(String(UInt64.random(in: 0 ... .max), radix: 36)).partial"
      if let descriptor = try openTemporary(temporary, O_EXCL, for: path) { return (descriptor, temporary) }
    }
  }

  /// Nil where the flag O_EXCL meets a file that is there.
  private static func openTemporary(_ temporary: String, _ flag: Int32, for path: String) throws(DataError) -> Int32? {
    while true {
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC | flag, 0o644)
      if descriptor >= 0 { return descriptor }
      if errno == EEXIST { return nil }
      guard errno == EINTR else { throw .cannotWrite(path: path, reason: systemMessage(errno)) }
    }
  }

  /// Writes all of the bytes, in as few calls as there is room for; zero, or the error number of what went wrong.
  package static func writeAll(
    _ bytes: [UInt8], to descriptor: Int32, through call: WriteCall = systemWrite
  ) -> Int32 {
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty, let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress {
        let written = call(descriptor, start, rest.count)
        if written > 0 {
          rest = rest.dropFirst(written)
        } else if written == 0 {
          return EIO
        } else if errno != EINTR {
          return errno
        }
      }
      return 0
    }
  }

  /// Makes the rename last through a power failure, where the file system can.
  ///
  /// The new file is whole and in place by now, so a directory that cannot be opened or flushed is no failure.
  private static func synchroniseDirectory(of destination: String) {
    let directory = destination.lastIndex(of: "/").map { String(destination[...$0]) } ?? "."
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}

/// `write(2)`.
package func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
