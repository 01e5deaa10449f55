import CPerceptronZlib
import Tensor

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Reads the bytes of a plain or gzipped file from first to last, in pieces, so that bytes already read need not stay
/// in memory.
///
/// A plain file is read up to the size that it had when it was opened. "-" is standard input.
package final class ByteStream {
  /// The origin of the bytes.
  private enum Source {
    /// A regular, uncompressed file of this size.
    case plain(Int32, size: Int)
    /// Anything else: zlib decompresses gzip data and passes other bytes through.
    case stream(gzFile, Int32)
    case bytes([UInt8])
  }

  /// The file's path, for messages.
  package let path: String
  private let source: Source
  /// The position of the next byte.
  package private(set) var position = 0
  private let status: stat

  /// What is different if a file has been written again.
  package struct Version: Equatable {
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int

    fileprivate init(_ status: stat) {
      (size, seconds, nanoseconds) = (Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }
  }

  /// The version of the file when it was opened.
  package var version: Version { Version(status) }

  /// The number of bytes, if it is known before they are read.
  package var size: Int? {
    switch source {
    case .plain(_, let size): size
    case .stream: nil
    case .bytes(let bytes): bytes.count
    }
  }

  /// Whether the bytes can be read again.
  package var canSeek: Bool {
    if case .stream = source {
      return status.st_mode & S_IFMT == S_IFREG && status.st_size > 0 && path != ByteFile.standardInput
    }
    return true
  }

  package init(_ bytes: [UInt8], path: String) {
    self.path = path
    source = .bytes(bytes)
    status = stat()
  }

  /// Opens a file.
  /// - Throws: ``FileError`` (`cannotOpen`).
  package init(_ path: String) throws(FileError) {
    let isStandardInput = path == "-"
    let path = isStandardInput ? ByteFile.standardInput : path
    self.path = path
    let descriptor = isStandardInput ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: systemMessage(errno)) }
    status = try ByteFile.status(of: descriptor, path: path, mayBeDevice: isStandardInput)
    let isRegular = status.st_mode & S_IFMT == S_IFREG && !isStandardInput
    if isRegular, status.st_size > 0, !ByteFile.isGzip(descriptor) {
      source = .plain(descriptor, size: Int(status.st_size))
    } else {
      guard let file = gzdopen(descriptor, "rb") else {
        close(descriptor)
        throw .cannotOpen(path: path, reason: systemMessage(ENOMEM))
      }
      gzbuffer(file, 1 << 17)
      source = .stream(file, descriptor)
    }
  }

  deinit {
    switch source {
    case .plain(let descriptor, _): close(descriptor)
    case .stream(let file, _): gzclose_r(file)
    case .bytes: break
    }
  }

  /// Appends the next `count` bytes to an array, or fewer if the file ends before. Returns the number of bytes read.
  ///
  /// The team shares the reading of a plain file.
  /// - Throws: ``FileError`` (`cannotRead`), ``FileError`` (`changed`), ``FileError`` (`truncatedGzip`) or
  ///   ``FileError`` (`corruptGzip`).
  package func read(_ count: Int, into bytes: inout [UInt8], team: Team) throws(FileError) -> Int {
    let start = bytes.count
    switch source {
    case .plain(let descriptor, let size):
      let count = min(count, size - position)
      var failure: FileError?
      bytes.append(addingCapacity: count) { output in
        output.withUnsafeMutableBufferPointer { buffer, initializedCount in
          guard count > 0 else { return }
          failure = readPlain(descriptor, UnsafeMutableRawPointer(buffer.baseAddress! + initializedCount), count, team)
          if failure == nil { initializedCount += count }
        }
      }
      if let failure { throw failure }
    case .stream(let file, _):
      var count = count
      while count > 0 {
        let before = bytes.count
        bytes.append(addingCapacity: count) { output in
          output.withUnsafeMutableBufferPointer { buffer, initializedCount in
            errno = 0
            let read = gzread(file, buffer.baseAddress! + initializedCount, UInt32(min(count, 1 << 30)))
            initializedCount += max(Int(read), 0)
          }
        }
        count -= bytes.count - before
        if bytes.count == before {
          if let failure = ByteFile.failure(of: file, path: path, code: errno) { throw failure }
          break
        }
      }
    case .bytes(let all):
      bytes += all[position..<min(position + count, all.count)]
    }
    position += bytes.count - start
    return bytes.count - start
  }

  /// Moves to a byte, if the bytes can be read again.
  /// - Throws: As ``read(_:into:team:)``, and ``FileError`` (`changed`) if the file has changed.
  package func seek(to position: Int, team: Team) throws(FileError) {
    if case .stream(let file, let descriptor) = source {
      var now = stat()
      guard fstat(descriptor, &now) == 0, Version(now) == version else { throw .changed(path: path) }
      if position < self.position {
        guard gzrewind(file) == 0 else { throw .cannotRead(path: path, reason: systemMessage(errno)) }
        self.position = 0
      }
      while self.position < position {
        var skipped: [UInt8] = []
        guard try read(min(position - self.position, 1 << 20), into: &skipped, team: team) > 0 else {
          throw .changed(path: path)
        }
      }
    } else {
      self.position = position
    }
  }

  /// Checks that the file was the same both times if it was read twice.
  /// - Throws: ``FileError`` (`changed`).
  package func checkThatUnchanged() throws(FileError) {
    let descriptor: Int32
    switch source {
    case .plain(let file, _): descriptor = file
    case .stream(_, let file): descriptor = file
    case .bytes: return
    }
    var now = stat()
    guard fstat(descriptor, &now) == 0, Version(now) == version else { throw .changed(path: path) }
  }

  private func readPlain(
    _ descriptor: Int32, _ start: UnsafeMutableRawPointer, _ count: Int, _ team: Team
  ) -> FileError? {
    let pieceSize = 1 << 22
    let failures: [FileError?] = team.map((count + pieceSize - 1) / pieceSize) { index in
      var offset = index * pieceSize
      let end = min(offset + pieceSize, count)
      while offset < end {
        let read = pread(descriptor, start + offset, end - offset, off_t(position + offset))
        if read == 0 { return .changed(path: path) }
        if read < 0, errno != EINTR { return .cannotRead(path: path, reason: systemMessage(errno)) }
        offset += max(read, 0)
      }
      return nil
    }
    return failures.compactMap(\.self).first
  }
}
