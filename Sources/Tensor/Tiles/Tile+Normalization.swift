/// A tile of weighted inputs Z is normalised by rows, each a unit over the samples of a batch, or by columns, each a
/// sample over the units:
///
///     N = (Z − μ) / √(σ² + ε),   Z ← γ ∘ N
///
/// and the error δ of γ ∘ N + β goes back as
///
///     ∇γ = Σ δ N,   ∇β = Σ δ,   δ ← γ / √(σ² + ε) (δ − mean δ − N mean(δ N))
///
/// by rows; by columns γ stands with δ within the means.
extension Tile {
  /// Normalises each row with its own mean and variance, which are kept with 1 / √(σ² + ε).
  ///
  /// - Shapes: `normal` as the tile; the others rows × 1.
  package func normalizeRows(
    gamma: Tile, epsilon: Scalar, normal: Tile, mean: Tile, variance: Tile, inverse: Tile
  ) {
    Scalar.Routines.normalizeRows(
      rows, columns, base, stride, gamma: gamma.base, epsilon: epsilon, normal: normal.base, normal.stride,
      mean: mean.base, variance: variance.base, inverse: inverse.base)
  }

  /// Takes the error, which stands here, back through ``normalizeRows``; `gradient`, rows × 2, becomes ∇γ and ∇β.
  ///
  /// - Returns: The largest magnitude in the result; NaN if one is NaN.
  package func normalizeRowsBack(normal: Tile, gamma: Tile, inverse: Tile, gradient: Tile) -> Scalar {
    Scalar.Routines.normalizeRowsBack(
      rows, columns, base, stride, normal: normal.base, normal.stride, gamma: gamma.base, inverse: inverse.base,
      sums: gradient.base, gradient.stride)
  }

  /// Normalises each row with a mean and a variance that are given.
  package func standardizeRows(gamma: Tile, epsilon: Scalar, mean: Tile, variance: Tile) {
    Scalar.Routines.standardizeRows(
      rows, columns, base, stride, gamma: gamma.base, epsilon: epsilon, mean: mean.base, variance: variance.base)
  }

  /// Normalises each column with its own mean and variance.
  ///
  /// - Parameters:
  ///   - normal: Becomes N; nil where the error will not go back.
  ///   - inverse: Becomes 1 / √(σ² + ε), columns × 1.
  package func normalizeColumns(gamma: Tile, epsilon: Scalar, normal: Tile?, inverse: Tile?) {
    Scalar.Routines.normalizeColumns(
      rows, columns, base, stride, gamma: gamma.base, epsilon: epsilon, normal: normal?.base, normal?.stride ?? 0,
      inverse: inverse?.base)
  }

  /// Takes the error, which stands here, back through ``normalizeColumns``; `gradient`, 2 · rows × 1, becomes these
  /// columns' part of ∇γ and ∇β.
  ///
  /// - Returns: The largest magnitude in the result; NaN if one is NaN.
  package func normalizeColumnsBack(normal: Tile, gamma: Tile, inverse: Tile, gradient: Tile) -> Scalar {
    Scalar.Routines.normalizeColumnsBack(
      rows, columns, base, stride, normal: normal.base, normal.stride, gamma: gamma.base, inverse: inverse.base,
      sums: gradient.base)
  }
}
