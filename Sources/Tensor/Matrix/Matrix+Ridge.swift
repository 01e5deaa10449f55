extension Matrix {
  /// Fits a linear model that predicts targets from these features with the least squared error and a penalty on its
  /// weights.
  ///
  ///     Σ w ‖W x + b − y‖² + α Σᵢ sᵢ ‖W₍ᵢ₎‖²  →  min
  ///     sᵢ = Σ w (xᵢ − x̄ᵢ)²,  W₍ᵢ₎ the weights of feature i,  w the sample weights
  ///
  /// Each feature's penalty is proportional to its own spread, so the features' units do not matter. α has the same
  /// effect as in ordinary ridge regression on n standardised samples with a penalty of α n. The penalty keeps the
  /// problem solvable if features depend on each other. b has no penalty, and a constant feature gets weights of 0.
  ///
  /// The solution is computed in `Double` from centred data through the normal equations (S + α diag S) Wᵀ = X̃ Ỹᵀ with
  /// S = X̃ X̃ᵀ, where each sample is multiplied by √w. The team shares the products in strips, and LAPACK's posv
  /// (Cholesky) solves the equations. The bits do not depend on the number of workers. Source: Hoerl and Kennard 1970.
  ///
  /// - Shapes: this inputs × samples, targets outputs × samples, sample weights 1 × samples; W outputs × inputs, b
  ///   outputs × 1.
  /// - Parameters:
  ///   - sampleWeights: Finite, not negative and not all 0; nil if all samples have the same weight.
  ///   - team: The threads that share the work; by default the calling thread alone.
  /// - Throws: ``LinearAlgebraError/notFinite`` if a value, or a sum of products, is not finite.
  /// - Precondition: Traps if the numbers of samples differ or are 0, and unless α is positive and finite. If there are
  ///   fewer samples than inputs, the same weights are computed from products of samples instead; see
  ///   `ridgeRegressionBySamples`.
  ///
  /// - Complexity: m · inputs · samples + m³ / 3 flops, where m is the lesser of inputs and samples; memory for m²
  ///   numbers, the weights and a block.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func ridgeRegression(
    _ targets: Matrix, sampleWeights: Matrix? = nil, strength alpha: Double, team: Team = Team(workers: 1)
  ) throws(LinearAlgebraError) -> (weights: Matrix<Double>, bias: Matrix<Double>) {
    guard columns == targets.columns, columns > 0 else {
      fail("cannot fit \(targets.shape) targets by \(shape) features: as many samples of both are needed")
    }
    guard sampleWeights.map({ $0.rows == 1 && $0.columns == columns }) ?? true else {
      fail("cannot weigh \(columns) samples by \(sampleWeights!.shape) weights: a row of as many is needed")
    }
    guard alpha > 0, alpha.isFinite else { fail("cannot fit with a ridge of \(alpha): a positive number is needed") }
    let (inputs, outputs) = (rows, targets.rows)
    let sampleWeights = sampleWeights ?? Matrix(rows: 1, columns: columns, repeating: 1)
    if columns < inputs {
      return try ridgeRegressionBySamples(targets, sampleWeights: sampleWeights, strength: alpha, team: team)
    }
    var means = Matrix<Double>(rows: inputs + outputs, columns: 1)
    var moments = Matrix<Double>(rows: inputs, columns: inputs + outputs)
    // The samples are processed in blocks that stay in the cache.
    var block = Matrix<Double>(rows: inputs + outputs, columns: Swift.min(columns, 512))
    means.withTile { means in
      moments.withTile { moments in
        block.withTile { block in
          withReadOnlyTile { features in
            targets.withReadOnlyTile { targets in
              sampleWeights.withReadOnlyTile { weights in
                let job = CentredMoments(
                  sources: (features, targets), weights: weights, means: means, moments: moments, block: block)
                team.run { job.run($0) }
              }
            }
          }
        }
      }
    }
    guard means.maxMagnitude().isFinite, moments.maxMagnitude().isFinite else { throw .notFinite }
    var coefficients = moments[columns: 0..<inputs]
    coefficients.withTile { coefficients in
      for feature in 0..<inputs {
        let index = feature + feature * coefficients.stride
        // Any positive value works for a constant feature, since its other coefficients and its right-hand side are 0.
        coefficients[index] = coefficients[index] > 0 ? coefficients[index] * (1 + alpha) : 1
      }
    }
    var solution = moments[columns: inputs..<inputs + outputs]
    if inputs > 0 && outputs > 0 {
      let n = blasSize(inputs, "fit \(inputs) features")
      let sides = blasSize(outputs, "fit \(outputs) targets")
      let info = coefficients.withTile { a in
        solution.withTile { _DoubleRoutines.posv(n, sides, a.base, n, $0.base, n) }
      }
      // If the ridge is far above rounding errors, the only possible cause is overflow.
      if info != 0 || !solution.maxMagnitude().isFinite { throw .notFinite }
    }
    return (Matrix<Double>(solution.transposed), bias(solution, means))
  }
}

