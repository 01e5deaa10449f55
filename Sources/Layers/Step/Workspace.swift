import Tensor

/// The memory and the threads of a training step or a prediction, for batches of up to `batchCapacity` samples.
///
/// It holds the batch's inputs and targets, every layer's outputs and every layer's error, all allocated once. A copy
/// is another workspace with the same team. Steps of one team run one at a time.
public struct Workspace<Scalar: BLASScalar>: Sendable {
  /// The most samples of a batch that it has room for.
  public let batchCapacity: Int
  /// The threads that share the work, if there is enough of it.
  package let team: Team
  /// The layers of the network that the workspace is for.
  let layers: [Dense]
  let embedding: Embedding?
  private var plan: BatchPlan
  private var arena: Matrix<Scalar>
  /// Losses and largest magnitudes by tile, in `Double`.
  private var numbers: Matrix<Double>

  /// Allocates a workspace for a network.
  ///
  /// - Parameter team: The threads that share the work; by default the calling thread alone.
  /// - Precondition: Traps if the capacity is below 1.
  public init(for network: Network<Scalar>, batchCapacity: Int, team: Team = Team(workers: 1)) {
    guard batchCapacity >= 1 else { fail("cannot make a workspace for batches of \(batchCapacity) samples") }
    self.batchCapacity = batchCapacity
    self.team = team
    layers = network.layers
    embedding = network.embedding
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
    let embedding = plan.embedding
    return arena.withTile { arena in
      numbers.withTile { numbers in
        plan.withLayers { plans in
          body(
            Buffers(
              batch: batch, plans: plans, embedding: embedding, arena: arena, numbers: numbers, targetsStart: targets,
              scratchStart: scratch,
              numbersPerJob: numbersPerJob))
        }
      }
    }
  }
}
