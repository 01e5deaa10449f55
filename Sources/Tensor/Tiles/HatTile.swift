/// Samples whose numbers have pieces, ready for a product that takes only two columns of the weights for each number.
///
/// If e are the pieces of a number, let h = e − e₊₁, where e₊₁ is the next piece, or 0 after the last one. Then
///
///     Σ W e = Σ P h,   P = W₁ + … + W,
///
/// where P is the sum of the number's columns up to each piece (summation by parts). At most two of a number's h are
/// not 0, because the pieces before the one that x is in are all 1, and those behind it are all 0: they are the hat
/// functions of a linear interpolation. A sample is therefore a list of the numbers that are not 0, and of their
/// places. Like a ``Tile``, this does not own its storage.
package struct HatTile<Scalar: BLASScalar>: @unchecked Sendable {
  private let shape: PieceShape
  private let numbers: UnsafeMutablePointer<Scalar>  // most × samples
  private let places: UnsafeMutablePointer<Int32>  // (most + 1) × samples, the last of each is the count

  /// The most numbers of a sample that are not 0.
  private var most: Int { Self.most(shape) }

  private static func most(_ shape: PieceShape) -> Int { shape.inputs + shape.numbers.count }

  /// The number of elements that samples take: a multiple of 64 bytes.
  package static func count(_ shape: PieceShape, samples: Int) -> Int {
    func padded(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }
    let size = MemoryLayout<Scalar>.stride
    return (padded(most(shape) * samples * size) + padded((most(shape) + 1) * samples * 4)) / size
  }

  /// - Parameter storage: A column vector with room for ``count(_:samples:)`` elements from element `offset` on, which
  ///   is at a 64-byte boundary.
  package init(_ storage: Tile<Scalar>, from offset: Int, _ shape: PieceShape, samples: Int) {
    self.shape = shape
    let bytes = Self.most(shape) * samples * MemoryLayout<Scalar>.stride
    numbers = storage.base + offset
    places = UnsafeMutableRawPointer(numbers).advanced(by: (bytes + 63) / 64 * 64)
      .bindMemory(to: Int32.self, capacity: (Self.most(shape) + 1) * samples)
  }

  /// Lists some samples.
  ///
  /// - Shapes: inputs inputSize × samples.count.
  package func set(_ samples: Range<Int>, to inputs: Tile<Scalar>) {
    Scalar._Routines.hats(
      shape, samples.count, inputs.base, inputs.stride, numbers + samples.lowerBound * most,
      places + samples.lowerBound * (most + 1))
  }

  /// z ← some rows of packed weights times the samples.
  ///
  /// - Shapes: z rows.count × samples.
  package func multiply(_ weights: PackedTile<Scalar>, rows: Range<Int>, into z: Tile<Scalar>) {
    Scalar._Routines.multiplyListed(
      rows, z.columns, weights.columns, weights.base, most: most, numbers, places, z.base, z.stride)
  }
}
