import PerceptronDatasets
import PerceptronLayers
import Tensor

/// Trains a network with mini-batches: shuffles the samples anew for every epoch and takes one optimizer step per
/// batch. A full-batch method takes one step per epoch, on the samples in their own order.
///
/// A trainer is a value: a copy continues independently. The same seed, data and settings give the same bits.
public struct Trainer<Scalar: BLASScalar>: Sendable {
  /// The network as it is after the last step.
  public internal(set) var network: Network<Scalar>
  /// The network with the running mean of its parameters; nil without ``averageDecay``.
  public internal(set) var average: Network<Scalar>?
  /// The network to use: ``average``, or ``network`` if there is none.
  public var result: Network<Scalar> { average ?? network }
  /// What is minimised.
  public let loss: Loss
  /// The rule by which parameters change.
  public let optimizer: Optimizer
  /// What is added to the loss, and what limits gradients and weights.
  public let regularization: Regularization
  /// How the learning rate changes over the epochs.
  public internal(set) var schedule: Schedule
  /// How dropout and weight decay change over the epochs: factors of them.
  public let dropoutSchedule, decaySchedule: Schedule
  /// Factors of the learning rate for groups of parameters.
  public let rates: RateFactors
  /// The number of samples in a step.
  public let batchSize: Int
  /// The number of parts of a batch that are back-propagated separately.
  public let shards: Int
  /// The processes that share the shards.
  public let processes: Processes
  /// The probability with which an input is dropped.
  public let inputDropout: Double
  /// The share of each target that is spread over all classes.
  public let labelSmoothing: Double
  /// d in the running mean of the parameters; nil for none.
  public let averageDecay: Double?
  /// The number of complete epochs.
  public internal(set) var epoch = 0
  /// The best epoch that ``fit(on:augmentation:validation:epochs:patience:selection:afterStep:afterEpoch:)`` has seen.
  public internal(set) var best: KeptEpoch<Scalar>?
  /// The results after the epochs in ``Schedule/cycleEnds`` that `fit` has reached with validation samples.
  public internal(set) var cycleEnds: [KeptEpoch<Scalar>] = []
  /// The reports of the epochs that `fit` completed, over all calls. ``runEpoch(on:)`` makes no reports.
  public internal(set) var reports: [EpochReport] = []
  /// The result's outputs for the validation samples after the last complete epoch of `fit`; empty without them.
  package private(set) var validationOutputs = Matrix<Scalar>(rows: 0, columns: 0)
  /// The number of steps since the last complete epoch, and their part of the next epoch's samples and loss.
  var stepInEpoch = 0
  var samplesDone = 0
  var lossSum = 0.0
  /// The time that these steps took.
  var secondsInEpoch = 0.0

  var generator: Philox
  var order: [Int] = []
  var workspace: Workspace<Scalar>
  var state: OptimizerState<Scalar>
  /// The state of L-BFGS, if it is the optimizer.
  var search: LBFGSSearch<Scalar>?
  /// An upper bound on the magnitude of every parameter. Each step adds the most that it can move a parameter, so that
  /// no parameter ever becomes non-finite. The bound is computed anew when it comes near the end of the range.
  var parameterBound: Double
  /// Memory for the sums over pieces of the gradient, if its norm is needed.
  var sums: Matrix<Double>
  /// The loss of each shard of a batch, and the bound on its gradient: a column for each shard.
  var partsOfShards: Matrix<Double>
  /// The parameters that each process updates.
  let slices: [Range<Int>]
  /// The running statistics before a step. They are kept if the step is computed in parts or may be refused after its
  /// gradient is known; otherwise this is empty.
  var statisticsBefore: Matrix<Scalar>
  /// The running statistics as each shard moved them, divided by the number of shards; empty vectors unless there are
  /// several shards.
  var statisticsOfShards: ShardSum<Scalar>
  /// The number of samples that were last back-propagated at once in a step that is computed in parts, by this process.
  var lastBlock = 0
  /// The shard that was last counted in the outcome of a step: if the step is not possible, the one that showed it.
  var lastShard = 0

