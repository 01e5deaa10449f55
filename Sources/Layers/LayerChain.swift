import Tensor

/// A network without its parameters: the layers, and where each one's parameters stand in the vector of all.
struct LayerChain: Sendable {
  let layers: [Dense]
  /// Where each layer's parameters start, and the total at the end.
  let offsets: [Int]
  /// The same for their running statistics.
  let statisticsOffsets: [Int]

  /// - Precondition: Traps where there is no layer, or a layer's inputs are not as many as the outputs before it.
  init(_ layers: [Dense]) {
    guard !layers.isEmpty else { fail("cannot make a network without layers") }
    for (previous, next) in zip(layers, layers.dropFirst()) where previous.outputSize != next.inputSize {
      fail("cannot chain \(previous) to \(next): \(previous.outputSize) outputs ≠ \(next.inputSize) inputs")
    }
    if let last = layers.last, last.dropout > 0 { fail("cannot drop a network's outputs: the last layer is \(last)") }
    self.layers = layers
    offsets = layers.reduce(into: [0]) { offsets, layer in
      let (end, overflow) = offsets.last!.addingReportingOverflow(layer.parameterCount)
      guard !overflow else { fail("cannot make a network of so many parameters: \(layers)") }
      offsets.append(end)
    }
    statisticsOffsets = layers.reduce(into: [0]) { $0.append($0.last! + $1.statisticCount) }
  }

  var parameterCount: Int { offsets[layers.count] }
  var statisticCount: Int { statisticsOffsets[layers.count] }

  /// The layer with this 1-based number, as it is trained with a loss: where the loss includes the output's activation, the last one stops at Z.
  func layer(_ number: Int, trainedWith loss: Loss?) -> Dense {
    let layer = layers[number - 1]
    guard number == layers.count, let loss, loss.includesActivation else { return layer }
    return layer.beforeActivation
  }

  /// The part of a vector of all parameters that belongs to the layer with this 1-based number.
  func part<Scalar>(of vector: Tile<Scalar>, _ number: Int) -> Tile<Scalar> {
    vector.reshaped(from: offsets[number - 1], rows: layers[number - 1].parameterCount, columns: 1)
  }

  /// The part of a vector of all running statistics that belongs to the layer with this 1-based number.
  func statistics<Scalar>(in all: Tile<Scalar>, _ number: Int) -> Tile<Scalar> {
    all.reshaped(from: statisticsOffsets[number - 1], rows: layers[number - 1].statisticCount, columns: 1)
  }

  /// About how many multiplications so many passes over a batch take.
  func work(batch: Int, passes: Int) -> Int { passes * batch * parameterCount }
}

// MARK: - The forward pass

extension LayerChain {
  /// Computes the outputs of all layers, and bounds on the magnitudes in their tiles, as jobs of a worker.
  ///
  /// - Parameters:
  ///   - phase: Whether slopes are kept for the way back, and what is dropped.
  ///   - loss: nil for the outputs as they are, or the loss that they are trained with; see ``layer(_:trainedWith:)``.
  ///   - inputs: The batch, in the buffers or elsewhere.
  ///   - inputsAreLocal: Whether the job before has cut the inputs as the first layer's strips are cut.
  func computeOutputs<Scalar>(
    _ jobs: inout Jobs, _ phase: Phase, trainedWith loss: Loss?, inputs: Tile<Scalar>, inputsAreLocal: Bool = false,
    parameters: Tile<Scalar>, statistics: Tile<Scalar>, _ buffers: Buffers<Scalar>
  ) {
    let batch = buffers.batch
    for number in 1...layers.count {
      let layer = layer(number, trainedWith: loss)
      let parameters = part(of: parameters, number)
      let (inputs, outputs) = (number == 1 ? inputs : buffers.outputs(of: number - 1), buffers.outputs(of: number))
      if layer.addsStrips(batch: batch) {
        for strip in jobs.begin(layer.weightStrips(batch: batch), isLocal: number == 1 && inputsAreLocal) {
          layer.multiplyStrip(strip, inputs: inputs, parameters: parameters, into: outputs, scratch: buffers.scratch)
        }
      }
      let maxima = buffers.outputMaxima(of: number)
      let slopes = phase.isTraining ? buffers.slopes(of: number) : nil
      let grid = layer.outputGrid(batch: batch)
      for tiles in jobs.begin(grid, merging: Scalar.Routines.hasProduct) {
        let part = grid[tiles]
        let largest = layer.computeOutputs(
          part, inputs: inputs, parameters: parameters, into: outputs, slopes: slopes,
          dropout: phase.noise?.place(layer: number, layer.dropout, part), scratch: buffers.scratch)
        maxima.set(tiles, to: largest)
      }
      guard let normalization = buffers.normalization(of: number) else { continue }
      let normalizationGrid = layer.normalizationGrid(batch: batch)
      for tile in jobs.begin(normalizationGrid) {
        let part = normalizationGrid[tile]
        maxima[tile] = layer.normalizeOutputs(
          part, outputs: outputs, parameters: parameters, statistics: self.statistics(in: statistics, number),
          isTraining: phase.isTraining, slopes: slopes,
          dropout: phase.noise?.place(layer: number, layer.dropout, part), normalization)
      }
    }
  }
}
