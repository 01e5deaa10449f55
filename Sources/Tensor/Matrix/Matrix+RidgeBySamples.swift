extension Matrix {
  /// The approximate number of multiplications that ``ridgeRegression(_:sampleWeights:strength:team:)`` takes.
  package static func ridgeWork(inputs: Int, samples: Int) -> Double {
    let (inputs, samples) = (Double(inputs), Double(samples))
    let unknowns = Swift.min(inputs, samples)
    return inputs * samples * unknowns / 2 + unknowns * unknowns * unknowns / 6
  }

  /// Ridge regression with one unknown per sample, used if there are fewer samples than inputs. The caller has checked
  /// the arguments.
  ///
  ///     K = Zᵀ Z,   (K + I) C = Ỹᵀ,   Wᵀ = D Z C        Z = D X̃,  D = diag(1 / √(α sᵢ)), 0 for a constant feature
  ///
  /// Since (S + α diag S)⁻¹ X̃ = D Z (Zᵀ Z + I)⁻¹, these are the weights of the normal equations. Source: Saunders,
  /// Gammerman and Vovk 1998.
  ///
  /// - Complexity: samples² · inputs + samples³ / 3 flops; memory for samples² numbers, the weights and some rows of Z.
  @inline(__always)
  func ridgeRegressionBySamples(
    _ targets: Matrix, sampleWeights: Matrix, strength alpha: Double, team: Team
  ) throws(LinearAlgebraError) -> (weights: Matrix<Double>, bias: Matrix<Double>) {
    let (inputs, outputs, samples) = (rows, targets.rows, columns)
    var means = Matrix<Double>(rows: inputs + outputs, columns: 1)
    // K, followed by the columns of Ỹᵀ.
    var products = Matrix<Double>(rows: samples, columns: samples + outputs)
    // Z is processed in strips of rows that stay in the cache.
    var strip = Matrix<Double>(rows: Swift.min(inputs, 256), columns: samples)
    var scales = Matrix<Double>(rows: inputs, columns: 1)
    var solution = Matrix<Double>(rows: inputs, columns: outputs)
    var isFinite = true
    means.withTile { means in
      products.withTile { products in
        strip.withTile { strip in
          scales.withTile { scales in
            withReadOnlyTile { features in
              targets.withReadOnlyTile { targets in
                sampleWeights.withReadOnlyTile { weights in
                  let job = CentredProducts(
                    sources: (features, targets), weights: weights, alpha: alpha, means: means, products: products,
                    strip: strip, scales: scales)
                  team.run { job.run($0) }
                  isFinite = means.maxMagnitude.isFinite && products.maxMagnitude.isFinite
                  guard isFinite, outputs > 0 else { return }
                  let n = blasSize(samples, "fit by \(samples) samples")
                  let coefficients = products[columns: samples..<samples + outputs]
                  let info = _DoubleRoutines.posv(
                    n, blasSize(outputs, "fit \(outputs) targets"), products.base, n, coefficients.base, n)
                  isFinite = info == 0
                  if isFinite { solution.withTile { job.multiply(coefficients, into: $0) } }
                }
              }
            }
          }
        }
      }
    }
    guard isFinite, solution.maxMagnitude().isFinite else { throw .notFinite }
    return (Matrix<Double>(solution.transposed), bias(solution, means))
  }

  /// b = ȳ − W x̄. `means` holds the means of the features, followed by those of the targets.
  func bias(_ solution: Matrix<Double>, _ means: Matrix<Double>) -> Matrix<Double> {
    let (inputs, outputs) = (solution.rows, solution.columns)
    var bias = Matrix<Double>(rows: outputs, columns: 1)
    for output in 0..<outputs {
      let predicted = (0..<inputs).reduce(0) { $0 + solution[$1, output] * means[$1, 0] }
      bias[output, 0] = means[inputs + output, 0] - predicted
    }
    return bias
  }
}

