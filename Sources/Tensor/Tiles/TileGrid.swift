/// A division of a job on a matrix into tiles that workers compute independently.
///
/// The cut depends only on shapes, never on the number of workers. BLAS may round a part of a product differently from
/// the whole, so only a fixed cut gives the same bits for any team. A product is cut in one direction, into strips of
/// whole rows or of whole columns.
package struct TileGrid: Sendable {
  /// The direction that is cut.
  package enum Axis: Sendable { case rows, columns }

  private let axis: Axis
  private let rows: Int
  private let columns: Int
  /// Tiles consist of whole units of this many rows or columns.
  private let unit: Int
  private let unitCount: Int
  /// The number of tiles.
  package let count: Int
  /// Whether each tile is a block of samples.
  private let isBySamples: Bool

  /// The maximal number of strips of a product: enough for the workers of one processor, and few enough that packing
  /// the operands pays off in each.
  package static let mostStrips = 8
  /// The minimal number of multiplications in a strip, about 2 µs of work.
  private static let leastWork = 100_000
  /// The number of samples in a block.
  private static let blockLength = 32

  /// The grid of a rows × columns product with sums of `inner` terms, cut along `axis`. The number of strips is a power
  /// of two, so that they can be shared evenly.
  package init(rows: Int, columns: Int, inner: Int, cutting axis: Axis) {
    var strips = 1
    while strips < Self.mostStrips && rows * columns * inner >= 2 * strips * Self.leastWork { strips *= 2 }
    // A product's register blocks are 16 elements high; only whole blocks reach the full speed.
    self.init(axis: axis, rows: rows, columns: columns, unit: 16, mostTiles: strips)
  }

  /// The grid of a job that is done sample by sample: blocks of 32 columns.
  package static func samples(_ batch: Int, rows: Int) -> TileGrid {
    TileGrid(axis: .columns, rows: rows, columns: batch, unit: blockLength, mostTiles: nil)
  }

  /// - Parameter mostTiles: The maximal number of tiles; nil for one tile per unit, so that the tiles are the blocks of
  ///   samples.
  private init(axis: Axis, rows: Int, columns: Int, unit: Int, mostTiles: Int?) {
    self.axis = axis
    self.rows = rows
    self.columns = columns
    self.unit = unit
    unitCount = ((axis == .rows ? rows : columns) + unit - 1) / unit
    count = min(mostTiles ?? unitCount, unitCount)
    isBySamples = mostTiles == nil
  }

  /// The rows and columns of tile `index`.
  package subscript(index: Int) -> TilePart {
    if count == 1 { return (0..<rows, 0..<columns) }
    func bound(_ index: Int, _ end: Int) -> Int { min((unitCount * index + count - 1) / count * unit, end) }
    return axis == .rows
      ? (bound(index, rows)..<bound(index + 1, rows), 0..<columns)
      : (0..<rows, bound(index, columns)..<bound(index + 1, columns))
  }

  /// The rows and columns that a range of neighbouring tiles covers.
  package subscript(tiles: Range<Int>) -> TilePart {
    if tiles.count == count { return (0..<rows, 0..<columns) }
    let (first, last) = (self[tiles.lowerBound], self[tiles.upperBound - 1])
    return (
      first.rows.lowerBound..<last.rows.upperBound, first.columns.lowerBound..<last.columns.upperBound
    )
  }

  /// Whether a worker that has finished its tiles of `previous` may start on this grid without waiting for others.
  ///
  /// This holds if both grids have one tile, or if both are the blocks of the same samples, since the worker then needs
  /// only its own results.
  func follows(_ previous: TileGrid) -> Bool {
    isBySamples && previous.isBySamples || count == 1 && previous.count == 1
  }
}
