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
    _ tile: Int, inputs: Tile<Scalar>, parameters: Tile<Scalar>, into outputs: Tile<Scalar>
  ) -> Double {
    let part = outputGrid(batch: inputs.columns)[tile]
    let z = outputs[part]
    z.product(weights(in: parameters).rows(part.rows), inputs[columns: part.columns])
    z.activate(activation.tileActivation, bias: bias(in: parameters).rows(part.rows))
    return Double(z.maxMagnitude)
  }

  /// δ₋₁ = Wᵀ δ ∘ g′(Z₋₁), the derivative while the tile is in cache.
  package func propagateError<Scalar>(
    _ tile: Int, error: Tile<Scalar>, parameters: Tile<Scalar>, inputs: Tile<Scalar>, previous: Activation,
    into previousError: Tile<Scalar>
  ) -> Double {
    let part = errorGrid(batch: error.columns, previous: previous)[tile]
    let previousError = previousError[part]
    previousError.product(
      weights(in: parameters)[columns: part.rows], error[columns: part.columns], transposeA: true)
    previousError.derive(previous.tileActivation, output: inputs[part])
    return Double(previousError.maxMagnitude)
  }

  /// ∇W = δ A₋₁ᵀ in strips of columns, and ∇b = δ 1 as the last tile. The 1/batch is in the error already.
  package func addGradient<Scalar>(
    _ tile: Int, error: Tile<Scalar>, inputs: Tile<Scalar>, into gradient: Tile<Scalar>, scale: Scalar,
    accumulator: Scalar
  ) {
    let grid = gradientGrid(batch: error.columns)
    if tile < grid.count {
      let columns = grid[tile].columns
      weights(in: gradient)[columns: columns].product(
        error, inputs.rows(columns), transposeB: true, alpha: scale, beta: accumulator)
    } else {
      bias(in: gradient).addRowSums(of: error, scale: scale, accumulator: accumulator)
    }
  }
}

// MARK: - Tiles

extension Dense {
  package func outputTileCount(batch: Int) -> Int { outputGrid(batch: batch).count }

  package func errorTileCount(batch: Int, previous: Activation) -> Int {
    errorGrid(batch: batch, previous: previous).count
  }

  package func gradientTileCount(batch: Int) -> Int { gradientGrid(batch: batch).count + 1 }

  package func gradientRange(_ tile: Int, batch: Int) -> Range<Int> {
    let grid = gradientGrid(batch: batch)
    guard tile < grid.count else { return weightCount..<parameterCount }
    let columns = grid[tile].columns
    return columns.lowerBound * outputSize..<columns.upperBound * outputSize
  }

  private func outputGrid(batch: Int) -> TileGrid {
    TileGrid(rows: outputSize, columns: batch, inner: inputSize, cutting: Self.axis(outputSize, activation))
  }

  private func errorGrid(batch: Int, previous: Activation) -> TileGrid {
    TileGrid(rows: inputSize, columns: batch, inner: outputSize, cutting: Self.axis(inputSize, previous))
  }

  private func gradientGrid(batch: Int) -> TileGrid {
    TileGrid(rows: outputSize, columns: inputSize, inner: batch, cutting: .columns)
  }

  /// Strips of rows keep BLAS's rate, but softmax needs whole columns, and a few rows make no strips.
  private static func axis(_ rows: Int, _ activation: Activation) -> TileGrid.Axis {
    activation == .softmax || rows < 64 ? .columns : .rows
  }

  private func weights<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    parameters.reshaped(from: 0, rows: outputSize, columns: inputSize)
  }

  private func bias<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    parameters.reshaped(from: weightCount, rows: outputSize, columns: 1)
  }
}
