/// How the gradient g of parameters θ is used; see the training module for the mathematics.
@usableFromInline
package struct TileUpdate<Scalar: BLASScalar>: Sendable {
  @usableFromInline
  package enum Rule: Sendable {
    /// The gradient is stored for later use, or added to the stored gradient.
    case keep(adding: Bool)
    /// θ ← shrinkage · θ − rate · g. The product that would give the gradient is added to the parameters directly, so
    /// no gradient is stored.
    case descend(rate: Scalar, shrinkage: Scalar)
    /// θ changes through its moments. The gradient is stored in between only if that is faster.
    case moments(MomentUpdate<Scalar>)
  }

  @usableFromInline package let rule: Rule
  /// The factors of the penalty that the weights W add to the loss: l₁ ‖W‖₁ + ½ l₂ ‖W‖².
  @usableFromInline let l1, l2: Scalar

  @inlinable
  package init(_ rule: Rule, l1: Scalar = 0, l2: Scalar = 0) {
    self.rule = rule
    self.l1 = l1
    self.l2 = l2
  }

  /// Whether a penalty is added to the loss.
  @inlinable
  package var isPenalized: Bool { l1 != 0 || l2 != 0 }
}

extension TileUpdate {
  /// The same update for the parameters from index `offset` on.
  package func advanced(by offset: Int) -> TileUpdate {
    guard case .moments(let moments) = rule else { return self }
    return TileUpdate(.moments(moments.advanced(by: offset)), l1: l1, l2: l2)
  }

  /// The same update with a factor for the rate and one for the weight decay.
  package func scaled(rate factor: Double, decay: Double) -> TileUpdate {
    func slowed(_ shrinkage: Scalar) -> Scalar { 1 - (1 - shrinkage) * Scalar(decay) }
    switch rule {
    case .keep: return self
    case .descend(let rate, let shrinkage):
      return TileUpdate(.descend(rate: rate * Scalar(factor), shrinkage: slowed(shrinkage)), l1: l1, l2: l2)
    case .moments(var moments):
      moments.rate *= Scalar(factor)
      moments.shrinkage = slowed(moments.shrinkage)
      return TileUpdate(.moments(moments), l1: l1, l2: l2)
    }
  }
}

// MARK: - The gradient and what becomes of it

extension Tile {
  /// Computes the gradient A Bᵀ of the weights in this tile, and applies the update. There may be gaps between the
  /// weights' columns only if the package's own product is used and there is no penalty.
  ///
  /// - Parameters:
  ///   - offset: The number of parameters before these weights, which locates the moments.
  ///   - gradient: Memory of the same shape in which the gradient may be stored; empty if the update is `descend`.
  /// - Returns: The penalty for the weights before the update; 0 if the gradient is kept.
  @inlinable
  package func update(
    _ update: TileUpdate<Scalar>, from offset: Int, gradient: Tile, product a: Tile, _ b: Tile
  ) -> Double {
    switch update.rule {
    case .keep(let isAdded):
      gradient.product(a, b, transposeB: true, beta: isAdded ? 1 : 0)
      return 0
    case .descend(let rate, let shrinkage):
      // `product` multiplies what the penalty subtracts here by `shrinkage`, together with the weights.
      let penalty = update.isPenalized ? penalize(l1: update.l1, l2: update.l2, scale: -rate / shrinkage, self) : 0
      product(a, b, transposeB: true, alpha: -rate, beta: shrinkage)
      return penalty
    case .moments(let moments):
      if Scalar._Routines.hasProduct && !update.isPenalized {
        Scalar._Routines.update(
          moments.advanced(by: offset), rows, columns, a.columns, product: a.base, a.stride, b.base, b.stride,
          gradient: gradient.base, base, stride)
        return 0
      }
      gradient.product(a, b, transposeB: true)
      guard update.isPenalized else {
        Scalar._Routines.update(moments.advanced(by: offset), rows * columns, gradient.base, base)
        return 0
      }
      // In blocks that stay in the first-level cache, so that the weights are read from memory once.
      var penalty = 0.0
      for start in Swift.stride(from: 0, to: rows * columns, by: 4096) {
        let count = min(4096, rows * columns - start)
        penalty += Scalar._Routines.penalize(
          count, base + start, l1: update.l1, l2: update.l2, scale: 1, gradient.base + start)
        Scalar._Routines.update(moments.advanced(by: offset + start), count, gradient.base + start, base + start)
      }
      return penalty
    }
  }

  /// The same for biases. Their gradient is the sum of each row of `x`, and they add no penalty to the loss.
  @inlinable
  package func update(_ update: TileUpdate<Scalar>, from offset: Int, gradient: Tile, rowSumsOf x: Tile) {
    switch update.rule {
    case .keep(let isAdded): gradient.addRowSums(of: x, scale: 1, accumulator: isAdded ? 1 : 0)
    case .descend(let rate, let shrinkage): addRowSums(of: x, scale: -rate, accumulator: shrinkage)
    case .moments(let moments):
      gradient.addRowSums(of: x, scale: 1, accumulator: 0)
      Scalar._Routines.update(moments.advanced(by: offset), rows, gradient.base, base)
    }
  }

  /// gradient ← gradient + scale · (l₁ sign W + l₂ W), where W are the weights in this tile, which has no gaps. The
  /// gradient may be W itself.
  ///
  /// - Returns: l₁ ‖W‖₁ + ½ l₂ ‖W‖² of the old W.
  @inlinable
  package func penalize(l1: Scalar, l2: Scalar, scale: Scalar, _ gradient: Tile) -> Double {
    Scalar._Routines.penalize(rows * columns, base, l1: l1, l2: l2, scale: scale, gradient.base)
  }

  /// l₁ ‖W‖₁ + ½ l₂ ‖W‖² of the weights W in this tile, which has no gaps.
  @inlinable
  package func penalty(l1: Scalar, l2: Scalar) -> Double {
    Scalar._Routines.penalize(rows * columns, base, l1: l1, l2: l2, scale: 0, nil)
  }

  /// Scales the rows whose Euclidean norm is above `limit` down to it.
  @inlinable
  package func limitRows(to limit: Scalar) { Scalar._Routines.limitRows(rows, columns, base, stride, limit: limit) }
}
