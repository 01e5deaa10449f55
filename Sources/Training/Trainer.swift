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
  public let batchSize: Int
  /// The probability with which an input is dropped.
  public let inputDropout: Double
  /// The share of each target that is spread over all classes.
  public let labelSmoothing: Double
  /// The number of epochs that are complete.
  public private(set) var epoch = 0
  /// The best epoch that ``fit(on:validation:epochs:patience:afterStep:afterEpoch:)`` has seen.
  public internal(set) var best: BestEpoch<Scalar>?
  /// The number of steps since the last complete epoch, and what they have done of the next one.
  private var stepInEpoch = 0
  private var samplesDone = 0
  private var lossSum = 0.0
  /// The number of steps taken, which what is dropped depends on.
  private var stepCount: UInt64 = 0

  private var generator: Philox
  private var order: [Int] = []
  private var workspace: Workspace<Scalar>
  private var state: OptimizerState<Scalar>
  /// No parameter's magnitude is above this. A step adds the most that it can move one, so that no parameter ever ceases to be finite; when the
  /// bound comes near the end of the range it is taken anew.
  private var parameterBound: Double

  /// - Parameters:
  ///   - batchSize: The samples in a step; the last batch of an epoch takes what is left.
  ///   - inputDropout: The probability with which an input is set to 0 in a step, the others being divided by 1 − inputDropout (Srivastava et al. 2014).
  ///   - labelSmoothing: s in y ← (1 − s) y + s / classes (Szegedy et al. 2016). The training loss is that of the smoothed targets.
  ///   - generator: Draws the order of the samples; its seed decides what is dropped.
  ///   - team: The threads that share each step; the bits do not depend on how many there are.
  /// - Precondition: Traps where the loss does not accept the network's outputs, the batch size is below 1, a factor of the
  ///   optimizer is out of its range, the dropout or the smoothing is not in 0 ..< 1, and on smoothing with a loss that is not for classes.
  public init(
    _ network: Network<Scalar>, loss: Loss, optimizer: Optimizer, batchSize: Int, inputDropout: Double = 0,
    labelSmoothing: Double = 0, generator: Philox, team: Team = Team()
  ) {
    network.check(loss)
    guard (0..<1).contains(inputDropout) else {
      fail("cannot train with an input dropout of \(inputDropout): 0 ..< 1 is possible")
    }
    guard (0..<1).contains(labelSmoothing), labelSmoothing == 0 || loss.isForClasses else {
      fail("cannot train with a label smoothing of \(labelSmoothing) and the loss \(loss.rawValue)")
    }
    if let mistake = optimizer.mistake { fail("cannot train with \(mistake)") }
    self.network = network
    self.loss = loss
    self.optimizer = optimizer
    self.batchSize = batchSize
    self.inputDropout = inputDropout
    self.labelSmoothing = labelSmoothing
    self.generator = generator
    workspace = Workspace(for: network, batchCapacity: batchSize, team: team)
    state = OptimizerState(optimizer, parameterCount: network.parameterCount)
    parameterBound = Double(network.parameters.maxMagnitude())
  }

  /// Trains on every sample once, in a new random order.
  ///
  /// - Parameter progress: Called after each step with the number of samples done.
  /// - Returns: The mean loss over the samples, each taken before the step that its batch made.
  /// - Throws: ``Divergence`` where the numbers are no longer finite; the network is then as before the step that failed.
  /// - Precondition: Traps where the samples have other sizes than the network, or there are none.
  public mutating func runEpoch(
    on samples: Samples<Scalar>, progress: (_ samplesDone: Int) -> Void = { _ in }
  ) throws(Divergence) -> Double {
    try goOn(on: samples) {
      progress($0)
      return true
    }!
  }

  /// Does what is left of an epoch, all of a new one where none was begun, for as long as it is asked to.
  ///
  /// - Parameter proceeds: Called after each step with the number of the epoch's samples done; false stops there, and the next call goes on. After the last
  ///   step the answer does not count.
  /// - Returns: The mean loss over the samples, each taken before the step that its batch made; nil where the epoch is not complete.
  /// - Throws: ``Divergence`` where the numbers are no longer finite; the network is then as before the step that failed.
  /// - Precondition: Traps where the samples have other sizes than the network, there are none, or others than the epoch was begun with.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func goOn(
    on samples: Samples<Scalar>, while proceeds: (_ samplesDone: Int) -> Bool
  ) throws(Divergence) -> Double? {
    check(samples)
    if samplesDone == 0 {
      if order.count != samples.count { order = Array(0..<samples.count) }
      generator.shuffle(&order)
      (stepInEpoch, lossSum) = (0, 0)
    } else if order.count != samples.count {
      fail("cannot go on with an epoch of \(order.count) samples on \(samples.count)")
    }
    while samplesDone < samples.count {
      let batch = order[samplesDone...].prefix(batchSize)
      let next = order[batch.endIndex...].prefix(batchSize)
      lossSum += try step(samples, batch, next: next) * Double(batch.count)
      samplesDone = batch.endIndex
      if samplesDone < samples.count && !proceeds(samplesDone) { return nil }
    }
    _ = proceeds(samplesDone)
    epoch += 1
    (stepInEpoch, samplesDone) = (0, 0)
    return lossSum / Double(samples.count)
  }

  /// The mean loss of the network as it is, nothing dropped, nothing smoothed.
  ///
  /// - Precondition: Traps where the samples have other sizes than the network, or there are none.
  public mutating func meanLoss(on samples: Samples<Scalar>) -> Double {
    check(samples)
    return network.meanLoss(loss, inputs: samples.features, targets: samples.targets, workspace: &workspace)
  }

  /// Takes one step, on the samples at these 0-based indices: for loops that choose their batches themselves.
  ///
  /// - Parameters:
  ///   - batch: 1 to ``batchSize`` indices; one may occur more than once.
  ///   - next: The batch of the step after, where it is known: it is fetched into the cache meanwhile, and nothing else is done with it.
  /// - Returns: The mean loss over the batch, before the step.
  /// - Throws: ``Divergence`` where the numbers are no longer finite; the network is then as before the step.
  /// - Precondition: Traps where the samples have other sizes than the network, the batch is empty or too large, or an index is out of range.
  /// - Complexity: About 6 · parameterCount flops a sample, shared by the team; allocates nothing after the first step.
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
    var outcome = tryStep(samples, batch, next: next)
    if !outcome.isTaken && outcome.loss.isFinite && outcome.gradientBound.isFinite {
      // The bound may only have grown old.
      parameterBound = Double(network.parameters.maxMagnitude())
      outcome = tryStep(samples, batch, next: next)
    }
    guard outcome.isTaken else { throw divergence(samples, outcome, batch.count) }
    stepCount += 1
    parameterBound += state.reach.distance(outcome.gradientBound)
    state.advance(outcome.gradientBound)
    return outcome.loss
  }

  private mutating func tryStep(_ samples: Samples<Scalar>, _ batch: ArraySlice<Int>, next: ArraySlice<Int>)
    -> StepOutcome
  {
    let noise = Noise(key: generator.seed, step: stepCount, inputDropout: inputDropout)
    return network.takeStep(
      Objective(loss, labelSmoothing: labelSmoothing, noise: noise), inputs: samples.features, targets: samples.targets,
      columns: batch, next: next,
      inputBound: samples.featureBound,
      workspace: &workspace, gradient: &state.gradient, update: state.update(optimizer),
      largestGradient: state.reach.largestGradient(parameterBound))
  }

  private mutating func divergence(
    _ samples: Samples<Scalar>, _ outcome: StepOutcome, _ batch: Int
  ) -> Divergence {
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
