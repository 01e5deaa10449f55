import PerceptronDatasets
import PerceptronLayers
import Tensor

extension Trainer {
  /// Takes a step, or throws an error that says why it cannot. The caller has checked the arguments.
  mutating func step(_ samples: Samples<Scalar>, _ batch: ArraySlice<Int>, next: ArraySlice<Int>)
    throws(Divergence) -> Double
  {
    // The whole step runs inside, including the computation of the rates, so that the caller's rounding mode changes
    // nothing.
    try flushingDenormals { () throws(Divergence) in try stepRoundingToNearest(samples, batch, next: next) }
  }

  private mutating func stepRoundingToNearest(
    _ samples: Samples<Scalar>, _ batch: ArraySlice<Int>, next: ArraySlice<Int>
  ) throws(Divergence) -> Double {
    stepInEpoch += 1
    if case .lbfgs = optimizer { return try searchLine(samples, batch) }
    let rate = learningRate(samples.wholeCount)
    var outcome = tryStep(rate, samples, batch, next: next)
    if !outcome.isTaken && outcome.loss.isFinite && outcome.gradientBound.isFinite {
      // The step may have failed only because the bounds are out of date.
      parameterBound = Double(network.parameters.maxMagnitude())
      state.renewBounds(processes)
      outcome = tryStep(rate, samples, batch, next: next)
    }
    guard outcome.isTaken else { throw divergence(samples, outcome, batch) }
    parameterBound += state.rule.distance(
      outcome.gradientBound, rate: (rate ?? 0) * rates.largest, state.bounds)
    state.advance(outcome.gradientBound)
    if let maxNorm = regularization.maxNorm { network.limitNorms(to: maxNorm, team: workspace.team) }
    if let averageDecay {
      let step = Double(state.step)
      average?.mix(with: network, keeping: min(averageDecay, (1 + step) / (10 + step)), team: workspace.team)
    }
    return outcome.loss
  }

  /// The learning rate of the next step by the schedule; nil if the optimizer has none.
  func learningRate(_ sampleCount: Int) -> Double? {
    state.rule.learningRate.map { $0 * factor(schedule, sampleCount) }
  }

  /// Takes a step if all numbers stay finite.
  ///
  /// - Returns: The outcome. Its bound is for the gradient that the optimizer's rule receives.
  private mutating func tryStep(
    _ rate: Double?, _ samples: Samples<Scalar>, _ batch: ArraySlice<Int>, next: ArraySlice<Int>
  ) -> StepOutcome {
    let largestGradient = state.bounds.largestGradient(
      state.rule, rate: rate.map { $0 * rates.largest }, parameters: parameterBound)
    let rule = state.update(
      rate: rate, weightDecay: regularization.weightDecay, decayFactor: factor(decaySchedule, samples.wholeCount))
    guard keepsGradient else {
      let update = TileUpdate(rule, l1: Scalar(regularization.l1), l2: Scalar(regularization.l2))
      let batch = Batch(samples, batch, next: next, meanCount: batch.count)
      var outcome = network.takeStep(
        objective(samples.wholeCount), batch, workspace: &workspace, gradient: &state.gradient, update: update,
        rates: rates == .equal ? nil : rates, largestGradient: largestGradient - penaltyBound)
      outcome.gradientBound += penaltyBound
      return outcome
    }
    // Each part changes the running statistics before it is known whether the step is taken.
    let hasStatistics = !statisticsBefore.isEmpty
    if hasStatistics { statisticsBefore.copy(network.statistics) }
    var outcome = evaluate(samples, batch)
    var factor: Scalar = 1
    if outcome.isTaken {
      factor = clip(&outcome)
      outcome.isTaken = outcome.gradientBound <= largestGradient
    }
    guard outcome.isTaken else {
      if hasStatistics { network.statistics.copy(statisticsBefore) }
      return outcome
    }
    network.update(
      in: slices[processes.rank], by: rule, gradient: &state.gradient, scaledBy: factor, groups: groups,
      team: workspace.team)
    let (processes, slices) = (processes, slices)
    network.parameters.withTile { processes.gather($0) { slices[$0] } }
    return outcome
  }

  /// The factor that a schedule gives for the next step.
  private func factor(_ schedule: Schedule, _ sampleCount: Int) -> Double {
    schedule == .constant ? 1 : schedule.factor(step: state.step, stepsPerEpoch: batches.count(of: sampleCount))
  }

