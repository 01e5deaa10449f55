import Tensor

/// The memory and the threads of a training step or a prediction, for batches of up to `batchCapacity` samples.
///
/// It holds the batch's inputs and targets, every layer's outputs and every layer's error, allocated once. A copy is another workspace with the same
/// team; steps of one team take turns.
public struct Workspace<Scalar: BLASScalar>: Sendable {
  public let batchCapacity: Int
  /// The threads that share the work, where there is enough of it.
  public let team: Team
  /// Those of the network that it is for.
  let layers: [Dense]
  private var plan: BatchPlan
  private var arena: Matrix<Scalar>
  /// Losses and largest magnitudes by tile, in `Double`.
  private var numbers: Matrix<Double>

  /// - Parameter team: A team of one worker, the calling thread, where none is given.
  /// - Precondition: Traps where the capacity is below 1.
  public init(for network: Network<Scalar>, batchCapacity: Int, team: Team = Team(workers: 1)) {
    guard batchCapacity >= 1 else { fail("cannot make a workspace for batches of \(batchCapacity) samples") }
    self.batchCapacity = batchCapacity
    self.team = team
    layers = network.layers
    plan = BatchPlan(network.chain, batchCapacity: batchCapacity)
    arena = Matrix(rows: plan.count, columns: 1)
    numbers = Matrix(rows: plan.numberCount, columns: 1)
  }

  /// Calls `body` with the buffers, each narrowed to the first `batch` columns.
  ///
  /// - Parameter loss: The loss that the outputs are trained with, or nil for the outputs as they are.
  /// - Precondition: Traps if the batch is larger than the capacity.
  package mutating func withBuffers<R>(
    batch: Int, trainedWith loss: Loss?, _ body: (Buffers<Scalar>) -> R
  ) -> R {
    guard batch <= batchCapacity else {
      fail("a batch of \(batch) samples does not fit a workspace for \(batchCapacity)")
    }
    plan.lay(batch: batch, trainedWith: loss)
    let (targets, scratch, numbersPerJob) = (plan.targets, plan.scratch, plan.numbersPerJob)
    return arena.withTile { arena in
      numbers.withTile { numbers in
        plan.withLayers { plans in
          body(
            Buffers(
              batch: batch, plans: plans, arena: arena, numbers: numbers, targetsStart: targets,
              scratchStart: scratch,
              numbersPerJob: numbersPerJob))
        }
      }
    }
  }
}

/// A workspace's buffers for one batch, and the plan by which they are used. Like ``Tile``, they do not keep alive what they are parts of.
package struct Buffers<Scalar: BLASScalar> {
  package let batch: Int
  fileprivate let plans: UnsafeBufferPointer<LayerPlan>
  fileprivate let arena: Tile<Scalar>
  fileprivate let numbers: Tile<Double>
  fileprivate let targetsStart, scratchStart, numbersPerJob: Int

  var layerCount: Int { plans.count }

  /// The plan of the layer with this 1-based number.
  @inline(__always)
  func plan(_ number: Int) -> LayerPlan { plans[number - 1] }

  /// A₋₁ of the layer with the 1-based number `layer`: the batch's inputs, or the outputs of the layer before.
  func inputs(of layer: Int) -> Tile<Scalar> {
    arena.reshaped(from: plan(layer).inputs, rows: plan(layer).layer.inputSize, columns: batch)
  }

  package func outputs(of layer: Int) -> Tile<Scalar> { column(plan(layer).outputs, layer) }

  package var targets: Tile<Scalar> { column(targetsStart, layerCount) }

  /// The error ∂L/∂Z.
  func error(of layer: Int) -> Tile<Scalar> { column(plan(layer).error, layer) }

  /// g′, or nil if the layer keeps none.
  func slopes(of layer: Int) -> Tile<Scalar>? { plan(layer).slopes.map { column($0, layer) } }

  /// What a layer keeps of its normalization, or nil if it has none.
  func normalization(of layer: Int) -> NormalizationBuffers<Scalar>? {
    guard let start = plan(layer).normalization else { return nil }
    let dense = plan(layer).layer
    let memory = arena.reshaped(from: start, rows: dense.normalizationCount(batch: batch), columns: 1)
    return NormalizationBuffers(memory, dense, batch: batch)
  }

  /// Memory for what a layer computes on the way to its outputs, a column.
  var scratch: Tile<Scalar> {
    arena.reshaped(from: scratchStart, rows: arena.rows - scratchStart, columns: 1)
  }

  /// The losses of the blocks of samples.
  var losses: JobNumbers { JobNumbers(tile: numbers, start: 0) }

  /// A bound on the magnitudes in the gradient of a step.
  var gradientBound: JobNumbers { JobNumbers(tile: numbers, start: numbers.rows - 1) }

  /// The largest magnitudes in the tiles of a layer's outputs.
  func outputMaxima(of layer: Int) -> JobNumbers { numbers(layer, 0) }

  /// The largest magnitudes in the tiles of a layer's error.
  func errorMaxima(of layer: Int) -> JobNumbers { numbers(layer, 1) }

  /// What is added to the loss for the strips of a layer's weights.
  func penalties(of layer: Int) -> JobNumbers { numbers(layer, 2) }

  private func numbers(_ layer: Int, _ job: Int) -> JobNumbers {
    JobNumbers(tile: numbers, start: numbersPerJob * (3 * layer - 2 + job))
  }

  private func column(_ start: Int, _ layer: Int) -> Tile<Scalar> {
    arena.reshaped(from: start, rows: plan(layer).layer.outputSize, columns: batch)
  }
}

