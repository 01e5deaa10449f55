import CPerceptronZlib
import Tensor

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Reads whole files, plain or gzipped.
package enum ByteFile {
  /// The name of standard input in messages.
  package static let standardInput = "standard input"

  /// Reads the bytes of the file. Gzip data are decompressed, whatever the file's name.
  ///
  /// A plain file is read up to the size that it had when it was opened. Several gzip members one after another count
  /// as one file, as for `gunzip`. The cost is one copy of the bytes and, for gzip data, memory for the decompressed
  /// bytes. The team shares the reading of a long plain file.
  /// - Parameter isWanted: Receives the first 64 KiB of decompressed gzip data, or all if there are fewer. If it
  ///   returns false, these bytes are returned and no more are read.
  /// - Throws: ``FileError`` (`cannotOpen`, `cannotRead`, `exceedsMemory`, `truncatedGzip` or `corruptGzip`).
  package static func read(
    _ path: String, team: Team = Team(workers: 1), isWanted: ([UInt8]) -> Bool = { _ in true }
  ) throws(FileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: systemMessage(errno)) }
    let status = try status(of: descriptor, path: path, mayBeDevice: false)
    let (isRegular, size) = (status.st_mode & S_IFMT == S_IFREG, Int(status.st_size))
    if isRegular, size > 1 << 20, case let usable = usableMemory(), size > usable {
      close(descriptor)
      throw .exceedsMemory(path: path, bytes: size, usable: usable)
    }
    if isRegular, let bytes = readPlain(descriptor, count: size, team) {
      close(descriptor)
      return bytes
    }
    let expected = expectedCount(descriptor, fileSize: isRegular ? size : 0)
    guard let file = gzdopen(descriptor, "rb") else {
      close(descriptor)
      throw .cannotRead(path: path, reason: systemMessage(ENOMEM))
    }
    defer { gzclose_r(file) }
    gzbuffer(file, 1 << 17)
    return try readAll(of: file, path: path, expectedCount: expected, isWanted)
  }

  /// The number of bytes of a regular file; nil if it is something else, or there is none.
  package static func size(_ path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
  }

  /// The first bytes of a regular file, without decompression; none if it cannot be read.
  package static func firstBytes(_ path: String, count: Int) -> [UInt8] {
    guard size(path) != nil, case let descriptor = open(path, O_RDONLY | O_CLOEXEC), descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    return [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
      initialized = max(0, pread(descriptor, bytes.baseAddress, count, 0))
    }
  }

  /// The paths of the files that match a pattern with `*`, `?` or `[…]`, as a shell would expand it, sorted by their
  /// bytes. The path of an existing file is returned as it is, and so is a pattern that matches none, for the error.
  package static func paths(matching pattern: String) -> [String] {
    guard pattern.contains(where: { "*?[".contains($0) }), access(pattern, F_OK) != 0 else { return [pattern] }
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, GLOB_NOSORT, nil, &found) == 0 else { return [pattern] }
    return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The status of an open file.
  ///
  /// - Throws: ``FileError`` (`cannotOpen`) if the status is unknown, or if the file is a directory or, unless
  ///   `mayBeDevice`, a device, which has no end. The file is then closed.
  static func status(of descriptor: Int32, path: String, mayBeDevice: Bool) throws(FileError) -> stat {
    var status = stat()
    let code = fstat(descriptor, &status) == 0 ? 0 : errno
    let kind = status.st_mode & S_IFMT
    let problem: String? =
      if code != 0 {
        systemMessage(code)
      } else if kind == S_IFDIR {
        systemMessage(EISDIR)
      } else {
        kind == S_IFCHR && !mayBeDevice ? "Is a device, which has no end" : nil
      }
    if let problem {
      close(descriptor)
      throw .cannotOpen(path: path, reason: problem)
    }
    return status
  }

  /// Reads the bytes of a regular file. Returns nil if the file is empty or gzip data, or if anything fails; reading
  /// through zlib then reports the error.
  private static func readPlain(_ descriptor: Int32, count: Int, _ team: Team) -> [UInt8]? {
    let pieceSize = 1 << 22
    guard count > 0, !isGzip(descriptor) else { return nil }
    var isWhole = false
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      let start = UnsafeMutableRawPointer(buffer.baseAddress!)
      #if canImport(Glibc)
        // Large pages save page faults. A shorter file gets all its small pages in one call.
        let populateWrite: Int32 = 23  // MADV_POPULATE_WRITE, which older headers lack
        let pages = start.alignedUp(toMultipleOf: 4096)
        let advice = count >= pieceSize ? MADV_HUGEPAGE : populateWrite
        if count > 1 << 17 { madvise(pages, (count - (pages - start)) & ~4095, advice) }
      #endif
      let areRead = team.map((count + pieceSize - 1) / pieceSize) { index in
        var position = index * pieceSize
        let end = min(position + pieceSize, count)
        while position < end {
          let read = pread(descriptor, start + position, end - position, off_t(position))
          guard read > 0 || read < 0 && errno == EINTR else { return false }
          position += max(read, 0)
        }
        return true
      }
      isWhole = areRead.allSatisfy { $0 }
      initializedCount = isWhole ? count : 0
    }
    return isWhole ? bytes : nil
  }

  static func isGzip(_ descriptor: Int32) -> Bool {
    var start: [UInt8] = [0, 0]
    return pread(descriptor, &start, 2, 0) == 2 && start == [0x1F, 0x8B]
  }

  /// The number of bytes that a file is likely to hold. A gzip file ends with that number, but the number may be wrong,
  /// so it is limited to eight times the file's size.
  private static func expectedCount(_ descriptor: Int32, fileSize: Int) -> Int {
    var end: [UInt8] = [0, 0, 0, 0]
    guard fileSize > 18, isGzip(descriptor), pread(descriptor, &end, 4, off_t(fileSize - 4)) == 4 else {
      return fileSize
    }
    return min(end.reversed().reduce(0) { $0 << 8 | Int($1) }, 8 * fileSize)
  }

  private static func readAll(
    of file: gzFile, path: String, expectedCount: Int, _ isWanted: ([UInt8]) -> Bool
  ) throws(FileError) -> [UInt8] {
    var bytes: [UInt8] = []
    var count = 0
    func read(atMost room: Int) {
      bytes.append(addingCapacity: room) { output in
        output.withUnsafeMutableBufferPointer { buffer, initializedCount in
          errno = 0
          count = Int(gzread(file, buffer.baseAddress! + initializedCount, UInt32(min(room, 1 << 30))))
          initializedCount += max(count, 0)
        }
      }
    }
    read(atMost: 1 << 16)
    if count > 0 {
      guard isWanted(bytes) else { return bytes }
      bytes.reserveCapacity(expectedCount + 1)  // one more, for the read that finds the end
    }
    while count > 0 {
      let room = max(bytes.capacity - bytes.count, 1 << 18)
      // A full array grows to twice its size.
      if bytes.count + room > bytes.capacity, bytes.count > 1 << 24, case let usable = usableMemory(),
        2 * bytes.count > usable
      {
        throw .exceedsMemory(path: path, bytes: 2 * bytes.count, usable: usable)
      }
      read(atMost: room)
    }
    if let failure = failure(of: file, path: path, code: errno) { throw failure }
    return bytes
  }

  /// The error if no more bytes come; nil if the file has simply ended.
  ///
  /// At the end of a truncated stream, zlib returns everything that it could decompress. After that it returns no
  /// bytes, and this state is the only sign of the error.
  static func failure(of file: gzFile, path: String, code: Int32) -> FileError? {
    var state: Int32 = Z_OK
    let message = gzerror(file, &state).map { String(cString: $0) } ?? ""
    switch state {
    case Z_OK, Z_STREAM_END: return nil
    case Z_BUF_ERROR: return .truncatedGzip(path: path)
    case Z_ERRNO: return .cannotRead(path: path, reason: systemMessage(code))
    default:
      // zlib puts its own name for the file, a descriptor number, before the message.
      let detail = message.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? message
      return .corruptGzip(path: path, detail: detail)
    }
  }
}

extension FileError {
  /// The error for a path that leads to a pipe, a device or a directory, which cannot be read again; nil for a regular
  /// file, and if there is none.
  package static func notRegular(_ path: String) -> FileError? {
    guard ByteFile.size(path) == nil, access(path, F_OK) == 0 else { return nil }
    return FileError(path: path, "not a regular file; a model that can be read again must be one")
  }
}
