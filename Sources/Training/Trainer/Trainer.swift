import PerceptronDatasets
import PerceptronLayers
import Tensor

/// Mini-batch training of a network: shuffles the samples anew for every epoch and takes one optimizer step for each
/// batch.
///
/// A trainer is a value: a copy goes on by itself. The same seed, data and settings give the same bits.
public struct Trainer<Scalar: BLASScalar>: Sendable {
  public internal(set) var network: Network<Scalar>
  public let loss: Loss
  public let optimizer: Optimizer
  public let regularization: Regularization
  public internal(set) var schedule: Schedule
  public let batchSize: Int
  /// The probability with which an input is dropped.
  public let inputDropout: Double
  /// The share of each target that is spread over all classes.
  public let labelSmoothing: Double
  /// The number of epochs that are complete.
  public internal(set) var epoch = 0
  /// The best epoch that ``fit(on:augmentation:validation:epochs:patience:afterStep:afterEpoch:)`` has seen.
  public internal(set) var best: BestEpoch<Scalar>?
  /// What came of the epochs that it completed, in all calls.
  public internal(set) var reports: [EpochReport] = []
  /// The number of steps since the last complete epoch, and what they have done of the next one.
  var stepInEpoch = 0
  var samplesDone = 0
  var lossSum = 0.0
  /// The time that they took.
  var secondsInEpoch = 0.0

  var generator: Philox
  var order: [Int] = []
  var workspace: Workspace<Scalar>
  var state: OptimizerState<Scalar>
  /// What L-BFGS keeps, if it is the optimizer.
  var search: LBFGSSearch<Scalar>?
  /// No parameter's magnitude is above this. A step adds the most that it can move one, so that no parameter ever
  /// ceases to be finite; when the bound comes near the end of the range it is taken anew.
  var parameterBound: Double
  /// Memory for the sums of pieces of the gradient, if its norm is wanted.
  var sums: Matrix<Double>
  /// The running statistics before a step, if it is computed in blocks or may be refused after its gradient is known;
  /// else empty.
  var statisticsBefore: Matrix<Scalar>

  /// The samples of a step that are computed at once. A method that takes all in a step has them in blocks.
  let blockSize: Int
  /// A batch or block with fewer samples joins the one before it. With batch normalisation these are too few for a mean
  /// and a variance of their own; else there are none.
  let leastBatch: Int

  private static var largestBlock: Int { 4096 }
  /// Up to so many samples, and up to a quarter of a batch, are too few to be normalised by themselves.
  private static var leastNormalizedBatch: Int { 16 }

