/// The tiles of one worker, grouped into runs that it computes as one.
package struct TileRuns: Sequence, IteratorProtocol {
  private var tiles: Range<Int>
  private let length: Int

  package init(_ tiles: Range<Int>, merging: Bool) {
    self.tiles = tiles
    length = merging ? Swift.max(tiles.count, 1) : 1
  }

  package mutating func next() -> Range<Int>? {
    guard !tiles.isEmpty else { return nil }
    let run = tiles.prefix(length)
    tiles = tiles.dropFirst(length)
    return run
  }
}
