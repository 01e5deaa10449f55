import Tensor

/// The memory and the threads of a training step or a prediction, for batches of up to `batchCapacity` samples.
///
/// It holds the batch's inputs and targets, every layer's outputs and every layer's error, allocated once. A copy is another workspace with the same
/// team; steps of one team take turns.
public struct Workspace<Scalar: BLASScalar>: Sendable {
  public let batchCapacity: Int
  /// The threads that share the work, where there is enough of it.
  public let team: Team
  let layout: Layout
  private var arena: Matrix<Scalar>
  /// Losses and largest magnitudes by tile, in `Double`.
  private var figures: Matrix<Double>

  /// - Parameter team: A team of one worker, the calling thread, where none is given.
  /// - Precondition: Traps where the capacity is below 1.
  public init(for network: Network<Scalar>, batchCapacity: Int, team: Team = Team(workers: 1)) {
    guard batchCapacity >= 1 else { fail("cannot make a workspace for batches of \(batchCapacity) samples") }
    self.batchCapacity = batchCapacity
    self.team = team
    layout = Layout(network.layers, batchCapacity: batchCapacity)
    arena = Matrix(rows: layout.count, columns: 1)
    figures = Matrix(rows: layout.figureCount, columns: 1)
  }

  /// Calls `body` with the buffers, each narrowed to the first `batch` columns.
  ///
  /// - Precondition: Traps where the batch is larger than the capacity.
  package mutating func withBuffers<R>(batch: Int, _ body: (Buffers<Scalar>) -> R) -> R {
    guard batch <= batchCapacity else {
      fail("a batch of \(batch) samples does not fit a workspace for \(batchCapacity)")
    }
    let layout = layout
    return arena.withTile { arena in
      figures.withTile { figures in body(Buffers(arena: arena, figures: figures, layout: layout, batch: batch)) }
    }
  }

  /// Where each buffer starts in the arena.
  struct Layout: Sendable {
    let layers: [Dense]
    /// The network's sizes, from the inputs to the outputs.
    let sizes: [Int]
    /// Where A₀ (the inputs) … A_L (the outputs) start.
    private(set) var outputs: [Int] = []
    /// Where the errors of the layers 1 … L start; the inputs have none.
    private(set) var errors: [Int] = []
    /// Where the slopes of the layers that keep them start.
    private(set) var slopes: [Int?] = []
    /// Where the normalisations of the layers that have one start.
    private(set) var normalizations: [Int?] = []
    private(set) var targets = 0
    /// Where the memory for a layer's intermediate products starts.
    private(set) var scratch = 0
    private(set) var count = 0
    /// How many figures a job may leave: one for each of its tiles.
    let figuresPerJob: Int

    init(_ layers: [Dense], batchCapacity: Int) {
      self.layers = layers
      sizes = [layers[0].inputSize] + layers.map(\.outputSize)
      var end = 0
      func place(_ rows: Int) -> Int {
        // The next starts at a cache line, unless a normalisation is between.
        defer { end += (rows * batchCapacity + 15) / 16 * 16 }
        return end
      }
      outputs = sizes.map(place)
      errors = [0] + sizes.dropFirst().map(place)
      slopes = [nil] + layers.map { $0.keepsSlopes ? place($0.outputSize) : nil }
      normalizations =
        [nil]
        + layers.map { layer in
          guard layer.isNormalized else { return nil }
          defer { end += NormalizationBuffers<Scalar>.count(layer, batch: batchCapacity) }
          return end
        }
      targets = place(sizes[sizes.count - 1])
      scratch = end
      count = end + layers.map { $0.scratchCount(batchCapacity: batchCapacity) }.max()!
      figuresPerJob = max(TileGrid.mostStrips, TileGrid.samples(batchCapacity, rows: 0).count)
    }

    /// The losses, the largest magnitudes of every layer's outputs and errors, and what is added to the loss for its weights.
    var figureCount: Int { figuresPerJob * 3 * sizes.count }
  }
}

/// A workspace's buffers for one batch.
package struct Buffers<Scalar: BLASScalar> {
  let arena: Tile<Scalar>
  let figures: Tile<Double>
  let layout: Workspace<Scalar>.Layout
  package let batch: Int

  /// The batch's inputs (`layer` = 0), or the outputs of the layer with the 1-based number `layer`.
  package func outputs(of layer: Int) -> Tile<Scalar> {
    arena.reshaped(from: layout.outputs[layer], rows: layout.sizes[layer], columns: batch)
  }

  package var targets: Tile<Scalar> {
    arena.reshaped(from: layout.targets, rows: layout.sizes[layout.sizes.count - 1], columns: batch)
  }

  /// The error ∂L/∂Z of the layer with the 1-based number `layer`.
  func error(of layer: Int) -> Tile<Scalar> {
    arena.reshaped(from: layout.errors[layer], rows: layout.sizes[layer], columns: batch)
  }

  /// g′ of the layer with the 1-based number `layer`, or nil where it keeps none.
  func slopes(of layer: Int) -> Tile<Scalar>? {
    layout.slopes[layer].map { arena.reshaped(from: $0, rows: layout.sizes[layer], columns: batch) }
  }

  /// What the layer with the 1-based number `layer` keeps of its normalisation, or nil where it has none.
  func normalization(of layer: Int) -> NormalizationBuffers<Scalar>? {
    guard let start = layout.normalizations[layer] else { return nil }
    let dense = layout.layers[layer - 1]
    return NormalizationBuffers(
      arena.reshaped(from: start, rows: NormalizationBuffers<Scalar>.count(dense, batch: batch), columns: 1), dense,
      batch: batch)
  }

  /// Memory for what a layer computes on the way to its outputs, a column.
  var scratch: Tile<Scalar> {
    arena.reshaped(from: layout.scratch, rows: layout.count - layout.scratch, columns: 1)
  }

  /// The losses of the blocks of samples.
  var losses: Figures { Figures(tile: figures, start: 0) }

  /// The largest magnitudes in the tiles of a layer's outputs.
  func outputMaxima(of layer: Int) -> Figures {
    Figures(tile: figures, start: layout.figuresPerJob * (1 + 2 * layer))
  }

  /// The largest magnitudes in the tiles of a layer's error.
  func errorMaxima(of layer: Int) -> Figures {
    Figures(tile: figures, start: layout.figuresPerJob * (2 + 2 * layer))
  }

  /// What is added to the loss for the strips of a layer's weights.
  func penalties(of layer: Int) -> Figures {
    Figures(tile: figures, start: layout.figuresPerJob * (2 * layout.sizes.count + layer))
  }
}

/// A number for each tile of a job, left by whoever did the tile.
struct Figures {
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
    let columns = Self.gradientColumns(layer, batch: batch)
    normal = memory.reshaped(from: 0, rows: rows, columns: batch)
    mean = memory.reshaped(from: rows * batch, rows: rows, columns: 1)
    variance = memory.reshaped(from: rows * (batch + 1), rows: rows, columns: 1)
    inverse = memory.reshaped(from: rows * (batch + 2), rows: max(rows, batch), columns: 1)
    gradient = memory.reshaped(from: rows * (batch + 2) + max(rows, batch), rows: 2 * rows, columns: columns)
  }

  static func count(_ layer: Dense, batch: Int) -> Int {
    layer.outputSize * (batch + 2 + 2 * gradientColumns(layer, batch: batch)) + max(layer.outputSize, batch)
  }

  private static func gradientColumns(_ layer: Dense, batch: Int) -> Int {
    layer.normalization == .batch ? 1 : layer.normalizationGrid(batch: batch).count
  }
}
