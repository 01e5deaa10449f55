import Tensor

extension Dense {
  func outputGrid(batch: Int) -> TileGrid {
    if isNarrow || addsStrips(batch: batch) { return .samples(batch, rows: outputSize) }
    let axis = isNormalized ? .rows : Self.axis(outputSize, activation)
    return TileGrid(rows: outputSize, columns: batch, inner: inputSize, cutting: axis)
  }

  /// The tiles of the error of the layer's inputs, which are the outputs of `previous` or of an embedding.
  func errorGrid(batch: Int, previous: Dense?) -> TileGrid {
    if isNarrow { return .samples(batch, rows: inputSize) }
    let axis = Self.axis(inputSize, previous?.activation ?? .identity)
    return TileGrid(rows: inputSize, columns: batch, inner: outputSize, cutting: axis)
  }

  /// The tiles of the normalisation: by units over whole batches, or by samples.
  func normalizationGrid(batch: Int) -> TileGrid {
    normalization == .batch
      ? TileGrid(rows: outputSize, columns: batch, inner: 16, cutting: .rows) : .samples(batch, rows: outputSize)
  }

  /// The strips of W's columns in which the gradient is computed and W is updated.
  func weightStrips(batch: Int) -> TileGrid {
    TileGrid(rows: outputSize, columns: inputSize, inner: batch, cutting: .columns)
  }

  /// The strips in which the package's own product computes and uses the gradient. They are strips of rows, like those
  /// of the forward product, so that a worker still has in its cache the weights that it updated. If the layer has few
  /// rows, they are strips of columns.
  func gradientGrid(batch: Int) -> TileGrid {
    let strips = weightStrips(batch: batch)
    guard outputSize >= 128 * strips.count, !isNarrow, !addsStrips(batch: batch) else { return strips }
    return TileGrid(rows: outputSize, columns: inputSize, inner: batch, cutting: .rows)
  }

  /// Whether Z is computed as the sum of the strips' products. Then the worker that updates a strip of W also reads it.
  ///
  /// For a small batch, fetching a part of W that another processor has written takes longer than the product. For
  /// larger batches, the sum would take longer than the fetching.
  func addsStrips(batch: Int) -> Bool {
    let strips = weightStrips(batch: batch).count
    return !isNarrow && strips > 1 && strips * batch <= inputSize / 8
  }

  /// The number of scratch elements that batches of up to `batchCapacity` samples need.
  func scratchCount(batchCapacity: Int) -> Int {
    guard !isNarrow else { return 0 }
    return outputSize * min((TileGrid.mostStrips - 1) * batchCapacity, inputSize / 8)
  }

  /// Whether the weights are few enough to stay in the nearest caches. Products are then cut by samples, and a worker
  /// takes its samples from layer to layer without waiting for others.
  private var isNarrow: Bool { weightCount <= 1 << 14 }

  /// Strips of rows keep BLAS's speed. But softmax needs whole columns, and a few rows are too few for strips.
  private static func axis(_ rows: Int, _ activation: Activation) -> TileGrid.Axis {
    activation == .softmax || rows < 17 ? .columns : .rows
  }
}
