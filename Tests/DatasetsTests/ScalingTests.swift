import PerceptronDatasets
import PerceptronTestFiles
import Tensor
import Testing

@Suite struct ScalingTests {
  /// Features of different means and widths, the last one constant.
  private func data<Scalar: BLASScalar>(_ samples: Int, _: Scalar.Type = Scalar.self) -> Matrix<Scalar> {
    var generator = SplitMix(state: 3)
    var matrix = Matrix<Scalar>(rows: 4, columns: samples)
    for sample in 0..<samples {
      matrix[0, sample] = Scalar(Double.random(in: -1...1, using: &generator))
      matrix[1, sample] = Scalar(1e6 + Double.random(in: -1...1, using: &generator))
      matrix[2, sample] = Scalar(1e-9 * Double.random(in: 0...1, using: &generator))
      matrix[3, sample] = 0.1
    }
    return matrix
  }

  private func moments(_ matrix: Matrix<Double>, row: Int) -> (mean: Double, deviation: Double) {
    let values = (0..<matrix.columns).map { matrix[row, $0] }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
    return (mean, (squares / Double(values.count)).squareRoot())
  }

  @Test func `standardised features have mean 0 and standard deviation 1`() {
    var matrix = data(1000, Double.self)
    let scaling = Scaling(.standard, fittedOn: matrix)
    scaling.apply(to: &matrix)
    // Feature 1 has lost 6 digits before the map, as its values are near 1e6.
    for (row, tolerance) in [(0, 1e-12), (1, 1e-9), (2, 1e-12)] {
      let (mean, deviation) = moments(matrix, row: row)
      #expect(abs(mean) < tolerance && abs(deviation - 1) < 1e-12)
    }
  }

  @Test func `features become 0 to 1`() {
    var matrix = data(1000, Double.self)
    let scaling = Scaling(.minMax, fittedOn: matrix)
    scaling.apply(to: &matrix)
    for row in 0..<3 {
      let values = (0..<1000).map { matrix[row, $0] }
      #expect(values.min() == 0 && abs((values.max() ?? 0) - 1) < 1e-15)
    }
  }

  @Test(arguments: Scaling.Method.allCases.filter { $0 != .none && $0 != .mean })
  func `a constant feature becomes exactly 0 and comes back exactly`(method: Scaling.Method) {
    var matrix = data(1000, Double.self)
    let scaling = Scaling(method, fittedOn: matrix)
    // Quantiles take the place of offset and factor.
    #expect(scaling.offsets[3] == (method == .quantile ? 0 : 0.1) && scaling.factors[3] == 1)
    scaling.apply(to: &matrix)
    #expect((0..<1000).allSatisfy { matrix[3, $0] == 0 })
    scaling.invert(&matrix)
    #expect((0..<1000).allSatisfy { matrix[3, $0] == 0.1 })
  }

  @Test func `division by the mean keeps 0 and proportions, whatever the sizes`() {
    for size in [1, 1e300, 1e-300] {
      var matrix: Matrix<Double> = [[0, 2 * size, 4 * size], [-size, size, 0], [0, 0, 0]]
      let scaling = Scaling(.mean, fittedOn: matrix)
      #expect(scaling.offsets == [0, 0, 0] && scaling.factors[2] == 1)
      scaling.apply(to: &matrix)
      for (found, expected) in zip(matrix.elements, [0, -1.5, 0, 1, 1.5, 0, 2, 0, 0]) {
        #expect(abs(found - expected) < 1e-15)
      }
    }
  }

  @Test func `a smooth clip is robust scaling, drawn within 3`() {
    // The medians are 3 and 0; the quartiles are 2 and 4, and both 0.
    var matrix: Matrix<Double> = [[1, 2, 3, 4, 1e300], [0, 0, 0, 0, 10]]
    let scaling = Scaling(.smoothClip, fittedOn: matrix)
    #expect(scaling.offsets == [3, 0] && scaling.factors == [0.5, 0.2])
    scaling.apply(to: &matrix)
    for sample in 0..<4 {
      let y = (Double(sample + 1) - 3) / 2
      #expect(abs(matrix[0, sample] - y / (1 + y * y / 9).squareRoot()) < 1e-15)
    }
    #expect(matrix[0, 4] == 3 && matrix[1, 0] == 0)
    #expect(abs(matrix[1, 4] - 2 / (13.0 / 9).squareRoot()) < 1e-15)
    var beyond = Matrix<Double>([-3, 4])
    scaling.invert(&beyond)
    #expect(beyond.elements == [-.infinity, .infinity])
  }

