// The operations of random image deformations. They use `Float` arithmetic without fused operations, so that the bits
// are the same on every machine.

extension Tile<Float> {
  /// The number of elements that are computed at once. In `convolveRows`, `rows` is a multiple of it.
  package static var lanes: Int { 16 }

  /// Fills a tile without gaps with uniform numbers in (−1, 1), which are odd multiples of 2⁻¹⁶. Each block of the
  /// generator gives eight numbers.
  package func fillNoise(seed: UInt64, stream: UInt64, firstBlock: UInt64) {
    for start in Swift.stride(from: 0, to: rows * columns, by: 8) {
      let (low, high) = Philox.block(firstBlock + UInt64(start / 8), stream: stream, seed: seed)
      let bits = unsafeBitCast(SIMD2(low, high), to: SIMD8<Int16>.self)
      let values = (SIMD8<Float>(bits) + 0.5) * 0x1p-15
      UnsafeMutableRawPointer(base + start).storeBytes(of: values, as: SIMD8<Float>.self)
    }
  }

  /// self ← the transpose of `source`.
  package func transpose(_ source: Tile) {
    for column in 0..<columns {
      for row in 0..<rows { base[column &* stride &+ row] = source.base[row &* source.stride &+ column] }
    }
  }

  /// self ← each row of `source`, of the same shape, convolved with the weights; a row is 0 beyond its ends.
  ///
  ///     self₍ᵢⱼ₎ = Σₖ weights₍ₖ₎ source₍ᵢ,ⱼ₊ₖ₎,   −radius ≤ k ≤ radius
  ///
  /// - Shapes: weights (2 · radius + 1) × 1.
  package func convolveRows(of source: Tile, weights: Tile) {
    let radius = weights.rows / 2
    for column in 0..<columns {
      let near = max(column - radius, 0)...min(column + radius, columns - 1)
      let first = weights.base + (near.lowerBound - column + radius)
      for row in Swift.stride(from: 0, to: rows, by: Self.lanes) {
        var sum = SIMD16<Float>.zero
        var place = UnsafeRawPointer(source.base + near.lowerBound * source.stride + row)
        for index in 0..<near.count {
          sum += first[index] * place.loadUnaligned(as: SIMD16<Float>.self)
          place += source.stride * MemoryLayout<Float>.stride
        }
        UnsafeMutableRawPointer(base + column * stride + row).storeBytes(of: sum, as: SIMD16<Float>.self)
      }
    }
  }
}

extension Tile {
  /// self ← an image of the same shape, deformed.
  ///
  /// The map and a pixel's own displacement give the pixel's source position. Its value is interpolated bilinearly
  /// between the four nearest pixels. Positions beyond an edge are moved to the edge.
  ///
  /// - Shapes: This tile and the image are width × height, without gaps, with the pixels row after row. `displacement`,
  ///   in pixels, is at least 2 · height × width: each column has the horizontal displacements of a column of pixels,
  ///   then the vertical ones.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func deform(_ image: Tile, by map: ImageMap, displacement: Tile<Float>) {
    let (width, height) = (rows, columns)
    let (right, bottom) = (Float(width - 1), Float(height - 1))
    for x in 0..<width {
      let dx = displacement.base + x * displacement.stride
      let dy = dx + height
      let (startX, startY) = (map.xx * Float(x) + map.x, map.yx * Float(x) + map.y)
      for y in 0..<height {
        let fromX = min(max(startX + map.xy * Float(y) + dx[y], 0), right)
        let fromY = min(max(startY + map.yy * Float(y) + dy[y], 0), bottom)
        let (left, top) = (Int(fromX), Int(fromY))
        let (shareX, shareY) = (Scalar(fromX - Float(left)), Scalar(fromY - Float(top)))
        let upper = image.base + (top &* width &+ left)
        let lower = top < height &- 1 ? upper + width : upper
        let next = left < width &- 1 ? 1 : 0
        let above = upper[0] + shareX * (upper[next] - upper[0])
        let below = lower[0] + shareX * (lower[next] - lower[0])
        base[y &* width &+ x] = above + shareY * (below - above)
      }
    }
  }
}
