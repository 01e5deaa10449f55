import Synchronization
import Wire

/// Serves connections, each in a task of its own.
final class Server: Sendable {
  private let scorer: Scorer
  private let loop: EventLoop
  private let maximumRequest: Int
  private let maximumConnections: Int
  private let idleLimit: Duration?
  private let connections = Mutex(Connections())

  private struct Connections {
    var open: [ObjectIdentifier: Socket] = [:]
    /// The number of connections that are being refused with a message. At most `maximumConnections` are; further ones
    /// are closed without a message.
    var refusedCount = 0
  }

  init(
    _ scorer: Scorer, on loop: EventLoop, maximumRequest: Int, maximumConnections: Int, idleLimit: Duration?
  ) {
    self.scorer = scorer
    self.loop = loop
    self.maximumRequest = maximumRequest
    self.maximumConnections = maximumConnections
    self.idleLimit = idleLimit
  }

  /// Whether no connection is open.
  var isIdle: Bool { connections.withLock { $0.open.isEmpty } }

  /// Serves a connection. If too many are open, it is refused with a message, or closed without one if as many
  /// connections are being refused already.
  func serve(_ socket: Socket) {
    let (isOpen, isDropped) = connections.withLock { connections in
      if connections.open.count < maximumConnections {
        connections.open[ObjectIdentifier(socket)] = socket
        return (true, false)
      }
      guard connections.refusedCount < maximumConnections else { return (false, true) }
      connections.refusedCount += 1
      return (false, false)
    }
    if isDropped { return }
    Task {
      var lines = LineConnection(socket, on: loop, maximumLine: maximumRequest, idleLimit: idleLimit)
      // If a connection fails, the client has gone and cannot be told.
      if isOpen {
        try? await answer(&lines)
        connections.withLock { $0.open[ObjectIdentifier(socket)] = nil }
      } else {
        try? await lines.write(
          AnswerLine.error("\(maximumConnections) connections are already open; try again later").utf8)
        try? await lines.finish()
        connections.withLock { $0.refusedCount -= 1 }
      }
    }
  }

  /// Ends every connection, after the requests that have arrived are answered.
  func endConnections() {
    for socket in connections.withLock({ Array($0.open.values) }) { socket.endReceiving() }
  }

  private func answer(_ lines: inout LineConnection) async throws(LineConnection.Failure) {
    do throws(LineConnection.Failure) {
      while let request = try await lines.next() {
        if request.allSatisfy({ " \t\r".utf8.contains($0) }) { continue }
        let reply = await scorer.reply(to: request)
        try await lines.write(reply.line.utf8)
        if reply.isLast { break }
      }
    } catch {
      let problem =
        switch error {
        case .tooLong: "the request is longer than \(maximumRequest) bytes"
        case .idle: "no request came for \(idleLimit?.components.seconds ?? 0) seconds; connect again"
        case .socket: throw error
        }
      try await lines.write(AnswerLine.error(problem).utf8)
    }
    try await lines.finish()
  }
}
