import CPerceptronKernels

/// A window on column-major storage that something else owns; the layers compute on tiles.
///
/// A tile neither retains nor checks its storage. Code that makes a tile must keep the storage alive and unshared while
/// the tile is in use. This keeps allocation and reference counting out of a training step. For safe value semantics
/// use ``Matrix``.
@usableFromInline
package struct Tile<Scalar: BLASScalar>: @unchecked Sendable {
  @usableFromInline package let base: UnsafeMutablePointer<Scalar>
  @usableFromInline package let rows: Int
  @usableFromInline package let columns: Int
  /// The distance between the starts of two neighbouring columns, in elements.
  @usableFromInline package let stride: Int

  @inlinable
  package init(base: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int, stride: Int) {
    self.base = base
    self.rows = rows
    self.columns = columns
    self.stride = stride
  }

  /// An element of a column vector.
  @inlinable
  package subscript(index: Int) -> Scalar {
    get {
      assert(index >= 0 && index < stride * max(columns, 1))
      return base[index]
    }
    nonmutating set {
      assert(index >= 0 && index < stride * max(columns, 1))
      base[index] = newValue
    }
  }

  /// Some of the columns.
  @inlinable
  package subscript(columns range: Range<Int>) -> Tile {
    assert(range.lowerBound >= 0 && range.upperBound <= columns)
    return Tile(base: base + range.lowerBound * stride, rows: rows, columns: range.count, stride: stride)
  }

  /// Some of the rows.
  @inlinable
  package func rows(_ range: Range<Int>) -> Tile {
    assert(range.lowerBound >= 0 && range.upperBound <= rows)
    return Tile(base: base + range.lowerBound, rows: range.count, columns: columns, stride: stride)
  }

  /// Some of the rows and columns.
  @inlinable
  package subscript(part: TilePart) -> Tile {
    assert(part.rows.lowerBound >= 0 && part.rows.upperBound <= rows)
    assert(part.columns.lowerBound >= 0 && part.columns.upperBound <= columns)
    return Tile(
      base: base + part.rows.lowerBound + part.columns.lowerBound * stride, rows: part.rows.count,
      columns: part.columns.count, stride: stride)
  }

  /// `rows` × `columns` elements of a column vector, from element `offset` on.
  @inlinable
  package func reshaped(from offset: Int, rows: Int, columns: Int) -> Tile {
    // The elements of an empty tile, such as a gradient that is not kept, are never used.
    assert(offset >= 0 && (self.rows * self.columns == 0 || offset + rows * columns <= self.rows * self.columns))
    return Tile(base: base + offset, rows: rows, columns: columns, stride: rows)
  }

  /// The elements of a tile without gaps as a column vector.
  @inlinable
  package var vector: Tile { reshaped(from: 0, rows: rows * columns, columns: 1) }

  @inlinable
  package var isContiguous: Bool { stride == rows || columns <= 1 }

  package var shape: String { "\(rows)×\(columns)" }
}

// MARK: - Products

extension Tile {
  /// self ← α op(A) op(B) + β self, where op transposes or not.
  ///
  /// If β = 0 the old content is not read, so its NaNs vanish. If α = 0 neither A nor B is read. The caller has checked
  /// the shapes.
  @inlinable
  package func product(
    _ a: Tile, _ b: Tile, transposeA: Bool = false, transposeB: Bool = false, alpha: Scalar = 1,
    beta: Scalar = 0
  ) {
    guard rows > 0, columns > 0 else { return }
    let inner = transposeA ? a.rows : a.columns
    guard inner > 0, alpha != 0 else { return scale(by: beta) }
    if Scalar._Routines.hasProduct {
      Scalar._Routines.product(
        transposeA, transposeB, rows, columns, inner, alpha, a.base, a.stride, b.base, b.stride, beta, base, stride)
      return
    }
    let largest = max(rows, columns, inner, max(stride, a.stride, b.stride))
    if largest > Int(Int32.max) { failForSize(largest, a, b) }
    func size(_ value: Int) -> Int32 { Int32(truncatingIfNeeded: value) }
    if columns == 1 {
      // In some versions, OpenBLAS's gemv multiplies by β = 0, which keeps NaNs.
      if beta == 0 { base.update(repeating: 0, count: rows) }
      Scalar._Routines.gemv(
        transposeA, size(a.rows), size(a.columns), alpha, a.base, size(a.stride),
        b.base, transposeB ? size(b.stride) : 1, beta, base, 1)
    } else {
      Scalar._Routines.gemm(
        transposeA, transposeB, size(rows), size(columns), size(inner),
        alpha, a.base, size(a.stride), b.base, size(b.stride), beta, base, size(stride))
    }
  }

