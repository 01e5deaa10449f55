import CEpoll
import Glibc
import Synchronization

/// A thread that wakes the tasks whose sockets are ready, so that no thread of Swift's pool waits for the network.
public final class EventLoop: Sendable {
  private let epoll = epoll_create1(0)
  /// The waiting tasks by socket descriptor. A connection belongs to one task, which waits for one event at a time.
  private let waiting = Mutex<[Int32: Wait]>([:])

  private struct Wait {
    let continuation: CheckedContinuation<Int32?, Never>
    let deadline: ContinuousClock.Instant?
  }

  enum Event {
    case input
    case room
  }

  /// Starts the thread, which runs until the process ends.
  public init() throws(SocketError) {
    var thread = pthread_t()
    guard epoll >= 0 else { throw SocketError("make an event loop") }
    let status = pthread_create(
      &thread, nil,
      { loop in
        Unmanaged<EventLoop>.fromOpaque(loop!).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    guard status == 0 else { throw SocketError("make an event loop", status) }
  }

  /// Waits until a socket has input or room for output, or has ended or failed.
  ///
  /// It also returns within two seconds after a deadline, and rarely without a reason. The caller must therefore try
  /// again and, if necessary, wait again.
  func wait(
    for event: Event, on socket: Socket, until deadline: ContinuousClock.Instant? = nil
  ) async throws(SocketError) {
    let failed = await withCheckedContinuation { continuation in
      waiting.withLock { $0[socket.descriptor] = Wait(continuation: continuation, deadline: deadline) }
      var interest = epoll_event()
      // The event is reported once, so that it never reaches a task that no longer waits.
      interest.events = (event == .input ? EPOLLIN : EPOLLOUT).rawValue | EPOLLONESHOT.rawValue
      interest.data.fd = socket.descriptor
      // The descriptor must be modified, or added the first time.
      guard epoll_ctl(epoll, EPOLL_CTL_MOD, socket.descriptor, &interest) != 0,
        epoll_ctl(epoll, EPOLL_CTL_ADD, socket.descriptor, &interest) != 0
      else { return }
      let code = errno
      waiting.withLock { $0.removeValue(forKey: socket.descriptor) }?.continuation.resume(returning: code)
    }
    if let failed { throw SocketError("wait for a socket", failed) }
  }

  private func run() {
    var events = Array(repeating: epoll_event(), count: 256)
    var nextLook = ContinuousClock.now
    while true {
      let count = epoll_wait(epoll, &events, Int32(events.count), 1000)
      for event in events.prefix(max(0, Int(count))) {
        waiting.withLock { $0.removeValue(forKey: event.data.fd) }?.continuation.resume(returning: nil)
      }
      if nextLook <= .now {
        wakeOverdue()
        nextLook = .now + .seconds(1)
      }
    }
  }

  /// Wakes the tasks whose deadline has passed. This looks at all waiting tasks, so it runs only once a second.
  private func wakeOverdue() {
    let now = ContinuousClock.now
    waiting.withLock { waiting in
      for (descriptor, wait) in waiting {
        guard let deadline = wait.deadline, deadline <= now else { continue }
        waiting[descriptor] = nil
        wait.continuation.resume(returning: nil)
      }
    }
  }
}