/// A number for each tile of a job, left by whoever did the tile.
struct JobNumbers {
  let tile: Tile<Double>
  let start: Int

  subscript(index: Int) -> Double {
    get { tile[start + index] }
    nonmutating set { tile[start + index] = newValue }
  }

  /// Gives each of some tiles, which were done as one, their number.
  func set(_ tiles: Range<Int>, to value: Double) {
    for index in tiles { self[index] = value }
  }

  /// The sum of the first `count`, in order.
  func sum(_ count: Int) -> Double {
    var sum = 0.0
    for index in 0..<count { sum += self[index] }
    return sum
  }

  /// The largest of the first `count`; NaN where one is NaN.
  func largest(_ count: Int) -> Double {
    var largest = 0.0
    for index in 0..<count where !(self[index] <= largest) { largest = largest.isNaN ? largest : self[index] }
    return largest
  }
}

/// What a layer keeps of its normalisation for the way back.
struct NormalizationBuffers<Scalar: BLASScalar> {
  /// N, outputSize × batch.
  let normal: Tile<Scalar>
  /// The batch's statistics by unit, outputSize × 1.
  let mean: Tile<Scalar>
  let variance: Tile<Scalar>
  /// 1 / √(σ² + ε) by unit or by sample.
  let inverse: Tile<Scalar>
  /// ∇γ over ∇β, 2 · outputSize × 1, or a column for each tile, which are to be added.
  let gradient: Tile<Scalar>

  init(_ memory: Tile<Scalar>, _ layer: Dense, batch: Int) {
    let rows = layer.outputSize
    let columns = layer.normalizationGradientColumns(batch: batch)
    normal = memory.reshaped(from: 0, rows: rows, columns: batch)
    mean = memory.reshaped(from: rows * batch, rows: rows, columns: 1)
    variance = memory.reshaped(from: rows * (batch + 1), rows: rows, columns: 1)
    inverse = memory.reshaped(from: rows * (batch + 2), rows: max(rows, batch), columns: 1)
    gradient = memory.reshaped(from: rows * (batch + 2) + max(rows, batch), rows: 2 * rows, columns: columns)
  }
}

extension Dense {
  /// The elements of ``NormalizationBuffers``.
  func normalizationCount(batch: Int) -> Int {
    outputSize * (batch + 2 + 2 * normalizationGradientColumns(batch: batch)) + max(outputSize, batch)
  }

  fileprivate func normalizationGradientColumns(batch: Int) -> Int {
    normalization == .batch ? 1 : normalizationGrid(batch: batch).count
  }
}
