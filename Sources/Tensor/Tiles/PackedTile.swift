import CPerceptronKernels

/// A matrix A that is packed once, for products A X with few columns, and often with one: the weights of a network that
/// answers.
///
/// Its rows stand in panels, one after the other, so that what is read of it is read in order, and each number once for
/// up to eight columns. A column of a product has the same bits alone and among others, whichever panels are multiplied
/// together. Like a ``Tile`` it does not own its storage.
@usableFromInline
package struct PackedTile<Scalar: BLASScalar>: @unchecked Sendable {
  package let rows: Int
  package let columns: Int
  private let base: UnsafeMutablePointer<Scalar>

  /// How many numbers a packed matrix takes: a multiple of 64 bytes.
  package static func count(rows: Int, columns: Int) -> Int { Scalar.Routines.packedCount(rows, columns) }

  /// - Parameter storage: A column vector with ``count(rows:columns:)`` numbers on a boundary of 64 bytes, from element
  ///   `offset` on.
  package init(_ storage: Tile<Scalar>, from offset: Int, rows: Int, columns: Int) {
    base = storage.base + offset
    self.rows = rows
    self.columns = columns
  }

  /// self ← a copy of A, of the same shape. Up to the next multiple of 64 bytes rows of zeros follow.
  package func pack(_ a: Tile<Scalar>) { Scalar.Routines.pack(rows, columns, a.base, a.stride, base) }

  /// The panels, each of ``panelHeight`` rows, the last one of fewer.
  package var panelCount: Int { (rows + Self.panelHeight - 1) / Self.panelHeight }

  package static var panelHeight: Int { 2 * 64 / MemoryLayout<Scalar>.stride }

  /// The rows of some panels.
  package func rows(ofPanels panels: Range<Int>) -> Range<Int> {
    min(panels.lowerBound * Self.panelHeight, rows)..<min(panels.upperBound * Self.panelHeight, rows)
  }

  /// z ← the `rows` of A, which are those of some panels, times x. Where x has many zeros they are left out, which
  /// changes nothing if A is finite.
  ///
  /// - Shapes: x columns × any, z rows.count × as many.
  package func multiply(rows range: Range<Int>, _ x: Tile<Scalar>, into z: Tile<Scalar>) {
    Scalar.Routines.multiplyPacked(
      rows, range, z.columns, columns, base, x.base, x.stride, z.base, z.stride)
  }
}

extension Tile {
  /// A column vector of `count` numbers in memory of the calling thread's own, on a boundary of 64 bytes: allocated
  /// only if none before it was as long. The next call on the thread, or a product, gives it away.
  package static func scratch(_ count: Int) -> Tile {
    let base = ck_scratch(max(count, 1) * MemoryLayout<Scalar>.stride).bindMemory(to: Scalar.self, capacity: count)
    return Tile(base: base, rows: count, columns: 1, stride: count)
  }
}
