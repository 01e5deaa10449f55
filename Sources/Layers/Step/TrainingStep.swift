import Tensor

/// One training step. Every worker of a team runs it at the same time.
///
///     gather     A₀ = the batch's columns of the data, or their embedding
///     forward    A = g(W A₋₁ + b 1ᵀ)         layer by layer
///     loss       δ = ∇ₐL ∘ g′(Z)             for the last layer
///     back       δ₋₁ = Wᵀ δ ∘ g′(Z₋₁)        layer by layer
///     gradient   ∇W = δ A₋₁ᵀ, ∇b = δ 1       all layers at once, with the update
///
/// The workers share the tiles of each job. Parameters change only in the last job, when it is known that they stay
/// finite.
struct TrainingStep<Scalar: BLASScalar>: TeamProgram {
  let objective: Objective
  let inputs: Tile<Scalar>
  let targets: Tile<Scalar>
  /// The weight of each sample, 1 on average; nil if all samples have the same weight.
  let weights: Tile<Scalar>?
  /// The samples of the batch; nil for all columns in order.
  let columns: UnsafeBufferPointer<Int>?
  /// The number of samples that the loss is the mean of: the batch, or a larger batch of which this is a part.
  let meanCount: Int
  /// The samples of the following step, or none.
  let next: UnsafeBufferPointer<Int>
  /// An upper bound on the magnitudes in the inputs.
  let inputBound: Double
  let parameters: Tile<Scalar>
  /// The running statistics of all layers.
  let statistics: Tile<Scalar>
  /// The memory for the gradient; may be empty if the update needs none.
  let gradient: Tile<Scalar>
  let update: TileUpdate<Scalar>
  /// Factors of the update for groups of parameters; nil if there are none.
  let rates: RateFactors?
  /// The update is skipped if the loss is not finite or an element of the gradient might be larger than this; nil to
  /// never skip it.
  let largestGradient: Double?
  let buffers: Buffers<Scalar>

  func run(_ worker: Worker) { flushingDenormals { takeStep(worker) } }

  private func takeStep(_ worker: Worker) {
    var jobs = JobSequence(worker)
    gather(&jobs)
    ForwardPass(inputs: buffers.inputs(of: 1), parameters: parameters, statistics: statistics, buffers: buffers)
      .run(&jobs, .training(noise), inputsAreLocal: buffers.embedding == nil)
    takeLoss(&jobs)
    back(&jobs)
    jobs.finish()
    let bound = gradientBound
    if worker.index == 0 { buffers.gradientBound[0] = bound }
    if isAdmitted(bound) { useGradient(worker) }
  }

  private var loss: Loss { objective.loss }
  private var noise: Noise? { objective.noise }

  private var layerCount: Int { buffers.layerCount }
  private var batch: Int { buffers.batch }
  private var samples: TileGrid { plan(layerCount).samples }

  private func plan(_ number: Int) -> LayerPlan { buffers.plan(number) }
  private func layer(_ number: Int) -> Dense { plan(number).layer }

  /// Copies the batch's inputs, cut like the first layer's job, and begins to prefetch the next batch's inputs, because
  /// they are scattered in memory.
  private func gather(_ jobs: inout JobSequence) {
    let ownInputs = gatheredInputs
    let addsStrips = plan(1).addsStrips && buffers.embedding == nil
    let grid = addsStrips ? plan(1).weightStrips : samples
    for tile in jobs.begin(grid) {
      if addsStrips {
        let rows = grid[tile].columns
        copyColumns(0..<batch, of: inputs.rows(rows), into: ownInputs.rows(rows))
        dropInputs((rows, 0..<batch))
        inputs.rows(rows).prefetch(next)
      } else {
        let columns = grid[tile].columns
        copyColumns(columns, of: inputs, into: ownInputs)
        dropInputs((0..<inputs.rows, columns))
        inputs.prefetch(UnsafeBufferPointer(rebasing: next[columns.clamped(to: next.indices)]))
      }
    }
  }

