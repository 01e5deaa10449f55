import Datasets
import Layers
import Tensor

/// Mini-batch training of a network: shuffles the samples anew for every epoch and takes one optimizer step for each batch.
///
/// A trainer is a value: a copy goes on by itself. The same seed, data and settings give the same bits.
public struct Trainer<Scalar: BLASScalar>: Sendable {
  public private(set) var network: Network<Scalar>
  public let loss: Loss
  public let optimizer: Optimizer
  public let batchSize: Int
  /// The number of epochs that are complete.
  public private(set) var epoch = 0

  private var generator: Philox
  private var order: [Int] = []
  private var workspace: Workspace<Scalar>
  private var state: OptimizerState<Scalar>
  /// No parameter's magnitude is above this. A step adds the most that it can move one, so that no parameter ever ceases to be finite; when the
  /// bound comes near the end of the range it is taken anew.
  private var parameterBound: Double

  /// - Parameters:
  ///   - batchSize: The samples in a step; the last batch of an epoch takes what is left.
  ///   - generator: Draws the order of the samples.
  ///   - team: The threads that share each step; the bits do not depend on how many there are.
  /// - Precondition: Traps where the loss does not accept the network's outputs, the batch size is below 1, or a factor of the
  ///   optimizer is out of its range.
  public init(
    _ network: Network<Scalar>, loss: Loss, optimizer: Optimizer, batchSize: Int, generator: Philox, team: Team = Team()
  ) {
    network.check(loss)
    if let mistake = optimizer.mistake { fail("cannot train with \(mistake)") }
    self.network = network
    self.loss = loss
    self.optimizer = optimizer
    self.batchSize = batchSize
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
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public mutating func runEpoch(
    on samples: Samples<Scalar>, progress: (_ samplesDone: Int) -> Void = { _ in }
  ) throws(Divergence) -> Double {
    guard samples.features.rows == network.inputSize, samples.targets.rows == network.outputSize, samples.count > 0
    else {
      fail("cannot train \(network) on \(samples.features.shape) features and \(samples.targets.shape) targets")
    }
    if order.count != samples.count { order = Array(0..<samples.count) }
    generator.shuffle(&order)
    var sum = 0.0
    var step = 0
    for start in stride(from: 0, to: samples.count, by: batchSize) {
      step += 1
      let batch = start..<min(start + batchSize, samples.count)
      sum += try takeStep(samples, batch, step: step) * Double(batch.count)
      progress(batch.upperBound)
    }
    epoch += 1
    return sum / Double(samples.count)
  }

  /// Takes a step on the samples `order[batch]`; returns the batch's mean loss before it.
  private mutating func takeStep(
    _ samples: Samples<Scalar>, _ batch: Range<Int>, step: Int
  ) throws(Divergence) -> Double {
    var outcome = tryStep(samples, batch)
    if !outcome.isTaken && outcome.loss.isFinite && outcome.gradientBound.isFinite {
      // The bound may only have grown old.
      parameterBound = Double(network.parameters.maxMagnitude())
      outcome = tryStep(samples, batch)
    }
    guard outcome.isTaken else { throw divergence(samples, outcome, batch.count, step: step) }
    parameterBound += state.reach.distance(outcome.gradientBound)
    state.advance(outcome.gradientBound)
    return outcome.loss
  }

  private mutating func tryStep(_ samples: Samples<Scalar>, _ batch: Range<Int>) -> Network<Scalar>.StepOutcome {
    switch optimizer {
    case .sgd(let rate): tryStep(samples, batch, DirectDescent(directRate: Scalar(rate)))
    case .momentum(let rate, let momentum, let nesterov):
      tryStep(samples, batch, state.momentumUpdate(rate: rate, momentum: momentum, nesterov: nesterov))
    case .adam(let rate, let beta1, let beta2, let epsilon, let decay):
      tryStep(
        samples, batch,
        state.adamUpdate(rate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decay))
    }
  }

  private mutating func tryStep(
    _ samples: Samples<Scalar>, _ batch: Range<Int>, _ use: some GradientUse<Scalar>
  ) -> Network<Scalar>.StepOutcome {
    let (reach, bound) = (state.reach, parameterBound)
    return network.takeStep(
      loss, inputs: samples.features, targets: samples.targets, columns: order[batch], inputBound: samples.featureBound,
      workspace: &workspace, gradient: &state.gradient, use: use
    ) { gradientBound in gradientBound <= reach.largest && bound + reach.distance(gradientBound) <= reach.largest }
  }

  private mutating func divergence(
    _ samples: Samples<Scalar>, _ outcome: Network<Scalar>.StepOutcome, _ batch: Int, step: Int
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
    return Divergence(cause: cause, layer: layer, epoch: epoch + 1, step: step, learningRate: optimizer.learningRate)
  }
}
