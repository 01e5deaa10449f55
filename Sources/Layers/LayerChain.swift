import Tensor

/// A network without its parameters: the layers, and where each one's parameters stand in the vector of all.
struct LayerChain: Sendable {
  let layers: [Dense]
  /// Where each layer's parameters start, and the total at the end.
  let offsets: [Int]

  /// - Precondition: Traps where there is no layer, or a layer's inputs are not as many as the outputs before it.
  init(_ layers: [Dense]) {
    guard !layers.isEmpty else { fail("cannot make a network without layers") }
    for (previous, next) in zip(layers, layers.dropFirst()) where previous.outputSize != next.inputSize {
      fail("cannot chain \(previous) to \(next): \(previous.outputSize) outputs ≠ \(next.inputSize) inputs")
    }
    self.layers = layers
    offsets = layers.reduce(into: [0]) { offsets, layer in
      let (end, overflow) = offsets.last!.addingReportingOverflow(layer.parameterCount)
      guard !overflow else { fail("cannot make a network of so many parameters: \(layers)") }
      offsets.append(end)
    }
  }

  var parameterCount: Int { offsets[layers.count] }

  /// The layer with this 1-based number, as it is trained with a loss: where the loss includes the output's activation, the last one stops at Z.
  func layer(_ number: Int, trainedWith loss: Loss?) -> Dense {
    let layer = layers[number - 1]
    guard number == layers.count, let loss, loss.includesActivation else { return layer }
    return Dense(layer.inputSize, layer.outputSize, .identity)
  }

  /// The part of a vector of all parameters that belongs to the layer with this 1-based number.
  func part<Scalar>(of vector: Tile<Scalar>, _ number: Int) -> Tile<Scalar> {
    vector.reshaped(from: offsets[number - 1], rows: layers[number - 1].parameterCount, columns: 1)
  }

  /// About how many multiplications so many passes over a batch take.
  func work(batch: Int, passes: Int) -> Int { passes * batch * parameterCount }
}

// MARK: - The forward pass

extension LayerChain {
  /// Computes the outputs of all layers, and bounds on the magnitudes in their tiles, as jobs of a worker.
  ///
  /// - Parameters:
  ///   - loss: nil for the outputs as they are, or the loss that they are trained with; see ``layer(_:trainedWith:)``.
  ///   - inputs: The batch, in the buffers or elsewhere.
  ///   - inputsAreLocal: Whether the job before has cut the inputs as the first layer's strips are cut.
  func computeOutputs<Scalar>(
    _ jobs: inout Jobs, trainedWith loss: Loss?, inputs: Tile<Scalar>, inputsAreLocal: Bool = false,
    parameters: Tile<Scalar>, _ buffers: Buffers<Scalar>
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
      let grid = layer.outputGrid(batch: batch)
      for tile in jobs.begin(grid) {
        maxima[tile] = layer.computeOutputs(
          grid[tile], inputs: inputs, parameters: parameters, into: outputs, scratch: buffers.scratch)
      }
    }
  }
}
