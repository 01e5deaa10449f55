import CPerceptronKernels

/// One of the threads of a team, as a program sees it.
@usableFromInline
package struct Worker: @unchecked Sendable {
  /// The worker's index, from 0; worker 0 is the calling thread.
  package let index: Int
  package let count: Int
  let barrier: UnsafeMutablePointer<ck_barrier>?

  /// The only worker of a program that runs on the calling thread.
  @usableFromInline package static var alone: Worker { Worker(index: 0, count: 1, barrier: nil) }

  /// Waits until all workers have arrived. All of them then see what each has written before.
  package func meet() {
    if let barrier { ck_barrier_wait(barrier) }
  }

  /// This worker's share of `tiles` tiles, a contiguous range. The shares of all workers together contain each tile
  /// once.
  ///
  /// The result for a tile must depend only on the tile. Then it has the same bits for any number of workers.
  package func share(of tiles: Int) -> Range<Int> { tiles * index / count..<tiles * (index + 1) / count }

  /// Calls `body` with the indices from 0 to `tiles` − 1, where all workers together take each index once.
  ///
  /// A free worker takes the next index. Use it at most once in a program, for a few long tiles that take unequal
  /// times.
  ///
  /// As for ``share(of:)``, the result for a tile must depend only on the tile.
  package func takeTiles(_ tiles: Int, _ body: (Int) -> Void) {
    guard let barrier else { return (0..<tiles).forEach(body) }
    while case let tile = Int(ck_barrier_take(barrier)), tile < tiles { body(tile) }
  }
}
