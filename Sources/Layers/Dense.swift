import Tensor

/// A fully connected layer with an activation, and normalisation and dropout where they are asked for.
///
///     A = g(Z),   Z = W A₋₁ + b 1ᵀ;   normalised   A = g(γ ∘ N + β);   in training with dropout   A ∘ M / (1 − p)
///
/// N is Z with mean 0 and variance 1, see ``Normalization``. M is 0 with the probability p and 1 elsewhere, drawn anew for every step (Srivastava et al. 2014, inverted so that a prediction needs no factor).
///
/// - Shapes: A₋₁ inputSize × batch, W outputSize × inputSize, b, γ and β outputSize × 1, Z and A outputSize × batch. In the parameter vector W
///   comes first, column after column, then b, γ and β.
public struct Dense: Sendable, Equatable {
  public let inputSize: Int
  public let outputSize: Int
  public private(set) var activation: Activation
  public let normalization: Normalization
  /// The probability p with which an output is dropped in training.
  public let dropout: Double

  /// - Precondition: Traps unless both sizes are at least 1 and the dropout's probability is in 0 ..< 1, and on dropout after softmax, whose outputs
  ///   make sense together only, or batch normalization before it.
  public init(
    _ inputSize: Int, _ outputSize: Int, _ activation: Activation = .identity, normalization: Normalization = .none,
    dropout: Double = 0
  ) {
    guard inputSize >= 1, outputSize >= 1 else { fail("cannot make a dense layer \(inputSize) → \(outputSize)") }
    guard !outputSize.multipliedReportingOverflow(by: inputSize).overflow, outputSize * inputSize <= Int.max / 16 else {
      fail("cannot make a dense layer \(inputSize) → \(outputSize): it has too many weights")
    }
    self.inputSize = inputSize
    self.outputSize = outputSize
    guard (0..<1).contains(dropout), dropout == 0 || activation != .softmax else {
      fail("cannot make a dense layer \(inputSize) → \(outputSize), \(activation), with dropout \(dropout)")
    }
    guard normalization != .batch || activation != .softmax else {
      fail("cannot make a dense layer \(inputSize) → \(outputSize), softmax, with batch normalization")
    }
    self.activation = activation
    self.normalization = normalization
    self.dropout = dropout
  }

  /// outputSize · inputSize + outputSize, and 2 · outputSize more where the layer is normalised.
  public var parameterCount: Int { weightCount + (isNormalized ? 3 : 1) * outputSize }

  var isNormalized: Bool { normalization != .none }

  /// The running means and variances.
  var statisticCount: Int { normalization == .batch ? 2 * outputSize : 0 }

  var weightCount: Int { outputSize * inputSize }

  /// The layer that stops at Z.
  var beforeActivation: Dense {
    var layer = self
    layer.activation = .identity
    return layer
  }
}

extension Dense: CustomStringConvertible {
  public var description: String {
    let normalized = isNormalized ? ", \(normalization) normalization" : ""
    return "Dense(\(inputSize) → \(outputSize), \(activation)\(normalized)\(dropout > 0 ? ", dropout \(dropout)" : ""))"
  }
}

// MARK: - The equations

extension Dense {
  /// Z = W A₋₁, A = g(Z + b 1ᵀ), bias, activation and dropout while the tile is in cache; Z + b 1ᵀ alone if it is to be normalized.
  ///
  /// - Parameter strips: How many products of strips of W there are, whose sum is Z; 0 if it is to be computed as one.
  func computeOutputs<Scalar>(
    _ part: TilePart, summing strips: Int, inputs: Tile<Scalar>, parameters: Tile<Scalar>, into outputs: Tile<Scalar>,
    slopes: Tile<Scalar>?, dropout: DropoutPlace?, scratch: Tile<Scalar>
  ) -> Double {
    let z = outputs[part]
    if strips > 0 {
      for strip in 1..<strips { z.add(product(strip, outputs, scratch)[part]) }
    } else {
      z.product(weights(in: parameters).rows(part.rows), inputs[columns: part.columns])
    }
    let bias = bias(in: parameters).rows(part.rows)
    return isNormalized
      ? Double(z.activate(.identity, bias: bias)) : activate(z, bias: bias, slopes: slopes?[part], dropout)
  }

