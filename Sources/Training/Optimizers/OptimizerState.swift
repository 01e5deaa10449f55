import Tensor

/// The state that an optimizer keeps from step to step.
struct OptimizerState<Scalar: BLASScalar>: Sendable {
  /// The rule is made once for all steps, because making it allocates.
  let rule: any UpdateRule
  /// The gradients of a step's shards; empty vectors if no gradient is kept.
  var gradients: ShardSum<Scalar>
  /// The gradient of a step; empty if none is kept.
  var gradient: Matrix<Scalar> {
    get { gradients.total }
    _modify { yield &gradients.total }
  }
  /// The moments of this process's slice of the parameters, one column each.
  var moments: Matrix<Scalar>
  /// The number of steps taken.
  var step = 0
  var bounds = StepBounds(Scalar.self)

  /// - Parameters:
  ///   - keepsGradient: Whether something needs the gradient besides the rule.
  ///   - shards: The largest number of shards of a batch.
  ///   - processes: The processes that each update a slice of the parameters.
  init(
    _ rule: any UpdateRule, parameterCount: Int, keepsGradient: Bool, shards: Int = 1,
    _ processes: Processes = .alone
  ) {
    self.rule = rule
    let slices = processes.slices(of: parameterCount)
    gradients = ShardSum(
      length: keepsGradient || rule.momentCount > 0 ? parameterCount : 0, shards: shards, processes, parts: slices)
    let own = slices[processes.rank]
    moments = Matrix(rows: own.count, columns: rule.momentCount)
    for column in 0..<rule.momentCount where rule.initialMoment(column) != 0 {
      moments[columns: column..<column + 1] = Matrix(
        rows: own.count, columns: 1, repeating: Scalar(rule.initialMoment(column)))
    }
  }

  /// Records that a step was taken. No element of its gradient is above `gradientBound`.
  mutating func advance(_ gradientBound: Double) {
    step += 1
    bounds.moment = rule.momentBound(after: gradientBound, bounds)
  }

  /// Computes the bound on the moments anew, from those of all processes.
  mutating func renewBounds(_ processes: Processes) {
    renewBounds(moments)
    bounds.moment = processes.largest(bounds.moment)
  }

  /// Computes the bound on the moments anew, from some or all of them.
  mutating func renewBounds(_ moments: Matrix<Scalar>) {
    if rule.momentCount > 0 { bounds.moment = Double(moments[columns: 0..<1].maxMagnitude()) }
  }

  /// Whether moments, which are finite, are values that the rule can produce.
  func canProduce(_ moments: Matrix<Scalar>) -> Bool {
    (0..<moments.columns).allSatisfy { column in
      (0..<moments.rows).allSatisfy { rule.accepts(Double(moments[$0, column]), inColumn: column) }
    }
  }

  /// The next step, as the kernels compute it. It writes to this state's moments, so the state must not be copied while
  /// the step is in use.
  ///
  /// - Parameters:
  ///   - weightDecay: λ in addition to the rule's own.
  ///   - decayFactor: A factor of both.
  mutating func update(rate: Double?, weightDecay: Double, decayFactor: Double = 1) -> TileUpdate<Scalar>.Rule {
    let decay = decayFactor * (rule.weightDecay + weightDecay)
    return switch rule.step(step + 1, rate: rate ?? 0, weightDecay: decay) {
    case .keep: .keep(adding: false)
    case .descend(let rate, let shrinkage): .descend(rate: Scalar(rate), shrinkage: Scalar(shrinkage))
    case .moments(let update): .moments(update.rounded(moments: moments.withTile { $0 }))
    }
  }
}
