/// When the exchanges of a process began and ended, in their order.
package final class ExchangeTimes: Sendable {
  package typealias Exchange = (start: ContinuousClock.Instant, end: ContinuousClock.Instant)

  private let exchanges = Guarded<[Exchange]>([])

  package init() {}

  /// The exchanges since the last call.
  package func take() -> [Exchange] {
    exchanges.withLock { exchanges in
      defer { exchanges.removeAll(keepingCapacity: true) }
      return exchanges
    }
  }

  fileprivate func append(_ exchange: Exchange) { exchanges.withLock { $0.append(exchange) } }
}

/// A communicator that notes when the exchanges of another one begin and end.
private struct TimedCommunicator: Communicator {
  let communicator: any Communicator
  let times: ExchangeTimes

  var rank: Int { communicator.rank }
  var count: Int { communicator.count }

  func send(_ bytes: UnsafeRawBufferPointer, to other: Int) { communicator.send(bytes, to: other) }
  func receive(_ bytes: UnsafeMutableRawBufferPointer, from other: Int) { communicator.receive(bytes, from: other) }

  func finish() {
    let start = ContinuousClock.now
    communicator.finish()
    times.append((start, .now))
  }
}

extension Processes {
  /// The same processes, whose exchanges are timed.
  package func timed(in times: ExchangeTimes) -> Processes {
    Processes(communicator.map { TimedCommunicator(communicator: $0, times: times) })
  }
}