  /// A = g(γ ∘ N + β 1ᵀ).
  func normalizeOutputs<Scalar>(
    _ part: TilePart, outputs: Tile<Scalar>, parameters: Tile<Scalar>, statistics: Tile<Scalar>, isTraining: Bool,
    slopes: Tile<Scalar>?, dropout: DropoutPlace?, _ buffers: NormalizationBuffers<Scalar>
  ) -> Double {
    let z = outputs[part]
    let (rows, epsilon) = (part.rows, Scalar(Normalization.epsilon))
    let gamma = gamma(in: parameters).rows(rows)
    switch (normalization, isTraining) {
    case (.batch, true):
      z.normalizeRows(
        gamma: gamma, epsilon: epsilon, normal: buffers.normal[part], mean: buffers.mean.rows(rows),
        variance: buffers.variance.rows(rows), inverse: buffers.inverse.rows(rows))
    case (.batch, false):
      let (mean, variance) = runningStatistics(statistics)
      z.standardizeRows(gamma: gamma, epsilon: epsilon, mean: mean.rows(rows), variance: variance.rows(rows))
    case (_, true):
      z.normalizeColumns(
        gamma: gamma, epsilon: epsilon, normal: buffers.normal[part], inverse: buffers.inverse.rows(part.columns))
    case (_, false): z.normalizeColumns(gamma: gamma, epsilon: epsilon, normal: nil, inverse: nil)
    }
    return activate(z, bias: beta(in: parameters).rows(rows), slopes: slopes?[part], dropout)
  }

  /// g(Z + b 1ᵀ), and dropout.
  private func activate<Scalar>(
    _ z: Tile<Scalar>, bias: Tile<Scalar>, slopes: Tile<Scalar>?, _ place: DropoutPlace?
  ) -> Double {
    let function = activation.tileActivation
    let largest = Double(z.activate(function, bias: bias, slopes: slopes))
    if let slopes, !function.keepsSlopes {
      slopes.fill(1)
      _ = slopes.derive(function, from: z)
    }
    guard let place else { return largest }
    z.drop(place, slopes: slopes)
    return largest / (1 - dropout)
  }

  /// The product of a strip of W's columns with their rows of A₋₁; the sum of all of them is Z.
  func multiplyStrip<Scalar>(
    _ strip: Int, _ columns: Range<Int>, inputs: Tile<Scalar>, parameters: Tile<Scalar>, into outputs: Tile<Scalar>,
    scratch: Tile<Scalar>
  ) {
    product(strip, outputs, scratch).product(weights(in: parameters)[columns: columns], inputs.rows(columns))
  }

  /// Where the product of a strip stands: of the first where the sum will be.
  private func product<Scalar>(_ strip: Int, _ outputs: Tile<Scalar>, _ scratch: Tile<Scalar>) -> Tile<Scalar> {
    let size = outputs.rows * outputs.columns
    return strip == 0
      ? outputs : scratch.reshaped(from: (strip - 1) * size, rows: outputs.rows, columns: outputs.columns)
  }

  /// δ₋₁ = Wᵀ δ ∘ g′(Z₋₁), the derivative while the tile is in cache.
  func propagateError<Scalar>(
    _ part: TilePart, error: Tile<Scalar>, parameters: Tile<Scalar>, previous: Dense, slopes: Tile<Scalar>,
    into previousError: Tile<Scalar>
  ) -> Double {
    let previousError = previousError[part]
    previousError.product(
      weights(in: parameters)[columns: part.rows], error[columns: part.columns], transposeA: true)
    return previous.derive(previousError, from: slopes[part])
  }

  /// δ ← δ ∘ g′; returns the largest magnitude in it.
  ///
  /// - Parameter source: The layer's outputs, or the slopes g′ where it keeps them.
  func derive<Scalar>(_ error: Tile<Scalar>, from source: Tile<Scalar>) -> Double {
    Double(keepsSlopes ? error.multiply(by: source) : error.derive(activation.tileActivation, from: source))
  }

  /// Takes a tile of the error of γ ∘ N + β back to that of Z, and leaves ∇γ and ∇β, or the tile's part of them, in the buffers.
  ///
  /// - Returns: A bound on the magnitudes in it and, divided by the batch, in ∇γ and ∇β.
  func propagateErrorThroughNormalization<Scalar>(
    _ tile: Int, _ part: TilePart, error: Tile<Scalar>, parameters: Tile<Scalar>,
    _ buffers: NormalizationBuffers<Scalar>
  ) -> Double {
    let delta = error[part]
    // No |N| is above the root of the count that it is taken over.
    let count = normalization == .batch ? error.columns : outputSize
    let before = Double(delta.maxMagnitude) * Double(count).squareRoot()
    let gamma = gamma(in: parameters).rows(part.rows)
    let after =
      normalization == .batch
      ? delta.normalizeRowsBack(
        normal: buffers.normal[part], gamma: gamma, inverse: buffers.inverse.rows(part.rows),
        gradient: buffers.gradient.reshaped(from: 0, rows: outputSize, columns: 2).rows(part.rows))
      : delta.normalizeColumnsBack(
        normal: buffers.normal[part], gamma: gamma, inverse: buffers.inverse.rows(part.columns),
        gradient: buffers.gradient[columns: tile..<tile + 1])
    return before.isNaN || after.isNaN ? .nan : max(before, Double(after))
  }

