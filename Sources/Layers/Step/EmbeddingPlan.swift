import Tensor

/// The embedding's part of the plan.
struct EmbeddingPlan: Sendable {
  let embedding: Embedding
  /// The start in the arena of the inputs, if categories are looked up; otherwise they are the first of the values.
  let inputs: Int?
  /// The starts in the arena of what is scaled, of the outputs' error, and of the gradients of the blocks of samples,
  /// one column each.
  let values, error, gradient: Int
  /// Blocks of samples.
  private(set) var samples = TileGrid.samples(0, rows: 0)
  /// The tiles of the outputs' error.
  private(set) var errorGrid = TileGrid.samples(0, rows: 0)

  init(embedding: Embedding, inputs: Int?, values: Int, error: Int, gradient: Int) {
    self.embedding = embedding
    (self.inputs, self.values, self.error, self.gradient) = (inputs, values, error, gradient)
  }

  /// Cuts the jobs for a batch of this size; `first` is the layer after the embedding.
  mutating func cut(batch: Int, _ first: Dense) {
    samples = .samples(batch, rows: embedding.outputSize)
    errorGrid = first.errorGrid(batch: batch, previous: nil)
  }
}
