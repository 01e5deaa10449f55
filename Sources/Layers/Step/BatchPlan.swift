import Tensor

/// The plan for a batch's way through the layers: the tiles of every job, and the places in a workspace's memory.
///
/// It is computed only when the batch's size changes, so that the steps in between compute none of it: a step of a
/// small network takes ten microseconds.
struct BatchPlan: Sendable {
  private var layers: [LayerPlan]
  private(set) var embedding: EmbeddingPlan?
  /// The batch size that the tiles are for; 0 before the first batch.
  private var batch = 0
  /// Whether the last layer stops at Z; see ``Loss/includesActivation``.
  private var stopsBeforeActivation = false
  /// The starts in the arena of the batch's targets and of the memory for a layer's intermediate products.
  let targets, scratch: Int
  /// The number of elements in the arena.
  let count: Int
  /// The most numbers that a job can store: one for each of its tiles.
  let numbersPerJob: Int

  /// Assigns every buffer its place.
  init(_ chain: LayerChain, batchCapacity: Int) {
    var end = 0
    func place(_ rows: Int) -> Int {
      // The next buffer starts at a cache line, unless a normalization is in between.
      defer { end += (rows * batchCapacity + 15) / 16 * 16 }
      return end
    }
    let outputs = ([chain.layers[0].inputSize] + chain.layers.map(\.outputSize)).map(place)
    let errors = chain.layers.map { place($0.outputSize) }
    let slopes = chain.layers.map { $0.keepsSlopes ? place($0.outputSize) : nil }
    let differences = chain.layers.map { $0.isParametric ? place($0.outputSize) : nil }
    embedding = chain.embedding.map { embedding in
      defer { end += embedding.parameterCount * TileGrid.samples(batchCapacity, rows: 0).count }
      return EmbeddingPlan(
        embedding: embedding, inputs: embedding.lookup.map { place($0.inputs) }, values: place(embedding.outputSize),
        error: place(embedding.outputSize), gradient: end)
    }
    let normalizations = chain.layers.map { layer -> Int? in
      guard layer.isNormalized else { return nil }
      defer { end += layer.normalizationCount(batch: batchCapacity) }
      return end
    }
    targets = place(chain.layers.last!.outputSize)
    scratch = end
    count = end + chain.layers.map { $0.scratchCount(batchCapacity: batchCapacity) }.max()!
    numbersPerJob = max(TileGrid.mostStrips, TileGrid.samples(batchCapacity, rows: 0).count)
    layers = chain.layers.indices.map { index in
      LayerPlan(
        layer: chain.layers[index], parameters: chain.offsets[index], statistics: chain.statisticsOffsets[index],
        inputs: outputs[index], outputs: outputs[index + 1], error: errors[index], slopes: slopes[index],
        differences: differences[index], normalization: normalizations[index])
    }
  }

  /// The count of all stored numbers: the losses; for each layer the largest magnitudes of its outputs and of its
  /// error, and its weights' terms of the loss; those of the embedding's outputs and gradient; and a step's bound on
  /// the gradient.
  var numberCount: Int { numbersPerJob * (3 + 3 * layers.count) + 1 }

  func withLayers<R>(_ body: (UnsafeBufferPointer<LayerPlan>) -> R) -> R { layers.withUnsafeBufferPointer(body) }

  /// Cuts the jobs for another batch size, or for another use of the last layer. Allocates nothing.
  ///
  /// - Parameter loss: The loss that the outputs are trained with, or nil to compute the outputs themselves.
  mutating func lay(batch: Int, trainedWith loss: Loss?) {
    let stops = loss?.includesActivation ?? false
    guard batch != self.batch || stops != stopsBeforeActivation else { return }
    (self.batch, stopsBeforeActivation) = (batch, stops)
    for index in layers.indices {
      let layer = layers[index].whole
      layers[index].layer = stops && index == layers.count - 1 ? layer.beforeActivation : layer
      layers[index].cut(batch: batch, previous: index == 0 ? nil : layers[index - 1].layer)
    }
    embedding?.cut(batch: batch, layers[0].layer)
  }
}
