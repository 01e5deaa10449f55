import Tensor

/// One training step, as every worker of a team runs it at the same time.
///
///     forward    A = g(W A₋₁ + b 1ᵀ)         layer by layer
///     loss       δ = ∇ₐL ∘ g′(Z)             for the last layer, by blocks of samples
///     back       δ₋₁ = Wᵀ δ ∘ g′(Z₋₁)        layer by layer
///     gradient   ∇W = δ A₋₁ᵀ, ∇b = δ 1       all layers at once, and what is made of it
///
/// The workers share the tiles of each job and meet after it. Parameters change in the last job only, once it is known that they stay finite.
struct TrainingStep<Scalar: BLASScalar> {
  let chain: LayerChain
  let loss: Loss
  let parameters: Tile<Scalar>
  let buffers: Buffers<Scalar>

  private func layer(_ number: Int) -> Dense { chain.layer(number, trainedWith: loss) }

  private var layerCount: Int { chain.layers.count }
  private var batch: Int { buffers.batch }

  /// Copies the batch's samples, each by one worker.
  func gather(_ worker: Worker, _ inputs: Tile<Scalar>, _ targets: Tile<Scalar>, _ columns: ArraySlice<Int>?) {
    let blocks = TileGrid.samples(batch)
    for block in worker.share(of: blocks.count) {
      let part = blocks[block].columns
      let (ownInputs, ownTargets) = (buffers.outputs(of: 0)[columns: part], buffers.targets[columns: part])
      if let columns {
        let chosen = columns[columns.startIndex + part.lowerBound..<columns.startIndex + part.upperBound]
        ownInputs.gather(chosen, of: inputs)
        ownTargets.gather(chosen, of: targets)
      } else {
        ownInputs.copy(inputs[columns: part])
        ownTargets.copy(targets[columns: part])
      }
    }
    worker.meet()
  }

  /// Computes the outputs of all layers, and the losses and errors of the last; the workers have met.
  func forward(_ worker: Worker) {
    chain.computeOutputs(
      worker, trainedWith: loss, inputs: buffers.outputs(of: 0), parameters: parameters, buffers)
    let blocks = TileGrid.samples(batch)
    let maxima = buffers.errorMaxima(of: layerCount)
    for block in worker.share(of: blocks.count) {
      let columns = blocks[block].columns
      let outputs = buffers.outputs(of: layerCount)[columns: columns]
      let error = buffers.error(of: layerCount)[columns: columns]
      error.copy(outputs)
      buffers.losses[block] = loss.evaluate(
        error, targets: buffers.targets[columns: columns], batch: batch, replacingOutputs: true)
      error.derive(layer(layerCount).activation.tileActivation, output: outputs)
      maxima[block] = Double(error.maxMagnitude)
    }
    worker.meet()
  }

  /// The batch's mean loss, the same for every worker.
  var meanLoss: Double { buffers.losses.sum(TileGrid.samples(batch).count) }

  /// Takes the error from the last layer to the first; the workers have met.
  func back(_ worker: Worker) {
    for number in stride(from: layerCount, to: 1, by: -1) {
      let layer = layer(number)
      let previous = self.layer(number - 1).activation
      let maxima = buffers.errorMaxima(of: number - 1)
      for tile in worker.share(of: layer.errorTileCount(batch: batch, previous: previous)) {
        maxima[tile] = layer.propagateError(
          tile, error: buffers.error(of: number), parameters: chain.part(of: parameters, number),
          inputs: buffers.outputs(of: number - 1), previous: previous, into: buffers.error(of: number - 1))
      }
      worker.meet()
    }
  }

  /// A bound on the magnitude of any element of the gradient: batch · max |δ| · max(1, |A₋₁|), the largest over the layers.
  ///
  /// The same for every worker; NaN or infinite where an error or an output is.
  func gradientBound(inputBound: Double) -> Double {
    var largest = 0.0
    for number in 1...layerCount {
      let inputs =
        number == 1
        ? inputBound : buffers.outputMaxima(of: number - 1).largest(layer(number - 1).outputTileCount(batch: batch))
      let errors = buffers.errorMaxima(of: number).largest(errorTileCount(number))
      let bound = Double(batch) * errors * max(1, inputs)
      if !(bound <= largest) { largest = bound }
      if largest.isNaN { break }
    }
    return largest
  }

  private func errorTileCount(_ number: Int) -> Int {
    guard number < layerCount else { return TileGrid.samples(batch).count }
    return layer(number + 1).errorTileCount(batch: batch, previous: layer(number).activation)
  }

  /// Computes the gradient and puts it to use; the workers have met.
  func useGradient(_ worker: Worker, _ gradient: Tile<Scalar>, _ use: some GradientUse<Scalar>) {
    for number in 1...layerCount {
      let layer = layer(number)
      let (error, inputs) = (buffers.error(of: number), buffers.outputs(of: number - 1))
      for tile in worker.share(of: layer.gradientTileCount(batch: batch)) {
        if let rate = use.directRate {
          layer.addGradient(
            tile, error: error, inputs: inputs, into: chain.part(of: parameters, number), scale: -rate, accumulator: 1)
        } else {
          layer.addGradient(
            tile, error: error, inputs: inputs, into: chain.part(of: gradient, number), scale: 1, accumulator: 0)
          let range = layer.gradientRange(tile, batch: batch)
          let start = chain.offsets[number - 1] + range.lowerBound
          use.update(start..<start + range.count, parameters: parameters, gradient: gradient)
        }
      }
    }
  }
}
