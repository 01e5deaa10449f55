#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Writes files so that at every moment either the old or the whole new content is there.
package enum AtomicFile {
  /// The system call that writes some bytes to a descriptor: returns how many, or -1 and errno.
  package typealias WriteCall = (Int32, UnsafeRawPointer, Int) -> Int

  /// Takes the next bytes of a file.
  package typealias Sink = (UnsafeRawBufferPointer) -> Void

  /// Writes the bytes to the path, in place of what was there: see ``write(to:through:pieces:)``.
  package static func write(
    _ bytes: [UInt8], to path: String, through call: @escaping WriteCall = systemWrite
  ) throws(FileError) {
    try write(to: path, through: call) { sink in bytes.withUnsafeBytes(sink) }
  }

  /// Writes bytes that come piece by piece to the path, in place of what was there.
  ///
  /// They go to a new file beside it, which is flushed to the disk and then renamed onto the path. Symbolic links stay:
  /// the file that they point to is written, whether it is there already or not. A new file has the mode 0644 less the
  /// umask, a replaced one keeps its mode. The new files of processes that were killed are removed.
  /// - Parameters:
  ///   - call: What stands in for `write(2)`.
  ///   - pieces: Gives the bytes to the sink, from first to last.
  /// - Throws: ``FileError`` if the file cannot be written; the new file is then gone and an old one unchanged.
  package static func write(
    to path: String, through call: @escaping WriteCall = systemWrite, pieces: (Sink) -> Void
  ) throws(FileError) {
    let destination = try destination(for: path)
    let temporary = try TemporaryFile(in: directory(of: destination), for: path)
    var status = stat()
    if stat(destination, &status) == 0 { fchmod(temporary.descriptor, status.st_mode & 0o7777) }
    var code: Int32 = 0
    pieces { bytes in
      if code == 0 { code = writeAll(bytes, to: temporary.descriptor, through: call) }
    }
    if code == 0, fsync(temporary.descriptor) != 0 { code = errno }
    // Some file systems report only at a close that the space was not enough. The lock lasts until the last descriptor
    // is closed.
    let copy = dup(temporary.descriptor)
    if copy >= 0, close(copy) != 0, code == 0 { code = errno }
    if code == 0, rename(temporary.path, destination) != 0 { code = errno }
    guard code == 0 else {
      unlink(temporary.path)
      throw .cannotWrite(path: path, reason: replacementMessage(code))
    }
    synchroniseDirectory(directory(of: destination))
  }

  /// Checks that ``write(to:through:pieces:)`` can create its file and rename it onto the path.
  ///
  /// Creates an empty file there and removes it; for the time before a long computation whose result goes to the path.
  /// - Throws: ``FileError`` if the file cannot be written.
  package static func checkWritable(_ path: String) throws(FileError) {
    let destination = try destination(for: path)
    let temporary = try TemporaryFile(in: directory(of: destination), for: path)
    unlink(temporary.path)
    let code = isMountPoint(destination) ? EBUSY : replacementError(destination)
    if code != 0 { throw .cannotWrite(path: path, reason: replacementMessage(code)) }
  }

  /// Makes a directory, and those that it is to be in, so that all of them last through a power failure.
  /// - Throws: ``FileError`` if the file cannot be written.
  package static func makeDirectory(_ path: String) throws(FileError) {
    var status = stat()
    if path.isEmpty || stat(path, &status) == 0 { return }
    let name = path.hasSuffix("/") ? String(path.dropLast()) : path
    if let slash = name.lastIndex(of: "/"), slash != name.startIndex { try makeDirectory(String(name[..<slash])) }
    guard mkdir(name, 0o755) == 0 || errno == EEXIST else {
      throw .cannotWrite(path: path, reason: systemMessage(errno))
    }
    synchroniseDirectory(directory(of: name))
  }

  /// The path at the end of the symbolic links, of a file that is there or not; nil if they go in a circle, or lead to
  /// a name that is not UTF-8.
  package static func followingLinks(_ path: String) -> String? {
    var path = path
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    for _ in 0..<40 {
      let count = readlink(path, &target, target.count - 1)
      if count < 0 { return path }
      target[count] = 0
      guard let name = String(validating: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) else {
        return nil
      }
      path = name.hasPrefix("/") ? name : directory(of: path) + name
    }
    return nil
  }

  /// The path of the regular file that is there or will be.
  ///
  /// A rename would replace whatever is there, be it a device such as /dev/null: hence the check.
  private static func destination(for path: String) throws(FileError) -> String {
    guard let destination = followingLinks(path) else {
      throw .cannotWrite(path: path, reason: "Is a symbolic link that cannot be followed")
    }
    guard !destination.isEmpty, !destination.hasSuffix("/") else {
      throw .cannotWrite(path: path, reason: systemMessage(destination.isEmpty ? ENOENT : EISDIR))
    }
    var status = stat()
    guard stat(destination, &status) == 0 else { return destination }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return destination
    case S_IFDIR: throw .cannotWrite(path: path, reason: systemMessage(EISDIR))
    default: throw .cannotWrite(path: path, reason: "Not a regular file")
    }
  }

  /// The path up to the last slash, with it; empty for the working directory.
  private static func directory(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }

  /// Writes all of the bytes, in as few calls as there is room for; zero, or the error number of what went wrong.
  package static func writeAll(
    _ bytes: [UInt8], to descriptor: Int32, through call: WriteCall = systemWrite
  ) -> Int32 {
    bytes.withUnsafeBytes { writeAll($0, to: descriptor, through: call) }
  }

  private static func writeAll(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, through call: WriteCall
  ) -> Int32 {
    var rest = bytes[...]
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

  /// Makes what was renamed or made in a directory last through a power failure, if the file system can.
  ///
  /// It is in place by now, so a directory that cannot be opened or flushed is no failure.
  private static func synchroniseDirectory(_ directory: String) {
    let descriptor = open(directory.isEmpty ? "." : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}

// MARK: - Files that cannot be replaced

extension AtomicFile {
  /// The error with which a rename onto a file would fail, though its directory can be written to: another user's file
  /// in a sticky directory, or one that is immutable; 0 for none.
  ///
  /// A directory is renamed onto it, which never succeeds: the kernel checks the permissions before it refuses that
  /// with ENOTDIR.
  private static func replacementError(_ destination: String) -> Int32 {
    guard access(destination, F_OK) == 0 else { return 0 }
    let probe = directory(of: destination) + TemporaryFile.newName()
    guard mkdir(probe, 0o700) == 0 else { return 0 }
    defer { rmdir(probe) }
    guard rename(probe, destination) != 0 else {
      // The file went away in the meantime.
      rmdir(destination)
      return 0
    }
    return [EPERM, EACCES, EROFS].contains(errno) ? errno : 0
  }

  /// Whether a file is mounted by itself, as containers have it, so that no other can take its place.
  private static func isMountPoint(_ destination: String) -> Bool {
    guard let resolved = realpath(destination, nil) else { return false }
    defer { free(resolved) }
    guard let file = fopen("/proc/self/mountinfo", "re") else { return false }
    defer { fclose(file) }
    // The fifth field, in which these four characters are written in octal digits.
    let escapes: [Character: String] = [" ": "\\040", "\t": "\\011", "\n": "\\012", "\\": "\\134"]
    let name = String(cString: resolved).map { escapes[$0] ?? String($0) }.joined()
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while getline(&line, &capacity, file) > 0, let text = line.map({ String(cString: $0) }) {
      let fields = text.split(separator: " ", maxSplits: 5)
      if fields.count > 4, fields[4] == name { return true }
    }
    return false
  }

  private static func replacementMessage(_ code: Int32) -> String {
    code == EBUSY ? "Is mounted by itself, so that no new file can take its place" : systemMessage(code)
  }
}

/// `write(2)`.
package func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
