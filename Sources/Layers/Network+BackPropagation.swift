import Tensor

extension Network {
  /// Computes a batch's mean loss and its gradient by back-propagation.
  ///
  ///     δ = ∇ₐL ∘ g′(Z),   ∇W = δ A₋₁ᵀ,   ∇b = δ 1,   δ₋₁ = Wᵀ δ ∘ g′(Z₋₁)      from the last layer to the first
  ///
  /// - Parameter gradient: Becomes ∂L/∂parameters, in the order of ``parameters``.
  /// - Returns: The mean loss.
  /// - Shapes: inputs inputSize × batch, targets outputSize × batch, gradient parameterCount × 1.
  /// - Precondition: Traps on other shapes, on a batch that is empty or beyond the workspace's capacity, on another network's workspace, and where the loss does not accept
  ///   the output activation.
  /// - Complexity: about 6 · parameterCount flops a sample, shared by the workspace's team; allocates nothing on one worker, one small object on
  ///   several.
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
    return parameters.withReadOnlyTile { parameters in
      gradient.withTile { gradient in
        workspace.runStep(chain, loss, inputs, targets, nil, parameters) { step, worker in
          step.forward(worker)
          step.back(worker)
          step.useGradient(worker, gradient, KeptGradient<Scalar>())
        }
      }
    }
  }

  /// What became of a training step.
  package struct StepOutcome {
    /// The batch's mean loss before the step.
    package let loss: Double
    /// No element of the gradient is larger.
    package let gradientBound: Double
    /// Whether the parameters were changed.
    package let isTaken: Bool
  }

  /// Back-propagates the chosen columns of a data set and, where loss and gradient admit it, puts the gradient to use.
  ///
  /// - Parameters:
  ///   - inputBound: The largest magnitude in the inputs.
  ///   - gradient: The memory for the gradient; where the use has a direct rate it is not touched and may be empty.
  ///   - admits: Whether the parameters stay finite where no element of the gradient is larger than its argument. Every worker asks.
  package mutating func takeStep(
    _ loss: Loss, inputs: Matrix<Scalar>, targets: Matrix<Scalar>, columns: ArraySlice<Int>, inputBound: Double,
    workspace: inout Workspace<Scalar>, gradient: inout Matrix<Scalar>, use: some GradientUse<Scalar>,
    admits: (Double) -> Bool
  ) -> StepOutcome {
    check(loss, inputs, targets)
    check(workspace)
    var bound = 0.0
    var isTaken = false
    let chain = chain
    let value = parameters.withTile { parameters in
      gradient.withTile { gradient in
        workspace.runStep(chain, loss, inputs, targets, columns, parameters) { step, worker in
          step.forward(worker)
          step.back(worker)
          let gradientBound = step.gradientBound(inputBound: inputBound)
          let isAdmitted = step.meanLoss.isFinite && admits(gradientBound)
          if isAdmitted { step.useGradient(worker, gradient, use) }
          if worker.index == 0 { (bound, isTaken) = (gradientBound, isAdmitted) }
        }
      }
    }
    return StepOutcome(loss: value, gradientBound: bound, isTaken: isTaken)
  }
}

extension Workspace {
  /// Gathers a batch and runs a step on it on every worker; returns the batch's mean loss.
  ///
  /// - Parameter columns: The samples of the batch; nil for all columns in order.
  fileprivate mutating func runStep(
    _ chain: LayerChain, _ loss: Loss, _ inputs: Matrix<Scalar>, _ targets: Matrix<Scalar>, _ columns: ArraySlice<Int>?,
    _ parameters: Tile<Scalar>, _ body: (TrainingStep<Scalar>, Worker) -> Void
  ) -> Double {
    let batch = columns?.count ?? inputs.columns
    let team = team
    return inputs.withReadOnlyTile { inputs in
      targets.withReadOnlyTile { targets in
        withBuffers(batch: batch) { buffers in
          let step = TrainingStep(chain: chain, loss: loss, parameters: parameters, buffers: buffers)
          team.run(alone: !chain.isWorthTeam(batch: batch, passes: 3)) { worker in
            step.gather(worker, inputs, targets, columns)
            body(step, worker)
          }
          return step.meanLoss
        }
      }
    }
  }
}