  /// - Parameters:
  ///   - batchSize: The samples in a step; the last batch of an epoch takes what is left. Where
  ///     ``Optimizer/isFullBatch``, as many as there are samples, or more. With batch normalisation at least 2, and if
  ///     fewer than 16 samples are left, and fewer than a quarter of the batch size (or a single one), the batch before
  ///     takes them too: mean and variance of so few would ruin the network.
  ///   - inputDropout: The probability with which an input is set to 0 in a step, the others being divided by 1 −
  ///     inputDropout (Srivastava et al. 2014).
  ///   - labelSmoothing: s in y ← (1 − s) y + s / classes (Szegedy et al. 2016). The training loss is that of the
  ///     smoothed targets.
  ///   - generator: Draws the order of the samples; its seed decides what is dropped.
  ///   - team: The threads that share each step; the bits do not depend on how many there are.
  /// - Precondition: Traps if the loss does not accept the network's outputs, the batch size is below 1, a factor of
  ///   the optimizer or the regularization is out of its range, the dropout or the smoothing is not in 0 ..< 1, on
  ///   smoothing with a loss that is not for classes, and if the optimizer does not work with the rest: iRPROP⁻ and
  ///   L-BFGS have no learning rate for a schedule, and L-BFGS needs a loss that is smooth and the same from step to
  ///   step, so neither L1 nor dropout nor batch normalisation.
  public init(
    _ network: Network<Scalar>, loss: Loss, optimizer: Optimizer, regularization: Regularization = Regularization(),
    schedule: Schedule = .constant, batchSize: Int, inputDropout: Double = 0, labelSmoothing: Double = 0,
    generator: Philox, team: Team = Team()
  ) {
    network.check(loss)
    if let mistake = optimizer.mistake ?? regularization.mistake(optimizer) { fail("cannot train with \(mistake)") }
    if optimizer.isFullBatch && schedule != .constant { fail("cannot train with \(optimizer.name) and a schedule") }
    guard (0..<1).contains(inputDropout) else {
      fail("cannot train with an input dropout of \(inputDropout): 0 ..< 1 is possible")
    }
    guard (0..<1).contains(labelSmoothing), labelSmoothing == 0 || loss.isForClasses else {
      fail("cannot train with a label smoothing of \(labelSmoothing) and the loss \(loss.rawValue)")
    }
    if case .lbfgs = optimizer,
      inputDropout > 0 || network.layers.contains(where: { $0.dropout > 0 || $0.normalization == .batch })
    {
      fail("cannot train with lbfgs and dropout or batch normalization")
    }
    let hasBatchNormalization = network.layers.contains { $0.normalization == .batch }
    if hasBatchNormalization && batchSize < 2 {
      fail("cannot train with batch normalization and a batch size of \(batchSize): at least 2 are needed")
    }
    self.network = network
    self.loss = loss
    self.optimizer = optimizer
    self.regularization = regularization
    self.schedule = schedule
    self.batchSize = batchSize
    self.inputDropout = inputDropout
    self.labelSmoothing = labelSmoothing
    self.generator = generator
    blockSize = optimizer.isFullBatch ? min(batchSize, Self.largestBlock) : batchSize
    leastBatch = hasBatchNormalization ? max(2, min(Self.leastNormalizedBatch, blockSize / 4)) : 1
    workspace = Workspace(for: network, batchCapacity: blockSize + leastBatch - 1, team: team)
    state = OptimizerState(
      optimizer.rule, parameterCount: network.parameterCount,
      keepsGradient: optimizer.isFullBatch || regularization.clipNorm != nil)
    let isInParts = optimizer.isFullBatch || regularization.clipNorm != nil
    statisticsBefore = Matrix(rows: isInParts ? network.statistics.rows : 0, columns: 1)
    sums = Matrix(rows: regularization.clipNorm == nil ? 0 : Team.pieceCount(network.parameterCount), columns: 1)
    if case .lbfgs(let history) = optimizer {
      search = LBFGSSearch(history: history, parameterCount: network.parameterCount)
    }
    parameterBound = Double(network.parameters.maxMagnitude())
  }

  /// Trains on every sample once, in a new random order.
  ///
  /// - Parameter progress: Called after each step with the number of samples done.
  /// - Returns: The mean loss over the samples, each taken before the step that its batch made, with what the
  ///   regularization adds to it.
  /// - Throws: ``Divergence`` if the numbers are no longer finite; the network is then as before the step that failed.
  /// - Precondition: Traps if the samples have other sizes than the network, or there are none, on a single one with
  ///   batch normalization, and if the optimizer takes all in a step and they are more than ``batchSize``.
  public mutating func runEpoch(
    on samples: Samples<Scalar>, progress: (_ samplesDone: Int) -> Void = { _ in }
  ) throws(Divergence) -> Double {
    try continueEpoch(on: samples) {
      progress($0)
      return true
    }!
  }

