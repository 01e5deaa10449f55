import Tensor

/// The values of its normalisation that a layer keeps for the backward pass.
struct NormalizationBuffers<Scalar: BLASScalar> {
  /// The batch's statistics by unit, outputSize × 1. They stay 0 unless it is a batch normalisation: RMS normalisation
  /// uses the mean as its β. They come first, so that their place does not depend on the batch.
  let mean: Tile<Scalar>
  let variance: Tile<Scalar>
  /// N, outputSize × batch.
  let normal: Tile<Scalar>
  /// 1 / √(σ² + ε) by unit or by sample.
  let inverse: Tile<Scalar>
  /// ∇γ over ∇β, 2 · outputSize × 1, or one such column for each tile; the columns are to be added.
  let gradient: Tile<Scalar>

  init(_ memory: Tile<Scalar>, _ layer: Dense, batch: Int) {
    let rows = layer.outputSize
    let columns = layer.normalizationGradientColumns(batch: batch)
    mean = memory.reshaped(from: 0, rows: rows, columns: 1)
    variance = memory.reshaped(from: rows, rows: rows, columns: 1)
    normal = memory.reshaped(from: 2 * rows, rows: rows, columns: batch)
    inverse = memory.reshaped(from: rows * (batch + 2), rows: max(rows, batch), columns: 1)
    gradient = memory.reshaped(from: rows * (batch + 2) + max(rows, batch), rows: 2 * rows, columns: columns)
  }
}

extension Dense {
  /// The number of elements in ``NormalizationBuffers``.
  func normalizationCount(batch: Int) -> Int {
    outputSize * (batch + 2 + 2 * normalizationGradientColumns(batch: batch)) + max(outputSize, batch)
  }

  fileprivate func normalizationGradientColumns(batch: Int) -> Int {
    normalization == .batch ? 1 : normalizationGrid(batch: batch).count
  }
}
