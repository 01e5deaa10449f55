import Tensor

/// A workspace's buffers for one batch, and the plan for their use. Like ``Tile``, they do not keep alive the memory
/// that they are parts of.
package struct Buffers<Scalar: BLASScalar> {
  package let batch: Int
  let plans: UnsafeBufferPointer<LayerPlan>
  let embedding: EmbeddingPlan?
  let arena: Tile<Scalar>
  let numbers: Tile<Double>
  let targetsStart, scratchStart, numbersPerJob: Int

  var layerCount: Int { plans.count }

  /// The plan of the layer with this 1-based number.
  @inline(__always)
  func plan(_ number: Int) -> LayerPlan { plans[number - 1] }

  /// A₋₁ of the layer with the 1-based number `layer`: the batch's inputs, or the outputs of the layer before it.
  func inputs(of layer: Int) -> Tile<Scalar> {
    arena.reshaped(from: plan(layer).inputs, rows: plan(layer).layer.inputSize, columns: batch)
  }

  package func outputs(of layer: Int) -> Tile<Scalar> { column(plan(layer).outputs, layer) }

  package var targets: Tile<Scalar> { column(targetsStart, layerCount) }

  /// The error ∂L/∂Z.
  func error(of layer: Int) -> Tile<Scalar> { column(plan(layer).error, layer) }

  /// g′, or nil if the layer keeps none.
  func slopes(of layer: Int) -> Tile<Scalar>? { plan(layer).slopes.map { column($0, layer) } }

  /// g(Z) − Z of a parametric activation, and after the way back this times the error; nil if the layer has none.
  func differences(of layer: Int) -> Tile<Scalar>? { plan(layer).differences.map { column($0, layer) } }

  /// The inputs of an embedding.
  func embeddingInputs(_ plan: EmbeddingPlan) -> Tile<Scalar> {
    let rows = plan.embedding.inputSize
    guard let start = plan.inputs else { return embeddedValues(plan).rows(0..<rows) }
    return arena.reshaped(from: start, rows: rows, columns: batch)
  }

  /// The inputs of an embedding, or their vectors, with the further rows of its numbers.
  func embeddedValues(_ plan: EmbeddingPlan) -> Tile<Scalar> {
    arena.reshaped(from: plan.values, rows: plan.embedding.outputSize, columns: batch)
  }

  /// The error of an embedding's outputs.
  func embeddingError(_ plan: EmbeddingPlan) -> Tile<Scalar> {
    arena.reshaped(from: plan.error, rows: plan.embedding.outputSize, columns: batch)
  }

  /// An embedding's gradient, a column for each block of samples; the columns are to be added.
  func embeddingGradient(_ plan: EmbeddingPlan) -> Tile<Scalar> {
    arena.reshaped(from: plan.gradient, rows: plan.embedding.parameterCount, columns: plan.samples.count)
  }

  /// The values of its normalization that a layer keeps, or nil if it has none.
  func normalization(of layer: Int) -> NormalizationBuffers<Scalar>? {
    guard let start = plan(layer).normalization else { return nil }
    let dense = plan(layer).layer
    let memory = arena.reshaped(from: start, rows: dense.normalizationCount(batch: batch), columns: 1)
    return NormalizationBuffers(memory, dense, batch: batch)
  }

  /// Memory for a layer's intermediate results on the way to its outputs, a column.
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

  /// The terms that the strips of a layer's weights add to the loss.
  func penalties(of layer: Int) -> JobNumbers { numbers(layer, 2) }

  /// The largest magnitudes in the blocks of the embedding's outputs.
  var embeddingMaxima: JobNumbers { numbers(layerCount + 1, 0) }

  /// The largest magnitudes in the blocks' parts of the embedding's gradient.
  var embeddingGradientMaxima: JobNumbers { numbers(layerCount + 1, 1) }

  private func numbers(_ layer: Int, _ job: Int) -> JobNumbers {
    JobNumbers(tile: numbers, start: numbersPerJob * (3 * layer - 2 + job))
  }

  private func column(_ start: Int, _ layer: Int) -> Tile<Scalar> {
    arena.reshaped(from: start, rows: plan(layer).layer.outputSize, columns: batch)
  }
}