  /// The objective of the next step, for the part of its batch that begins at a sample.
  private func objective(_ sampleCount: Int, firstSample: Int = 0) -> Objective {
    let dropped = factor(dropoutSchedule, sampleCount)
    return Objective(
      loss, labelSmoothing: labelSmoothing,
      noise: Noise(
        key: generator.seed, step: UInt64(state.step), inputDropout: inputDropout * dropped, dropoutFactor: dropped,
        firstSample: firstSample))
  }

  /// An upper bound on the magnitudes in the penalties' gradients. It also holds if SGD divides these gradients by the
  /// factor that it multiplies the parameters by.
  private var penaltyBound: Double {
    let kept = 1 - (state.rule.learningRate ?? 0) * regularization.weightDecay
    return (regularization.l1 + regularization.l2 * parameterBound) / kept
  }

  /// Returns the factor that makes the gradient no longer than the limit.
  private mutating func clip(_ outcome: inout StepOutcome) -> Scalar {
    guard let clipNorm = regularization.clipNorm else { return 1 }
    let team = workspace.team
    let (processes, slice) = (processes, slices[processes.rank])
    let norm = sums.withTile { sums in
      func pieces(of rank: Int) -> Range<Int> { processes.share(of: sums.rows, rank: rank) }
      state.gradient.withTile {
        let own = $0.rows(slice)
        _ = team.dot(own, own, sums: sums.rows(pieces(of: processes.rank)))
      }
      processes.gather(sums, part: pieces)
      return Team.total(sums).squareRoot()
    }
    guard norm > clipNorm else { return 1 }
    // If the norm itself is beyond the range of numbers, no factor is right.
    outcome.gradientBound = norm.isFinite ? min(outcome.gradientBound, clipNorm) : norm
    return Scalar(clipNorm / norm)
  }

  /// Computes the loss of a batch, shard by shard and with the penalties, and leaves its gradient in the state: this
  /// process's slice of it, except that L-BFGS gets all.
  ///
  /// - Returns: The outcome, which says whether all numbers are finite.
  mutating func evaluate(_ samples: Samples<Scalar>, _ batch: ArraySlice<Int>) -> StepOutcome {
    let tree = shardTree(batch)
    backPropagateShards(of: tree, samples, batch)
    var whole = outcome(of: tree)
    guard whole.isTaken else { return whole }
    let team = workspace.team
    state.gradients.finish(tree, team: team)
    if shards > 1 && !statisticsBefore.isEmpty {
      statisticsOfShards.finish(tree, team: team)
      network.statistics.copy(statisticsOfShards.total)
    }
    if regularization.isPenalized {
      whole.loss += network.penalize(
        &state.gradient, in: slices[processes.rank], l1: regularization.l1, l2: regularization.l2,
        workspace: &workspace)
      whole.isTaken = whole.loss.isFinite
    }
    if search != nil {
      let (processes, slices) = (processes, slices)
      state.gradient.withTile { processes.gather($0) { slices[$0] } }
    }
    return whole
  }

  func shardTree(_ batch: ArraySlice<Int>) -> ShardTree {
    ShardTree(count: max(min(shards, batch.count / blocks.least), 1), most: partsOfShards.columns)
  }

  /// Back-propagates this process's shards, and adds their gradients as far as they are neighbours. It ends at a shard
  /// that makes the step impossible.
  private mutating func backPropagateShards(
    of tree: ShardTree, _ samples: Samples<Scalar>, _ batch: ArraySlice<Int>
  ) {
    let hasStatistics = shards > 1 && !statisticsBefore.isEmpty
    let own = tree.share(of: processes.rank, in: processes)
    for shard in own {
      // Each shard moves the running statistics from where the batch found them.
      if hasStatistics && shard > own.lowerBound { network.statistics.copy(statisticsBefore) }
      let part = backPropagate(shard, of: tree, samples, batch)
      (partsOfShards[0, shard], partsOfShards[1, shard]) = (part.loss, part.gradientBound)
      guard part.isTaken else { return }
      state.gradients.add(shard, of: tree, team: workspace.team)
      if hasStatistics { addStatistics(shard, of: tree) }
    }
  }