/// The means of features and targets, and the sums of products of the deviations from these means.
///
/// Features are multiplied with features, of which only the upper triangle is computed, and then features with targets.
/// All workers of a team compute these sums together.
private struct CentredMoments<Scalar: BLASScalar> {
  /// Inputs × samples and outputs × samples.
  let sources: (Tile<Scalar>, Tile<Scalar>)
  let weights: Tile<Scalar>  // 1 × samples
  let means: Tile<Double>  // (inputs + outputs) × 1
  let moments: Tile<Double>  // inputs × (inputs + outputs)
  let block: Tile<Double>  // (inputs + outputs) × samples at a time

  private var inputs: Int { sources.0.rows }
  private var samples: Int { sources.0.columns }

  @inline(__always)
  func run(_ worker: Worker) {
    centredMeans(worker.share(of: inputs), sources.0, weights, into: means, from: 0)
    centredMeans(worker.share(of: sources.1.rows), sources.1, weights, into: means, from: inputs)
    worker.meet()
    for start in stride(from: 0, to: samples, by: block.columns) {
      let part = block[columns: 0..<min(block.columns, samples - start)]
      for column in worker.share(of: part.columns) {
        centre(sources.0, start + column, from: 0, into: part[columns: column..<column + 1])
        centre(sources.1, start + column, from: inputs, into: part[columns: column..<column + 1])
      }
      worker.meet()
      for pair in worker.share(of: Self.pairs) {
        addProducts(strip(pair), part, isFirst: start == 0)
        addProducts(strip(2 * Self.pairs - 1 - pair), part, isFirst: start == 0)
      }
      worker.meet()
    }
  }

  @inline(__always)
  private func centre(_ source: Tile<Scalar>, _ column: Int, from offset: Int, into destination: Tile<Double>) {
    let values = source.base + column * source.stride
    let (means, destination) = (means.base + offset, destination.base + offset)
    let root = Double(weights[column * weights.stride]).squareRoot()
    for row in 0..<source.rows { destination[row] = root * (Double(values[row]) - means[row]) }
  }

  /// Adds the products of the samples in `part` to some columns of the moments, from the top down to the diagonal.
  private func addProducts(_ columns: Range<Int>, _ part: Tile<Double>, isFirst: Bool) {
    let rows = 0..<min(columns.upperBound, inputs)
    moments[(rows, columns)].product(
      part.rows(rows), part.rows(columns), transposeB: true, beta: isFirst ? 0 : 1)
  }

  /// The number of pairs of strips that the columns are cut into.
  ///
  /// A pair is a strip from the left, where the triangle's columns are short, and its mirror image from the right. All
  /// pairs take about the same work, and there are enough pairs for the workers of one processor.
  private static var pairs: Int { 8 }

  private func strip(_ index: Int) -> Range<Int> {
    // A product's register blocks are 16 elements high; only whole blocks reach the full speed.
    let units = (moments.columns + 15) / 16
    func bound(_ index: Int) -> Int { min(units * index / (2 * Self.pairs) * 16, moments.columns) }
    return bound(index)..<bound(index + 1)
  }
}

/// Computes the weighted means of some rows.
///
/// A mean is the first sample plus the mean difference from it, so a constant feature is centred to exactly 0.
///
/// - Parameter offset: The index in `means` where the means of this source begin; these elements must be 0 before the
///   call.
@inline(__always)
func centredMeans<Scalar>(
  _ rows: Range<Int>, _ source: Tile<Scalar>, _ weights: Tile<Scalar>, into means: Tile<Double>, from offset: Int
) {
  var weightSum = 0.0
  for column in 0..<source.columns {
    let (values, weight) = (source.base + column * source.stride, Double(weights[column * weights.stride]))
    for row in rows { means.base[offset &+ row] += weight * (Double(values[row]) - Double(source.base[row])) }
    weightSum += weight
  }
  for row in rows { means[offset + row] = Double(source[row]) + means[offset + row] / weightSum }
}
