import Glibc

/// Reads and writes lines over a connection, for one task.
///
/// Written lines are buffered until ``next()`` has to wait, so that the answers to requests that arrived together are
/// sent together. Nothing more is read before they are sent: a client that does not read its answers is not served
/// further.
public struct LineConnection: Sendable {
  private let socket: Socket
  private let loop: EventLoop
  private let maximumLine: Int
  private let idleLimit: Duration?
  /// Holds the received bytes that are not taken yet at `start..<end`. No line ends before `scanned`.
  private var input: [UInt8]
  private var (start, scanned, end) = (0, 0, 0)
  private var output: [UInt8] = []

  /// The reason why there is no next line.
  public enum Failure: Error, CustomStringConvertible {
    /// The line is longer than allowed.
    case tooLong
    /// No whole line arrived in time.
    case idle
    case socket(SocketError)

    public var description: String {
      switch self {
      case .tooLong: "a line is too long"
      case .idle: "no line comes"
      case .socket(let error): "\(error)"
      }
    }
  }

  /// - Parameters:
  ///   - maximumLine: The maximum length of a received line in bytes, without its end.
  ///   - idleLimit: The time to wait for a whole line, with up to two seconds more, and five seconds longer for a
  ///     client that reads nothing. Nil for no limit.
  public init(_ socket: Socket, on loop: EventLoop, maximumLine: Int, idleLimit: Duration? = nil) {
    self.socket = socket
    self.loop = loop
    self.maximumLine = maximumLine
    self.idleLimit = idleLimit
    input = Array(repeating: 0, count: min(maximumLine + 1, 4096))
  }

  /// Returns the next line without its end, or nil if there is none. The last line needs no end.
  public mutating func next() async throws(Failure) -> ArraySlice<UInt8>? {
    var deadline: ContinuousClock.Instant?
    while true {
      let lineEnd = input[scanned..<end].firstIndex(of: UInt8(ascii: "\n"))
      scanned = lineEnd ?? end
      guard scanned - start <= maximumLine else { throw .tooLong }
      if let lineEnd {
        defer { (start, scanned) = (lineEnd + 1, lineEnd + 1) }
        return input[start..<lineEnd]
      }
      try await flush()
      // The deadline does not move when a part of a line arrives.
      deadline = deadline ?? idleLimit.map { ContinuousClock.now + $0 }
      guard try await receive(until: deadline) else {
        defer { start = end }
        return start < end ? input[start..<end] : nil
      }
    }
  }

  /// Writes a line, which includes its end.
  public mutating func write(_ line: some Sequence<UInt8>) async throws(Failure) {
    output += line
    if output.count >= 65_536 { try await flush() }
  }

  /// Sends the buffered lines.
  public mutating func flush() async throws(Failure) {
    do throws(SocketError) {
      var sent = 0
      // A client that reads nothing must not keep its connection. The end also breaks off what it is sending, so it
      // gets a little more time.
      var deadline = idleLimit.map { ContinuousClock.now + $0 + .seconds(5) }
      while sent < output.count {
        if let count = try socket.send(output, from: sent) {
          sent += count
          deadline = idleLimit.map { ContinuousClock.now + $0 + .seconds(5) }
        } else if let deadline, ContinuousClock.now >= deadline {
          throw SocketError("send", ETIMEDOUT)
        } else {
          try await loop.wait(for: .room, on: socket, until: deadline)
        }
      }
      output.removeAll(keepingCapacity: true)
    } catch {
      throw .socket(error)
    }
  }

  /// Ends the connection so that the last line arrives.
  ///
  /// If a socket is closed while it has unread input, the connection is reset, and lines that the other end has not
  /// read yet may be lost.
  public mutating func finish() async throws(Failure) {
    try await flush()
    socket.endSending()
    // Wait no longer for the other end, whether it is silent or keeps sending.
    let deadline = ContinuousClock.now + .seconds(1)
    let timer = Task { [socket] in
      try await Task.sleep(until: deadline)
      socket.endReceiving()
    }
    defer { timer.cancel() }
    repeat { (start, scanned, end) = (0, 0, 0) } while try await receive(until: nil) && .now < deadline
  }

  /// Reads the next bytes; returns false at the end.
  private mutating func receive(until deadline: ContinuousClock.Instant?) async throws(Failure) -> Bool {
    if start > 0 {
      input.withUnsafeMutableBytes { _ = memmove($0.baseAddress!, $0.baseAddress! + start, end - start) }
      (start, scanned, end) = (0, scanned - start, end - start)
    }
    if end == input.count { input += Array(repeating: 0, count: min(input.count, maximumLine + 1 - input.count)) }
    do throws(SocketError) {
      var hasWaited = false
      while true {
        if let count = try socket.receive(into: &input, from: end) {
          end += count
          // A client that sends faster than it is answered must not keep a thread from other tasks.
          if !hasWaited { await Task.yield() }
          return count > 0
        }
        if let deadline, ContinuousClock.now >= deadline { break }
        try await loop.wait(for: .input, on: socket, until: deadline)
        hasWaited = true
      }
    } catch {
      throw .socket(error)
    }
    throw .idle
  }
}
