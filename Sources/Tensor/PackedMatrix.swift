import CKernels

/// A matrix A that is packed once, for products A X with few columns, and often with one: the weights of a network that answers.
///
/// A column of a product has the same bits alone and among others. What is read of A is read in order, and each number of it once for up to eight columns.
package struct PackedMatrix<Scalar: BLASScalar>: Sendable {
  package let rows: Int
  package let columns: Int
  private let storage: Matrix<Scalar>

  package init(_ matrix: Matrix<Scalar>) {
    (rows, columns) = (matrix.rows, matrix.columns)
    var storage = Matrix<Scalar>(rows: Scalar.Routines.packedCount(rows, columns), columns: 1)
    storage.withTile { packed in
      matrix.withReadOnlyTile { Scalar.Routines.pack($0.rows, $0.columns, $0.base, $0.stride, packed.base) }
    }
    self.storage = storage
  }

  /// z ← A x. Numbers of x that are 0 are left out, which changes nothing where A is finite.
  ///
  /// - Shapes: x columns × any, z rows × as many.
  package func multiply(_ x: Tile<Scalar>, into z: Tile<Scalar>) {
    storage.withReadOnlyTile {
      Scalar.Routines.multiplyPacked(rows, z.columns, columns, $0.base, x.base, x.stride, z.base, z.stride)
    }
  }
}

extension Tile {
  /// Memory of the calling thread's own, `count` numbers on a boundary of 64 bytes: allocated only where none before it was as long. The next call on the
  /// thread gives it away.
  package static func scratch(_ count: Int) -> UnsafeMutablePointer<Scalar> {
    ck_scratch(count * MemoryLayout<Scalar>.stride).bindMemory(to: Scalar.self, capacity: count)
  }
}
