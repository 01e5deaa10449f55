import CPerceptronZlib
import Tensor

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Reads whole files, plain or gzipped.
package enum ByteFile {
  /// What standard input is called in messages.
  package static let standardInput = "standard input"

  /// The bytes of the file, decompressed if they are gzip data, whatever the file's name.
  ///
  /// Of a plain file what was there when it was opened is read. Several gzip members one after another count as one
  /// file, as for `gunzip`. Costs one copy of the bytes and, for gzip data, memory for what they decompress to. The
  /// team shares the reading of a long file that is plain.
  /// - Parameter isWanted: Is asked about the first 64 KiB of what gzip data decompress to, or all if it is less; if it
  ///   says no, these are returned and no more is read.
  /// - Throws: ``FileError`` (`cannotOpen`), ``FileError`` (`cannotRead`),
  ///   ``FileError`` (`exceedsMemory`), ``FileError`` (`truncatedGzip`) or
  ///   ``FileError`` (`corruptGzip`).
  package static func read(
    _ path: String, team: Team = Team(workers: 1), isWanted: ([UInt8]) -> Bool = { _ in true }
  ) throws(FileError) -> [UInt8] {
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

  /// The bytes of a regular file; nil if it is empty, or gzip data, or anything fails: the other way will find out
  /// what.
  private static func readPlain(_ descriptor: Int32, count: Int, _ team: Team) -> [UInt8]? {
    let pieceSize = 1 << 22
    guard count > 0, !isGzip(descriptor) else { return nil }
    var isWhole = false
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      let start = UnsafeMutableRawPointer(buffer.baseAddress!)
      #if canImport(Glibc)
        // Few large pages instead of many small ones, each of which would have to be asked for; a shorter file gets all
        // its small pages in one call.
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

  private static func isGzip(_ descriptor: Int32) -> Bool {
    var start: [UInt8] = [0, 0]
    return pread(descriptor, &start, 2, 0) == 2 && start == [0x1F, 0x8B]
  }

  /// How many bytes a file is likely to hold. A gzip file ends with that number, but it may lie, so not more than eight
  /// times the file's size.
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
      bytes.reserveCapacity(expectedCount + 1)  // with room for the read that meets the end
    }
    while count > 0 {
      let room = max(bytes.capacity - bytes.count, 1 << 18)
      // An array that is full grows to twice its size.
      if bytes.count + room > bytes.capacity, bytes.count > 1 << 24, case let usable = usableMemory(),
        2 * bytes.count > usable
      {
        throw .exceedsMemory(path: path, bytes: 2 * bytes.count, usable: usable)
      }
      read(atMost: room)
    }
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
