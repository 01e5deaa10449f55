import Tensor

/// The state that L-BFGS keeps from step to step, and the direction that it computes from it.
///
/// For each of the last steps it keeps s, the change of the parameters, and y, the change of the gradient. Vectors are
/// parameterCount × 1.
struct LBFGS<Scalar: BLASScalar>: Sendable {
  let history: Int
  /// Each column holds one step. The columns are reused in turn.
  var s, y: Matrix<Scalar>
  /// ρ = 1 / yᵀs of the step in each column.
  var rho: [Double]
  /// The values that the first loop of a direction leaves for the second.
  private var alpha: [Double]
  /// The number of steps kept, and the column of the next step.
  var (count, place) = (0, 0)
  /// The estimate's scale, yᵀs / yᵀy of the last step (equation 7.20).
  var scale = 1.0

  /// d.
  private(set) var direction: Matrix<Scalar>
  /// θ and its gradient where the line search began.
  private var start, startGradient: Matrix<Scalar>
  /// The gradient at the best point of the line search.
  private var bestGradient: Matrix<Scalar>
  private var sums: Matrix<Double>

  init(history: Int, parameterCount: Int) {
    self.history = history
    s = Matrix(rows: parameterCount, columns: history)
    y = Matrix(rows: parameterCount, columns: history)
    rho = [Double](repeating: 0, count: history)
    // Each array has its own memory, so that none is copied later.
    alpha = [Double](repeating: 0, count: history)
    direction = Matrix(rows: parameterCount, columns: 1)
    start = Matrix(rows: parameterCount, columns: 1)
    startGradient = Matrix(rows: parameterCount, columns: 1)
    bestGradient = Matrix(rows: parameterCount, columns: 1)
    sums = Matrix(rows: Team.pieceCount(parameterCount), columns: 1)
  }

  /// Forgets all steps. The next direction is that of steepest descent.
  mutating func reset() { (count, scale) = (0, 1) }

  /// Begins a line search at some parameters: d ← −H g by the two-loop recursion (algorithm 7.4).
  ///
  /// - Returns: The slope gᵀd, and the first length to try: 1, or min(1, 1 / ‖g‖₁) if there is no estimate of the
  ///   curvature.
  /// - Complexity: About 8 · history · parameterCount flops.
  mutating func begin(at parameters: Matrix<Scalar>, gradient: Matrix<Scalar>, team: Team) -> (
    slope: Double, length: Double
  ) {
    let (count, place, history, scale) = (count, place, history, scale)
    return gradient.withReadOnlyTile { gradient in
      parameters.withReadOnlyTile { parameters in
        start.withTile { $0.copy(parameters) }
        startGradient.withTile { $0.copy(gradient) }
        return direction.withTile { d in
          sums.withTile { sums in
            d.scale(by: 0)
            team.add(gradient, scaledBy: -1, to: d)
            s.withReadOnlyTile { s in
              y.withReadOnlyTile { y in
                for back in stride(from: 1, through: count, by: 1) {
                  let column = (place - back + history) % history
                  alpha[column] = rho[column] * team.dot(s[columns: column..<column + 1], d, sums: sums)
                  team.add(y[columns: column..<column + 1], scaledBy: Scalar(-alpha[column]), to: d)
                }
                if scale != 1 { team.scale(d, by: Scalar(scale)) }
                for back in stride(from: count, to: 0, by: -1) {
                  let column = (place - back + history) % history
                  let beta = rho[column] * team.dot(y[columns: column..<column + 1], d, sums: sums)
                  team.add(s[columns: column..<column + 1], scaledBy: Scalar(alpha[column] - beta), to: d)
                }
              }
            }
            let length = count > 0 ? 1 : min(1, 1 / team.magnitudeSum(gradient, sums: sums))
            return (team.dot(gradient, d, sums: sums), length)
          }
        }
      }
    }
  }

  /// parameters ← θ + α d.
  mutating func move(_ parameters: Tile<Scalar>, by length: Double, team: Team) {
    direction.withReadOnlyTile { d in
      start.withReadOnlyTile { team.add(d, scaledBy: Scalar(length), to: parameters, from: $0) }
    }
  }

  /// The slope gᵀd.
  mutating func slope(_ gradient: Matrix<Scalar>, team: Team) -> Double {
    gradient.withReadOnlyTile { gradient in
      direction.withReadOnlyTile { d in sums.withTile { team.dot(gradient, d, sums: $0) } }
    }
  }

  /// Keeps the gradient at the point that was evaluated last, and leaves other memory in its place.
  mutating func keep(_ gradient: inout Matrix<Scalar>) { swap(&gradient, &bestGradient) }

  /// Ends a line search at length α, which is not 0. Gives back the gradient at that point. Keeps the step if the
  /// curvature along it is positive by more than a rounding error.
  mutating func end(_ length: Double, gradient: inout Matrix<Scalar>, team: Team) {
    swap(&gradient, &bestGradient)
    let column = place..<place + 1
    let (ys, yy) = gradient.withReadOnlyTile { gradient in
      startGradient.withReadOnlyTile { startGradient in
        direction.withReadOnlyTile { d in
          s.withTile { s in
            y.withTile { y in
              sums.withTile { sums in
                let (s, y) = (s[columns: column], y[columns: column])
                s.copy(d)
                team.scale(s, by: Scalar(length))
                team.add(startGradient, scaledBy: -1, to: y, from: gradient)
                return (team.dot(y, s, sums: sums), team.dot(y, y, sums: sums))
              }
            }
          }
        }
      }
    }
    guard ys > 1e-10 * yy, 1 / ys < .infinity else { return }
    rho[place] = 1 / ys
    scale = ys / yy
    place = (place + 1) % history
    count = min(count + 1, history)
  }

  /// Ends a line search that found no better point.
  mutating func endWithoutStep(_ parameters: Tile<Scalar>, gradient: inout Matrix<Scalar>) {
    start.withReadOnlyTile { parameters.copy($0) }
    startGradient.withReadOnlyTile { start in gradient.withTile { $0.copy(start) } }
    reset()
  }
}

/// L-BFGS as an optimizer. It has no rule for each parameter: the trainer searches along its directions.
struct LBFGSRule: UpdateRule {
  let history: Int

  var name: String { "lbfgs" }
  var learningRate: Double? { nil }
  var mistake: String? { history >= 1 ? nil : "a history of \(history) steps" }

  func step(_ number: Int, rate: Double, weightDecay: Double) -> UpdateStep { .keep }
  /// The line search takes no step to a point with a non-finite parameter.
  func distance(_ gradient: Double, rate: Double, _ bounds: StepBounds) -> Double { 0 }
}
