import Glibc

/// The lines that come and go over a connection, for one task.
///
/// What is written is kept until ``next()`` has to wait, so that the answers to requests that came together leave
/// together. Nothing more is read before it is sent: who does not read the answers is not read either.
public struct LineConnection: Sendable {
  private let socket: Socket
  private let loop: EventLoop
  private let maximumLine: Int
  private let idleLimit: Duration?
  /// Holds what has come and is not taken yet at `start..<end`; up to `scanned` no line ends.
  private var input: [UInt8]
  private var (start, scanned, end) = (0, 0, 0)
  private var output: [UInt8] = []

  /// Why there is no next line.
  public enum Failure: Error, CustomStringConvertible {
    /// It is longer than it may be.
    case tooLong
    /// No whole line came for too long.
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
  ///   - maximumLine: The most bytes of a line that is read, without its end.
  ///   - idleLimit: How long it is waited for a whole line; up to two seconds more. Nil if that is no matter.
  public init(_ socket: Socket, on loop: EventLoop, maximumLine: Int, idleLimit: Duration? = nil) {
    self.socket = socket
    self.loop = loop
    self.maximumLine = maximumLine
    self.idleLimit = idleLimit
    input = Array(repeating: 0, count: min(maximumLine + 1, 4096))
  }

  /// The next line without its end, or nil if there is none. The last needs no end.
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
      // Not from the last byte that came: a part of a line now and then is no reason to wait on.
      deadline = deadline ?? idleLimit.map { ContinuousClock.now + $0 }
      guard try await receive(until: deadline) else {
        defer { start = end }
        return start < end ? input[start..<end] : nil
      }
    }
  }

  /// Writes a line, which has its end.
  public mutating func write(_ line: some Sequence<UInt8>) async throws(Failure) {
    output += line
    if output.count >= 65_536 { try await flush() }
  }

  /// Sends what was written.
  public mutating func flush() async throws(Failure) {
    do throws(SocketError) {
      var sent = 0
      while sent < output.count {
        if let count = try socket.send(output, from: sent) {
          sent += count
        } else {
          try await loop.wait(for: .room, on: socket)
        }
      }
      output.removeAll(keepingCapacity: true)
    } catch {
      throw .socket(error)
    }
  }

  /// Ends the connection so that the last line arrives: closed while there is input it would be reset, and what the
  /// other end has not read yet might be lost.
  public mutating func finish() async throws(Failure) {
    try await flush()
    socket.endSending()
    // Neither who stays silent nor who goes on sending is waited for any longer.
    let deadline = ContinuousClock.now + .seconds(1)
    let timer = Task { [socket] in
      try await Task.sleep(until: deadline)
      socket.endReceiving()
    }
    defer { timer.cancel() }
    repeat { (start, scanned, end) = (0, 0, 0) } while try await receive(until: nil) && .now < deadline
  }

  /// Reads what comes next; returns false at the end.
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
          // Who sends faster than is answered must not keep a thread from all others.
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
