#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The processes that share a training. Each runs the same program on the same data; this value says which one it is.
///
/// All of them make the same calls in the same order. A call that needs what others have waits for them. All must round
/// alike: they need the same instruction set and the same BLAS.
public final class Processes: Sendable {
  /// The number of this process, from 0.
  public var rank: Int { communicator?.rank ?? 0 }
  /// The number of processes.
  public var count: Int { communicator?.count ?? 1 }
  /// Whether this is the process that prints and writes files.
  public var isFirst: Bool { rank == 0 }
  /// The name of the machine that this process runs on.
  public var host: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// This process without others.
  public static let alone = Processes(nil)

  /// Nil if there are no others.
  let communicator: (any Communicator)?

  init(_ communicator: (any Communicator)?) { self.communicator = communicator }
}

// MARK: - Exchanges

extension Processes {
  /// The share of a process in `things` things: a contiguous range. The shares of all processes together contain each
  /// thing once.
  package func share(of things: Int, rank: Int) -> Range<Int> { things * rank / count..<things * (rank + 1) / count }

  /// Begins to send a vector to another process.
  package func send<Scalar>(_ vector: Tile<Scalar>, to other: Int) {
    if vector.rows > 0 { communicator?.send(UnsafeRawBufferPointer(vector.bytes), to: other) }
  }

  /// Begins to receive a vector from another process.
  package func receive<Scalar>(_ vector: Tile<Scalar>, from other: Int) {
    if vector.rows > 0 { communicator?.receive(vector.bytes, from: other) }
  }

  /// Returns when all vectors are sent and received.
  package func finish() { communicator?.finish() }

  /// Makes all parts of a vector known to all processes.
  ///
  /// - Parameter part: The part that a process has before. It may be empty.
  package func gather<Scalar>(_ vector: Tile<Scalar>, part: (_ rank: Int) -> Range<Int>) {
    gather(vector.bytes) { part($0).scaled(by: MemoryLayout<Scalar>.size) }
  }

  /// Makes all columns of a tile without gaps known to all processes.
  ///
  /// - Parameter part: The columns that a process has before. They may be none.
  package func gatherColumns<Scalar>(_ tile: Tile<Scalar>, part: (_ rank: Int) -> Range<Int>) {
    gather(tile.vector) { part($0).scaled(by: tile.rows) }
  }

  /// Makes all parts of some memory known to all processes.
  private func gather(_ bytes: UnsafeMutableRawBufferPointer, part: (_ rank: Int) -> Range<Int>) {
    guard let communicator, count > 1 else { return }
    for other in 0..<count where other != rank {
      let (own, others) = (part(rank), part(other))
      if !own.isEmpty { communicator.send(UnsafeRawBufferPointer(rebasing: bytes[own]), to: other) }
      if !others.isEmpty {
        communicator.receive(UnsafeMutableRawBufferPointer(rebasing: bytes[others]), from: other)
      }
    }
    communicator.finish()
  }

  /// The bytes that each process gives.
  package func gather(_ bytes: [UInt8]) -> [[UInt8]] {
    guard count > 1 else { return [bytes] }
    var ends = [0]
    for count in gather(Double(bytes.count)) { ends.append(ends.last! + Int(count)) }
    let parts = (0..<count).map { ends[$0]..<ends[$0 + 1] }
    var all = [UInt8](repeating: 0, count: ends.last!)
    all.replaceSubrange(parts[rank], with: bytes)
    all.withUnsafeMutableBytes { gather($0) { parts[$0] } }
    return parts.map { Array(all[$0]) }
  }

  /// Moves bytes from one process to another. The receiver gets them; all others get none, and need not call this.
  package func move(_ bytes: [UInt8], from sender: Int, to receiver: Int) -> [UInt8] {
    guard let communicator, sender != receiver else { return rank == receiver ? bytes : [] }
    guard rank == sender || rank == receiver else { return [] }
    var (length, moved) = (bytes.count, bytes)
    func exchange(_ bytes: UnsafeMutableRawBufferPointer) {
      if bytes.isEmpty { return }
      if rank == sender {
        communicator.send(UnsafeRawBufferPointer(bytes), to: receiver)
      } else {
        communicator.receive(bytes, from: sender)
      }
      communicator.finish()
    }
    withUnsafeMutableBytes(of: &length, exchange)
    if rank == receiver { moved = [UInt8](repeating: 0, count: length) }
    moved.withUnsafeMutableBytes(exchange)
    return rank == receiver ? moved : []
  }

  /// The number that each process gives.
  package func gather(_ number: Double) -> [Double] {
    var numbers = Array(repeating: number, count: count)
    numbers.withUnsafeMutableBytes { gather($0) { ($0..<$0 + 1).scaled(by: MemoryLayout<Double>.size) } }
    return numbers
  }

  /// Makes a vector of one process known to all others.
  package func broadcast<Scalar>(_ vector: Tile<Scalar>, from sender: Int) {
    if rank == sender {
      for other in 0..<count where other != rank { send(vector, to: other) }
    } else {
      receive(vector, from: sender)
    }
    finish()
  }

  /// Whether all processes say yes. Allocates nothing, because it is called after each step.
  package func agree(_ answer: Bool) -> Bool { largest(answer ? 0 : 1) == 0 }

  /// The largest of one number from each process; NaN if one of them is.
  package func largest(_ number: Double) -> Double {
    guard count > 1 else { return number }
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { numbers in
      numbers.initialize(repeating: number)
      gather(Tile(base: numbers.baseAddress!, rows: count, columns: 1, stride: count)) { $0..<$0 + 1 }
      return numbers.reduce(number) { $1.isNaN ? $1 : max($0, $1) }
    }
  }
}

extension Range<Int> {
  fileprivate func scaled(by factor: Int) -> Range<Int> { lowerBound * factor..<upperBound * factor }
}

extension Tile {
  /// The memory of a vector.
  fileprivate var bytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: base, count: rows * MemoryLayout<Scalar>.size)
  }
}

// MARK: - Threads in place of processes

extension Processes {
  /// Runs a program on several threads, each of which stands for a process. The results are the same as those of so
  /// many processes, so a training on several machines can be tested on one.
  ///
  /// - Parameters:
  ///   - count: The number of processes.
  ///   - pause: Called with a process's number whenever it is about to wait for others.
  /// - Returns: What the program returned on each process.
  /// - Throws: The error of the first process that threw one.
  /// - Precondition: Traps if a process ends, or throws, while another waits for it, and if the system cannot create
  ///   the threads.
  public static func simulate<Result: Sendable>(
    _ count: Int, pause: @escaping @Sendable (Int) -> Void = { _ in },
    _ program: @Sendable (Processes) throws -> Result
  ) throws -> [Result] {
    let team = Team(workers: count)
    guard team.workerCount == count else { fail("cannot simulate \(count) processes: there are no more threads") }
    let exchange = LocalExchange(count)
    let results = Guarded<[Int: Swift.Result<Result, any Error>]>([:])
    team.run { worker in
      let own = Processes(LocalCommunicator(exchange, rank: worker.index, pause))
      let result = Swift.Result { try program(own) }
      exchange.end(worker.index)
      results.withLock { $0[worker.index] = result }
    }
    return try (0..<count).map { rank in try results.withLock { $0[rank]! }.get() }
  }
}