  /// The place of the batch's inputs.
  private var gatheredInputs: Tile<Scalar> {
    guard let plan = buffers.embedding else { return buffers.inputs(of: 1) }
    return buffers.embeddingInputs(plan)
  }

  private func dropInputs(_ part: TilePart) {
    if let noise, let place = noise.place(layer: 0, noise.inputDropout, part) {
      gatheredInputs[part].drop(place)
    }
  }

  /// Copies the part `range` of the batch from the data to the same columns of `destination`.
  private func copyColumns(_ range: Range<Int>, of source: Tile<Scalar>, into destination: Tile<Scalar>) {
    let own = destination[columns: range]
    if let columns {
      own.gather(UnsafeBufferPointer(rebasing: columns[range]), of: source)
    } else {
      own.copy(source[columns: range])
    }
  }

  /// Computes the losses of the blocks of samples, and the last layer's error.
  private func takeLoss(_ jobs: inout JobSequence) {
    let maxima = buffers.errorMaxima(of: layerCount)
    for block in jobs.begin(samples) {
      let columns = samples[block].columns
      copyColumns(columns, of: targets, into: buffers.targets)
      if objective.labelSmoothing > 0 { smooth(buffers.targets[columns: columns]) }
      let outputs = buffers.outputs(of: layerCount)[columns: columns]
      let error = buffers.error(of: layerCount)[columns: columns]
      error.copy(outputs)
      buffers.losses[block] = takeLoss(error, buffers.targets[columns: columns], from: columns.lowerBound)
      maxima[block] = layer(layerCount).derive(
        error, from: derivativeSource(layerCount)[columns: columns], differences: nil)
    }
  }

  /// Returns the contribution of some samples of the batch to the mean loss, and replaces their outputs by its
  /// gradient.
  private func takeLoss(_ outputs: Tile<Scalar>, _ targets: Tile<Scalar>, from start: Int) -> Double {
    guard let weights else { return outputs.loss(loss, targets: targets, batch: meanCount, replacing: true) }
    var sum = 0.0
    for column in 0..<outputs.columns {
      let own = outputs[columns: column..<column + 1]
      let weight = weights[columns?[start + column] ?? start + column]
      let part = own.loss(
        loss, targets: targets[columns: column..<column + 1], batch: meanCount, replacing: true)
      // The loss of a sample with weight 0 may be anything.
      if weight > 0 { sum += Double(weight) * part }
      own.scale(by: weight)
    }
    return sum
  }

  /// y ← (1 − s) y + s / classes. A single output stands for two classes (Szegedy et al. 2016).
  private func smooth(_ targets: Tile<Scalar>) {
    let kept = Scalar(1 - objective.labelSmoothing)
    let spread = Scalar(objective.labelSmoothing / Double(loss == .crossEntropy ? targets.rows : 2))
    targets.forEachRun { run, count in
      for index in 0..<count { run[index] = kept * run[index] + spread }
    }
  }

  /// The values from which a layer's g′ is computed.
  private func derivativeSource(_ number: Int) -> Tile<Scalar> {
    layer(number).keepsSlopes ? buffers.slopes(of: number)! : buffers.outputs(of: number)
  }

  /// Propagates the error from the last layer to the first.
  private func back(_ jobs: inout JobSequence) {
    backThroughNormalization(layerCount, &jobs)
    for number in stride(from: layerCount, to: 1, by: -1) {
      let (layer, previous) = (layer(number), layer(number - 1))
      let (error, maxima) = (buffers.error(of: number - 1), buffers.errorMaxima(of: number - 1))
      let differences = buffers.differences(of: number - 1)
      let grid = plan(number).inputErrorGrid
      for tiles in jobs.begin(grid, merging: Scalar._Routines.hasProduct) {
        let part = grid[tiles]
        layer.propagateError(
          part, error: buffers.error(of: number), parameters: plan(number).part(of: parameters), into: error)
        let largest = previous.derive(
          error[part], from: derivativeSource(number - 1)[part], differences: differences?[part])
        maxima.set(tiles, to: largest)
      }
      backThroughNormalization(number - 1, &jobs)
    }
    if let embedding = buffers.embedding { backThroughEmbedding(embedding, &jobs) }
  }

