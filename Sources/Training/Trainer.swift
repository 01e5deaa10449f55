import Datasets
import Layers
import Tensor

/// Mini-batch training of a network: shuffles the samples anew for every epoch and takes one optimizer step for each batch.
///
/// A trainer is a value: a copy goes on by itself. The same seed, data and settings give the same bits.
public struct Trainer<Scalar: BLASScalar>: Sendable {
  public private(set) var network: Network<Scalar>
  public let loss: Loss
  public let optimizer: SGD
  public let batchSize: Int
  /// The number of epochs that are complete.
  public private(set) var epoch = 0

  private var generator: Philox
  private var order: [Int] = []
  private var workspace: Workspace<Scalar>
  private var gradient: Matrix<Scalar>
  /// No parameter's magnitude is above this; infinite until it is known.
  private var parameterBound: Scalar = .infinity

  /// - Parameters:
  ///   - batchSize: The samples in a step; the last batch of an epoch takes what is left.
  ///   - generator: Draws the order of the samples.
  /// - Precondition: Traps where the loss does not accept the network's outputs, or the batch size is below 1.
  public init(_ network: Network<Scalar>, loss: Loss, optimizer: SGD, batchSize: Int, generator: Philox) {
    guard loss.accepts(network.outputActivation) else {
      fail("the loss \(loss.rawValue) is not defined for \(network.outputActivation) outputs")
    }
    self.network = network
    self.loss = loss
    self.optimizer = optimizer
    self.batchSize = batchSize
    self.generator = generator
    workspace = Workspace(for: network, batchCapacity: batchSize)
    gradient = Matrix(rows: network.parameterCount, columns: 1)
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

  /// Back-propagates the samples `order[batch]` and updates the parameters; returns the batch's mean loss.
  private mutating func takeStep(
    _ samples: Samples<Scalar>, _ batch: Range<Int>, step: Int
  ) throws(Divergence) -> Double {
    let value = network.backPropagate(
      loss, inputs: samples.features, targets: samples.targets, columns: order[batch], workspace: &workspace,
      gradient: &gradient)
    guard value.isFinite, isUpdateFinite() else { throw divergence(batch.count, step: step) }
    optimizer.update(&network.parameters, gradient: gradient)
    return value
  }
}

// MARK: - Divergence

extension Trainer {
  /// Whether all parameters will be finite after the update, so that a network never holds any that are not.
  ///
  /// A step moves no parameter by more than η max|g|, so a bound is kept by addition, and taken anew from the parameters themselves only when
  /// it comes near the end of the range.
  private mutating func isUpdateFinite() -> Bool {
    let reach = Scalar(optimizer.learningRate) * gradient.maxMagnitude()
    guard reach.isFinite else { return false }
    if !(parameterBound + reach).isFinite { parameterBound = network.parameters.maxMagnitude() }
    parameterBound += reach
    return parameterBound.isFinite
  }

  private mutating func divergence(_ batch: Int, step: Int) -> Divergence {
    var cause = Divergence.Cause.loss
    if let layer = workspace.withBuffers(batch: batch, network.firstNonFiniteLayer) {
      cause = .outputs(layer: layer)
    } else if let layer = network.lastLayer(
      where: { part in
        !(Scalar(optimizer.learningRate) * part.maxMagnitude() + network.parameters.maxMagnitude()).isFinite
      }, in: gradient)
    {
      cause = .update(layer: layer)
    }
    let layer: String? =
      switch cause {
      case .outputs(let number), .update(let number): "\(network.layers[number - 1])"
      case .loss: nil
      }
    return Divergence(
      cause: cause, layer: layer, epoch: epoch + 1, step: step, learningRate: optimizer.learningRate)
  }
}