  // Separate from `product`, which is inlined into every use.
  @usableFromInline
  func failForSize(_ size: Int, _ a: Tile, _ b: Tile) {
    _ = blasSize(size, "multiply \(a.shape) and \(b.shape) into \(shape)")
  }
}

// MARK: - Element-wise

extension Tile {
  /// self ← factor · self. A factor of 0 sets all elements to 0, even NaN.
  @inlinable
  package func scale(by factor: Scalar) {
    forEachRun { run, count in
      if factor == 0 {
        run.update(repeating: 0, count: count)
      } else if factor != 1 {
        Scalar._Routines.scale(count, factor, run)
      }
    }
  }

  /// self ← a copy of `source`, which has the same shape.
  @inlinable
  package func copy(_ source: Tile) {
    if isContiguous && source.isContiguous { return base.update(from: source.base, count: rows * columns) }
    for column in 0..<columns {
      (base + column * stride).update(from: source.base + column * source.stride, count: rows)
    }
  }

  /// self ← self + factor · x, of the same shape; neither has gaps between its columns.
  @inlinable
  package func add(_ x: Tile, scaledBy factor: Scalar = 1) {
    Scalar._Routines.add(rows * columns, factor, x.base, base)
  }

  /// self ← (1 − share) · self + share · value.
  @inlinable
  package func mix(_ share: Double, of value: Double) {
    guard share != 0 else { return }
    let (kept, added) = (Scalar(1 - share), Scalar(share * value))
    forEachRun { run, count in for index in 0..<count { run[index] = run[index] * kept + added } }
  }

  /// self ← the chosen columns of `source`, which has the same number of rows.
  @inlinable
  package func gather(_ indices: UnsafeBufferPointer<Int>, of source: Tile) {
    if rows == 1 {
      for (column, index) in indices.enumerated() { base[column * stride] = source.base[index * source.stride] }
      return
    }
    var destination = base
    for index in indices {
      destination.update(from: source.base + index * source.stride, count: rows)
      destination += stride
    }
  }

  /// Starts to prefetch the chosen columns into the cache.
  @inlinable
  package func prefetch(_ indices: UnsafeBufferPointer<Int>) {
    for index in indices { ck_prefetch(base + index * stride, rows * MemoryLayout<Scalar>.stride) }
  }

  /// self ← g(self + bias 1ᵀ).
  ///
  /// - Parameters:
  ///   - bias: `rows` × 1.
  ///   - slopes: Becomes g′, of the same shape, if the activation keeps slopes.
  /// - Returns: An upper bound of the largest magnitude in the result.
  @inlinable
  package func activate(_ activation: Activation, bias: Tile, slopes: Tile? = nil) -> Scalar {
    Scalar._Routines.activate(
      activation, rows, columns, base, stride, bias: bias.base, slopes: slopes?.base, slopes?.stride ?? 0)
  }

  /// self ← self ∘ g′, of the same shape.
  ///
  /// - Parameter source: The activation's output, or g′ itself if the activation keeps slopes.
  /// - Returns: The largest magnitude in the result; NaN if any element is NaN.
  @inlinable
  package func derive(_ activation: Activation, from source: Tile) -> Scalar {
    Scalar._Routines.derive(activation, rows, columns, base, stride, source.base, source.stride)
  }

  /// self ← self ∘ x, of the same shape.
  ///
  /// - Returns: The largest magnitude in the result; NaN if any element is NaN.
  @inlinable
  package func multiply(by x: Tile) -> Scalar {
    Scalar._Routines.multiply(rows, columns, base, stride, x.base, x.stride)
  }

  /// Sets random elements, and the elements of `slopes` and `differences` at the same places, to 0, and divides the
  /// others by 1 − probability.
  @inlinable
  package func drop(_ place: DropoutPlace, slopes: Tile? = nil, differences: Tile? = nil) {
    Scalar._Routines.drop(
      place, rows, columns, base, stride, slopes: slopes?.base, slopes?.stride ?? 0, differences: differences?.base,
      differences?.stride ?? 0)
  }

  /// Sets all elements.
  @inlinable
  package func fill(_ value: Scalar) { forEachRun { run, count in run.update(repeating: value, count: count) } }