  /// The parameters by their factors of the rate, if the optimizer gets a whole gradient.
  let groups: [ParameterGroup]
  /// Whether a step is computed in parts, or changes the gradient before it is used, and so needs a whole gradient.
  let keepsGradient: Bool
  /// The batches of an epoch.
  let batches: Parts
  /// The samples of a shard that are computed at once. A full-batch method divides its shards; otherwise, every shard
  /// is one block.
  let blocks: Parts

  private static var largestBlock: Int { 4096 }

  /// Makes a trainer of a network.
  ///
  /// - Parameters:
  ///   - rates: Factors of the learning rate for groups of parameters.
  ///   - dropoutSchedule: Gives a factor of every dropout, including that of the inputs, in each step.
  ///   - decaySchedule: Gives a factor of the weight decay in each step.
  ///   - batchSize: The number of samples in a step. The last batch of an epoch has the rest. If the rest is fewer than
  ///     an eighth of the batch size, it joins the batch before it, because the gradient of so few samples is mostly
  ///     noise: with 256 of 513 samples in each step and a last one of a single sample, Adam's error on a table was a
  ///     third larger. If ``Optimizer/isFullBatch``, the size must be at least the number of samples. With batch
  ///     normalisation, it must be at least 2. The rest then also joins the batch before it if it is a single sample,
  ///     or fewer than 16 samples and fewer than a quarter of the batch size: the mean and variance of so few would
  ///     ruin the network.
  ///   - shards: The number of parts of about equal size into which each batch is cut; fewer if a part would have no
  ///     sample, or with batch normalisation too few to be normalised separately. Each part is back-propagated
  ///     separately, and the gradients are added in a binary tree, so that the bits depend on the number of shards, and
  ///     not on where each is computed. Batch normalisation uses the statistics of a shard (Hoffer, Hubara and Soudry
  ///     2017), and the running statistics move by the mean of the shards'. Shards cost memory for 1 + ⌊log₂ shards⌋
  ///     gradients, and the time to read the weights and to write and add a gradient for each: little for shards of 256
  ///     samples or more, much for shards of 32. A number that divides the batch size is best. Of several processes,
  ///     each has memory for the gradients of its own shards, and for a slice of each sum of the others.
  ///   - processes: The processes that share the work. Each makes the same trainer of the same network and makes the
  ///     same calls with the same samples. Each computes its share of the shards of a batch. It updates only its slice
  ///     of the parameters, and keeps the moments of this slice only; afterwards, all processes have all parameters.
  ///     The bits do not depend on the number of processes.
  ///   - inputDropout: The probability with which an input is set to 0 in a step. The other inputs are divided by 1 −
  ///     inputDropout (Srivastava et al. 2014).
  ///   - labelSmoothing: s in y ← (1 − s) y + s / classes (Szegedy et al. 2016). The training loss uses the smoothed
  ///     targets.
  ///   - averageDecay: d in the running mean of the parameters and of the running statistics, w̄ ← dₜ w̄ + (1 − dₜ) w
  ///     after step t, counted from 1, with dₜ = min(d, (1 + t) / (10 + t)), so that the first parameters are soon
  ///     forgotten (Polyak and Juditsky 1992; TensorFlow's `ExponentialMovingAverage`). Steps go on from w. If nil,
  ///     there is no mean.
  ///   - generator: Draws the order of the samples; its seed decides what is dropped.
  ///   - team: The threads that share each step; by default one for each usable processor. The bits do not depend on
  ///     their number.
  /// - Precondition: Traps if the loss does not accept the network's outputs, the batch size is below 1 (with batch
  ///   normalisation below 2), the number of shards is below 1, there are more processes than shards or samples in a
  ///   batch, a factor of the optimizer or the regularization is out of its range, the learning rate times the weight
  ///   decay is 1 or more, or the dropout or the smoothing is not in 0 ..< 1. Traps on smoothing with a loss that is
  ///   not for classes. Traps if the optimizer does not work with the other settings: iRPROP⁻ and L-BFGS accept neither
  ///   a schedule nor factors of the rate nor weight decay nor clipped gradients nor a mean of the parameters. L-BFGS
  ///   needs an objective that does not change from step to step, and parameters that stay where it put them, so it
  ///   accepts neither L1 nor a largest norm nor dropout nor batch normalisation. Traps if the dropout or the weight
  ///   decay is to wait for a plateau, and if the decay of the mean is not between 0 and 1.
  public init(
    _ network: Network<Scalar>, loss: Loss, optimizer: Optimizer, regularization: Regularization = Regularization(),
    schedule: Schedule = .constant, rates: RateFactors = .equal, dropoutSchedule: Schedule = .constant,
    decaySchedule: Schedule = .constant, batchSize: Int, shards: Int = 1, processes: Processes = .alone,
    inputDropout: Double = 0, labelSmoothing: Double = 0, averageDecay: Double? = nil, generator: Philox,
    team: Team = Team()
  ) {
    network.check(loss)
    if let mistake = optimizer.mistake ?? regularization.mistake(optimizer, rates) {
      fail("cannot train with \(mistake)")
    }
    if optimizer.isFullBatch && schedule != .constant { fail("cannot train with \(optimizer.name) and a schedule") }
    if let averageDecay, optimizer.isFullBatch || !(0 < averageDecay && averageDecay < 1) {
      fail(
        "cannot train with \(optimizer.name) and a mean of the parameters that keeps \(averageDecay): a share between 0"
          + " and 1 and an optimizer that does not take all samples in each step are possible")
    }
    if dropoutSchedule.isPlateau || decaySchedule.isPlateau {
      fail("cannot train with a dropout or a weight decay that waits for a plateau")
    }
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
    let isNormalized = network.layers.contains { $0.normalization == .batch }
    if isNormalized && batchSize < 2 {
      fail("cannot train with batch normalization and a batch size of \(batchSize): at least 2 are needed")
    }
    guard batchSize >= 1, shards >= 1 else {
      fail("cannot train with batches of \(batchSize) samples in \(shards) shards: at least 1 of each is needed")
    }
    guard processes.count <= min(shards, batchSize) else {
      fail(
        "cannot train with \(processes.count) processes and batches of \(batchSize) samples in \(shards) shards: each"
          + " process needs a shard")
    }
    self.network = network
    self.loss = loss
    self.optimizer = optimizer
    self.regularization = regularization
    self.schedule = schedule
    self.rates = rates
    (self.dropoutSchedule, self.decaySchedule) = (dropoutSchedule, decaySchedule)
    self.batchSize = batchSize
    self.shards = shards
    self.processes = processes
    self.inputDropout = inputDropout
    self.labelSmoothing = labelSmoothing
    self.averageDecay = averageDecay
    average = averageDecay == nil ? nil : network
    self.generator = generator
    keepsGradient = optimizer.isFullBatch || regularization.clipNorm != nil || shards > 1
    let largest = optimizer.isFullBatch ? Self.largestBlock : Int.max
    let shardSize = min(max((batchSize - 1) / shards + 1, isNormalized ? 2 : 1), largest)
    batches = .batches(of: batchSize, isNormalized: isNormalized)
    blocks = Parts(
      size: optimizer.isFullBatch ? shardSize : shardSize + batches.least - 1,
      least: Parts.leastNormalized(shardSize, isNormalized))
    let capacity = optimizer.isFullBatch ? blocks.most : blocks.size
    // The workspace is used for validation, too, and many small shards would make that slow.
    workspace = Workspace(
      for: network, batchCapacity: shards == 1 ? capacity : max(capacity, min(batchSize, 256)), team: team)
    let mostShards = min(shards, batchSize)
    slices = processes.slices(of: network.parameterCount)
    state = OptimizerState(
      optimizer.rule, parameterCount: network.parameterCount, keepsGradient: keepsGradient, shards: mostShards,
      processes)
    statisticsBefore = Matrix(rows: keepsGradient ? network.statistics.rows : 0, columns: 1)
    let statisticsCount = shards > 1 ? network.statistics.rows : 0
    statisticsOfShards = ShardSum(
      length: statisticsCount, shards: mostShards, processes, parts: slices.map { _ in 0..<statisticsCount })
    partsOfShards = Matrix(rows: 2, columns: keepsGradient ? mostShards : 0)
    sums = Matrix(rows: regularization.clipNorm == nil ? 0 : Team.pieceCount(network.parameterCount), columns: 1)
    if case .lbfgs(let history) = optimizer {
      search = LBFGSSearch(history: history, parameterCount: network.parameterCount)
    }
    groups = keepsGradient ? network.groups(rates) : []
    parameterBound = Double(network.parameters.maxMagnitude())
  }

