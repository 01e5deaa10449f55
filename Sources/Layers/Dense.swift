import Tensor

/// A fully connected layer with an activation.
///
///     A = g(Z),   Z = W A₋₁ + b 1ᵀ
///
/// - Shapes: A₋₁ inputSize × batch, W outputSize × inputSize, b outputSize × 1, Z and A outputSize × batch. In the parameter vector W comes
///   first, column after column, then b.
public struct Dense: Sendable, Equatable {
  public let inputSize: Int
  public let outputSize: Int
  public let activation: Activation

  /// - Precondition: Traps unless both sizes are at least 1.
  public init(_ inputSize: Int, _ outputSize: Int, _ activation: Activation = .identity) {
    guard inputSize >= 1, outputSize >= 1 else { fail("cannot make a dense layer \(inputSize) → \(outputSize)") }
    guard !outputSize.multipliedReportingOverflow(by: inputSize).overflow, outputSize * inputSize <= Int.max / 16 else {
      fail("cannot make a dense layer \(inputSize) → \(outputSize): it has too many weights")
    }
    self.inputSize = inputSize
    self.outputSize = outputSize
    self.activation = activation
  }

  /// outputSize · inputSize + outputSize.
  public var parameterCount: Int { weightCount + outputSize }

  var weightCount: Int { outputSize * inputSize }
}

extension Dense: CustomStringConvertible {
  public var description: String { "Dense(\(inputSize) → \(outputSize), \(activation))" }
}

// MARK: - The equations

extension Dense: Layer {
  /// Z = W A₋₁, A = g(Z + b 1ᵀ), bias and activation while the tile is in cache.
  package func computeOutputs<Scalar>(
    _ part: TilePart, inputs: Tile<Scalar>, parameters: Tile<Scalar>, into outputs: Tile<Scalar>, scratch: Tile<Scalar>
  ) -> Double {
    let z = outputs[part]
    if addsStrips(batch: outputs.columns) {
      for strip in 1..<weightStrips(batch: outputs.columns).count { z.add(product(strip, outputs, scratch)[part]) }
    } else {
      z.product(weights(in: parameters).rows(part.rows), inputs[columns: part.columns])
    }
    return Double(z.activate(activation.tileActivation, bias: bias(in: parameters).rows(part.rows)))
  }

  /// The product of a strip of W's columns with their rows of A₋₁; the sum of all of them is Z.
  package func multiplyStrip<Scalar>(
    _ strip: Int, inputs: Tile<Scalar>, parameters: Tile<Scalar>, into outputs: Tile<Scalar>, scratch: Tile<Scalar>
  ) {
    let columns = weightStrips(batch: outputs.columns)[strip].columns
    product(strip, outputs, scratch).product(weights(in: parameters)[columns: columns], inputs.rows(columns))
  }

  /// Where the product of a strip stands: of the first where the sum will be.
  private func product<Scalar>(_ strip: Int, _ outputs: Tile<Scalar>, _ scratch: Tile<Scalar>) -> Tile<Scalar> {
    let size = outputs.rows * outputs.columns
    return strip == 0
      ? outputs : scratch.reshaped(from: (strip - 1) * size, rows: outputs.rows, columns: outputs.columns)
  }

  /// δ₋₁ = Wᵀ δ ∘ g′(Z₋₁), the derivative while the tile is in cache.
  package func propagateError<Scalar>(
    _ part: TilePart, error: Tile<Scalar>, parameters: Tile<Scalar>, inputs: Tile<Scalar>, previous: Activation,
    into previousError: Tile<Scalar>
  ) -> Double {
    let previousError = previousError[part]
    previousError.product(
      weights(in: parameters)[columns: part.rows], error[columns: part.columns], transposeA: true)
    return Double(previousError.derive(previous.tileActivation, output: inputs[part]))
  }

  /// ∇W = δ A₋₁ᵀ in strips of columns, and ∇b = δ 1 as the last tile. The 1/batch is in the error already.
  package func useGradient<Scalar>(
    _ tile: Int, error: Tile<Scalar>, inputs: Tile<Scalar>, update: TileUpdate<Scalar>, parameters: Tile<Scalar>,
    from offset: Int, gradient: Tile<Scalar>
  ) -> Double {
    let grid = weightStrips(batch: error.columns)
    if tile < grid.count {
      let columns = grid[tile].columns
      return weights(in: parameters)[columns: columns].update(
        update, from: offset + columns.lowerBound * outputSize, gradient: weights(in: gradient)[columns: columns],
        product: error, inputs.rows(columns))
    } else {
      bias(in: parameters).update(
        update, from: offset + weightCount, gradient: bias(in: gradient), rowSumsOf: error)
      return 0
    }
  }
}

// MARK: - Tiles

extension Dense {
  package func outputGrid(batch: Int) -> TileGrid {
    if isNarrow || addsStrips(batch: batch) { return .samples(batch, rows: outputSize) }
    return TileGrid(rows: outputSize, columns: batch, inner: inputSize, cutting: Self.axis(outputSize, activation))
  }

  package func errorGrid(batch: Int, previous: Activation) -> TileGrid {
    if isNarrow { return .samples(batch, rows: inputSize) }
    return TileGrid(rows: inputSize, columns: batch, inner: outputSize, cutting: Self.axis(inputSize, previous))
  }

  package func gradientTileCount(batch: Int) -> Int { weightStrips(batch: batch).count + 1 }

  /// The strips of W's columns in which the gradient is computed, and updated.
  package func weightStrips(batch: Int) -> TileGrid {
    TileGrid(rows: outputSize, columns: inputSize, inner: batch, cutting: .columns)
  }

  /// Whether Z is computed as the sum of the strips' products, so that each strip of W is read by the worker that updates it.
  ///
  /// A part of W that another processor has written takes longer to fetch than a small batch's product takes. With larger batches the sum would take
  /// longer than the fetching.
  package func addsStrips(batch: Int) -> Bool {
    let strips = weightStrips(batch: batch).count
    return !isNarrow && strips > 1 && strips * batch <= inputSize / 8
  }

  /// The elements of the scratch that batches of up to `batchCapacity` samples need.
  func scratchCount(batchCapacity: Int) -> Int {
    guard !isNarrow else { return 0 }
    return outputSize * min((TileGrid.mostStrips - 1) * batchCapacity, inputSize / 8)
  }

  /// Whether the weights are so few that they stay in the nearest caches: then products are cut by samples, and a worker takes its samples from
  /// layer to layer without waiting for others.
  private var isNarrow: Bool { weightCount <= 1 << 14 }

  /// Strips of rows keep BLAS's rate, but softmax needs whole columns, and a few rows make no strips.
  private static func axis(_ rows: Int, _ activation: Activation) -> TileGrid.Axis {
    activation == .softmax || rows < 17 ? .columns : .rows
  }

  func weights<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    parameters.reshaped(from: 0, rows: outputSize, columns: inputSize)
  }

  private func bias<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    parameters.reshaped(from: weightCount, rows: outputSize, columns: 1)
  }
}
