import Tensor

/// The memory of a training step or a prediction for batches of up to `batchCapacity` samples, allocated once.
///
/// It holds the batch's inputs and targets, every layer's outputs, and two buffers between which the error goes back. Not to be used by two
/// threads at once, which value semantics see to.
public struct Workspace<Scalar: BLASScalar>: Sendable {
  public let batchCapacity: Int
  let layout: Layout
  private var arena: Matrix<Scalar>

  /// - Precondition: Traps where the capacity is below 1.
  public init(for network: Network<Scalar>, batchCapacity: Int) {
    guard batchCapacity >= 1 else { fail("cannot make a workspace for batches of \(batchCapacity) samples") }
    self.batchCapacity = batchCapacity
    layout = Layout(sizes: [network.inputSize] + network.layers.map(\.outputSize), batchCapacity: batchCapacity)
    arena = Matrix(rows: layout.count, columns: 1)
  }

  /// Calls `body` with the buffers, each narrowed to the first `batch` columns.
  ///
  /// - Precondition: Traps where the batch is larger than the capacity.
  package mutating func withBuffers<R>(batch: Int, _ body: (Buffers<Scalar>) -> R) -> R {
    guard batch <= batchCapacity else {
      fail("a batch of \(batch) samples does not fit a workspace for \(batchCapacity)")
    }
    let layout = layout
    return arena.withTile { body(Buffers(arena: $0, layout: layout, batch: batch)) }
  }

  /// Where each buffer starts in the arena.
  struct Layout: Sendable {
    /// The network's sizes, from the inputs to the outputs.
    let sizes: [Int]
    /// Where A₀ (the inputs) … A_L (the outputs) start.
    private(set) var outputs: [Int] = []
    private(set) var targets = 0
    private(set) var errors = (0, 0)
    private(set) var count = 0

    init(sizes: [Int], batchCapacity: Int) {
      self.sizes = sizes
      var end = 0
      func place(_ rows: Int) -> Int {
        defer { end += (rows * batchCapacity + 15) / 16 * 16 }  // the next starts at a cache line
        return end
      }
      outputs = sizes.map(place)
      targets = place(sizes.last!)
      let widest = sizes.dropFirst().max()!
      errors = (place(widest), place(widest))
      count = end
    }
  }
}

/// A workspace's buffers for one batch.
package struct Buffers<Scalar: BLASScalar> {
  let arena: Tile<Scalar>
  let layout: Workspace<Scalar>.Layout
  package let batch: Int

  /// The batch's inputs (`layer` = 0), or the outputs of the layer with the 1-based number `layer`.
  package func outputs(of layer: Int) -> Tile<Scalar> {
    arena.reshaped(from: layout.outputs[layer], rows: layout.sizes[layer], columns: batch)
  }

  package var targets: Tile<Scalar> {
    arena.reshaped(from: layout.targets, rows: layout.sizes[layout.sizes.count - 1], columns: batch)
  }

  /// The error at the outputs of the layer with the 1-based number `layer`; layers take turns with two buffers.
  func error(at layer: Int) -> Tile<Scalar> {
    let start = layer % 2 == 0 ? layout.errors.0 : layout.errors.1
    return arena.reshaped(from: start, rows: layout.sizes[layer], columns: batch)
  }
}