  /// Adds the losses and the bounds of all processes' shards, in their order, up to one that makes the step impossible.
  private mutating func outcome(of tree: ShardTree) -> StepOutcome {
    let processes = processes
    partsOfShards.withTile { parts in
      processes.gatherColumns(parts) { tree.share(of: $0, in: processes) }
    }
    var whole = StepOutcome(loss: 0, gradientBound: penaltyBound, isTaken: true)
    for shard in 0..<tree.count where whole.isTaken {
      whole.loss += partsOfShards[0, shard]
      whole.gradientBound += partsOfShards[1, shard]
      whole.isTaken = whole.loss.isFinite && whole.gradientBound <= state.bounds.largest
      lastShard = shard
    }
    return whole
  }

  /// Computes the part of a shard in the loss and in the gradient of a batch, block by block.
  private mutating func backPropagate(
    _ shard: Int, of tree: ShardTree, _ samples: Samples<Scalar>, _ batch: ArraySlice<Int>
  ) -> StepOutcome {
    var whole = StepOutcome(loss: 0, gradientBound: 0, isTaken: true)
    let range = tree.samples(of: shard, batch: batch.count)
    let first = batch.startIndex + range.lowerBound
    var rest = batch[first..<batch.startIndex + range.upperBound]
    while !rest.isEmpty && whole.isTaken {
      let start = rest.startIndex
      let block = blocks.first(rest)
      rest = rest[block.endIndex...]
      lastBlock = block.count
      let part = network.backPropagate(
        objective(samples.wholeCount, firstSample: start - batch.startIndex),
        Batch(samples, block, meanCount: batch.count),
        workspace: &workspace, gradient: &state.gradients[shard, tree], adding: start > first,
        largestGradient: state.bounds.largest)
      whole.loss += part.loss
      whole.gradientBound += part.gradientBound
      whole.isTaken = part.isTaken && whole.loss.isFinite && whole.gradientBound <= state.bounds.largest
    }
    return whole
  }

  /// Adds the running statistics that a shard left. The sum over all shards is their mean.
  private mutating func addStatistics(_ shard: Int, of tree: ShardTree) {
    statisticsOfShards[shard, tree].copy(network.statistics)
    // Divided before they are added, because their sum might be beyond the range of numbers.
    statisticsOfShards[shard, tree].scale(by: 1 / Scalar(tree.count))
    statisticsOfShards.add(shard, of: tree, team: workspace.team)
  }

  mutating func divergence(
    _ samples: Samples<Scalar>, _ outcome: StepOutcome, _ batch: ArraySlice<Int>
  ) -> Divergence {
    // The first layer with non-finite outputs, 0 for none, and the layer with the largest error.
    var layers = Matrix<Double>(rows: 2, columns: 1)
    let tree = shardTree(batch)
    let owner = (0..<processes.count).first { tree.share(of: $0, in: processes).contains(lastShard) } ?? 0
    if processes.rank == owner && samples.featureBound.isFinite {
      if keepsGradient {
        // The process may have gone on to other shards.
        _ = backPropagate(lastShard, of: tree, samples, batch)
        if !statisticsBefore.isEmpty { network.statistics.copy(statisticsBefore) }
      }
      let count = keepsGradient ? lastBlock : batch.count
      layers[0, 0] = Double(network.firstNonFiniteOutputs(&workspace, batch: count) ?? 0)
      layers[1, 0] = Double(network.layerOfLargestError(&workspace, batch: count))
    }
    layers.withTile { processes.broadcast($0, from: owner) }
    let cause: Divergence.Cause =
      if !samples.featureBound.isFinite {
        .features
      } else if layers[0, 0] > 0 {
        .outputs(layer: Int(layers[0, 0]))
      } else if outcome.loss.isFinite {
        .update(layer: Int(layers[1, 0]))
      } else {
        .loss(layer: network.layers.count)
      }
    let layer: String? =
      switch cause {
      case .outputs(let number), .update(let number), .loss(let number): "\(network.layers[number - 1])"
      case .features: nil
      }
    return Divergence(
      cause: cause, layer: layer, epoch: epoch + 1, step: stepInEpoch, learningRate: optimizer.learningRate)
  }
}

extension Batch {
  fileprivate init(
    _ samples: Samples<Scalar>, _ columns: ArraySlice<Int>, next: ArraySlice<Int> = [], meanCount: Int
  ) {
    self.init(
      inputs: samples.features, targets: samples.targets, weights: samples.relativeWeights, columns: columns,
      next: next, meanCount: meanCount, inputBound: samples.featureBound)
  }
}

extension Matrix {
  /// Takes over the elements of a matrix of the same shape, in place.
  fileprivate mutating func copy(_ other: Matrix) {
    other.withReadOnlyTile { other in withTile { $0.copy(other) } }
  }
}