/// The products of the samples' scaled deviations with each other, and the targets' deviations.
///
/// Only the upper triangle of the products is computed. All workers of a team compute them together.
private struct CentredProducts<Scalar: BLASScalar> {
  /// Inputs × samples and outputs × samples.
  let sources: (Tile<Scalar>, Tile<Scalar>)
  let weights: Tile<Scalar>  // 1 × samples
  let alpha: Double
  let means: Tile<Double>  // (inputs + outputs) × 1
  let products: Tile<Double>  // samples × (samples + outputs)
  let strip: Tile<Double>  // inputs at a time × samples
  let scales: Tile<Double>  // inputs × 1, the diagonal of D

  private var inputs: Int { sources.0.rows }
  private var samples: Int { sources.0.columns }

  @inline(__always)
  func run(_ worker: Worker) {
    centredMeans(worker.share(of: inputs), sources.0, weights, into: means, from: 0)
    centredMeans(worker.share(of: sources.1.rows), sources.1, weights, into: means, from: inputs)
    worker.meet()
    for output in worker.share(of: sources.1.rows) {
      for sample in 0..<samples {
        let root = Double(weights[sample * weights.stride]).squareRoot()
        products[columns: samples + output..<samples + output + 1][sample] =
          root * (Double(sources.1[columns: sample..<sample + 1][output]) - means[inputs + output])
      }
    }
    for start in stride(from: 0, to: inputs, by: strip.rows) {
      let part = strip.rows(0..<min(strip.rows, inputs - start))
      fill(worker.share(of: part.rows), of: part, from: start)
      worker.meet()
      for pair in worker.share(of: Self.pairs) {
        addProducts(columns(pair), part, isFirst: start == 0)
        addProducts(columns(2 * Self.pairs - 1 - pair), part, isFirst: start == 0)
      }
      worker.meet()
    }
    for sample in worker.share(of: samples) { products[columns: sample..<sample + 1][sample] += 1 }
  }

  /// Wᵀ ← D Z C, computed by the calling thread alone.
  @inline(__always)
  func multiply(_ coefficients: Tile<Double>, into solution: Tile<Double>) {
    for start in stride(from: 0, to: inputs, by: strip.rows) {
      let part = strip.rows(0..<min(strip.rows, inputs - start))
      fill(0..<part.rows, of: part, from: start)
      let own = solution.rows(start..<start + part.rows)
      own.product(part, coefficients)
      for output in 0..<own.columns {
        for row in 0..<own.rows { own.base[row + output * own.stride] *= scales[start + row] }
      }
    }
  }

  /// Computes some rows of Z and their scales; row 0 of `part` is input `start`.
  @inline(__always)
  private func fill(_ rows: Range<Int>, of part: Tile<Double>, from start: Int) {
    for row in rows { scales[start + row] = 0 }
    for sample in 0..<samples {
      let values = sources.0.base + sample * sources.0.stride + start
      let (means, destination) = (means.base + start, part.base + sample * part.stride)
      let root = Double(weights[sample * weights.stride]).squareRoot()
      for row in rows {
        destination[row] = root * (Double(values[row]) - means[row])
        scales.base[start &+ row] += destination[row] * destination[row]
      }
    }
    for row in rows {
      let spread = alpha * scales[start + row]
      scales[start + row] = spread > 0 ? 1 / spread.squareRoot() : 0
    }
    for sample in 0..<samples {
      let destination = part.base + sample * part.stride
      for row in rows { destination[row] *= scales.base[start &+ row] }
    }
  }

  /// Adds the products of some samples (the columns) with these samples and all samples before them.
  private func addProducts(_ columns: Range<Int>, _ part: Tile<Double>, isFirst: Bool) {
    products[(0..<columns.upperBound, columns)].product(
      part[columns: 0..<columns.upperBound], part[columns: columns], transposeA: true, beta: isFirst ? 0 : 1)
  }

  /// The number of pairs of strips. As in the normal equations, a pair is a strip from the left and its mirror image
  /// from the right.
  private static var pairs: Int { 8 }

  private func columns(_ strip: Int) -> Range<Int> {
    let count = 2 * Self.pairs
    return samples * strip / count..<samples * (strip + 1) / count
  }
}
