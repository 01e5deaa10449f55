import Tensor

extension Network {
  /// The outputs for a batch.
  ///
  /// - Shapes: inputs inputSize × batch; returns outputSize × batch.
  /// - Precondition: Traps where the inputs have another number of rows.
  /// - Complexity: 2 · parameterCount flops a sample; works in blocks, so that memory beyond the result does not grow with the batch.
  public func predict(_ inputs: Matrix<Scalar>) -> Matrix<Scalar> {
    var workspace = Workspace(for: self, batchCapacity: min(max(inputs.columns, 1), 256))
    return predict(inputs, workspace: &workspace)
  }

  /// The outputs for a batch, computed in a workspace that is kept between calls.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func predict(_ inputs: Matrix<Scalar>, workspace: inout Workspace<Scalar>) -> Matrix<Scalar> {
    checkInputs(inputs)
    var outputs = Matrix<Scalar>(rows: outputSize, columns: inputs.columns)
    outputs.withTile { outputs in
      inputs.withReadOnlyTile { inputs in
        for block in blocks(of: inputs.columns, capacity: workspace.batchCapacity) {
          workspace.withBuffers(batch: block.count) { buffers in
            forward(layers, inputs[columns: block], buffers, into: outputs[columns: block])
          }
        }
      }
    }
    return outputs
  }

  /// The mean loss over a data set.
  ///
  /// - Shapes: inputs inputSize × samples, targets outputSize × samples.
  /// - Precondition: Traps on other shapes, and where the loss does not accept the output activation.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func meanLoss(
    _ loss: Loss, inputs: Matrix<Scalar>, targets: Matrix<Scalar>, workspace: inout Workspace<Scalar>
  ) -> Double {
    check(loss, inputs, targets)
    let layers = trainedLayers(loss)
    var sum = 0.0
    inputs.withReadOnlyTile { inputs in
      targets.withReadOnlyTile { targets in
        for block in blocks(of: inputs.columns, capacity: workspace.batchCapacity) {
          workspace.withBuffers(batch: block.count) { buffers in
            let outputs = buffers.outputs(of: layers.count)
            forward(layers, inputs[columns: block], buffers, into: outputs)
            sum +=
              loss.evaluate(outputs, targets: targets[columns: block], replacingOutputs: false) * Double(block.count)
          }
        }
      }
    }
    return sum / Double(inputs.columns)
  }

  /// Computes a batch's mean loss and its gradient by back-propagation.
  ///
  ///     δ = ∇ₐL ∘ g′(Z),   ∇W = δ A₋₁ᵀ,   ∇b = δ 1,   ∇ₐL₋₁ = Wᵀ δ      from the last layer to the first
  ///
  /// - Parameter gradient: Becomes ∂L/∂parameters, in the order of ``parameters``.
  /// - Returns: The mean loss.
  /// - Shapes: inputs inputSize × batch, targets outputSize × batch, gradient parameterCount × 1.
  /// - Precondition: Traps on other shapes, on a batch that is empty or beyond the workspace's capacity, and where the loss does not accept
  ///   the output activation.
  /// - Complexity: about 6 · parameterCount flops a sample; allocates nothing.
  /// - Source: Rumelhart, Hinton and Williams 1986.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func backPropagate(
    _ loss: Loss, inputs: Matrix<Scalar>, targets: Matrix<Scalar>, workspace: inout Workspace<Scalar>,
    gradient: inout Matrix<Scalar>
  ) -> Double {
    check(loss, inputs, targets)
    return workspace.withBuffers(batch: inputs.columns) { buffers in
      inputs.withReadOnlyTile { buffers.outputs(of: 0).copy($0) }
      targets.withReadOnlyTile { buffers.targets.copy($0) }
      return backPropagate(loss, buffers, gradient: &gradient)
    }
  }

  /// The same for a batch that is gathered from the chosen columns of a data set.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func backPropagate(
    _ loss: Loss, inputs: Matrix<Scalar>, targets: Matrix<Scalar>, columns: ArraySlice<Int>,
    workspace: inout Workspace<Scalar>, gradient: inout Matrix<Scalar>
  ) -> Double {
    check(loss, inputs, targets)
    return workspace.withBuffers(batch: columns.count) { buffers in
      inputs.withReadOnlyTile { buffers.outputs(of: 0).gather(columns, of: $0) }
      targets.withReadOnlyTile { buffers.targets.gather(columns, of: $0) }
      return backPropagate(loss, buffers, gradient: &gradient)
    }
  }

  /// The same for a batch whose inputs and targets stand in the workspace's buffers.
  private func backPropagate(_ loss: Loss, _ buffers: Buffers<Scalar>, gradient: inout Matrix<Scalar>) -> Double {
    guard gradient.rows == parameterCount, gradient.columns == 1 else {
      fail("cannot put the gradient of \(parameterCount) parameters into \(gradient.shape)")
    }
    let layers = trainedLayers(loss)
    return parameters.withReadOnlyTile { parameters in
      gradient.withTile { gradient in
        let error = buffers.error(at: layers.count)
        let outputs = buffers.outputs(of: layers.count)
        forward(layers, buffers.outputs(of: 0), buffers, into: outputs)
        error.copy(outputs)
        let value = loss.evaluate(error, targets: buffers.targets, replacingOutputs: true)
        for layer in layers.indices.reversed() {
          layers[layer].backward(
            buffers.error(at: layer + 1), inputs: buffers.outputs(of: layer), outputs: buffers.outputs(of: layer + 1),
            parameters: part(of: parameters, layer), gradient: part(of: gradient, layer),
            inputError: layer == 0 ? nil : buffers.error(at: layer))
        }
        return value
      }
    }
  }

  /// The first layer, counted from 1, whose outputs for the batch in the buffers are not all finite; nil where all are.
  package func firstNonFiniteLayer(_ buffers: Buffers<Scalar>) -> Int? {
    layers.indices.first { !buffers.outputs(of: $0 + 1).maxMagnitude.isFinite }.map { $0 + 1 }
  }

  /// The last layer, counted from 1, whose part of a vector in the order of the parameters satisfies `condition`; nil where none does.
  package func lastLayer(where condition: (Matrix<Scalar>) -> Bool, in vector: Matrix<Scalar>) -> Int? {
    let row = vector.reshaped(rows: 1, columns: parameterCount)
    return layers.indices.last { condition(row[columns: offsets[$0]..<offsets[$0 + 1]]) }.map { $0 + 1 }
  }
}

