import CZlib

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Reads whole files, plain or gzipped.
package enum ByteFile {
  /// The bytes of the file, decompressed if they are gzip data, whatever the file's name.
  ///
  /// Several gzip members one after another count as one file, as for `gunzip`. Costs one copy of the bytes and, for
  /// gzip data, memory for what they decompress to.
  /// - Throws: ``DataError/cannotOpen(path:reason:)``, ``DataError/cannotRead(path:reason:)``,
  ///   ``DataError/truncatedGzip(path:)`` or ``DataError/corruptGzip(path:detail:)``.
  package static func read(_ path: String) throws(DataError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: systemMessage(errno)) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw .cannotOpen(path: path, reason: systemMessage(code))
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      close(descriptor)
      throw .cannotOpen(path: path, reason: systemMessage(EISDIR))
    }
    guard status.st_mode & S_IFMT != S_IFCHR else {
      close(descriptor)
      throw .cannotOpen(path: path, reason: "Is a device, which has no end")
    }
    let expected = expectedCount(descriptor, fileSize: Int(status.st_size))
    guard let file = gzdopen(descriptor, "rb") else {
      close(descriptor)
      throw .cannotRead(path: path, reason: systemMessage(ENOMEM))
    }
    defer { gzclose_r(file) }
    gzbuffer(file, 1 << 17)
    return try readAll(of: file, path: path, expectedCount: expected)
  }

  /// How many bytes a file is likely to hold. A gzip file ends with that number, but it may lie, so not more than eight times the file's size.
  private static func expectedCount(_ descriptor: Int32, fileSize: Int) -> Int {
    var (start, end) = ([UInt8](repeating: 0, count: 2), [UInt8](repeating: 0, count: 4))
    guard fileSize > 18, pread(descriptor, &start, 2, 0) == 2, start == [0x1F, 0x8B],
      pread(descriptor, &end, 4, off_t(fileSize - 4)) == 4
    else { return fileSize }
    return min(end.reversed().reduce(0) { $0 << 8 | Int($1) }, 8 * fileSize)
  }

  private static func readAll(of file: gzFile, path: String, expectedCount: Int) throws(DataError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(expectedCount + 1)  // with room for the read that meets the end
    var count = 0
    repeat {
      let room = max(bytes.capacity - bytes.count, 1 << 18)
      bytes.append(addingCapacity: room) { output in
        output.withUnsafeMutableBufferPointer { buffer, initializedCount in
          errno = 0
          count = Int(gzread(file, buffer.baseAddress! + initializedCount, UInt32(min(room, 1 << 30))))
          initializedCount += max(count, 0)
        }
      }
    } while count > 0
    // At a truncated stream's end zlib hands out all that it could decompress, and then no bytes but this state.
    let readCode = errno
    var state: Int32 = Z_OK
    let message = gzerror(file, &state).map { String(cString: $0) } ?? ""
    switch state {
    case Z_OK, Z_STREAM_END: return bytes
    case Z_BUF_ERROR: throw .truncatedGzip(path: path)
    case Z_ERRNO: throw .cannotRead(path: path, reason: systemMessage(readCode))
    default:
      // zlib puts its own name for the file, a descriptor's number, before the message.
      let detail = message.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? message
      throw .corruptGzip(path: path, detail: detail)
    }
  }
}

/// The system's text for an error number.
func systemMessage(_ code: Int32) -> String {
  guard let text = strerror(code) else { return "error \(code)" }
  return String(cString: text)
}
