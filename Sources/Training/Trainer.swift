import Datasets
import Layers
import Tensor

/// Mini-batch training of a network: shuffles the samples anew for every epoch and takes one optimizer step for each batch.
///
/// A trainer is a value: a copy goes on by itself. The same seed, data and settings give the same bits.
public struct Trainer<Scalar: BLASScalar>: Sendable {
  public internal(set) var network: Network<Scalar>
  public let loss: Loss
  public let optimizer: Optimizer
  public let regularization: Regularization
  public private(set) var schedule: Schedule
  public let batchSize: Int
  /// The number of epochs that are complete.
  public private(set) var epoch = 0
  /// The number of steps since the last complete epoch.
  private var stepInEpoch = 0

  private var generator: Philox
  private var order: [Int] = []
  var workspace: Workspace<Scalar>
  var state: OptimizerState<Scalar>
  /// What L-BFGS keeps, where it is the optimizer.
  var search: LBFGSSearch<Scalar>?
  /// No parameter's magnitude is above this. A step adds the most that it can move one, so that no parameter ever ceases to be finite; when the
  /// bound comes near the end of the range it is taken anew.
  var parameterBound: Double
  /// Memory for the sums of pieces of the gradient, where its norm is wanted.
  private var sums: Matrix<Double>

  /// The samples that a method which takes all in a step computes at once.
  private static var blockSize: Int { 4096 }

  /// - Parameters:
  ///   - batchSize: The samples in a step; the last batch of an epoch takes what is left. Where ``Optimizer/isFullBatch``, as many as there are samples,
  ///     or more.
  ///   - generator: Draws the order of the samples.
  ///   - team: The threads that share each step; the bits do not depend on how many there are.
  /// - Precondition: Traps where the loss does not accept the network's outputs, the batch size is below 1, a factor of the
  ///   optimizer or the regularization is out of its range, and where the optimizer does not work with the regularization or the schedule: iRPROP⁻ and
  ///   L-BFGS have no learning rate, and L-BFGS needs a smooth loss.
  public init(
    _ network: Network<Scalar>, loss: Loss, optimizer: Optimizer, regularization: Regularization = Regularization(),
    schedule: Schedule = .constant, batchSize: Int, generator: Philox, team: Team = Team()
  ) {
    network.check(loss)
    if let mistake = optimizer.mistake ?? regularization.mistake(optimizer) { fail("cannot train with \(mistake)") }
    if optimizer.isFullBatch && schedule != .constant { fail("cannot train with \(optimizer.name) and a schedule") }
    self.network = network
    self.loss = loss
    self.optimizer = optimizer
    self.regularization = regularization
    self.schedule = schedule
    self.batchSize = batchSize
    self.generator = generator
    workspace = Workspace(
      for: network, batchCapacity: optimizer.isFullBatch ? min(batchSize, Self.blockSize) : batchSize, team: team)
    state = OptimizerState(
      optimizer, parameterCount: network.parameterCount,
      keepsGradient: optimizer.isFullBatch || regularization.clipNorm != nil)
    sums = Matrix(rows: regularization.clipNorm == nil ? 0 : Team.pieceCount(network.parameterCount), columns: 1)
    if case .lbfgs(let history) = optimizer {
      search = LBFGSSearch(history: history, parameterCount: network.parameterCount)
    }
    parameterBound = Double(network.parameters.maxMagnitude())
  }

