import Tensor

extension Network {
  /// Computes a batch's mean loss and its gradient by back-propagation. This applies no dropout.
  ///
  ///     δ = ∇ₐL ∘ g′(Z),   ∇W = δ A₋₁ᵀ,   ∇b = δ 1,   δ₋₁ = Wᵀ δ ∘ g′(Z₋₁)      from the last layer to the first
  ///
  /// - Parameter gradient: Receives ∂L/∂parameters, in the order of ``parameters``.
  /// - Returns: The mean loss.
  /// - Shapes: inputs inputSize × batch, targets outputSize × batch, gradient parameterCount × 1.
  /// - Precondition: Traps on other shapes, on a batch that is empty or beyond the workspace's capacity, on another
  ///   network's workspace, and if the loss does not accept the output activation.
  /// - Complexity: about 6 · parameterCount flops per sample, shared by the workspace's team; allocates nothing.
  /// - Source: Rumelhart, Hinton and Williams 1986.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func backPropagate(
    _ loss: Loss, inputs: Matrix<Scalar>, targets: Matrix<Scalar>, workspace: inout Workspace<Scalar>,
    gradient: inout Matrix<Scalar>
  ) -> Double {
    check(loss, inputs, targets)
    check(workspace)
    check(gradient: gradient)
    let batch = Batch(inputs: inputs, targets: targets)
    return parameters.withReadOnlyTile { parameters in
      statistics.withReadOnlyTile { statistics in
        workspace.runStep(
          Objective(loss), batch, parameters, statistics, &gradient, TileUpdate(.keep(adding: false)), rates: nil,
          largestGradient: nil)
      }
    }.loss
  }

  /// Back-propagates a batch, or a part of one, and keeps the gradient if the loss and the gradient allow it.
  ///
  /// - Parameter adding: Whether the gradient is added to the contents of `gradient`, or replaces them.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package mutating func backPropagate(
    _ objective: Objective, _ batch: Batch<Scalar>, workspace: inout Workspace<Scalar>,
    gradient: inout Matrix<Scalar>, adding: Bool, largestGradient: Double
  ) -> StepOutcome {
    check(gradient: gradient)
    return takeStep(
      objective, batch, workspace: &workspace, gradient: &gradient, update: TileUpdate(.keep(adding: adding)),
      largestGradient: largestGradient)
  }

  /// Back-propagates a batch and updates the parameters if the loss and the gradient allow it.
  ///
  /// - Parameters:
  ///   - gradient: The memory for the gradient; may be empty if the update needs none.
  ///   - rates: Factors of the update for groups of parameters; nil for none.
  ///   - largestGradient: The parameters do not change if the loss is not finite or an element of the gradient might be
  ///     larger than this.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package mutating func takeStep(
    _ objective: Objective, _ batch: Batch<Scalar>, workspace: inout Workspace<Scalar>,
    gradient: inout Matrix<Scalar>, update: TileUpdate<Scalar>, rates: RateFactors? = nil, largestGradient: Double
  ) -> StepOutcome {
    check(objective.loss, batch.inputs, batch.targets)
    check(workspace)
    return withParametersAndStatistics { parameters, statistics in
      workspace.runStep(
        objective, batch, parameters, statistics, &gradient, update, rates: rates, largestGradient: largestGradient)
    }
  }
}

extension Workspace {
  /// Runs a step on the workspace's team; see ``TrainingStep`` for the arguments.
  fileprivate mutating func runStep(
    _ objective: Objective, _ batch: Batch<Scalar>, _ parameters: Tile<Scalar>,
    _ statistics: Tile<Scalar>, _ gradient: inout Matrix<Scalar>, _ update: TileUpdate<Scalar>, rates: RateFactors?,
    largestGradient: Double?
  ) -> StepOutcome {
    let team = team
    let weights = batch.weights?.withReadOnlyTile { $0 }
    let columns = batch.columns?.withUnsafeBufferPointer { $0 }
    let next = batch.next.withUnsafeBufferPointer { $0 }
    defer { withExtendedLifetime(batch) {} }
    return batch.inputs.withReadOnlyTile { inputs in
      batch.targets.withReadOnlyTile { targets in
        gradient.withTile { gradient in
          withBuffers(batch: batch.count, trainedWith: objective.loss) { buffers in
            let step = TrainingStep(
              objective: objective, inputs: inputs, targets: targets, weights: weights, columns: columns,
              meanCount: batch.meanCount, next: next, inputBound: batch.inputBound, parameters: parameters,
              statistics: statistics, gradient: gradient, update: update, rates: rates,
              largestGradient: largestGradient,
              buffers: buffers)
            team.run(step, work: 3 * batch.count * parameters.rows)
            return step.outcome
          }
        }
      }
    }
  }
}