  /// Replaces a share of the running statistics by the batch's.
  func updateStatistics<Scalar>(_ statistics: Tile<Scalar>, batch: Int, _ buffers: NormalizationBuffers<Scalar>) {
    guard normalization == .batch, batch > 1 else { return }
    let (mean, variance) = runningStatistics(statistics)
    let share = Scalar(Normalization.momentum)
    let unbiased = Scalar(Double(batch) / Double(batch - 1))
    for unit in 0..<outputSize {
      mean[unit] += share * (buffers.mean[unit] - mean[unit])
      variance[unit] += share * (unbiased * buffers.variance[unit] - variance[unit])
    }
  }

  /// Whether g′ is kept from the way forward, dropout included, because it cannot be had from the outputs.
  var keepsSlopes: Bool { dropout > 0 || activation.tileActivation.keepsSlopes }

  /// ∇W = δ A₋₁ᵀ for a part of W, and what is made of it. The 1/batch is in the error already.
  ///
  /// - Returns: What is added to the loss for these weights.
  func useGradient<Scalar>(
    ofWeights part: TilePart, error: Tile<Scalar>, inputs: Tile<Scalar>, update: TileUpdate<Scalar>,
    parameters: Tile<Scalar>, from offset: Int, gradient: Tile<Scalar>
  ) -> Double {
    weights(in: parameters)[part].update(
      update, from: offset + part.columns.lowerBound * outputSize + part.rows.lowerBound,
      gradient: weights(in: gradient)[part], product: error.rows(part.rows), inputs.rows(part.columns))
  }

  /// ∇b = δ 1, and ∇γ and ∇β where the layer is normalised.
  func useGradientOfBiases<Scalar>(
    error: Tile<Scalar>, update: TileUpdate<Scalar>, parameters: Tile<Scalar>, from offset: Int,
    gradient: Tile<Scalar>, _ normalization: NormalizationBuffers<Scalar>?
  ) {
    bias(in: parameters).update(
      update, from: offset + weightCount, gradient: bias(in: gradient), rowSumsOf: error)
    if let normalization {
      gammaAndBeta(in: parameters).update(
        update, from: offset + weightCount + outputSize, gradient: gammaAndBeta(in: gradient),
        rowSumsOf: normalization.gradient)
    }
  }
}

// MARK: - Tiles

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

  /// The strips in which the gradient is computed and used by the package's own product: of rows, as the forward product is cut, so that a worker finds the weights in its
  /// own cache that it has updated; of columns if the layer has few rows.
  func gradientGrid(batch: Int) -> TileGrid {
    let strips = weightStrips(batch: batch)
    guard outputSize >= 128 * strips.count, !isNarrow, !addsStrips(batch: batch) else { return strips }
    return TileGrid(rows: outputSize, columns: inputSize, inner: batch, cutting: .rows)
  }

  /// Whether Z is computed as the sum of the strips' products, so that each strip of W is read by the worker that updates it.
  ///
  /// A part of W that another processor has written takes longer to fetch than a small batch's product takes. With larger batches the sum would take
  /// longer than the fetching.
  func addsStrips(batch: Int) -> Bool {
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

  private func gammaAndBeta<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    parameters.reshaped(from: weightCount + outputSize, rows: 2 * outputSize, columns: 1)
  }

  private func gamma<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    gammaAndBeta(in: parameters).rows(0..<outputSize)
  }

  private func beta<Scalar>(in parameters: Tile<Scalar>) -> Tile<Scalar> {
    gammaAndBeta(in: parameters).rows(outputSize..<2 * outputSize)
  }

  private func runningStatistics<Scalar>(_ statistics: Tile<Scalar>) -> (mean: Tile<Scalar>, variance: Tile<Scalar>) {
    (statistics.rows(0..<outputSize), statistics.rows(outputSize..<2 * outputSize))
  }
}
