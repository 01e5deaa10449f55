#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A communicator whose processes are threads of this process.
final class LocalCommunicator: Communicator {
  let rank: Int
  var count: Int { exchange.count }

  private let exchange: LocalExchange
  private let pause: @Sendable (Int) -> Void

  init(_ exchange: LocalExchange, rank: Int, _ pause: @escaping @Sendable (Int) -> Void) {
    (self.exchange, self.rank, self.pause) = (exchange, rank, pause)
  }

  func send(_ bytes: UnsafeRawBufferPointer, to other: Int) { exchange.send(bytes, from: rank, to: other) }

  func receive(_ bytes: UnsafeMutableRawBufferPointer, from other: Int) {
    exchange.receive(bytes, from: other, to: rank)
  }

  func finish() {
    pause(rank)
    exchange.finish(rank)
  }
}

/// The memory through which threads that stand for processes exchange bytes: for each pair, what was sent and not yet
/// received.
final class LocalExchange: @unchecked Sendable {
  let count: Int
  /// Guarded by the mutex, like `hasEnded`.
  private var pairs: [Pair]
  private var hasEnded: [Bool]
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let change: UnsafeMutablePointer<pthread_cond_t>

  /// What one process sends to another.
  private struct Pair {
    /// In the order in which they were sent and asked for.
    var sent: [UnsafeRawBufferPointer] = []
    var awaited: [UnsafeMutableRawBufferPointer] = []
  }

  init(_ count: Int) {
    self.count = count
    pairs = Array(repeating: Pair(), count: count * count)
    hasEnded = Array(repeating: false, count: count)
    (mutex, change) = (.allocate(capacity: 1), .allocate(capacity: 1))
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(change, nil)
  }

  deinit {
    pthread_cond_destroy(change)
    pthread_mutex_destroy(mutex)
    change.deallocate()
    mutex.deallocate()
  }

  private func pair(_ sender: Int, _ receiver: Int) -> Int { sender * count + receiver }

  func send(_ bytes: UnsafeRawBufferPointer, from sender: Int, to receiver: Int) {
    withLock {
      pairs[pair(sender, receiver)].sent.append(bytes)
      pthread_cond_broadcast(change)
    }
  }

  func receive(_ bytes: UnsafeMutableRawBufferPointer, from sender: Int, to receiver: Int) {
    withLock { pairs[pair(sender, receiver)].awaited.append(bytes) }
  }

  /// Receives what a process asked for, and waits until what it sent is received.
  func finish(_ rank: Int) {
    withLock {
      for sender in 0..<count where sender != rank {
        let pair = pair(sender, rank)
        while !pairs[pair].awaited.isEmpty {
          wait(rank, for: sender) { !pairs[pair].sent.isEmpty }
          let (sent, awaited) = (pairs[pair].sent.removeFirst(), pairs[pair].awaited.removeFirst())
          guard sent.count == awaited.count else {
            fail("process \(rank) waits for \(awaited.count) bytes from process \(sender), which sends \(sent.count)")
          }
          awaited.copyMemory(from: sent)
          pthread_cond_broadcast(change)
        }
      }
      for receiver in 0..<count where receiver != rank {
        wait(rank, for: receiver) { pairs[pair(rank, receiver)].sent.isEmpty }
      }
    }
  }

  /// Notes that a process will not send or receive any more.
  func end(_ rank: Int) {
    withLock {
      hasEnded[rank] = true
      pthread_cond_broadcast(change)
    }
  }

  private func wait(_ rank: Int, for other: Int, until isDone: () -> Bool) {
    while !isDone() {
      if hasEnded[other] { fail("process \(rank) waits for process \(other), which has ended") }
      pthread_cond_wait(change, mutex)
    }
  }

  private func withLock(_ body: () -> Void) {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    body()
  }
}