  /// Trains on every sample once, in a new random order.
  ///
  /// - Parameter progress: Called after each step with the number of samples done.
  /// - Returns: The mean loss over the samples, each taken before the step that its batch made, with what the regularization adds to it.
  /// - Throws: ``Divergence`` where the numbers are no longer finite; the network is then as before the step that failed.
  /// - Precondition: Traps where the samples have other sizes than the network, or there are none, and where the optimizer takes all in a step and they are
  ///   more than ``batchSize``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func runEpoch(
    on samples: Samples<Scalar>, progress: (_ samplesDone: Int) -> Void = { _ in }
  ) throws(Divergence) -> Double {
    check(samples)
    if optimizer.isFullBatch && samples.count > batchSize {
      fail(
        "cannot train with \(optimizer.name), which takes all samples in each step, on \(samples.count) with a batch size of"
          + " \(batchSize)")
    }
    if order.count != samples.count { order = Array(0..<samples.count) }
    // In another order the loss of all samples would round differently, which such a method would take for a change.
    if !optimizer.isFullBatch { generator.shuffle(&order) }
    var sum = 0.0
    stepInEpoch = 0
    for start in stride(from: 0, to: samples.count, by: batchSize) {
      let batch = order[start...].prefix(batchSize)
      let next = order[batch.endIndex...].prefix(batchSize)
      sum += try step(samples, batch, next: next) * Double(batch.count)
      progress(batch.endIndex)
    }
    epoch += 1
    stepInEpoch = 0
    return sum / Double(samples.count)
  }

  /// Takes one step, on the samples at these 0-based indices: for loops that choose their batches themselves.
  ///
  /// - Parameters:
  ///   - batch: 1 to ``batchSize`` indices; one may occur more than once.
  ///   - next: The batch of the step after, where it is known: it is fetched into the cache meanwhile, and nothing else is done with it.
  /// - Returns: The mean loss over the batch, before the step, with what the regularization adds to it.
  /// - Throws: ``Divergence`` where the numbers are no longer finite; the network is then as before the step.
  /// - Precondition: Traps where the samples have other sizes than the network, the batch is empty or too large, or an index is out of range.
  /// - Complexity: About 6 · parameterCount flops a sample, shared by the team (by L-BFGS, once or more often); allocates nothing after the first step.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func takeStep(on samples: Samples<Scalar>, batch: ArraySlice<Int>, next: ArraySlice<Int> = [])
    throws(Divergence) -> Double
  {
    check(samples)
    guard (1...batchSize).contains(batch.count) else {
      fail("cannot take a step on \(batch.count) samples with a batch size of \(batchSize)")
    }
    checkIndices(batch, samples)
    checkIndices(next, samples)
    return try step(samples, batch, next: next)
  }

  /// Tells a schedule that waits for a plateau the validation loss after an epoch.
  public mutating func note(validationLoss: Double) { schedule.note(validationLoss: validationLoss) }

  private func checkIndices(_ batch: ArraySlice<Int>, _ samples: Samples<Scalar>) {
    for index in batch where !(0..<samples.count).contains(index) {
      fail("cannot take a step on sample \(index) of \(samples.count)")
    }
  }

  private func check(_ samples: Samples<Scalar>) {
    guard samples.features.rows == network.inputSize, samples.targets.rows == network.outputSize, samples.count > 0
    else {
      fail("cannot train \(network) on \(samples.features.shape) features and \(samples.targets.shape) targets")
    }
  }

  private mutating func step(_ samples: Samples<Scalar>, _ batch: ArraySlice<Int>, next: ArraySlice<Int>)
    throws(Divergence) -> Double
  {
    stepInEpoch += 1
    if case .lbfgs = optimizer { return try searchLine(samples, batch) }
    let optimizer = scheduledOptimizer(samples.count)
    var outcome = tryStep(optimizer, samples, batch, next: next)
    if !outcome.isTaken && outcome.loss.isFinite && outcome.gradientBound.isFinite {
      // The bounds may only have grown old.
      parameterBound = Double(network.parameters.maxMagnitude())
      state.renewBounds(optimizer)
      outcome = tryStep(optimizer, samples, batch, next: next)
    }
    guard outcome.isTaken else { throw divergence(samples, outcome, batch.count) }
    parameterBound += state.reach.distance(optimizer, outcome.gradientBound)
    state.advance(optimizer, outcome.gradientBound)
    if let maxNorm = regularization.maxNorm { network.limitNorms(to: maxNorm, team: workspace.team) }
    return outcome.loss
  }

  /// The optimizer with the learning rate that the schedule has for the next step.
  private func scheduledOptimizer(_ sampleCount: Int) -> Optimizer {
    guard let rate = optimizer.learningRate, schedule != .constant else { return optimizer }
    let stepsPerEpoch = (sampleCount + batchSize - 1) / batchSize
    return optimizer.with(learningRate: rate * schedule.factor(step: state.step, stepsPerEpoch: stepsPerEpoch))
  }

  /// Takes a step where the numbers stay finite.
  ///
  /// - Returns: What came of it, the bound being for the gradient that the optimizer's rule is given.
  private mutating func tryStep(
    _ optimizer: Optimizer, _ samples: Samples<Scalar>, _ batch: ArraySlice<Int>, next: ArraySlice<Int>
  ) -> StepOutcome {
    let largestGradient = state.reach.largestGradient(optimizer, parameterBound)
    let rule = state.rule(optimizer, weightDecay: regularization.weightDecay)
    guard optimizer.isFullBatch || regularization.clipNorm != nil else {
      let update = TileUpdate(rule, l1: Scalar(regularization.l1), l2: Scalar(regularization.l2))
      var outcome = network.takeStep(
        loss, inputs: samples.features, targets: samples.targets, columns: batch, next: next,
        inputBound: samples.featureBound, workspace: &workspace, gradient: &state.gradient, update: update,
        largestGradient: largestGradient - penaltyBound)
      outcome.gradientBound += penaltyBound
      return outcome
    }
    var outcome = evaluate(samples, batch)
    guard outcome.isTaken else { return outcome }
    let factor = clip(&outcome)
    outcome.isTaken = outcome.gradientBound <= largestGradient
    if outcome.isTaken {
      let team = workspace.team
      network.parameters.withTile { parameters in
        state.gradient.withTile { team.update(parameters, by: rule, gradient: $0, scaledBy: factor) }
      }
    }
    return outcome
  }

  /// No element of the penalties' gradients is larger.
  private var penaltyBound: Double { regularization.l1 + regularization.l2 * parameterBound }

  /// The factor that makes the gradient no longer than it may be.
  private mutating func clip(_ outcome: inout StepOutcome) -> Scalar {
    guard let clipNorm = regularization.clipNorm else { return 1 }
    let team = workspace.team
    let norm = sums.withTile { sums in
      state.gradient.withTile { team.dot($0, $0, sums: sums).squareRoot() }
    }
    guard norm > clipNorm else { return 1 }
    // Where the norm itself is beyond the range of numbers no factor is right.
    outcome.gradientBound = norm.isFinite ? min(outcome.gradientBound, clipNorm) : norm
    return Scalar(clipNorm / norm)
  }

  /// Computes the loss of a batch, block by block, with the penalties, and its gradient into the state's.
  ///
  /// - Returns: Among others, whether all numbers are finite.
  mutating func evaluate(_ samples: Samples<Scalar>, _ batch: ArraySlice<Int>) -> StepOutcome {
    var whole = StepOutcome(loss: 0, gradientBound: penaltyBound, isTaken: true)
    for start in stride(from: batch.startIndex, to: batch.endIndex, by: workspace.batchCapacity) {
      let block = batch[start...].prefix(workspace.batchCapacity)
      let part = network.backPropagate(
        loss, inputs: samples.features, targets: samples.targets, columns: block, meanCount: batch.count,
        inputBound: samples.featureBound, workspace: &workspace, gradient: &state.gradient,
        adding: start > batch.startIndex)
      whole.loss += part.loss
      whole.gradientBound += part.gradientBound
      whole.isTaken = whole.loss.isFinite && whole.gradientBound <= state.reach.largest
      guard whole.isTaken else { return whole }
    }
    if regularization.isPenalized {
      whole.loss += network.penalize(
        &state.gradient, l1: regularization.l1, l2: regularization.l2, workspace: &workspace)
      whole.isTaken = whole.loss.isFinite
    }
    return whole
  }

  mutating func divergence(
    _ samples: Samples<Scalar>, _ outcome: StepOutcome, _ batchCount: Int
  ) -> Divergence {
    let batch = min(batchCount, workspace.batchCapacity)
    var cause = Divergence.Cause.loss(layer: network.layers.count)
    if !samples.featureBound.isFinite {
      cause = .features
    } else if let layer = network.firstNonFiniteOutputs(&workspace, batch: batch) {
      cause = .outputs(layer: layer)
    } else if outcome.loss.isFinite {
      cause = .update(layer: network.layerOfLargestError(&workspace, batch: batch))
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
