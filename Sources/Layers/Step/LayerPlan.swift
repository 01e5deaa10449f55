import Tensor

/// A layer's part of the plan.
struct LayerPlan: Sendable {
  /// The layer itself, and the layer as it is computed: the last layer may stop at Z.
  let whole: Dense
  var layer: Dense

  /// The start of its parameters in the parameter vector, and of its running statistics in theirs.
  let parameters, statistics: Int
  /// The starts of its inputs, its outputs and its error in the arena.
  let inputs, outputs, error: Int
  /// The starts in the arena of its slopes, of g(Z) − Z for a parametric activation, and of its normalization, if it
  /// has them.
  let slopes, differences, normalization: Int?

  /// Blocks of samples.
  private(set) var samples = TileGrid.samples(0, rows: 0)
  /// The tiles of its outputs, and of its inputs' error.
  private(set) var outputGrid = TileGrid.samples(0, rows: 0)
  private(set) var inputErrorGrid = TileGrid.samples(0, rows: 0)
  private(set) var normalizationGrid = TileGrid.samples(0, rows: 0)
  /// The strips of W's columns.
  private(set) var weightStrips = TileGrid.samples(0, rows: 0)
  /// The strips of ∇W that are used if the package's own product computes ∇W.
  private(set) var gradientGrid = TileGrid.samples(0, rows: 0)
  /// Whether Z is the sum of the strips' products.
  private(set) var addsStrips = false

  init(
    layer: Dense, parameters: Int, statistics: Int, inputs: Int, outputs: Int, error: Int, slopes: Int?,
    differences: Int?, normalization: Int?
  ) {
    (whole, self.layer) = (layer, layer)
    (self.parameters, self.statistics) = (parameters, statistics)
    (self.inputs, self.outputs, self.error, self.slopes) = (inputs, outputs, error, slopes)
    (self.differences, self.normalization) = (differences, normalization)
  }

  /// The layer's part of a vector of all parameters.
  func part<Scalar>(of vector: Tile<Scalar>) -> Tile<Scalar> {
    vector.reshaped(from: parameters, rows: whole.parameterCount, columns: 1)
  }

  /// The layer's part of the vector of all running statistics.
  func part<Scalar>(ofStatistics all: Tile<Scalar>) -> Tile<Scalar> {
    all.reshaped(from: statistics, rows: whole.statisticCount, columns: 1)
  }

  /// Cuts the layer's jobs for a batch of this size.
  mutating func cut(batch: Int, previous: Dense?) {
    samples = .samples(batch, rows: layer.outputSize)
    outputGrid = layer.outputGrid(batch: batch)
    if let previous { inputErrorGrid = layer.errorGrid(batch: batch, previous: previous) }
    normalizationGrid = layer.normalizationGrid(batch: batch)
    weightStrips = layer.weightStrips(batch: batch)
    gradientGrid = layer.gradientGrid(batch: batch)
    addsStrips = layer.addsStrips(batch: batch)
  }
}