extension Network {
  private func forward(
    _ layers: [Dense], _ inputs: Tile<Scalar>, _ buffers: Buffers<Scalar>, into outputs: Tile<Scalar>
  ) {
    parameters.withReadOnlyTile { parameters in
      for layer in layers.indices {
        layers[layer].forward(
          layer == 0 ? inputs : buffers.outputs(of: layer), parameters: part(of: parameters, layer),
          into: layer == layers.count - 1 ? outputs : buffers.outputs(of: layer + 1))
      }
    }
  }

  /// The layers as they are trained: where the loss includes the output's activation, the last layer stops at z.
  private func trainedLayers(_ loss: Loss) -> [Dense] {
    guard loss.includesActivation, let last = layers.last else { return layers }
    return layers.dropLast() + [Dense(last.inputSize, last.outputSize, .identity)]
  }

  private func part(of vector: Tile<Scalar>, _ layer: Int) -> Tile<Scalar> {
    vector.reshaped(from: offsets[layer], rows: layers[layer].parameterCount, columns: 1)
  }

  private func blocks(of columns: Int, capacity: Int) -> some Sequence<Range<Int>> {
    stride(from: 0, to: columns, by: capacity).lazy.map { $0..<Swift.min($0 + capacity, columns) }
  }

  private func checkInputs(_ inputs: Matrix<Scalar>) {
    if inputs.rows != inputSize { fail("cannot feed \(inputs.shape) inputs to \(self): \(inputSize) rows are needed") }
  }

  private func check(_ loss: Loss, _ inputs: Matrix<Scalar>, _ targets: Matrix<Scalar>) {
    checkInputs(inputs)
    guard targets.rows == outputSize, targets.columns == inputs.columns, !inputs.isEmpty else {
      fail("cannot compare \(inputs.columns) samples' outputs of \(self) with \(targets.shape) targets")
    }
    guard loss.accepts(outputActivation) else {
      fail("the loss \(loss.rawValue) is not defined for \(outputActivation) outputs")
    }
  }
}
