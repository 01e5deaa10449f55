import PerceptronDatasets
import PerceptronLayers
import Tensor

/// The state of L-BFGS, and the loss at the current parameters.
struct LBFGSSearch<Scalar: BLASScalar>: Sendable {
  var method: LBFGS<Scalar>
  /// The loss of a batch of samples at the parameters where the last line search ended. The optimizer state holds the
  /// gradient there.
  var loss = 0.0
  private var features = Matrix<Scalar>(rows: 0, columns: 0)
  private var targets = Matrix<Scalar>(rows: 0, columns: 0)
  private var weights: Matrix<Scalar>?
  private var batch: ArraySlice<Int> = []

  init(history: Int, parameterCount: Int) {
    method = LBFGS(history: history, parameterCount: parameterCount)
  }

  /// Records a loss and the batch that it belongs to.
  mutating func note(_ loss: Double, _ samples: Samples<Scalar>, _ batch: ArraySlice<Int>) {
    self.loss = loss
    features = samples.features
    targets = samples.targets
    weights = samples.relativeWeights
    self.batch = batch
  }

  /// Forgets which batch the loss belongs to, so that it is computed anew: the parameters have changed, or the loss is
  /// unknown.
  mutating func forget() {
    features = Matrix(rows: 0, columns: 0)
    targets = features
    weights = nil
    batch = []
  }

  /// Whether the loss belongs to this batch of these samples. Comparing the identity of the matrices is enough, since a
  /// changed matrix has a new identity.
  func isLoss(of samples: Samples<Scalar>, _ batch: ArraySlice<Int>) -> Bool {
    features.isIdentical(to: samples.features) && targets.isIdentical(to: samples.targets) && hasWeights(of: samples)
      && self.batch == batch
  }

  private func hasWeights(of samples: Samples<Scalar>) -> Bool {
    guard let weights, let others = samples.relativeWeights else { return weights == nil && samples.weights == nil }
    return weights.isIdentical(to: others)
  }
}

extension Trainer {
  /// Takes a step of L-BFGS: moves along its direction, as far as the line search accepts.
  ///
  /// - Returns: The loss before the step.
  mutating func searchLine(_ samples: Samples<Scalar>, _ batch: ArraySlice<Int>) throws(Divergence) -> Double {
    let loss = try lossBefore(samples, batch)
    let team = workspace.team
    var (slope, length) = search!.method.begin(at: network.parameters, gradient: state.gradient, team: team)
    if !(slope < 0) {
      search!.method.reset()
      (slope, length) = search!.method.begin(at: network.parameters, gradient: state.gradient, team: team)
    }
    // At a minimum there is no direction to move in.
    guard slope < 0, slope.isFinite else { return loss }
    let largestComponent = Double(search!.method.direction.maxMagnitude())
    let boundBefore = parameterBound
    let line = LineSearch(start: .init(length: 0, value: loss, slope: slope), largestComponent: largestComponent)
    let best = line.find(from: length) { length in
      parameterBound = boundBefore + length * largestComponent
      return evaluate(at: length, samples, batch)
    } keep: {
      search!.method.keep(&state.gradient)
    }
    network.parameters.withTile { parameters in
      if best.length > 0 {
        search!.method.move(parameters, by: best.length, team: team)
        search!.method.end(best.length, gradient: &state.gradient, team: team)
      } else {
        search!.method.endWithoutStep(parameters, gradient: &state.gradient)
      }
    }
    parameterBound = Double(network.parameters.maxMagnitude())
    search!.loss = best.value
    return loss
  }

  /// Returns the loss at the current parameters, and leaves its gradient in the state.
  private mutating func lossBefore(_ samples: Samples<Scalar>, _ batch: ArraySlice<Int>) throws(Divergence) -> Double {
    if search!.isLoss(of: samples, batch) { return search!.loss }
    let outcome = evaluate(samples, batch)
    guard outcome.isTaken else {
      search!.forget()
      throw divergence(samples, outcome, batch)
    }
    search!.note(outcome.loss, samples, batch)
    return outcome.loss
  }

  /// Returns the loss and its slope at a distance from the start of the line search. If a number would not be finite,
  /// the loss is ∞, so that the search stays away from that point.
  private mutating func evaluate(
    at length: Double, _ samples: Samples<Scalar>, _ batch: ArraySlice<Int>
  ) -> LineSearch.Point {
    let nowhere = LineSearch.Point(length: length, value: .infinity, slope: 0)
    guard parameterBound <= state.bounds.largest, length <= state.bounds.largest else { return nowhere }
    let team = workspace.team
    network.parameters.withTile { search!.method.move($0, by: length, team: team) }
    let outcome = evaluate(samples, batch)
    guard outcome.isTaken else { return nowhere }
    return .init(length: length, value: outcome.loss, slope: search!.method.slope(state.gradient, team: team))
  }
}