  /// Computes the blocks' parts of the embedding's gradient.
  private func backThroughEmbedding(_ embeddingPlan: EmbeddingPlan, _ jobs: inout JobSequence) {
    let embedding = embeddingPlan.embedding
    let error = buffers.embeddingError(embeddingPlan)
    for tiles in jobs.begin(embeddingPlan.errorGrid, merging: Scalar._Routines.hasProduct) {
      layer(1).propagateError(
        embeddingPlan.errorGrid[tiles], error: buffers.error(of: 1), parameters: plan(1).part(of: parameters),
        into: error)
    }
    let (values, gradient) = (buffers.embeddedValues(embeddingPlan), buffers.embeddingGradient(embeddingPlan))
    let maxima = buffers.embeddingGradientMaxima
    for block in jobs.begin(embeddingPlan.samples) {
      let columns = embeddingPlan.samples[block].columns
      let (error, gradient) = (error[columns: columns], gradient[columns: block..<block + 1])
      let largest = error.embedBack(
        embedding.shape, parameters: embedding.part(of: parameters), values: values[columns: columns],
        gradient: gradient)
      maxima[block] = Double(largest)
      guard let lookup = embedding.lookup else { continue }
      let ofVectors = buffers.embeddingInputs(embeddingPlan)[columns: columns].lookUpBack(
        lookup, error: error, gradient: embedding.part(of: gradient, .vectors))
      maxima[block] += Double(ofVectors)
    }
  }

  private func backThroughNormalization(_ number: Int, _ jobs: inout JobSequence) {
    guard let normalization = buffers.normalization(of: number) else { return }
    let maxima = buffers.errorMaxima(of: number)
    let grid = plan(number).normalizationGrid
    for tile in jobs.begin(grid) {
      maxima[tile] = layer(number).propagateErrorThroughNormalization(
        tile, grid[tile], error: buffers.error(of: number), parameters: plan(number).part(of: parameters),
        normalization)
    }
  }

  /// Computes the gradient and applies the update.
  private func useGradient(_ worker: Worker) {
    for number in 1...layerCount {
      let layer = layer(number)
      if worker.index == 0, let normalization = buffers.normalization(of: number), objective.isForTraining {
        layer.updateStatistics(plan(number).part(ofStatistics: statistics), batch: batch, normalization)
      }
      let (error, inputs) = (buffers.error(of: number), buffers.inputs(of: number))
      let (parameters, gradient) = (plan(number).part(of: parameters), plan(number).part(of: gradient))
      let offset = plan(number).parameters
      let isMerging = Scalar._Routines.hasProduct && !update.isPenalized
      let strips = isMerging ? plan(number).gradientGrid : plan(number).weightStrips
      // The strips of the weights, and the biases as one more tile.
      let tiles = worker.share(of: strips.count + 1)
      for run in TileRuns(tiles.clamped(to: 0..<strips.count), merging: isMerging) {
        let penalty = layer.useGradient(
          ofWeights: strips[run], error: error, inputs: inputs, update: update(of: .weights, layer),
          parameters: parameters, from: offset, gradient: gradient)
        if update.isPenalized { buffers.penalties(of: number)[run.lowerBound] = penalty }
      }
      if tiles.contains(strips.count) {
        layer.useGradientOfBiases(
          error: error, update: { update(of: $0, layer) }, parameters: parameters, from: offset, gradient: gradient,
          buffers.normalization(of: number), differences: buffers.differences(of: number))
      }
    }
    if let embedding = buffers.embedding { useGradient(embedding, worker) }
  }

