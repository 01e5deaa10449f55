/// The embedding of inputs, and parametric activations.
extension Tile {
  /// outputs ← self, which holds inputs, except that each group of categories becomes the sum of its columns of
  /// `table`, weighted by the inputs.
  ///
  /// - Shapes: table dimension × categories.
  package func lookUp(_ shape: CategoryShape, table: Tile, into outputs: Tile) {
    Scalar._Routines.lookUp(shape, columns, table: table.base, base, stride, outputs.base, outputs.stride)
  }

  /// Propagates the error of the outputs back through ``lookUp``, for the inputs that this tile holds. The column
  /// `gradient` becomes these samples' part of the gradient of the table.
  ///
  /// - Returns: The largest magnitude in the gradient; NaN if any element is NaN.
  package func lookUpBack(_ shape: CategoryShape, error: Tile, gradient: Tile) -> Scalar {
    Scalar._Routines.lookUpBack(shape, columns, base, stride, error.base, error.stride, gradient: gradient.base)
  }

  /// Replaces the numbers among this tile's inputs, which are its first rows, by their pieces.
  package func encode(_ shape: PieceShape) { Scalar._Routines.pieces(shape, columns, base, stride) }

  /// Computes the components of this tile's inputs, which are its first rows, and then `outputs` = s ∘ self.
  ///
  /// - Shapes: outputs as this tile, parameters a column.
  /// - Returns: The largest magnitude in the outputs; NaN if any element is NaN.
  package func embed(_ shape: EmbeddingShape, parameters: Tile, into outputs: Tile) -> Scalar {
    Scalar._Routines.embed(
      shape, columns, parameters: parameters.base, base, stride, outputs.base, outputs.stride)
  }

  /// Propagates the error of the outputs, which this tile holds, back through ``embed``. The column `gradient` becomes
  /// these samples' part of the gradient.
  ///
  /// - Returns: The largest magnitude in the gradient; NaN if any element is NaN.
  package func embedBack(_ shape: EmbeddingShape, parameters: Tile, values: Tile, gradient: Tile) -> Scalar {
    Scalar._Routines.embedBack(
      shape, columns, parameters: parameters.base, values.base, values.stride, base, stride, gradient: gradient.base)
  }

  /// self ← z + α ∘ (g − z), where this tile holds z and `activated` g. `activated` ← g − z, and `slopes`, which hold
  /// g′, ← 1 + α ∘ (g′ − 1).
  ///
  /// - Shapes: activated and slopes as this tile, alpha rows × 1.
  /// - Returns: The largest magnitude in the result; NaN if any element is NaN.
  package func blend(with activated: Tile, alpha: Tile, slopes: Tile?) -> Scalar {
    Scalar._Routines.blend(
      rows, columns, base, stride, activated.base, activated.stride, alpha: alpha.base, slopes: slopes?.base,
      slopes?.stride ?? 0)
  }
}