  /// Copies `rows` × `columns` elements, which are stored row after row.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func fill(rowMajor elements: [Scalar]) {
    elements.withUnsafeBufferPointer { $0.baseAddress.map { fill(rowMajor: $0) } }
  }

  /// Copies elements that `part` provides row after row, one range of them at a time.
  ///
  /// All elements at once would take their memory a second time; 65536 elements stay in the cache. A range covers whole
  /// rows, in multiples of sixteen if that many fit, or a part of one row.
  package func fill<Failure>(rowMajor part: (Range<Int>) throws(Failure) -> [Scalar]) throws(Failure) {
    let most = 1 << 16
    let width = max(min(columns, most), 1)
    let fitting = most / width
    let height = fitting >= 16 ? fitting & ~15 : fitting
    for row in Swift.stride(from: 0, to: rows, by: height) {
      for column in Swift.stride(from: 0, to: columns, by: width) {
        let tile = self[TilePart(rows: row..<min(row + height, rows), columns: column..<min(column + width, columns))]
        let start = row * columns + column
        tile.fill(rowMajor: try part(start..<start + tile.rows * tile.columns))
      }
    }
  }

  /// The elements row after row.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func rowMajorElements() -> [Scalar] {
    guard rows > 0, columns > 0 else { return [] }
    return [Scalar](unsafeUninitializedCapacity: rows * columns) { elements, count in
      for first in Swift.stride(from: 0, to: rows, by: 16) {
        let end = min(first + 16, rows)
        for column in 0..<columns {
          for row in first..<end {
            elements.initializeElement(at: row * columns + column, to: base[row + column * stride])
          }
        }
      }
      count = rows * columns
    }
  }

  /// Copies sixteen rows at a time, since these share the cache lines of a column.
  @inline(__always)
  func fill(rowMajor source: UnsafePointer<Scalar>) {
    for first in Swift.stride(from: 0, to: rows, by: 16) {
      let end = min(first + 16, rows)
      for column in 0..<columns {
        for row in first..<end { base[row + column * stride] = source[row * columns + column] }
      }
    }
  }

  /// The contribution of some samples to the mean loss of a batch; this tile holds the samples' outputs.
  ///
  /// - Parameters:
  ///   - targets: The targets, of the same shape.
  ///   - batch: The number of samples in the batch.
  ///   - replacing: Whether to replace the outputs by the gradient of the mean loss.
  @inlinable
  package func loss(_ loss: Loss, targets: Tile, batch: Int, replacing: Bool) -> Double {
    if case .quantiles(let levels) = loss { return self.loss(levels, targets, batch: batch, replacing: replacing) }
    return Scalar._Routines.loss(
      loss, rows, columns, base, stride, targets.base, targets.stride, batch: batch, delta: replacing ? base : nil)
  }

  /// The loss of quantiles; the rows repeat the list of levels. The mean over the rows is taken as a part of the mean
  /// over the batch.
  @inlinable
  func loss(_ levels: [Double], _ targets: Tile, batch: Int, replacing: Bool) -> Double {
    var sum = 0.0
    for row in 0..<rows {
      let own = row..<row + 1
      sum += rows(own).loss(
        .quantile(levels[row % levels.count]), targets: targets.rows(own), batch: batch * rows, replacing: replacing)
    }
    return sum
  }

  /// self ← accumulator · self + scale · the sum of each row of `x`, whose columns are added in order.
  @inlinable
  package func addRowSums(of x: Tile, scale: Scalar, accumulator: Scalar) {
    Scalar._Routines.rowSums(x.rows, x.columns, x.base, x.stride, scale: scale, accumulator: accumulator, base)
  }

  /// The largest magnitude; NaN if any element is NaN.
  @inlinable
  package var maxMagnitude: Scalar {
    var largest: Scalar = 0
    forEachRun { run, count in
      let magnitude = Scalar._Routines.maxMagnitude(count, run)
      if !(magnitude <= largest) { largest = magnitude.isNaN || largest.isNaN ? .nan : magnitude }
    }
    return largest
  }

  /// Calls `body` with the start and length of each longest contiguous run of elements: the whole tile, or each column.
  @inlinable
  package func forEachRun(_ body: (UnsafeMutablePointer<Scalar>, Int) -> Void) {
    if isContiguous {
      body(base, rows * columns)
    } else {
      for column in 0..<columns { body(base + column * stride, rows) }
    }
  }
}
