import Tensor

// Checks for a caller's mistakes, and the search for the layer where numbers became non-finite.

extension Network {
  func check(_ inputs: Matrix<Scalar>) {
    if inputs.rows != inputSize { fail("cannot feed \(inputs.shape) inputs to \(self): \(inputSize) rows are needed") }
  }

  func check(_ inputs: Matrix<Scalar>, outputs: Matrix<Scalar>) {
    check(inputs)
    if outputs.rows != outputSize || outputs.columns != inputs.columns {
      fail(
        "cannot put the outputs of \(self) for \(inputs.columns) samples into \(outputs.shape):"
          + " \(outputSize)×\(inputs.columns) is needed")
    }
  }

  func check(_ loss: Loss, _ inputs: Matrix<Scalar>, _ targets: Matrix<Scalar>) {
    check(inputs)
    guard targets.rows == outputSize, targets.columns == inputs.columns, !inputs.isEmpty else {
      fail("cannot compare \(inputs.columns) samples' outputs of \(self) with \(targets.shape) targets")
    }
    check(loss)
  }

  package func check(_ loss: Loss) {
    guard loss.accepts(outputActivation) else {
      if !Activation.allCases.contains(where: loss.accepts) {
        fail(
          "the loss \(loss.rawValue) has a number out of its range: quantiles ascend between 0 and 1, and a power is"
            + " between 1 and 2")
      }
      fail("the loss \(loss.rawValue) is not defined for \(outputActivation) outputs")
    }
    guard outputSize.isMultiple(of: max(loss.levels.count, 1)) else {
      fail(
        "the loss \(loss.rawValue) is not defined for \(outputSize) outputs: each target has an output for each level")
    }
  }

  func check(_ workspace: borrowing Workspace<Scalar>) {
    guard workspace.layers == layers, workspace.embedding == embedding else {
      fail("cannot use a workspace for \(workspace.layers) with \(self)")
    }
  }

  func check(gradient: Matrix<Scalar>) {
    guard gradient.rows == parameterCount, gradient.columns == 1 else {
      fail("cannot put the gradient of \(parameterCount) parameters into \(gradient.shape)")
    }
  }

  /// The number, counted from 1, of the first layer whose outputs for the last batch in a workspace are not all finite;
  /// nil if all outputs are finite.
  package func firstNonFiniteOutputs(_ workspace: inout Workspace<Scalar>, batch: Int) -> Int? {
    workspace.withBuffers(batch: batch, trainedWith: nil) { buffers in
      (1...layers.count).first { !buffers.outputs(of: $0).maxMagnitude.isFinite }
    }
  }

  /// The number, counted from 1, of the layer with the largest error for the last batch in a workspace. If the error
  /// exploded on the way back, it began there.
  package func layerOfLargestError(_ workspace: inout Workspace<Scalar>, batch: Int) -> Int {
    workspace.withBuffers(batch: batch, trainedWith: nil) { buffers in
      (1...layers.count).max {
        let (a, b) = (buffers.error(of: $0).maxMagnitude, buffers.error(of: $1).maxMagnitude)
        return a.isFinite && (!b.isFinite || a < b)
      }!
    }
  }
}