  /// Does what is left of an epoch, all of a new one if none was begun, for as long as it is asked to.
  ///
  /// - Parameter proceeds: Called after each step with the number of the epoch's samples done; false stops there, and
  ///   the next call goes on. After the last step the answer does not count.
  /// - Returns: The mean loss over the samples, each taken before the step that its batch made; nil if the epoch is not
  ///   complete.
  /// - Throws: ``Divergence`` if the numbers are no longer finite; the network is then as before the step that failed.
  /// - Precondition: Traps if the samples have other sizes than the network, there are none, or others than the epoch
  ///   was begun with.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func continueEpoch(
    on samples: Samples<Scalar>, while proceeds: (_ samplesDone: Int) -> Bool
  ) throws(Divergence) -> Double? {
    check(samples)
    checkNormalization(samples.count)
    if state.rule.isFullBatch && samples.count > batchSize {
      fail(
        "cannot train with \(optimizer.name), which takes all samples in each step, on \(samples.count) with a batch"
          + " size of \(batchSize)")
    }
    if samplesDone == 0 {
      if order.count != samples.count { order = Array(0..<samples.count) }
      // In another order the loss of all samples would round differently, which a method that takes them all would take
      // for a change.
      if !state.rule.isFullBatch { generator.shuffle(&order) }
      (stepInEpoch, lossSum, secondsInEpoch) = (0, 0, 0)
    } else if order.count != samples.count {
      fail("cannot go on with an epoch of \(order.count) samples on \(samples.count)")
    }
    while samplesDone < samples.count {
      let batch = firstPart(order[samplesDone...], batchSize)
      let next = firstPart(order[batch.endIndex...], batchSize)
      lossSum += try step(samples, batch, next: next) * Double(batch.count)
      samplesDone = batch.endIndex
      if samplesDone < samples.count && !proceeds(samplesDone) { return nil }
    }
    _ = proceeds(samplesDone)
    epoch += 1
    (stepInEpoch, samplesDone) = (0, 0)
    return lossSum / Double(samples.count)
  }

  /// The first of the batches, or blocks, of so many samples: what would be left is more than ``leastBatch`` or
  /// nothing.
  func firstPart(_ indices: ArraySlice<Int>, _ size: Int) -> ArraySlice<Int> {
    indices.prefix(indices.count - size < leastBatch ? indices.count : size)
  }

  /// The number of batches in an epoch.
  func stepsPerEpoch(_ sampleCount: Int) -> Int {
    let (whole, rest) = sampleCount.quotientAndRemainder(dividingBy: batchSize)
    return max(whole + (rest >= leastBatch ? 1 : 0), 1)
  }

  /// The mean loss of the network as it is, nothing dropped, nothing smoothed.
  ///
  /// - Precondition: Traps if the samples have other sizes than the network, or there are none.
  public mutating func meanLoss(on samples: Samples<Scalar>) -> Double {
    check(samples)
    return network.meanLoss(loss, inputs: samples.features, targets: samples.targets, workspace: &workspace)
  }

  /// Takes one step, on the samples at these 0-based indices: for loops that choose their batches themselves.
  ///
  /// - Parameters:
  ///   - batch: 1 to ``batchSize`` indices, with batch normalisation at least 2; one may occur more than once.
  ///   - next: The batch of the step after, if it is known: it is fetched into the cache meanwhile, and nothing else is
  ///     done with it.
  /// - Returns: The mean loss over the batch, before the step, with what the regularization adds to it.
  /// - Throws: ``Divergence`` if the numbers are no longer finite; the network is then as before the step.
  /// - Precondition: Traps if the samples have other sizes than the network, the batch is empty or too large, or an
  ///   index is out of range.
  /// - Complexity: About 6 · parameterCount flops a sample, shared by the team (by L-BFGS, once or more often);
  ///   allocates nothing after the first step.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func takeStep(on samples: Samples<Scalar>, batch: ArraySlice<Int>, next: ArraySlice<Int> = [])
    throws(Divergence) -> Double
  {
    check(samples)
    guard (1...batchSize).contains(batch.count) else {
      fail("cannot take a step on \(batch.count) samples with a batch size of \(batchSize)")
    }
    checkNormalization(batch.count)
    checkIndices(batch, samples)
    checkIndices(next, samples)
    return try step(samples, batch, next: next)
  }

  /// Tells a schedule that waits for a plateau the validation loss after an epoch.
  public mutating func note(validationLoss: Double) { schedule.note(validationLoss: validationLoss) }

  /// Moves the network to other parameters. Except for a step, this is the only way: what is known of the parameters
  /// must not outlive them.
  mutating func move(to parameters: Matrix<Scalar>, statistics: Matrix<Scalar>) {
    network.parameters = parameters
    network.statistics = statistics
    parameterBound = Double(parameters.maxMagnitude())
    search?.forget()
  }

  private func checkIndices(_ batch: ArraySlice<Int>, _ samples: Samples<Scalar>) {
    for index in batch where !(0..<samples.count).contains(index) {
      fail("cannot take a step on sample \(index) of \(samples.count)")
    }
  }

  private func checkNormalization(_ count: Int) {
    if leastBatch > 1 && count < 2 {
      fail("cannot train with batch normalization on one sample, which has no variance")
    }
  }

  private func check(_ samples: Samples<Scalar>) {
    guard samples.features.rows == network.inputSize, samples.targets.rows == network.outputSize, samples.count > 0
    else {
      fail("cannot train \(network) on \(samples.features.shape) features and \(samples.targets.shape) targets")
    }
  }
}
