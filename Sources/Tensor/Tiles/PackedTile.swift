import CPerceptronKernels

/// A matrix A that is packed once for products A X with few columns, often a single one: the weights of a network that
/// predicts.
///
/// Its rows are stored in consecutive panels. A product therefore reads A in order, and each number once for up to
/// eight columns. A column of a product has the same bits whether it is computed alone or with others, and whichever
/// panels are multiplied together. Like a ``Tile``, a packed tile does not own its storage.
@usableFromInline
package struct PackedTile<Scalar: BLASScalar>: @unchecked Sendable {
  package let rows: Int
  package let columns: Int
  let base: UnsafeMutablePointer<Scalar>

  /// The number of elements that a packed matrix takes: a multiple of 64 bytes.
  package static func count(rows: Int, columns: Int) -> Int { Scalar._Routines.packedCount(rows, columns) }

  /// - Parameter storage: A column vector with room for ``count(rows:columns:)`` elements from element `offset` on,
  ///   which is at a 64-byte boundary.
  package init(_ storage: Tile<Scalar>, from offset: Int, rows: Int, columns: Int) {
    base = storage.base + offset
    self.rows = rows
    self.columns = columns
  }

  /// self ← a copy of A, of the same shape. Rows of zeros fill it up to the next multiple of 64 bytes.
  package func pack(_ a: Tile<Scalar>) { Scalar._Routines.pack(rows, columns, a.base, a.stride, base) }

  /// The number of panels. Each has ``panelHeight`` rows; the last one may have fewer.
  package var panelCount: Int { (rows + Self.panelHeight - 1) / Self.panelHeight }

  package static var panelHeight: Int { 2 * 64 / MemoryLayout<Scalar>.stride }

  /// The rows of some panels.
  package func rows(ofPanels panels: Range<Int>) -> Range<Int> {
    min(panels.lowerBound * Self.panelHeight, rows)..<min(panels.upperBound * Self.panelHeight, rows)
  }

  /// z ← A's `rows` times x, where `rows` are the rows of some panels. If x has many zeros they are skipped, which
  /// changes nothing if A is finite.
  ///
  /// - Shapes: x columns × n, z rows.count × n, for any n.
  package func multiply(rows range: Range<Int>, _ x: Tile<Scalar>, into z: Tile<Scalar>) {
    Scalar._Routines.multiplyPacked(
      rows, range, z.columns, columns, base, x.base, x.stride, z.base, z.stride)
  }
}

extension Tile {
  /// A column vector of `count` elements in the calling thread's own memory, at a 64-byte boundary. It is allocated
  /// only if no earlier one was as long. The next call on the thread, or a product, reuses the memory.
  package static func scratch(_ count: Int) -> Tile {
    let base = ck_scratch(max(count, 1) * MemoryLayout<Scalar>.stride).bindMemory(to: Scalar.self, capacity: count)
    return Tile(base: base, rows: count, columns: 1, stride: count)
  }
}