  @Test func `no scaling changes nothing`() {
    let original = data(10, Float.self)
    var matrix = original
    let scaling = Scaling(.none, fittedOn: matrix)
    #expect(scaling.offsets == [0, 0, 0, 0] && scaling.factors == [1, 1, 1, 1])
    scaling.apply(to: &matrix)
    #expect(matrix == original)
    scaling.invert(&matrix)
    #expect(matrix == original)
  }

  @Test func `the population's standard deviation is taken`() {
    var matrix = Matrix<Double>(rows: 1, columns: 4)
    for (sample, value) in [2.0, 4, 4, 6].enumerated() { matrix[0, sample] = value }
    let scaling = Scaling(.standard, fittedOn: matrix)
    #expect(scaling.offsets == [4])
    #expect(abs(scaling.factors[0] - 1 / 2.0.squareRoot()) < 1e-15)
    let width = Scaling(.minMax, fittedOn: matrix)
    #expect(width.offsets == [2] && width.factors == [0.25])
  }

  // from sklearn.preprocessing import QuantileTransformer, RobustScaler
  // x = np.array([3, 1, 4, 1.5, 5, 9, 2, 6, 5.5, 3.5]).reshape(-1, 1)
  // new = np.array([0, 1, 1.25, 3.2, 4.2, 5, 8.9, 9, 20]).reshape(-1, 1)
  // QuantileTransformer(n_quantiles=10, output_distribution="normal").fit(x).transform(new)
  // RobustScaler().fit(x): center_, scale_
  @Test func `quantiles and quartiles are scikit-learn's`() {
    let x = Matrix<Double>(rows: 1, columns: 10, columnMajor: [3, 1, 4, 1.5, 5, 9, 2, 6, 5.5, 3.5])
    var new = Matrix<Double>(rows: 1, columns: 9, columnMajor: [0, 1, 1.25, 3.2, 4.2, 5, 8.9, 9, 20])
    Scaling(.quantile, fittedOn: x).apply(to: &new)
    let expected = [
      -5.199337582605575, -5.199337582605575, -1.5932188180230507, -0.31132237964414095, 0.1962117336451837,
      0.43072729929545833, 2.6779509089655553, 5.19933758270342, 5.19933758270342,
    ]
    for (found, expected) in zip(new.elements, expected) { #expect(abs(found - expected) < 1e-9) }
    let robust = Scaling(.robust, fittedOn: x)
    #expect(robust.offsets == [3.75] && robust.factors == [1 / 3.125])
  }

  // x = np.arange(3000.0) ** 2
  // QuantileTransformer(n_quantiles=1000, output_distribution="normal", subsample=None).fit(x.reshape(-1, 1))
  @Test func `a thousand quantiles stand for more samples`() {
    let x = Matrix<Double>(rows: 1, columns: 3000, columnMajor: (0..<3000).map { Double($0 * $0) })
    let scaling = Scaling(.quantile, fittedOn: x)
    let quantiles = scaling.quantiles[0].values
    #expect(quantiles.count == 1000)
    for (index, expected) in [(1, 9.014014014014016), (500, 2253004.0060060066), (998, 8976004.006006006)] {
      #expect(abs(quantiles[index] / expected - 1) < 1e-12)
    }
    var new = Matrix<Double>(rows: 1, columns: 3, columnMajor: [100, 2e6, 8.99e6])
    scaling.apply(to: &new)
    for (found, expected) in zip(new.elements, [-2.716112887168088, -0.07134494011981676, 3.511804732029612]) {
      #expect(abs(found - expected) < 1e-9)
    }
  }

  @Test func `a value that many samples have gets the middle of their shares`() {
    let x = Matrix<Double>(rows: 1, columns: 5, columnMajor: [0, 1, 1, 1, 9])
    let scaling = Scaling(.quantile, fittedOn: x)
    var new = Matrix<Double>(rows: 1, columns: 2, columnMajor: [1, 5])
    scaling.apply(to: &new)
    // The share of 5 is 7/8, and Φ⁻¹(7/8) = 1.15034938.
    #expect(abs(new[0, 0]) < 1e-15 && abs(new[0, 1] - 1.1503493803760079) < 1e-12)
    var constant = Matrix<Double>(rows: 1, columns: 2, columnMajor: [3, 3])
    Scaling(.quantile, fittedOn: constant).apply(to: &constant)
    #expect(constant == [[0, 0]])
  }

  @Test func `new data are mapped as the training data were`() {
    var matrix = Matrix<Float>(rows: 2, columns: 1, repeating: 5)
    let scaling = Scaling(method: .minMax, offsets: [1, 5], factors: [2, 10])
    scaling.apply(to: &matrix)
    #expect(matrix[0, 0] == 8 && matrix[1, 0] == 0)
    scaling.invert(&matrix)
    #expect(matrix[0, 0] == 5 && matrix[1, 0] == 5)
  }

  @Test func `what is applied can be inverted`() {
    let original = data(100, Double.self)
    for method in Scaling.Method.allCases {
      var matrix = original
      let scaling = Scaling(method, fittedOn: matrix)
      scaling.apply(to: &matrix)
      scaling.invert(&matrix)
      // The ends of a distribution are cut off at a share of 10⁻⁷.
      let tolerance = method == .quantile ? 1e-6 : method == .smoothClip ? 1e-13 : 1e-15
      for sample in 0..<100 {
        for row in 0..<4 {
          #expect(abs(matrix[row, sample] - original[row, sample]) <= tolerance * max(1, abs(original[row, sample])))
        }
      }
    }
  }

  @Test func `what is not a number stays so when quantiles are inverted`() {
    var matrix = Matrix<Float>(rows: 1, columns: 1, repeating: .nan)
    Scaling([Quantiles([1, 2])]).invert(&matrix)
    #expect(matrix[0, 0].isNaN)
  }

  @Test func `a fit on single precision works in double precision`() {
    let matrix = data(10_000, Float.self)
    let scaling = Scaling(.standard, fittedOn: matrix)
    let mean = (0..<10_000).map { Double(matrix[0, $0]) }.reduce(0, +) / 10_000
    #expect(abs(scaling.offsets[0] - mean) < 1e-15)
  }

  @Test(arguments: [1e300, 1e-170, Double.leastNonzeroMagnitude])
  func `values whose squares leave the range give finite factors`(size: Double) {
    var matrix = Matrix<Double>(rows: 1, columns: 2)
    matrix[0, 0] = size
    matrix[0, 1] = -size
    // The other methods have no factors, or clip what they give.
    for method in Scaling.Method.allCases where ![.none, .quantile, .smoothClip].contains(method) {
      let scaling = Scaling(method, fittedOn: matrix)
      var mapped = matrix
      scaling.apply(to: &mapped)
      let width: Double = size < 1e-300 ? 2 * size : method == .minMax ? 1 : 2
      #expect(abs(mapped[0, 0] - mapped[0, 1] - width) <= 1e-15 * width)
    }
  }

  @Test func `misuse ends the program`() async {
    let features = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var matrix = Matrix<Float>(rows: 2, columns: 1)
      Scaling(method: .none, offsets: [0], factors: [1]).apply(to: &matrix)
    }
    #expect(standardError(features).contains("cannot apply a scaling of 1 features to 2×1 data"))
    let counts = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Scaling(method: .none, offsets: [0], factors: [])
    }
    #expect(standardError(counts).contains("cannot scale by 1 offsets and 0 factors"))
    let samples = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Scaling(.standard, fittedOn: Matrix<Float>(rows: 2, columns: 0))
    }
    #expect(standardError(samples).contains("cannot fit a scaling on 2×0 data"))
    let quantiles = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Quantiles((0...Quantiles.most).map(Double.init))
    }
    #expect(standardError(quantiles).contains("cannot scale by 1001 quantiles: there must be 1 to 1000"))
  }
}
