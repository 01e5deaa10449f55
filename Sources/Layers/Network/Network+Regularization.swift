import Tensor

extension Network {
  /// Adds the gradient of l₁ ‖W‖₁ + ½ l₂ ‖W‖² to a gradient. W is all weights, without the biases.
  ///
  /// - Parameter slice: The parameters whose gradient is needed.
  /// - Shapes: gradient parameterCount × 1.
  /// - Returns: l₁ ‖W‖₁ + ½ l₂ ‖W‖² of all weights.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func penalize(
    _ gradient: inout Matrix<Scalar>, in slice: Range<Int>, l1: Double, l2: Double,
    workspace: inout Workspace<Scalar>
  ) -> Double {
    check(gradient: gradient)
    check(workspace)
    let team = workspace.team
    return parameters.withReadOnlyTile { parameters in
      gradient.withTile { gradient in
        workspace.withBuffers(batch: 1, trainedWith: nil) { buffers in
          let program = Penalty(
            chain: chain, l1: Scalar(l1), l2: Scalar(l2), parameters: parameters, gradient: gradient, slice: slice,
            buffers: buffers)
          team.run(program, work: parameterCount)
          return program.sum
        }
      }
    }
  }

  /// Scales a slice of a gradient by `factor`, in place, and updates these parameters with it.
  ///
  /// - Parameters:
  ///   - rule: The rule, whose moments are those of the slice.
  ///   - groups: All parameters by their factors of the rate and the decay.
  /// - Shapes: gradient parameterCount × 1.
  package mutating func update(
    in slice: Range<Int>, by rule: TileUpdate<Scalar>.Rule, gradient: inout Matrix<Scalar>, scaledBy factor: Scalar,
    groups: [ParameterGroup], team: Team
  ) {
    check(gradient: gradient)
    parameters.withTile { parameters in
      gradient.withTile { gradient in
        for group in groups where group.range.overlaps(slice) {
          let range = group.range.clamped(to: slice)
          let update = TileUpdate(rule).scaled(rate: group.rate, decay: group.decay)
            .advanced(by: range.lowerBound - slice.lowerBound)
          team.update(parameters.rows(range), by: update.rule, gradient: gradient.rows(range), scaledBy: factor)
        }
      }
    }
  }

  /// The groups of parameters that have the same factors, in the parameters' order.
  package func groups(_ rates: RateFactors) -> [ParameterGroup] {
    guard rates != .equal else { return [ParameterGroup(range: 0..<parameterCount, rate: 1, decay: 1)] }
    func group(_ place: (start: Int, rows: Int, columns: Int), _ factors: (rate: Double, decay: Double))
      -> ParameterGroup
    {
      ParameterGroup(
        range: place.start..<place.start + place.rows * place.columns, rate: factors.rate, decay: factors.decay)
    }
    return (embedding?.parameters ?? []).map { group(place($0), rates.factors($0)) }
      + layers.enumerated().flatMap { index, layer in
        layer.parameters.filter { !$0.isStatistic }.map { group(place(index, $0), rates.factors($0, of: layer)) }
      }
  }

  /// Scales the weights into each unit, a row of W, down to the Euclidean norm `limit` if their norm is above it.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package mutating func limitNorms(to limit: Double, team: Team) {
    let (chain, count) = (chain, parameterCount)
    parameters.withTile { parameters in
      team.run(NormLimit(chain: chain, limit: Scalar(limit), parameters: parameters), work: count)
    }
  }
}

extension Network {
  /// Makes the parameters and the running statistics means of themselves and of another network's: w̄ ← kept · w̄ +
  /// (1 − kept) · w.
  ///
  /// - Precondition: The other network has the same layers and embedding.
  package mutating func mix(with other: Network, keeping kept: Double, team: Team) {
    withParametersAndStatistics { parameters, statistics in
      other.parameters.withReadOnlyTile { team.mix($0, into: parameters, keeping: Scalar(kept)) }
      other.statistics.withReadOnlyTile { team.mix($0, into: statistics, keeping: Scalar(kept)) }
    }
  }
}

/// The strips of all layers' weights, and of the gradient.
private struct Penalty<Scalar: BLASScalar>: TeamProgram {
  let chain: LayerChain
  let l1, l2: Scalar
  let parameters: Tile<Scalar>
  let gradient: Tile<Scalar>
  /// The parameters whose gradient is needed.
  let slice: Range<Int>
  let buffers: Buffers<Scalar>

  func run(_ worker: Worker) { flushingDenormals { penalizeStrips(worker) } }

  private func penalizeStrips(_ worker: Worker) {
    for number in 1...chain.layers.count {
      let (layer, sums) = (chain.layers[number - 1], buffers.penalties(of: number))
      let strips = Self.strips(layer)
      for strip in worker.share(of: strips.count) {
        let columns = strips[strip].columns
        let weights = layer.weights(in: chain.part(of: parameters, number))[columns: columns]
        let gradient = layer.weights(in: chain.part(of: gradient, number))[columns: columns]
        // The place of the strip among all parameters.
        let start = weights.base - parameters.base
        let needed = (start..<start + weights.rows * weights.columns).clamped(to: slice)
        if needed.count == weights.rows * weights.columns {
          sums[strip] = weights.penalize(l1: l1, l2: l2, scale: 1, gradient)
        } else {
          sums[strip] = weights.penalty(l1: l1, l2: l2)
          guard !needed.isEmpty else { continue }
          _ = parameters.rows(needed).penalize(l1: l1, l2: l2, scale: 1, self.gradient.rows(needed))
        }
      }
    }
  }

  var sum: Double {
    (1...chain.layers.count).reduce(0.0) {
      $0 + buffers.penalties(of: $1).sum(Self.strips(chain.layers[$1 - 1]).count)
    }
  }

  /// Cuts the strips for about 10 operations per weight.
  private static func strips(_ layer: Dense) -> TileGrid {
    TileGrid(rows: layer.outputSize, columns: layer.inputSize, inner: 10, cutting: .columns)
  }
}

/// The rows of all layers' weights.
private struct NormLimit<Scalar: BLASScalar>: TeamProgram {
  let chain: LayerChain
  let limit: Scalar
  let parameters: Tile<Scalar>

  func run(_ worker: Worker) { flushingDenormals { limitRows(worker) } }

  private func limitRows(_ worker: Worker) {
    for number in 1...chain.layers.count {
      let layer = chain.layers[number - 1]
      let weights = layer.weights(in: chain.part(of: parameters, number))
      let blocks = TileGrid(rows: layer.outputSize, columns: layer.inputSize, inner: 10, cutting: .rows)
      for block in worker.share(of: blocks.count) { weights.rows(blocks[block].rows).limitRows(to: limit) }
    }
  }
}
