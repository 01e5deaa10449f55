import PerceptronFiles
import Tensor

/// The bytes of a stream that are in memory.
struct ByteWindow {
  private let stream: ByteStream
  private let team: Team
  private(set) var bytes: [UInt8] = []
  /// Where the bytes that are still needed begin in ``bytes``.
  private(set) var start = 0
  /// Where ``bytes`` begins in the stream.
  private(set) var base = 0
  /// Whether ``bytes`` reaches the stream's end.
  private var isComplete = false
  /// The bytes before ``bytes``, if they cannot be read again.
  private var kept: [(base: Int, bytes: [UInt8])] = []

  var path: String { stream.path }
  var size: Int? { stream.size }
  var version: ByteStream.Version { stream.version }
  /// Whether the file can be opened again for a second look.
  var canOpenAgain: Bool { stream.canSeek }

  init(_ stream: ByteStream, team: Team) {
    self.stream = stream
    self.team = team
  }

  /// Reads on until there are `count` needed bytes, or until the end of the stream.
  mutating func fill(_ count: Int) throws(FileError) {
    guard !isComplete, bytes.count - start < count else { return }
    if start > 0 {
      if !stream.canSeek { kept.append((base, Array(bytes[..<start]))) }
      bytes.removeSubrange(..<start)
      base += start
      start = 0
    }
    let missing = count - bytes.count
    isComplete = try stream.read(missing, into: &bytes, team: team) < missing
  }

  /// The end of the last line in the next `count` bytes at most, or the end of the stream; and whether it is the end of
  /// the stream. If no line ends there, the result is the start.
  func lines(upTo count: Int) -> (end: Int, isFinal: Bool) {
    let end = min(start + count, bytes.count)
    if isComplete, end == bytes.count { return (end, true) }
    let bytes = bytes.span
    var index = end - 1
    while index >= start {
      if bytes[index] == Byte.lineFeed { break }
      if bytes[index] == Byte.carriageReturn, index + 1 < bytes.count, bytes[index + 1] != Byte.lineFeed { break }
      index -= 1
    }
    return (max(index + 1, start), false)
  }

  /// Marks the next bytes as no longer needed.
  mutating func drop(_ count: Int) { start += count }

  /// Bytes that were in the window before.
  /// - Throws: As ``ByteStream/seek(to:team:)``.
  func bytes(from start: Int, to end: Int) throws(FileError) -> [UInt8] {
    if !stream.canSeek {
      let chunk = start < base ? kept.last { $0.base <= start }! : (base, bytes)
      return Array(chunk.bytes[(start - chunk.base)..<(end - chunk.base)])
    }
    try stream.seek(to: start, team: team)
    var result: [UInt8] = []
    _ = try stream.read(end - start, into: &result, team: team)
    return result
  }

  /// As ``ByteStream/checkThatUnchanged()``. Bytes that cannot be read again, such as those of a pipe, were read once.
  func checkThatUnchanged() throws(FileError) { if stream.canSeek { try stream.checkThatUnchanged() } }
}
