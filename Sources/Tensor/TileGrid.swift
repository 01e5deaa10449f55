/// How the result of a product is cut into tiles that workers compute on their own.
///
/// The cut depends on the product's shape alone, never on the number of workers: BLAS rounds a part of a product otherwise than the whole, so
/// only a fixed cut gives the same bits for any team. There is one direction of cutting: into strips of whole rows or of whole columns.
package struct TileGrid: Sendable {
  /// What is cut.
  package enum Axis: Sendable { case rows, columns }

  package let axis: Axis
  private let rows: Int
  private let columns: Int
  private let length: Int
  /// The number of tiles.
  package let count: Int

  /// Strips enough for the workers of one processor, few enough that each packs its operands with profit.
  package static let mostTiles = 8
  /// The multiplications below which a strip is not worth the meeting that parallel work costs; about 5 µs.
  private static let leastWork = 1 << 18

  /// The grid of a rows × columns result with sums of `inner` products, cut along `axis`.
  package init(rows: Int, columns: Int, inner: Int, cutting axis: Axis) {
    let pieces = min(Self.mostTiles, max(1, rows * columns * inner / Self.leastWork))
    self.init(rows: rows, columns: columns, pieces: pieces, cutting: axis)
  }

  /// The grid of whatever is done sample by sample: 16 columns a tile.
  package static func samples(_ batch: Int) -> TileGrid {
    TileGrid(rows: 0, columns: batch, pieces: (batch + 15) / 16, cutting: .columns)
  }

  private init(rows: Int, columns: Int, pieces: Int, cutting axis: Axis) {
    self.axis = axis
    self.rows = rows
    self.columns = columns
    let total = axis == .rows ? rows : columns
    // BLAS's register blocks are 16 elements high; whole blocks keep their rate.
    length = max(16, ((total + pieces - 1) / max(pieces, 1) + 15) / 16 * 16)
    count = (total + length - 1) / length
  }

  /// The rows and columns of tile `index`.
  package subscript(index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    let start = index * length
    return axis == .rows
      ? (start..<min(start + length, rows), 0..<columns) : (0..<rows, start..<min(start + length, columns))
  }
}
