import Tensor

/// Computes the outputs of all layers for a batch. Every worker of a team runs it at the same time.
struct ForwardPass<Scalar: BLASScalar>: TeamProgram {
  let inputs: Tile<Scalar>
  let parameters: Tile<Scalar>
  let statistics: Tile<Scalar>
  let buffers: Buffers<Scalar>

  func run(_ worker: Worker) {
    flushingDenormals {
      var jobs = JobSequence(worker)
      run(&jobs, .evaluation)
    }
  }

  /// Computes the outputs of all layers, and bounds on the magnitudes in their tiles, as jobs of a worker.
  ///
  /// - Parameters:
  ///   - mode: Says whether slopes are kept for the backward pass, and what is dropped.
  ///   - inputsAreLocal: Whether the previous job cut the inputs in the same way as the first layer's strips.
  func run(_ jobs: inout JobSequence, _ mode: PassMode, inputsAreLocal: Bool = false) {
    if let embedding = buffers.embedding { embed(embedding, &jobs, mode) }
    for number in 1...buffers.layerCount {
      let (plan, outputs) = (buffers.plan(number), buffers.outputs(of: number))
      let layer = plan.layer
      let inputs = number == 1 && buffers.embedding == nil ? inputs : buffers.inputs(of: number)
      let parameters = plan.part(of: parameters)
      let strips = plan.addsStrips ? plan.weightStrips.count : 0
      if strips > 0 {
        for strip in jobs.begin(plan.weightStrips, isLocal: number == 1 && inputsAreLocal) {
          layer.multiplyStrip(
            strip, plan.weightStrips[strip].columns, inputs: inputs, parameters: parameters, into: outputs,
            scratch: buffers.scratch)
        }
      }
      let maxima = buffers.outputMaxima(of: number)
      let slopes = mode.isTraining ? buffers.slopes(of: number) : nil
      let differences = buffers.differences(of: number)
      for tiles in jobs.begin(plan.outputGrid, merging: Scalar._Routines.hasProduct) {
        let part = plan.outputGrid[tiles]
        let largest = layer.computeOutputs(
          part, summing: strips, inputs: inputs, parameters: parameters, into: outputs, slopes: slopes,
          differences: differences, dropout: mode.noise?.place(layer: number, layer.dropout, part),
          scratch: buffers.scratch)
        maxima.set(tiles, to: largest)
      }
      guard let normalization = buffers.normalization(of: number) else { continue }
      for tile in jobs.begin(plan.normalizationGrid) {
        let part = plan.normalizationGrid[tile]
        maxima[tile] = layer.normalizeOutputs(
          part, outputs: outputs, parameters: parameters, statistics: plan.part(ofStatistics: statistics),
          isTraining: mode.isTraining, slopes: slopes, differences: differences,
          dropout: mode.noise?.place(layer: number, layer.dropout, part), normalization)
      }
    }
  }

  /// Computes the first layer's inputs, block by block. In training, the batch's inputs already stand at their place.
  private func embed(_ plan: EmbeddingPlan, _ jobs: inout JobSequence, _ mode: PassMode) {
    let embedding = plan.embedding
    let own = embedding.part(of: parameters)
    let (values, outputs, maxima) = (buffers.embeddedValues(plan), buffers.inputs(of: 1), buffers.embeddingMaxima)
    for block in jobs.begin(plan.samples) {
      let columns = plan.samples[block].columns
      let values = values[columns: columns]
      let ownInputs = buffers.embeddingInputs(plan)[columns: columns]
      if !mode.isTraining { ownInputs.copy(inputs[columns: columns]) }
      if let lookup = embedding.lookup {
        ownInputs.lookUp(lookup, table: embedding.part(of: parameters, .vectors), into: values)
      }
      if let pieces = embedding.pieces { values.encode(pieces) }
      maxima[block] = Double(values.embed(embedding.shape, parameters: own, into: outputs[columns: columns]))
    }
  }
}
