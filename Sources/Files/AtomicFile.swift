#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Writes files atomically: at every moment the path holds either the complete old content or the complete new content.
package enum AtomicFile {
  /// A system call that writes bytes to a descriptor. It returns the number of bytes written, or -1 and sets errno.
  package typealias WriteCall = (Int32, UnsafeRawPointer, Int) -> Int

  /// A function that receives the next bytes of a file.
  package typealias Sink = (UnsafeRawBufferPointer) -> Void

  /// Writes the bytes to the path and replaces an existing file: see ``write(to:through:pieces:)``.
  package static func write(
    _ bytes: [UInt8], to path: String, through call: @escaping WriteCall = systemWrite
  ) throws(FileError) {
    try write(to: path, through: call) { sink in bytes.withUnsafeBytes(sink) }
  }

  /// Writes bytes that are produced piece by piece to the path and replaces an existing file.
  ///
  /// The bytes go to a new file in the same directory, which is flushed to the disk and then renamed onto the path.
  /// Symbolic links stay: the file that they point to is written, whether it exists or not. A new file has the mode
  /// 0644 without the bits of the umask; a replaced file keeps its mode. Files that killed processes left behind are
  /// removed.
  /// - Parameters:
  ///   - call: A replacement for `write(2)`.
  ///   - pieces: Passes the bytes to the sink, from first to last.
  /// - Throws: ``FileError`` if the file cannot be written. The new file is then removed, and an old file is unchanged.
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
    // Some file systems report a lack of space only when a descriptor is closed. The lock lasts until the last
    // descriptor is closed.
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
  /// Creates an empty file there and removes it. Call it before a long computation whose result goes to the path.
  /// - Throws: ``FileError`` if the file cannot be written.
  package static func checkWritable(_ path: String) throws(FileError) {
    let destination = try destination(for: path)
    let temporary = try TemporaryFile(in: directory(of: destination), for: path)
    unlink(temporary.path)
    let code = isMountPoint(destination) ? EBUSY : replacementError(destination)
    if code != 0 { throw .cannotWrite(path: path, reason: replacementMessage(code)) }
  }

  /// Makes a directory and its missing parent directories, so that all of them survive a power failure.
  /// - Throws: ``FileError`` if a directory cannot be made.
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

  /// Follows symbolic links to the final path, whether that file exists or not. Returns nil if the links form a cycle
  /// or lead to a name that is not UTF-8.
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

  /// The path of the regular file that exists or will be created.
  ///
  /// The check is necessary because a rename would replace anything at the path, even a device such as /dev/null.
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

  /// The path up to and including the last slash; empty for the working directory.
  private static func directory(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }

  /// Writes all bytes with as few calls as possible. Returns zero, or the error number of the failure.
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

  /// Makes a rename or a new entry in a directory survive a power failure, if the file system supports it.
  ///
  /// The entry is already in place, so it is not an error if the directory cannot be opened or flushed.
  private static func synchroniseDirectory(_ directory: String) {
    let descriptor = open(directory.isEmpty ? "." : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}

// MARK: - Files that cannot be replaced

extension AtomicFile {
  /// Returns the error with which a rename onto a file would fail although its directory is writable; 0 for none.
  /// Examples are another user's file in a sticky directory, and an immutable file.
  ///
  /// The function tries to rename a directory onto the file, which never succeeds: the kernel checks the permissions
  /// before it refuses the rename with ENOTDIR.
  private static func replacementError(_ destination: String) -> Int32 {
    guard access(destination, F_OK) == 0 else { return 0 }
    let probe = directory(of: destination) + TemporaryFile.newName()
    guard mkdir(probe, 0o700) == 0 else { return 0 }
    defer { rmdir(probe) }
    guard rename(probe, destination) != 0 else {
      // The file disappeared in the meantime.
      rmdir(destination)
      return 0
    }
    return [EPERM, EACCES, EROFS].contains(errno) ? errno : 0
  }

  /// Whether a file is itself a mount point, as in containers, so that no other file can replace it.
  private static func isMountPoint(_ destination: String) -> Bool {
    guard let resolved = realpath(destination, nil) else { return false }
    defer { free(resolved) }
    guard let file = fopen("/proc/self/mountinfo", "re") else { return false }
    defer { fclose(file) }
    // The fifth field, in which these four characters are written as octal escapes.
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
    code == EBUSY ? "Is a mount point, so no new file can replace it" : systemMessage(code)
  }
}

/// `write(2)`.
package func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
