import Tensor

extension Dense {
  /// Z = W A₋₁, A = g(Z + b 1ᵀ). Bias, activation and dropout are applied while the tile is in cache. If the layer is
  /// normalized, this computes only Z + b 1ᵀ.
  ///
  /// - Parameter strips: The number of strips of W whose products add up to Z; 0 to compute Z as one product.
  /// - Returns: An upper bound on the magnitudes in the result.
  func computeOutputs<Scalar>(
    _ part: TilePart, summing strips: Int, inputs: Tile<Scalar>, parameters: Tile<Scalar>, into outputs: Tile<Scalar>,
    slopes: Tile<Scalar>?, differences: Tile<Scalar>?, dropout: DropoutPlace?, scratch: Tile<Scalar>
  ) -> Double {
    let z = outputs[part]
    if strips > 0 {
      for strip in 1..<strips { z.add(product(strip, outputs, scratch)[part]) }
    } else {
      z.product(weights(in: parameters).rows(part.rows), inputs[columns: part.columns])
    }
    let bias = bias(in: parameters).rows(part.rows)
    return isNormalized
      ? Double(z.activate(.identity, bias: bias))
      : activate(z, bias: bias, part, parameters, slopes: slopes, differences: differences, dropout)
  }

  /// A = g(γ ∘ N + β 1ᵀ), then dropout. The outputs hold Z before.
  ///
  /// - Returns: An upper bound on the magnitudes in the result.
  func normalizeOutputs<Scalar>(
    _ part: TilePart, outputs: Tile<Scalar>, parameters: Tile<Scalar>, statistics: Tile<Scalar>, isTraining: Bool,
    slopes: Tile<Scalar>?, differences: Tile<Scalar>?, dropout: DropoutPlace?, _ buffers: NormalizationBuffers<Scalar>
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
        gamma: gamma, epsilon: epsilon, isCentered: normalization.isCentered, normal: buffers.normal[part],
        inverse: buffers.inverse.rows(part.columns))
    case (_, false):
      z.normalizeColumns(
        gamma: gamma, epsilon: epsilon, isCentered: normalization.isCentered, normal: nil, inverse: nil)
    }
    let beta = beta(in: parameters) ?? buffers.mean  // without β: zeros
    return activate(z, bias: beta.rows(rows), part, parameters, slopes: slopes, differences: differences, dropout)
  }

  /// Z ← g(Z + b 1ᵀ), or with a parametric activation Z + b 1ᵀ + α ∘ (g(Z + b 1ᵀ) − Z − b 1ᵀ); then dropout.
  ///
  /// - Parameters:
  ///   - z: The part of the outputs.
  ///   - slopes: The layer's slopes, if they are needed.
  ///   - differences: The layer's differences, if the activation is parametric.
  /// - Returns: An upper bound on the magnitudes in the result.
  private func activate<Scalar>(
    _ z: Tile<Scalar>, bias: Tile<Scalar>, _ part: TilePart, _ parameters: Tile<Scalar>, slopes: Tile<Scalar>?,
    differences: Tile<Scalar>?, _ place: DropoutPlace?
  ) -> Double {
    let (slopes, differences) = (slopes?[part], differences?[part])
    let activated = differences ?? z
    differences?.copy(z)
    var largest = Double(activated.activate(activation, bias: bias, slopes: slopes))
    if let slopes, !activation.keepsSlopes {
      slopes.fill(1)
      _ = slopes.derive(activation, from: activated)
    }
    if let differences {
      _ = z.activate(.identity, bias: bias)
      let alpha = activationWeights(in: parameters).rows(part.rows)
      largest = Double(z.blend(with: differences, alpha: alpha, slopes: slopes))
    }
    guard let place else { return largest }
    z.drop(place, slopes: slopes, differences: differences)
    return largest / (1 - dropout)
  }

  /// The product of a strip of W's columns with the matching rows of A₋₁. The sum of all strips' products is Z.
  func multiplyStrip<Scalar>(
    _ strip: Int, _ columns: Range<Int>, inputs: Tile<Scalar>, parameters: Tile<Scalar>, into outputs: Tile<Scalar>,
    scratch: Tile<Scalar>
  ) {
    product(strip, outputs, scratch).product(weights(in: parameters)[columns: columns], inputs.rows(columns))
  }

  /// The memory for the product of a strip. The first product is computed in the memory of the sum.
  private func product<Scalar>(_ strip: Int, _ outputs: Tile<Scalar>, _ scratch: Tile<Scalar>) -> Tile<Scalar> {
    let size = outputs.rows * outputs.columns
    return strip == 0
      ? outputs : scratch.reshaped(from: (strip - 1) * size, rows: outputs.rows, columns: outputs.columns)
  }

  /// Wᵀ δ, the error of the layer's inputs. ``derive`` of the layer before it, applied while the tile is in cache,
  /// makes it that layer's δ₋₁ = Wᵀ δ ∘ g′(Z₋₁).
  func propagateError<Scalar>(
    _ part: TilePart, error: Tile<Scalar>, parameters: Tile<Scalar>, into inputError: Tile<Scalar>
  ) {
    inputError[part].product(
      weights(in: parameters)[columns: part.rows], error[columns: part.columns], transposeA: true)
  }

  /// δ ← δ ∘ g′. With a parametric activation, ∂L/∂α = Σ δ ∘ (g(Z) − Z) needs the products before that: they replace
  /// the differences.
  ///
  /// - Parameter source: The layer's outputs, or the slopes g′ if it keeps them.
  /// - Returns: The largest magnitude of the result, and of the products.
  func derive<Scalar>(_ error: Tile<Scalar>, from source: Tile<Scalar>, differences: Tile<Scalar>?) -> Double {
    let products = differences.map { Double($0.multiply(by: error)) } ?? 0
    let errors = Double(keepsSlopes ? error.multiply(by: source) : error.derive(activation, from: source))
    return products.isNaN ? products : max(errors, products)
  }

  /// Turns a tile of the error of γ ∘ N + β into the error of Z. The buffers receive ∇γ and ∇β, or the tile's part of
  /// them.
  ///
  /// - Returns: A bound on the magnitudes in the tile and, divided by the batch, in ∇γ and ∇β.
  func propagateErrorThroughNormalization<Scalar>(
    _ tile: Int, _ part: TilePart, error: Tile<Scalar>, parameters: Tile<Scalar>,
    _ buffers: NormalizationBuffers<Scalar>
  ) -> Double {
    let delta = error[part]
    // No |N| is above the root of the number of elements that it is normalized over.
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
        isCentered: normalization.isCentered, gradient: buffers.gradient[columns: tile..<tile + 1])
    return before.isNaN || after.isNaN ? .nan : max(before, Double(after))
  }

  /// Replaces a share of the running statistics with the batch's statistics.
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

  /// Whether the forward pass keeps g′, including dropout, because the outputs alone do not determine it.
  var keepsSlopes: Bool { dropout > 0 || isParametric || activation.keepsSlopes }

  /// Computes ∇W = δ A₋₁ᵀ for a part of W, and applies the update. The error already includes the factor 1/batch.
  ///
  /// - Returns: The term that these weights add to the loss.
  func useGradient<Scalar>(
    ofWeights part: TilePart, error: Tile<Scalar>, inputs: Tile<Scalar>, update: TileUpdate<Scalar>,
    parameters: Tile<Scalar>, from offset: Int, gradient: Tile<Scalar>
  ) -> Double {
    weights(in: parameters)[part].update(
      update, from: offset + part.columns.lowerBound * outputSize + part.rows.lowerBound,
      gradient: weights(in: gradient)[part], product: error.rows(part.rows), inputs.rows(part.columns))
  }

  /// Computes ∇b = δ 1, and ∇γ, ∇β and ∇α if the layer has them, and applies the update.
  ///
  /// - Parameters:
  ///   - update: Gives the update of a parameter.
  ///   - differences: The products that ``derive`` left.
  func useGradientOfBiases<Scalar>(
    error: Tile<Scalar>, update: (LayerParameter) -> TileUpdate<Scalar>, parameters: Tile<Scalar>, from offset: Int,
    gradient: Tile<Scalar>, _ normalization: NormalizationBuffers<Scalar>?, differences: Tile<Scalar>?
  ) {
    bias(in: parameters).update(
      update(.bias), from: offset + weightCount, gradient: bias(in: gradient), rowSumsOf: error)
    if let normalization {
      gammaAndBeta(in: parameters).update(
        update(.scale), from: offset + weightCount + outputSize, gradient: gammaAndBeta(in: gradient),
        rowSumsOf: normalization.gradient.rows(0..<gammaAndBetaCount))
    }
    if let differences {
      activationWeights(in: parameters).update(
        update(.activationWeight), from: offset + self.offset(of: .activationWeight),
        gradient: activationWeights(in: gradient), rowSumsOf: differences)
    }
  }
}
