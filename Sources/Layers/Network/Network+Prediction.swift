import Tensor

extension Network {
  /// Computes the outputs for a batch.
  ///
  /// - Shapes: inputs inputSize × batch; returns outputSize × batch.
  /// - Precondition: Traps if the inputs have another number of rows.
  /// - Complexity: 2 · parameterCount flops per sample. It works in blocks, so that memory beyond the result does not
  ///   grow with the batch.
  public func predict(_ inputs: Matrix<Scalar>) -> Matrix<Scalar> {
    var workspace = Workspace(for: self, batchCapacity: min(max(inputs.columns, 1), 256))
    return predict(inputs, workspace: &workspace)
  }

  /// Computes the outputs for a batch, by a workspace's team and in its memory, which is kept between calls.
  ///
  /// - Precondition: Traps if the inputs have another number of rows, and on another network's workspace.
  public func predict(_ inputs: Matrix<Scalar>, workspace: inout Workspace<Scalar>) -> Matrix<Scalar> {
    var outputs = Matrix<Scalar>(rows: outputSize, columns: inputs.columns)
    predict(inputs, into: &outputs, workspace: &workspace)
    return outputs
  }

  /// Computes the outputs for a batch, in a workspace and by its team, into memory that is kept between calls.
  ///
  ///     A₀ = inputs,   A = g(W A₋₁ + b 1ᵀ)   layer by layer,   outputs ← A of the last
  ///
  /// - Shapes: inputs inputSize × batch, outputs outputSize × batch; the batch may be larger than the workspace's
  ///   capacity, and empty.
  /// - Precondition: Traps on other shapes, and on another network's workspace.
  /// - Complexity: 2 · parameterCount flops per sample. Allocates nothing, unless another matrix shares the outputs'
  ///   storage.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func predict(
    _ inputs: Matrix<Scalar>, into outputs: inout Matrix<Scalar>, workspace: inout Workspace<Scalar>
  ) {
    predict(inputs, into: &outputs, adding: false, workspace: &workspace)
  }

  /// Computes the outputs for a batch, in a workspace and by its team. If `adding`, they are added to the contents of
  /// `outputs`, which come from other networks.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func predict(
    _ inputs: Matrix<Scalar>, into outputs: inout Matrix<Scalar>, adding: Bool, workspace: inout Workspace<Scalar>
  ) {
    check(inputs, outputs: outputs)
    check(workspace)
    outputs.withTile { outputs in
      workspace.forEachBlock(self, nil, inputs) { _, block, buffers in
        let found = buffers.outputs(of: chain.layers.count)
        if adding { outputs[columns: block].add(found) } else { outputs[columns: block].copy(found) }
      }
    }
  }

  /// The mean loss over a data set.
  ///
  /// - Shapes: inputs inputSize × samples, targets outputSize × samples.
  /// - Precondition: Traps on other shapes, on another network's workspace, and if the loss does not accept the output
  ///   activation.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func meanLoss(
    _ loss: Loss, inputs: Matrix<Scalar>, targets: Matrix<Scalar>, workspace: inout Workspace<Scalar>
  ) -> Double {
    var none = Matrix<Scalar>(rows: 0, columns: 0)
    return judge(loss, inputs: inputs, targets: targets, outputs: &none, workspace: &workspace).loss
  }

  /// The mean loss over a data set, the share of wrong answers if the loss is for classes, and the outputs, in one
  /// pass.
  ///
  /// - Parameters:
  ///   - outputs: Becomes the outputs, unless it is empty.
  ///   - processes: The processes that share the samples. All get all results.
  /// - Shapes, preconditions: as for ``meanLoss(_:inputs:targets:workspace:)``; outputs outputSize × samples.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func judge(
    _ loss: Loss, inputs: Matrix<Scalar>, targets: Matrix<Scalar>, outputs kept: inout Matrix<Scalar>,
    workspace: inout Workspace<Scalar>, _ processes: Processes = .alone
  ) -> (loss: Double, error: Double?) {
    check(loss, inputs, targets)
    check(workspace)
    let keepsOutputs = !kept.isEmpty
    if keepsOutputs { check(inputs, outputs: kept) }
    let activation = loss.includesActivation ? outputActivation : .identity
    let noBias = Matrix<Scalar>(rows: outputSize, columns: 1)
    let blocks = (inputs.columns + workspace.batchCapacity - 1) / workspace.batchCapacity
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * max(blocks, 1)) { memory in
      memory.initialize(repeating: 0)
      // The sum of the losses in each block, and the number of wrong answers.
      let sums = Tile(base: memory.baseAddress!, rows: 2, columns: blocks, stride: 2)
      targets.withReadOnlyTile { targets in
        kept.withTile { kept in
          let share = processes.share(of: blocks, rank: processes.rank)
          workspace.forEachBlock(self, loss, inputs, in: share) { number, block, buffers in
            let outputs = buffers.outputs(of: chain.layers.count)
            let (targets, sums) = (targets[columns: block], sums[columns: number..<number + 1])
            sums[0] = outputs.loss(loss, targets: targets, batch: block.count, replacing: false) * Double(block.count)
            if loss.isForClasses {
              sums[1] = Double(Self.wrongAnswers(outputs, targets, isOneOfMany: loss == .crossEntropy))
            }
            guard keepsOutputs else { return }
            let own = kept[columns: block]
            own.copy(outputs)
            if activation != .identity { noBias.withReadOnlyTile { _ = own.activate(activation, bias: $0) } }
          }
          processes.gatherColumns(sums) { processes.share(of: blocks, rank: $0) }
          guard keepsOutputs else { return }
          let (capacity, count) = (workspace.batchCapacity, kept.columns)
          processes.gatherColumns(kept) { rank in
            let share = processes.share(of: blocks, rank: rank)
            return min(share.lowerBound * capacity, count)..<min(share.upperBound * capacity, count)
          }
        }
      }
      var (sum, wrong) = (0.0, 0.0)
      for block in 0..<blocks { (sum, wrong) = (sum + memory[2 * block], wrong + memory[2 * block + 1]) }
      let count = Double(inputs.columns)
      let answers = loss == .crossEntropy ? count : count * Double(targets.rows)
      return (sum / count, loss.isForClasses ? wrong / answers : nil)
    }
  }

  /// The number of wrong answers: of samples, or with `isOneOfMany` false of single outputs, each a yes or no.
  ///
  /// - Parameter outputs: The weighted inputs Z of the last layer.
  private static func wrongAnswers(_ outputs: Tile<Scalar>, _ targets: Tile<Scalar>, isOneOfMany: Bool) -> Int {
    var wrong = 0
    for column in 0..<outputs.columns {
      let (z, y) = (outputs[columns: column..<column + 1], targets[columns: column..<column + 1])
      if isOneOfMany {
        var (answer, actual) = (0, 0)
        for row in 0..<z.rows {
          if z[row] > z[answer] { answer = row }
          if y[row] > y[actual] { actual = row }
        }
        if answer != actual { wrong += 1 }
      } else {
        for row in 0..<z.rows where (z[row] > 0) != (y[row] > 0.5) { wrong += 1 }
      }
    }
    return wrong
  }
}

extension Workspace {
  /// Computes the outputs of all layers for blocks of the samples, and calls `body` with each block's number, samples
  /// and buffers.
  ///
  /// - Parameter blocks: Which blocks; nil for all.
  fileprivate mutating func forEachBlock(
    _ network: Network<Scalar>, _ loss: Loss?, _ inputs: Matrix<Scalar>, in blocks: Range<Int>? = nil,
    _ body: (Int, Range<Int>, Buffers<Scalar>) -> Void
  ) {
    let team = team
    let capacity = batchCapacity
    inputs.withReadOnlyTile { inputs in
      network.parameters.withReadOnlyTile { parameters in
        network.statistics.withReadOnlyTile { statistics in
          for number in blocks ?? 0..<(inputs.columns + capacity - 1) / capacity {
            let block = number * capacity..<min((number + 1) * capacity, inputs.columns)
            withBuffers(batch: block.count, trainedWith: loss) { buffers in
              let pass = ForwardPass(
                inputs: inputs[columns: block], parameters: parameters, statistics: statistics, buffers: buffers)
              team.run(pass, work: block.count * parameters.rows)
              flushingDenormals { body(number, block, buffers) }
            }
          }
        }
      }
    }
  }
}
