import Tensor

extension Dense {
  func outputGrid(batch: Int) -> TileGrid {
    if isNarrow || addsStrips(batch: batch) { return .samples(batch, rows: outputSize) }
    let axis = isNormalized ? .rows : Self.axis(outputSize, activation)
    return TileGrid(rows: outputSize, columns: batch, inner: inputSize, cutting: axis)
  }

  func errorGrid(batch: Int, previous: Dense) -> TileGrid {
    if isNarrow { return .samples(batch, rows: inputSize) }
    return TileGrid(
      rows: inputSize, columns: batch, inner: outputSize, cutting: Self.axis(inputSize, previous.activation))
  }

  /// How the normalisation is cut: by units over whole batches, or by samples.
  func normalizationGrid(batch: Int) -> TileGrid {
    normalization == .batch
      ? TileGrid(rows: outputSize, columns: batch, inner: 16, cutting: .rows) : .samples(batch, rows: outputSize)
  }

  /// The strips of W's columns in which the gradient is computed, and updated.
  func weightStrips(batch: Int) -> TileGrid {
    TileGrid(rows: outputSize, columns: inputSize, inner: batch, cutting: .columns)
  }

  /// The strips in which the gradient is computed and used by the package's own product: of rows, as the forward
  /// product is cut, so that a worker finds the weights in its own cache that it has updated; of columns if the layer
  /// has few rows.
  func gradientGrid(batch: Int) -> TileGrid {
    let strips = weightStrips(batch: batch)
    guard outputSize >= 128 * strips.count, !isNarrow, !addsStrips(batch: batch) else { return strips }
    return TileGrid(rows: outputSize, columns: inputSize, inner: batch, cutting: .rows)
  }

  /// Whether Z is computed as the sum of the strips' products, so that each strip of W is read by the worker that
  /// updates it.
  ///
  /// A part of W that another processor has written takes longer to fetch than a small batch's product takes. With
  /// larger batches the sum would take longer than the fetching.
  func addsStrips(batch: Int) -> Bool {
    let strips = weightStrips(batch: batch).count
    return !isNarrow && strips > 1 && strips * batch <= inputSize / 8
  }

  /// The elements of the scratch that batches of up to `batchCapacity` samples need.
  func scratchCount(batchCapacity: Int) -> Int {
    guard !isNarrow else { return 0 }
    return outputSize * min((TileGrid.mostStrips - 1) * batchCapacity, inputSize / 8)
  }

  /// Whether the weights are so few that they stay in the nearest caches: then products are cut by samples, and a
  /// worker takes its samples from layer to layer without waiting for others.
  private var isNarrow: Bool { weightCount <= 1 << 14 }

  /// Strips of rows keep BLAS's rate, but softmax needs whole columns, and a few rows make no strips.
  private static func axis(_ rows: Int, _ activation: Activation) -> TileGrid.Axis {
    activation == .softmax || rows < 17 ? .columns : .rows
  }
}