  /// The update of a parameter of a layer.
  private func update(of parameter: LayerParameter, _ layer: Dense) -> TileUpdate<Scalar> {
    guard let factors = rates?.factors(parameter, of: layer) else { return update }
    return update.scaled(rate: factors.rate, decay: factors.decay)
  }

  /// Adds the blocks' parts of the embedding's gradient, and applies the update. The workers share the parameters.
  private func useGradient(_ plan: EmbeddingPlan, _ worker: Worker) {
    let parts = buffers.embeddingGradient(plan)
    for (index, parameter) in EmbeddingParameter.allCases.enumerated()
    where
      worker.share(of: EmbeddingParameter.allCases.count).contains(index)
    {
      let (start, shape) = (plan.embedding.offset(of: parameter), plan.embedding.shape(of: parameter))
      let range = start..<start + shape.rows * shape.columns
      var update = update
      if let factors = rates?.factors(parameter) { update = update.scaled(rate: factors.rate, decay: factors.decay) }
      parameters.reshaped(from: start, rows: range.count, columns: 1).update(
        update, from: start, gradient: gradient.reshaped(from: start, rows: range.count, columns: 1),
        rowSumsOf: parts.rows(range))
    }
  }
}

// MARK: - The outcome

extension TrainingStep {
  /// The outcome of the step, to be read after the step.
  var outcome: StepOutcome {
    let bound = buffers.gradientBound[0]
    let isTaken = isAdmitted(bound)
    return StepOutcome(loss: meanLoss + (isTaken ? penalty : 0), gradientBound: bound, isTaken: isTaken)
  }

  /// The batch's mean loss before the step, or its part of the mean over a larger batch.
  private var meanLoss: Double { buffers.losses.sum(samples.count) }

  /// The term that the update adds to the loss.
  private var penalty: Double {
    guard update.isPenalized else { return 0 }
    return (1...layerCount).reduce(0.0) {
      $0 + buffers.penalties(of: $1).sum(plan($1).weightStrips.count)
    }
  }

  /// Whether the gradient may be used.
  private func isAdmitted(_ gradientBound: Double) -> Bool {
    guard let largestGradient else { return true }
    return meanLoss.isFinite && gradientBound <= largestGradient
  }

  /// A bound on the magnitude of any element of the gradient: batch · max |δ| · max(1, |A₋₁|), the largest over the
  /// layers.
  ///
  /// The bound is NaN or infinite if an error or an output is.
  private var gradientBound: Double {
    var largest = 0.0
    for number in 1...layerCount {
      let inputs =
        number == 1
        ? firstInputBound
        : buffers.outputMaxima(of: number - 1).largest(outputTileCount(number - 1))
      let errors = buffers.errorMaxima(of: number).largest(errorTileCount(number))
      // In this order a NaN propagates: max returns its first argument if the second is not above it.
      let bound = Double(batch) * errors * max(inputs, 1)
      if !(bound <= largest) { largest = bound }
      if largest.isNaN { break }
    }
    guard let embedding = buffers.embedding else { return largest }
    let ofEmbedding = buffers.embeddingGradientMaxima.sum(embedding.samples.count)
    return ofEmbedding.isNaN ? ofEmbedding : max(largest, ofEmbedding)
  }

  /// A bound on the magnitudes in the first layer's inputs.
  private var firstInputBound: Double {
    if let embedding = buffers.embedding { return buffers.embeddingMaxima.largest(embedding.samples.count) }
    return inputBound / (1 - (noise?.inputDropout ?? 0))
  }

  private func outputTileCount(_ number: Int) -> Int {
    let plan = plan(number)
    return plan.layer.isNormalized ? plan.normalizationGrid.count : plan.outputGrid.count
  }

  private func errorTileCount(_ number: Int) -> Int {
    if layer(number).isNormalized { return plan(number).normalizationGrid.count }
    return number < layerCount ? plan(number + 1).inputErrorGrid.count : samples.count
  }
}
