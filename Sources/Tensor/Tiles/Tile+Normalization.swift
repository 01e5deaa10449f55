/// Normalisation of a tile of weighted inputs Z, either by rows or by columns. A row is a unit over the samples of a
/// batch, and a column is a sample over the units:
///
///     N = (Z − μ) / √(σ² + ε),   Z ← γ ∘ N
///
/// The error δ of γ ∘ N + β is propagated back by rows as
///
///     ∇γ = Σ δ N,   ∇β = Σ δ,   δ ← γ / √(σ² + ε) (δ − mean δ − N mean(δ N))
///
/// By columns, γ stays with δ inside the means. RMS normalisation leaves out μ, and mean δ.
extension Tile {
  /// Normalises each row with its own mean and variance; these and 1 / √(σ² + ε) are stored.
  ///
  /// - Shapes: `normal` has the tile's shape; the others are rows × 1.
  package func normalizeRows(
    gamma: Tile, epsilon: Scalar, normal: Tile, mean: Tile, variance: Tile, inverse: Tile
  ) {
    Scalar._Routines.normalizeRows(
      rows, columns, base, stride, gamma: gamma.base, epsilon: epsilon, normal: normal.base, normal.stride,
      mean: mean.base, variance: variance.base, inverse: inverse.base)
  }

  /// Propagates the error, which this tile holds, back through ``normalizeRows``; `gradient`, rows × 2, becomes ∇γ and
  /// ∇β.
  ///
  /// - Returns: The largest magnitude in the result; NaN if any element is NaN.
  package func normalizeRowsBack(normal: Tile, gamma: Tile, inverse: Tile, gradient: Tile) -> Scalar {
    Scalar._Routines.normalizeRowsBack(
      rows, columns, base, stride, normal: normal.base, normal.stride, gamma: gamma.base, inverse: inverse.base,
      sums: gradient.base, gradient.stride)
  }

  /// Normalises each row with a given mean and variance.
  package func standardizeRows(gamma: Tile, epsilon: Scalar, mean: Tile, variance: Tile) {
    Scalar._Routines.standardizeRows(
      rows, columns, base, stride, gamma: gamma.base, epsilon: epsilon, mean: mean.base, variance: variance.base)
  }

  /// Normalises each column with its own mean and variance.
  ///
  /// - Parameters:
  ///   - isCentered: False to leave out μ, also from σ².
  ///   - normal: Becomes N; nil if the error will not be propagated back.
  ///   - inverse: Becomes 1 / √(σ² + ε), columns × 1.
  package func normalizeColumns(gamma: Tile, epsilon: Scalar, isCentered: Bool, normal: Tile?, inverse: Tile?) {
    Scalar._Routines.normalizeColumns(
      rows, columns, base, stride, gamma: gamma.base, epsilon: epsilon, isCentered: isCentered, normal: normal?.base,
      normal?.stride ?? 0, inverse: inverse?.base)
  }

  /// Propagates the error, which this tile holds, back through ``normalizeColumns``; `gradient`, 2 · rows × 1, becomes
  /// these columns' part of ∇γ and ∇β.
  ///
  /// - Returns: The largest magnitude in the result; NaN if any element is NaN.
  package func normalizeColumnsBack(
    normal: Tile, gamma: Tile, inverse: Tile, isCentered: Bool, gradient: Tile
  ) -> Scalar {
    Scalar._Routines.normalizeColumnsBack(
      rows, columns, base, stride, normal: normal.base, normal.stride, gamma: gamma.base, inverse: inverse.base,
      isCentered: isCentered, sums: gradient.base)
  }
}
