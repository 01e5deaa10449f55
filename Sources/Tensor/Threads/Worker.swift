import CPerceptronKernels

/// One of the threads of a team, as its program sees it.
@usableFromInline
package struct Worker: @unchecked Sendable {
  /// Which one, from 0; worker 0 is the thread that called.
  package let index: Int
  package let count: Int
  let barrier: UnsafeMutablePointer<ck_barrier>?

  /// The only worker of a program that runs on the calling thread.
  @usableFromInline package static var alone: Worker { Worker(index: 0, count: 1, barrier: nil) }

  /// Waits until all workers are here; what they wrote before is then seen by all.
  package func meet() {
    if let barrier { ck_barrier_wait(barrier) }
  }

  /// This worker's part of so many tiles: neighbours, and all parts together each tile once.
  ///
  /// What is computed for a tile must depend on the tile alone. Then the result has the same bits for any number of
  /// workers.
  package func share(of tiles: Int) -> Range<Int> { tiles * index / count..<tiles * (index + 1) / count }

  /// Calls `body` with 0 to `tiles` − 1, all workers together once with each: who is free takes the next. Once in a
  /// program, for few and long tiles that take unequal times.
  ///
  /// As for ``share(of:)``, what is computed for a tile must depend on the tile alone.
  package func takeTiles(_ tiles: Int, _ body: (Int) -> Void) {
    guard let barrier else { return (0..<tiles).forEach(body) }
    while case let tile = Int(ck_barrier_take(barrier)), tile < tiles { body(tile) }
  }
}