  /// The mean loss of the ``result`` so far, without dropout, label smoothing and penalties. Every sample counts alike,
  /// whatever its weight.
  ///
  /// - Precondition: Traps if the sizes of the samples differ from the network's, or there are no samples.
  public mutating func meanLoss(on samples: Samples<Scalar>) -> Double {
    check(samples)
    return result.meanLoss(loss, inputs: samples.features, targets: samples.targets, workspace: &workspace)
  }

  /// The mean loss of the result so far, and its share of wrong answers if the loss is for classes. Keeps its outputs.
  mutating func judge(on samples: Samples<Scalar>) -> (loss: Double, error: Double?) {
    check(samples)
    if validationOutputs.rows != samples.targets.rows || validationOutputs.columns != samples.count {
      validationOutputs = Matrix(rows: samples.targets.rows, columns: samples.count)
    }
    return result.judge(
      loss, inputs: samples.features, targets: samples.targets, outputs: &validationOutputs, workspace: &workspace,
      processes)
  }

  /// Takes one step on the samples at these 0-based indices, for loops that choose their batches themselves.
  ///
  /// - Parameters:
  ///   - batch: 1 to ``batchSize`` indices, with batch normalisation at least 2. An index may occur more than once.
  ///   - next: The batch of the following step, if it is known. It is only prefetched into the cache.
  /// - Returns: The mean loss over the batch before the step, including what the regularization adds to it.
  /// - Throws: ``Divergence`` if a number is not finite; the network is then as it was before the step.
  /// - Precondition: Traps if the sizes of the samples differ from the network's, the batch is empty or too large, the
  ///   batch is a single sample with batch normalization, or an index is out of range.
  /// - Complexity: About 6 · parameterCount flops per sample, shared by the team (with L-BFGS, once or more often).
  ///   Allocates nothing after the first step.
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
  public mutating func record(validationLoss: Double) { schedule.record(validationLoss: validationLoss) }

  /// Moves the network, and the mean, to other parameters. Apart from a step, this is the only way to change them:
  /// facts about the old parameters must be discarded with them.
  mutating func move(to parameters: Matrix<Scalar>, statistics: Matrix<Scalar>) {
    network.parameters = parameters
    network.statistics = statistics
    if average != nil { average = network }
    parameterBound = Double(parameters.maxMagnitude())
    search?.forget()
  }

  private func checkIndices(_ batch: ArraySlice<Int>, _ samples: Samples<Scalar>) {
    for index in batch where !(0..<samples.count).contains(index) {
      fail("cannot take a step on sample \(index) of \(samples.count)")
    }
  }

  func checkNormalization(_ count: Int) {
    if blocks.least > 1 && count < 2 {
      fail("cannot train with batch normalization on one sample, which has no variance")
    }
  }

  func check(_ samples: Samples<Scalar>) {
    guard samples.featureCount == network.inputSize, samples.targets.rows == network.outputSize, samples.count > 0
    else {
      fail(
        "cannot train \(network) on \(samples.featureCount)×\(samples.count) features and \(samples.targets.shape)"
          + " targets")
    }
  }
}
